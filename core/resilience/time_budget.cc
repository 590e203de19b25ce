#include "core/resilience/time_budget.h"

#include <algorithm>
#include <chrono>

namespace sluice::core {

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

Duration GrpcTimeout(Duration asked, Duration route_timeout) {
  if (asked <= Duration::zero()) return route_timeout;
  if (route_timeout <= Duration::zero()) return asked;
  return std::min(asked, route_timeout);
}

}  // namespace sluice::core
