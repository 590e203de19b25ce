#include "gateway/telemetry/text_page.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace sluice::gateway {
namespace {

constexpr int kDigits = std::numeric_limits<double>::max_digits10 - 1;

std::string_view TypeText(MetricType type) {
  switch (type) {
    case MetricType::kCounter: return " counter\n";
    case MetricType::kGauge: return " gauge\n";
    case MetricType::kHistogram: return " histogram\n";
    case MetricType::kUntyped: break;
  }
  return " untyped\n";
}

void AppendCount(std::uint64_t value, std::string& out) {
  std::array<char, 24> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

void AppendValue(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "Nan";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Inf" : "+Inf";
    return;
  }
  // Almost every value is a count. What is written is the same, in a tenth of the time.
  if (value >= 0 && value < 1e15 && !std::signbit(value) && value == std::floor(value)) {
    return AppendCount(static_cast<std::uint64_t>(value), out);
  }
  std::array<char, 40> text;
  out.append(text.data(),
             std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, kDigits).ptr);
}

void AppendLabelValue(std::string_view value, std::string& out) {
  for (;;) {
    const std::size_t plain = value.find_first_of("\\\"\n");
    out.append(value.substr(0, plain));
    if (plain == std::string_view::npos) return;
    out += '\\';
    out += value[plain] == '\n' ? 'n' : value[plain];
    value.remove_prefix(plain + 1);
  }
}

}  // namespace

void TextPage::Write(std::string& out, std::size_t bytes) {
  const std::size_t before = out.size();
  while (!ended() && out.size() - before < bytes) {
    MetricFamily& family = families_[family_];
    if (sample_ == 0) WriteHead(family, out);
    if (sample_ < family.samples.size()) WriteSample(family, family.samples[sample_++], out);
    if (sample_ < family.samples.size()) continue;
    family = {};
    ++family_;
    sample_ = 0;
  }
}

void TextPage::WriteHead(const MetricFamily& family, std::string& out) const {
  if (!family.help.empty()) out.append("# HELP ").append(family.name).append(" ").append(family.help).append("\n");
  out.append("# TYPE ").append(family.name).append(TypeText(family.type));
}

void TextPage::WriteSample(const MetricFamily& family, const MetricSample& sample, std::string& out) {
  labels_.clear();
  for (const auto& [name, value] : sample.labels) {
    labels_ += labels_.empty() ? '{' : ',';
    labels_.append(name).append("=\"");
    AppendLabelValue(value, labels_);
    labels_ += '"';
  }
  if (family.type == MetricType::kHistogram) return WriteHistogram(family, sample.histogram, out);
  out.append(family.name).append(labels_).append(labels_.empty() ? " " : "} ");
  AppendValue(sample.value, out);
  out += '\n';
}

void TextPage::WriteHistogram(const MetricFamily& family, const core::HistogramTotal& total, std::string& out) {
  const std::string_view end = labels_.empty() ? " " : "} ";
  const std::uint64_t count = total.bounds() == nullptr ? 0 : total.count();
  out.append(family.name).append("_count").append(labels_).append(end);
  AppendCount(count, out);
  out.append("\n").append(family.name).append("_sum").append(labels_).append(end);
  AppendValue(total.bounds() == nullptr ? 0 : total.sum(), out);
  out += '\n';

  line_.assign(family.name).append("_bucket").append(labels_).append(labels_.empty() ? "{le=\"" : ",le=\"");
  std::uint64_t cumulative = 0;
  if (total.bounds() != nullptr) {
    if (total.bounds() != bounds_) SetBounds(*total.bounds());
    for (std::size_t i = 0; i < bound_texts_.size(); ++i) {
      cumulative += total.count(i);
      out.append(line_).append(bound_texts_[i]);
      AppendCount(cumulative, out);
      out += '\n';
    }
  }
  out.append(line_).append("+Inf\"} ");
  AppendCount(count, out);
  out += '\n';
}

void TextPage::SetBounds(const core::HistogramBounds& bounds) {
  bounds_ = &bounds;
  bound_texts_.clear();
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    std::string& text = bound_texts_.emplace_back();
    AppendValue(bounds.upper(i), text);
    text += "\"} ";
  }
}

}  // namespace sluice::gateway
