#include "core/resilience/time_budget.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "core/base/text.h"

namespace sluice::core {
namespace {

std::optional<Duration> GrpcUnit(char unit) {
  switch (unit) {
    case 'H': return std::chrono::hours(1);
    case 'M': return std::chrono::minutes(1);
    case 'S': return std::chrono::seconds(1);
    case 'm': return std::chrono::milliseconds(1);
    case 'u': return std::chrono::microseconds(1);
    case 'n': return std::chrono::nanoseconds(1);
    default: return std::nullopt;
  }
}

}  // namespace

TimeBudget TimeBudget::Effective(Duration timeout, Duration per_try) {
  const bool ignored = timeout > Duration::zero() && per_try >= timeout;
  return {timeout, ignored ? Duration::zero() : per_try};
}

std::optional<std::uint64_t> ExpectedTimeoutMs(const TimeBudget& budget, Duration elapsed) {
  std::optional<Duration> expected;
  if (budget.per_try > Duration::zero()) expected = budget.per_try;
  if (budget.timeout > Duration::zero()) {
    const Duration left = budget.timeout - elapsed;
    expected = std::min(expected.value_or(left), left);
  }
  if (!expected) return std::nullopt;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(*expected);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(milliseconds.count(), 1));
}

std::optional<Duration> ParseGrpcTimeout(std::string_view value) {
  constexpr std::size_t kDigitsMax = 8;
  if (value.size() < 2 || value.size() > kDigitsMax + 1) return std::nullopt;
  const std::optional<Duration> unit = GrpcUnit(value.back());
  value.remove_suffix(1);
  const std::optional<std::uint64_t> count = ParseDecimal(value);
  if (!unit || !count) return std::nullopt;
  // Eight digits of hours are 11,000 years; the clock ends at 292.
  const auto longest = static_cast<std::uint64_t>(Duration::max().count() / unit->count());
  if (*count > longest) return Duration::max();
  return *unit * static_cast<Duration::rep>(*count);
}

Duration GrpcTimeout(std::optional<Duration> asked, Duration route_timeout) {
  if (!asked) return route_timeout;
  if (route_timeout <= Duration::zero()) return *asked;
  return std::min(*asked, route_timeout);
}

}  // namespace sluice::core
