#include "bench/loadgen/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <ostream>
#include <string_view>

#include "bench/loadgen/figures.h"
#include "bench/loadgen/text_table.h"

namespace sluice::bench {
namespace {

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kWipe = "\r\x1b[K";

std::string Seconds(std::chrono::nanoseconds duration) {
  return Fixed(static_cast<double>(duration.count()) / 1e9, 0).append(" s");
}

// Text with colours, cut after `columns` characters that are seen.
class Line {
 public:
  explicit Line(const ProgressStyle& style) : style_(style) {}

  void Add(std::string_view text, std::string_view colour = {}) {
    const bool coloured = style_.colour && !colour.empty();
    if (coloured) out_ += colour;
    for (const char c : text) {
      if (style_.columns > 0 && seen_ + 1 >= style_.columns) break;
      out_ += c;
      if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++seen_;
    }
    if (coloured) out_ += kPlain;
  }

  const std::string& text() const { return out_; }

 private:
  const ProgressStyle& style_;
  std::string out_;
  std::size_t seen_ = 0;
};

}  // namespace

ProgressStyle StyleOfStderr() {
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  ProgressStyle style;
  style.in_place = isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
  style.colour = style.in_place && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): the only call there is
  if (style.in_place && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) style.columns = size.ws_col;
  return style;
}

ProgressLine::ProgressLine(std::ostream& out, ProgressStyle style, std::string label, std::chrono::nanoseconds warm_up,
                           std::chrono::nanoseconds length)
    : out_(out), style_(style), label_(std::move(label)), warm_up_(warm_up), length_(length) {}

void ProgressLine::Show(std::chrono::nanoseconds elapsed, const LiveCounts::Sum& now) {
  out_ << (style_.in_place ? kWipe : "") << Compose(elapsed, now) << (style_.in_place ? "" : "\n") << std::flush;
  shown_ = true;
  shown_at_ = elapsed;
  before_ = now;
}

void ProgressLine::Clear() {
  if (shown_ && style_.in_place) out_ << kWipe << std::flush;
  shown_ = false;
}

std::string ProgressLine::Compose(std::chrono::nanoseconds elapsed, const LiveCounts::Sum& now) const {
  Line line(style_);
  line.Add(Seconds(elapsed));
  if (length_.count() > 0) line.Add(" of " + Seconds(length_));
  line.Add("  " + label_, kDim);
  if (elapsed < warm_up_) {
    line.Add("  warming up");
    return line.text();
  }
  const double seconds = static_cast<double>((elapsed - shown_at_).count()) / 1e9;
  const auto answered = static_cast<double>(now.answered - before_.answered);
  line.Add("  " + RateText(seconds > 0 ? answered / seconds : 0) + "/s");
  line.Add("  p50 " + MillisText(now.QuantileSince(before_, 0.5)) + " ms");
  line.Add("  p99 " + MillisText(now.QuantileSince(before_, 0.99)) + " ms");
  line.Add("  lost " + std::to_string(now.lost), now.lost > 0 ? kRed : std::string_view());
  std::uint64_t named = 0;
  for (const auto& [name, count] : now.versions) named += name.empty() ? 0 : count;
  for (const auto& [name, count] : now.versions) {
    if (name.empty()) continue;
    line.Add("  " + Printable(name) + " ", kDim);
    line.Add(Fixed(100 * static_cast<double>(count) / static_cast<double>(named), 1) + " %");
  }
  return line.text();
}

}  // namespace sluice::bench
