#include "core/analysis/same_outcome.h"

#include <algorithm>
#include <tuple>

namespace sluice::core {
namespace {

bool Same(const HeaderOps& a, const HeaderOps& b) { return a.set == b.set && a.add == b.add && a.remove == b.remove; }

bool Same(const HeaderOpsPair& a, const HeaderOpsPair& b) {
  return Same(a.request, b.request) && Same(a.response, b.response);
}

bool Same(const WeightedDestination& a, const WeightedDestination& b) {
  return std::tie(a.host, a.subset, a.port, a.cumulative) == std::tie(b.host, b.subset, b.port, b.cumulative) &&
         Same(a.headers, b.headers);
}

bool Same(const Mirror& a, const Mirror& b) {
  return std::tie(a.host, a.subset, a.per_million) == std::tie(b.host, b.subset, b.per_million);
}

bool Same(const Rewrite& a, const Rewrite& b) {
  return std::tie(a.uri, a.authority, a.regex, a.regex_replacement) ==
         std::tie(b.uri, b.authority, b.regex, b.regex_replacement);
}

bool Same(const RetryPolicy& a, const RetryPolicy& b) {
  return std::tie(a.attempts, a.on, a.status_codes, a.per_try_timeout, a.backoff_base) ==
         std::tie(b.attempts, b.on, b.status_codes, b.per_try_timeout, b.backoff_base);
}

template <typename T>
bool SameList(const std::vector<T>& a, const std::vector<T>& b) {
  return std::ranges::equal(a, b, [](const T& x, const T& y) { return Same(x, y); });
}

bool Same(const Forward& a, const Forward& b) {
  // The sole destination gets everything, whatever its weight.
  const bool sole = a.destinations.size() == 1 && b.destinations.size() == 1;
  const auto same_to = [&](const WeightedDestination& x, const WeightedDestination& y) {
    return sole ? std::tie(x.host, x.subset, x.port) == std::tie(y.host, y.subset, y.port) && Same(x.headers, y.headers)
                : Same(x, y);
  };
  return std::ranges::equal(a.destinations, b.destinations, same_to) && SameList(a.mirrors, b.mirrors) &&
         Same(a.rewrite, b.rewrite) && a.timeout == b.timeout && Same(a.retry, b.retry);
}

bool Same(const Redirect& a, const Redirect& b) {
  return std::tie(a.uri, a.prefix_rewrite, a.authority, a.port, a.derive_port, a.scheme, a.code) ==
         std::tie(b.uri, b.prefix_rewrite, b.authority, b.port, b.derive_port, b.scheme, b.code);
}

bool Same(const DirectResponse& a, const DirectResponse& b) { return a.status == b.status && a.body == b.body; }

}  // namespace

bool SameOutcome(const Route& a, const Route& b) {
  if (a.fault || b.fault || a.cors.has_value() != b.cors.has_value()) return false;
  if (!Same(a.headers, b.headers) || a.action.index() != b.action.index()) return false;
  return std::visit(
      [&](const auto& action) {
        using Action = std::decay_t<decltype(action)>;
        return Same(action, std::get<Action>(b.action));
      },
      a.action);
}

}  // namespace sluice::core
