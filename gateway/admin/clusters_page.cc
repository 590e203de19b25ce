// /clusters: limits and live endpoints of every cluster, in Envoy's text and JSON shapes.
#include <nlohmann/json.hpp>
#include <string>

#include "gateway/admin/admin_pages.h"

namespace sluice::gateway {
namespace {

using core::Cluster;
using core::Endpoint;

struct Limit {
  const char* name;
  std::uint32_t core::ConnectionPoolPolicy::* value;
};
constexpr Limit kLimits[] = {
    {"max_connections", &core::ConnectionPoolPolicy::max_connections},
    {"max_pending_requests", &core::ConnectionPoolPolicy::max_pending_requests},
    {"max_requests", &core::ConnectionPoolPolicy::max_requests},
    {"max_retries", &core::ConnectionPoolPolicy::max_retries},
};

struct HostStat {
  const char* name;
  bool gauge;
  std::uint64_t value;
};

std::array<HostStat, 8> HostStats(const core::EndpointState& state) {
  const auto read = [](const auto& value) -> std::uint64_t { return value.load(std::memory_order_relaxed); };
  return {{{"cx_active", true, read(state.connections_active)},
           {"cx_connect_fail", false, read(state.connect_failures)},
           {"cx_total", false, read(state.connections_total)},
           {"rq_active", true, read(state.active_requests)},
           {"rq_error", false, read(state.requests_error)},
           {"rq_success", false, read(state.requests_success)},
           {"rq_timeout", false, read(state.requests_timeout)},
           {"rq_total", false, read(state.requests_total)}}};
}

bool Ejected(const Endpoint& endpoint) { return endpoint.state->ejected.load(std::memory_order_relaxed); }

// The endpoint was asked for the newer version where the rules allow either, and speaks the older one.
bool Http1Only(const Endpoint& endpoint) { return endpoint.state->http1_only.load(std::memory_order_relaxed); }

void AppendText(const Cluster& cluster, std::string& text) {
  const std::string prefix = cluster.name + "::";
  for (const Limit& limit : kLimits) {
    text += prefix + "default_priority::" + limit.name + "::" + std::to_string(cluster.pool.*limit.value) + "\n";
  }
  for (const Endpoint& endpoint : cluster.endpoints) {
    const std::string host = prefix + endpoint.host_port + "::";
    for (const HostStat& stat : HostStats(*endpoint.state)) {
      text += host + stat.name + "::" + std::to_string(stat.value) + "\n";
    }
    text += host + "health_flags::" + (Ejected(endpoint) ? "/failed_outlier_check" : "healthy") + "\n";
    text += host + "weight::" + std::to_string(endpoint.weight) + "\n";
    text += host + "version::" + endpoint.version + "\n";
    text += host + "http1_only::" + (Http1Only(endpoint) ? "true" : "false") + "\n";
    text += host + "success_rate::-1\n";  // no success-rate detection, so no data
  }
}

nlohmann::ordered_json JsonOf(const Endpoint& endpoint) {
  nlohmann::ordered_json stats = nlohmann::ordered_json::array();
  for (const HostStat& stat : HostStats(*endpoint.state)) {
    nlohmann::ordered_json one = {{"name", stat.name}, {"value", std::to_string(stat.value)}};
    if (stat.gauge) one["type"] = "GAUGE";
    stats.push_back(std::move(one));
  }
  nlohmann::ordered_json health = {{"eds_health_status", "HEALTHY"}};
  if (Ejected(endpoint)) health["failed_outlier_check"] = true;
  return {{"address", {{"socket_address", {{"address", endpoint.address}, {"port_value", endpoint.port}}}}},
          {"stats", std::move(stats)},
          {"health_status", std::move(health)},
          {"weight", endpoint.weight},
          {"version", endpoint.version},
          {"http1_only", Http1Only(endpoint)}};
}

nlohmann::ordered_json JsonOf(const Cluster& cluster) {
  nlohmann::ordered_json threshold = {{"priority", "DEFAULT"}};
  for (const Limit& limit : kLimits) threshold[limit.name] = cluster.pool.*limit.value;
  nlohmann::ordered_json hosts = nlohmann::ordered_json::array();
  for (const Endpoint& endpoint : cluster.endpoints) hosts.push_back(JsonOf(endpoint));
  return {{"name", cluster.name},
          {"circuit_breakers", {{"thresholds", nlohmann::ordered_json::array({std::move(threshold)})}}},
          {"host_statuses", std::move(hosts)}};
}

}  // namespace

AdminAnswer ClustersPage(const AdminContext& context, const AdminRequest& request) {
  const auto snapshot = SnapshotOf(context);
  const bool json = request.Parameter("format") == "json";
  std::string text;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  if (snapshot != nullptr) {
    for (const Cluster& cluster : snapshot->clusters) {
      json ? list.push_back(JsonOf(cluster)) : AppendText(cluster, text);
    }
  }
  if (!json) return {200, "text/plain; charset=utf-8", std::move(text)};
  return {200, "application/json",
          nlohmann::ordered_json{{"cluster_statuses", std::move(list)}}.dump(2, ' ', false,
                                                                             nlohmann::json::error_handler_t::replace) +
              "\n"};
}

}  // namespace sluice::gateway
