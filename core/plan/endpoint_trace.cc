// Which endpoints of a service may take a request of one of its clusters, and what keeps the others out.
#include <algorithm>

#include "core/plan/explanation.h"
#include "core/upstream/outlier_detector.h"

namespace sluice::core {
namespace {

std::string LabelsText(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) text += (text.empty() ? "" : ", ") + key + "=" + value;
  return text.empty() ? "no labels" : "labels " + text;
}

std::string SecondsText(Duration duration) {
  const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

// The hold is read under the lock that ejections take.
std::string EjectionText(const Cluster& cluster, const Endpoint& endpoint, TimePoint now) {
  if (cluster.state == nullptr || !cluster.outlier) return "ejected";
  const std::lock_guard lock(cluster.state->outlier_mutex);
  const auto& outlier = endpoint.state->outlier;
  const TimePoint until = outlier.ejected_at + EjectionHold(*cluster.outlier, outlier.multiplier);
  std::string text = "ejected " + SecondsText(std::max(now - outlier.ejected_at, Duration::zero())) + " ago";
  if (until > now) return text + ", for " + SecondsText(until - now) + " more";
  return text + ", back at the next look";
}

}  // namespace

std::vector<EndpointTrace> TraceEndpoints(const Snapshot& snapshot, const Cluster& cluster,
                                          std::optional<TimePoint> now) {
  std::vector<EndpointTrace> traces;
  for (const Endpoint& endpoint : cluster.endpoints) {
    EndpointTrace& trace = traces.emplace_back(EndpointTrace{&endpoint, true, {}});
    if (!now || endpoint.state == nullptr || !endpoint.state->ejected.load(std::memory_order_relaxed)) continue;
    trace.candidate = false;
    trace.out = EjectionText(cluster, endpoint, *now);
  }
  if (cluster.subset.empty()) return traces;
  const ClusterId whole = snapshot.FindCluster(cluster.service_host, cluster.port, "");
  if (!whole.valid()) return traces;
  for (const Endpoint& endpoint : snapshot.clusters[whole.value].endpoints) {
    const bool in_subset = std::ranges::any_of(
        cluster.endpoints, [&](const Endpoint& mine) { return mine.host_port == endpoint.host_port; });
    if (in_subset) continue;
    traces.push_back({&endpoint, false, LabelsText(endpoint.labels) + ": not of subset " + cluster.subset});
  }
  return traces;
}

}  // namespace sluice::core
