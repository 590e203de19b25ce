#include "config/live_latency.h"

#include "config/duration.h"
#include "config/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::string_view kBucket = "istio_request_duration_milliseconds_bucket{";
constexpr double kRequestsMin = 100;  // below, the slowest one is all that is known
constexpr double kQuantile = 0.99;

using Buckets = std::map<double, double>;  // upper bound -> how many at or below it

std::optional<double> ReadNumber(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

// The value of one label. Host names and bounds hold neither quotes nor backslashes.
std::string_view LabelOf(std::string_view labels, std::string_view name) {
  const std::string wanted = Format("{}=\"", name);
  for (std::size_t at = labels.find(wanted); at != std::string_view::npos; at = labels.find(wanted, at + 1)) {
    if (at != 0 && labels[at - 1] != ',') continue;
    const std::string_view rest = labels.substr(at + wanted.size());
    return rest.substr(0, rest.find('"'));
  }
  return {};
}

std::map<std::string, Buckets> ReadBuckets(std::string_view metrics) {
  std::map<std::string, Buckets> all;
  while (!metrics.empty()) {
    const std::size_t end = std::min(metrics.find('\n'), metrics.size());
    std::string_view line = metrics.substr(0, end);
    metrics.remove_prefix(std::min(end + 1, metrics.size()));
    const std::size_t close = line.rfind('}');
    if (!line.starts_with(kBucket) || close == std::string_view::npos) continue;
    const std::string_view labels = line.substr(kBucket.size(), close - kBucket.size());
    line.remove_prefix(std::min(close + 2, line.size()));
    const auto bound = ReadNumber(LabelOf(labels, "le"));
    const auto count = ReadNumber(line.substr(0, line.find(' ')));
    const std::string_view service = LabelOf(labels, "destination_service");
    if (bound && count && !service.empty()) all[std::string(service)][*bound] += *count;
  }
  return all;
}

LiveLatency LatencyOf(const Buckets& buckets) {
  LiveLatency latency;
  latency.requests = buckets.rbegin()->second;
  const double rank = latency.requests * kQuantile;
  double low = 0;
  double below = 0;
  for (const auto& [bound, count] : buckets) {
    if (count >= rank) {
      const bool open = std::isinf(bound) || count <= below;
      latency.p99_ms = open ? low : low + (bound - low) * (rank - below) / (count - below);
      break;
    }
    low = bound;
    below = count;
  }
  return latency;
}

std::string Shown(double ms) { return FormatDuration(core::Milliseconds(std::llround(ms))); }

void CheckRule(const VirtualService& service, const HttpRule& rule, const std::map<std::string, LiveLatency>& live,
               std::vector<Finding>& findings) {
  const core::Duration per_try = rule.retries->policy.per_try_timeout;
  const Place place{service.meta.file, rule.retries->mark};
  std::set<std::string> told;
  for (const RouteDestination& destination : std::get<std::vector<RouteDestination>>(rule.action)) {
    const std::string& host = destination.to.host.fqdn;
    if (!told.insert(host).second) continue;
    const auto at = live.find(host);
    if (at == live.end() || at->second.requests < kRequestsMin) {
      findings.push_back({Severity::kInfo,
                          "SL2049",
                          Format("the gateway has seen too few requests to {} to compare perTryTimeout with", host),
                          "try again later",
                          place,
                          {}});
      continue;
    }
    const double per_try_ms = std::chrono::duration<double, std::milli>(per_try).count();
    if (per_try_ms > at->second.p99_ms) continue;
    findings.push_back({Severity::kWarning,
                        "SL2048",
                        Format("perTryTimeout {} is not above the live p99 of {}, about {} over {} requests: more than "
                               "one try in a hundred is cut off that would have been answered",
                               FormatDuration(per_try), host, Shown(at->second.p99_ms),
                               static_cast<std::uint64_t>(at->second.requests)),
                        Format("raise it well above {}", Shown(at->second.p99_ms)),
                        place,
                        {}});
  }
}

}  // namespace

std::map<std::string, LiveLatency> ReadLatencies(std::string_view metrics) {
  std::map<std::string, LiveLatency> latencies;
  for (const auto& [service, buckets] : ReadBuckets(metrics)) latencies.emplace(service, LatencyOf(buckets));
  return latencies;
}

void CompareWithLatency(const Documents& documents, std::string_view metrics, std::vector<Finding>& findings) {
  const std::map<std::string, LiveLatency> live = ReadLatencies(metrics);
  for (const VirtualService& service : documents.virtual_services) {
    for (const HttpRule& rule : service.http) {
      const bool forwards = std::holds_alternative<std::vector<RouteDestination>>(rule.action);
      if (!forwards || !rule.retries || rule.retries->policy.per_try_timeout == core::Duration(0)) continue;
      CheckRule(service, rule, live, findings);
    }
  }
}

}  // namespace sluice::config
