#include "config/duration.h"

#include "config/format.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace sluice::config {
namespace {

using core::Duration;

struct Unit {
  std::string_view name;
  double nanoseconds;
};

// `ms` stands before `m`, or "5ms" would read as 5 minutes and an `s`.
constexpr std::array kUnits = {Unit{"ns", 1.0},   Unit{"us", 1e3}, Unit{"ms", 1e6},
                               Unit{"h", 3.6e12}, Unit{"m", 6e10}, Unit{"s", 1e9}};
constexpr double kMax = 1e4 * 3.6e12;

core::Result<Duration> Bad(std::string_view text) {
  return core::Fail(core::ErrorCode::kInvalidArgument, Format("`{}` is not a duration", text),
                    "write a number with a unit, such as 200ms, 30s or 1m30s");
}

// Takes one number with its unit off the front; nullopt when there is none.
std::optional<double> TakePart(std::string_view& rest) {
  double number = 0;
  const std::size_t digits = rest.find_first_not_of("0123456789.");
  if (digits == 0 || digits == std::string_view::npos || rest.front() == '.') return std::nullopt;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + digits, number, std::chars_format::fixed);
  if (error != std::errc() || stop != rest.data() + digits) return std::nullopt;
  rest.remove_prefix(digits);
  for (const Unit& unit : kUnits) {
    if (!rest.starts_with(unit.name)) continue;
    rest.remove_prefix(unit.name.size());
    return number * unit.nanoseconds;
  }
  return std::nullopt;
}

}  // namespace

core::Result<Duration> ParseDuration(std::string_view text) {
  if (text.empty() || text.size() > 64) return Bad(text.substr(0, 64));
  double total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto part = TakePart(rest);
    if (!part.has_value()) return Bad(text);
    total += *part;
  }
  if (total > kMax) {
    return core::Fail(core::ErrorCode::kLimitExceeded, Format("`{}` is longer than 10000h", text),
                      "write a shorter duration");
  }
  return Duration(std::llround(total));
}

std::string FormatDuration(Duration duration) {
  const auto count = static_cast<double>(duration.count());
  if (duration.count() % 1'000'000'000 == 0) return Format("{}s", duration.count() / 1'000'000'000);
  return Format("{}ms", count / 1e6);
}

}  // namespace sluice::config
