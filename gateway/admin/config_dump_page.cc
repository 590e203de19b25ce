// /config_dump: the configuration in force as JSON, and what was wrong with the last one refused. Values that look
// like credentials are redacted.
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/base/text.h"
#include "gateway/admin/admin_pages.h"

namespace sluice::gateway {
namespace {

using Json = nlohmann::ordered_json;

double InMilliseconds(core::Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

// Header values are shown, except where the name says that the value is a secret.
std::string Redacted(std::string_view name, const std::string& value) {
  const std::string folded = core::Fold(name);
  for (const char* word : {"auth", "cookie", "token", "secret", "password", "credential", "key"}) {
    if (folded.find(word) != std::string::npos) return "[redacted]";
  }
  return value;
}

Json OpsJson(const core::HeaderOps& ops) {
  Json json = Json::object();
  for (const auto& [name, value] : ops.set) json["set"][name] = Redacted(name, value);
  for (const auto& [name, value] : ops.add) json["add"][name] = Redacted(name, value);
  if (!ops.remove.empty()) json["remove"] = ops.remove;
  return json;
}

void AddOps(const core::HeaderOpsPair& ops, Json& json) {
  if (!ops.request.empty()) json["headers"]["request"] = OpsJson(ops.request);
  if (!ops.response.empty()) json["headers"]["response"] = OpsJson(ops.response);
}

Json MatchText(const core::StringMatch& match, std::string_view name = "") {
  switch (match.kind()) {
    case core::StringMatch::Kind::kExact: return {{"exact", Redacted(name, match.text())}};
    case core::StringMatch::Kind::kPrefix: return {{"prefix", Redacted(name, match.text())}};
    case core::StringMatch::Kind::kRegex: return {{"regex", Redacted(name, match.text())}};
    case core::StringMatch::Kind::kPresent: break;
  }
  return "present";
}

Json MatchJson(const core::RouteMatch& match) {
  Json json = Json::object();
  if (!match.name.empty()) json["name"] = match.name;
  const auto add = [&json](const char* key, const std::optional<core::StringMatch>& condition) {
    if (condition) json[key] = MatchText(*condition);
  };
  add("uri", match.uri);
  add("scheme", match.scheme);
  add("method", match.method);
  add("authority", match.authority);
  for (const auto& header : match.headers) json["headers"][header.name] = MatchText(header.match, header.name);
  for (const auto& header : match.without_headers) {
    json["withoutHeaders"][header.name] = MatchText(header.match, header.name);
  }
  for (const auto& query : match.query) json["queryParams"][query.name] = MatchText(query.match, query.name);
  if (match.port) json["port"] = *match.port;
  return json;
}

Json ForwardJson(const core::Forward& forward) {
  Json destinations = Json::array();
  for (const core::WeightedDestination& destination : forward.destinations) {
    Json one = {{"host", destination.host},
                {"subset", destination.subset},
                {"port", destination.port},
                {"weight", destination.weight},
                {"defined", destination.cluster.valid()}};
    AddOps(destination.headers, one);
    destinations.push_back(std::move(one));
  }
  Json mirrors = Json::array();
  for (const core::Mirror& mirror : forward.mirrors) {
    mirrors.push_back({{"host", mirror.host}, {"subset", mirror.subset}, {"percent", mirror.per_million / 1e4}});
  }
  Json json = {{"destinations", std::move(destinations)},
               {"timeout_ms", InMilliseconds(forward.timeout)},
               {"retries",
                {{"attempts", forward.retry.attempts},
                 {"per_try_timeout_ms", InMilliseconds(forward.retry.per_try_timeout)},
                 {"retry_on", core::FormatRetryOn(forward.retry)}}}};
  if (!mirrors.empty()) json["mirrors"] = std::move(mirrors);
  if (forward.rewrite.uri) json["rewrite"]["uri"] = *forward.rewrite.uri;
  if (forward.rewrite.authority) json["rewrite"]["authority"] = *forward.rewrite.authority;
  if (forward.rewrite.regex) json["rewrite"]["regex"] = *forward.rewrite.regex;
  return json;
}

Json RouteJson(const core::Route& route) {
  Json json = {{"name", route.name},
               {"virtual_service", route.virtual_service},
               {"rule_index", route.rule_index},
               {"file", route.file},
               {"line", route.line}};
  for (const core::RouteMatch& match : route.matches) json["match"].push_back(MatchJson(match));
  if (const auto* forward = std::get_if<core::Forward>(&route.action)) {
    json["forward"] = ForwardJson(*forward);
  } else if (const auto* redirect = std::get_if<core::Redirect>(&route.action)) {
    json["redirect"] = {
        {"code", redirect->code}, {"uri", redirect->uri.value_or("")}, {"authority", redirect->authority.value_or("")}};
  } else {
    json["direct_response"] = {{"status", std::get<core::DirectResponse>(route.action).status}};
  }
  if (route.fault) {
    json["fault"] = {{"delay_ms", InMilliseconds(route.fault->delay)},
                     {"delay_percent", route.fault->delay_per_million / 1e4},
                     {"abort_percent", route.fault->abort_per_million / 1e4}};
    if (route.fault->abort_http_status) json["fault"]["abort_status"] = *route.fault->abort_http_status;
  }
  AddOps(route.headers, json);
  return json;
}

// Names of files, never what is in them.
Json TlsJson(const core::ServerTlsPolicy& policy) {
  constexpr const char* kClient[] = {"none", "optional", "required"};
  Json json = {{"name", policy.name},
               {"client_certificate", kClient[static_cast<std::size_t>(policy.client)]},
               {"ca", policy.ca},
               {"crl", policy.crl},
               {"min_version", policy.min == core::TlsVersion::k12 ? "TLSv1.2" : "TLSv1.3"},
               {"max_version", policy.max == core::TlsVersion::k12 ? "TLSv1.2" : "TLSv1.3"},
               {"offered", policy.context != nullptr}};
  for (const core::TlsKeyPair& pair : policy.certificates) json["certificates"].push_back(pair.certificate);
  if (!policy.trust_domain.empty()) json["trust_domain"] = policy.trust_domain;
  if (!policy.subject_alt_names.empty()) json["subject_alt_names"] = policy.subject_alt_names;
  if (!policy.ciphers.empty()) json["ciphers"] = policy.ciphers;
  return json;
}

Json TlsJson(const core::ClientTlsPolicy& policy) {
  Json json = {{"ca", policy.ca.empty() ? "system" : policy.ca},
               {"crl", policy.crl},
               {"verify", policy.verify},
               {"sni", policy.sni},
               {"subject_alt_names", policy.subject_alt_names},
               {"server_names", policy.server_names}};
  if (policy.certificate) json["certificate"] = policy.certificate->certificate;
  if (policy.istio) json["trust_domain"] = policy.trust_domain;
  return json;
}

Json ClusterJson(const core::Cluster& cluster) {
  constexpr const char* kPolicies[] = {"LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "RING_HASH", "MAGLEV"};
  Json json = {{"name", cluster.name},
               {"host", cluster.service_host},
               {"subset", cluster.subset},
               {"port", cluster.port},
               {"load_balancer", kPolicies[static_cast<std::size_t>(cluster.load_balancer.policy)]},
               {"connection_pool",
                {{"max_connections", cluster.pool.max_connections},
                 {"max_pending_requests", cluster.pool.max_pending_requests},
                 {"max_requests", cluster.pool.max_requests},
                 {"max_retries", cluster.pool.max_retries},
                 {"max_requests_per_connection", cluster.pool.max_requests_per_connection},
                 {"connect_timeout_ms", InMilliseconds(cluster.pool.connect_timeout)},
                 {"idle_timeout_ms", InMilliseconds(cluster.pool.idle_timeout)}}}};
  if (cluster.outlier) {
    const core::OutlierPolicy& outlier = *cluster.outlier;
    json["outlier_detection"] = {{"consecutive_5xx", outlier.consecutive_5xx},
                                 {"consecutive_gateway_errors", outlier.consecutive_gateway_errors},
                                 {"interval_ms", InMilliseconds(outlier.interval)},
                                 {"base_ejection_time_ms", InMilliseconds(outlier.base_ejection_time)},
                                 {"max_ejection_percent", outlier.max_ejection_percent},
                                 {"min_health_percent", outlier.min_health_percent}};
  }
  if (cluster.tls) json["tls"] = TlsJson(*cluster.tls);
  json["endpoints"] = Json::array();
  for (const core::Endpoint& endpoint : cluster.endpoints) {
    Json labels = Json::object();
    for (const auto& [name, value] : endpoint.labels) labels[name] = value;
    json["endpoints"].push_back({{"address", endpoint.host_port},
                                 {"weight", endpoint.weight},
                                 {"version", endpoint.version},
                                 {"labels", std::move(labels)}});
  }
  return json;
}

Json ExperimentJson(const core::Experiment& experiment) {
  constexpr const char* kUnits[] = {"header", "cookie", "queryParam"};
  Json arms = Json::array();
  for (const core::ExperimentArm& arm : experiment.arms) {
    arms.push_back({{"name", arm.name}, {"first", arm.first}, {"last", arm.last}, {"subset", arm.subset}});
  }
  Json json = {{"name", experiment.name},
               {"namespace", experiment.name_space},
               {"host", experiment.host},
               {"unit", {{kUnits[static_cast<std::size_t>(experiment.unit)], experiment.unit_name}}},
               {"generates_unit", experiment.generate.has_value()},
               {"salt", experiment.salt},
               {"buckets", experiment.buckets},
               {"matches", experiment.matches.size()},
               {"overrides", experiment.overrides.size()},
               {"routes", experiment.routes},
               {"arms", std::move(arms)}};
  if (experiment.layer) {
    json["layer"] = {
        {"name", experiment.layer->name}, {"first", experiment.layer->first}, {"last", experiment.layer->last}};
  }
  if (experiment.holdout) {
    json["holdout"] = {{"name", experiment.holdout->name}, {"buckets", experiment.holdout->buckets}};
  }
  return json;
}

Json SettingsJson(const core::Settings& settings) {
  return {
      {"workers", settings.workers},
      {"limits",
       {{"header_bytes", settings.limits.header_bytes},
        {"header_count", settings.limits.header_count},
        {"replay_buffer", settings.limits.replay_buffer},
        {"connections", settings.limits.connections},
        {"streams_per_connection", settings.limits.streams_per_connection},
        {"requests_per_connection", settings.limits.requests_per_connection},
        {"mirrors_in_flight", settings.limits.mirrors_in_flight},
        {"mirror_body", settings.limits.mirror_body}}},
      {"timeouts_ms",
       {{"request_head", InMilliseconds(settings.timeouts.request_head)},
        {"tls_handshake", InMilliseconds(settings.timeouts.tls_handshake)},
        {"stream_idle", InMilliseconds(settings.timeouts.stream_idle)},
        {"connection_idle", InMilliseconds(settings.timeouts.connection_idle)},
        {"drain", InMilliseconds(settings.timeouts.drain)},
        {"mirror", InMilliseconds(settings.timeouts.mirror)}}},
      {"access_log", {{"path", settings.access_log.path}, {"sampling_percent", settings.access_log.sampling_percent}}},
      {"telemetry",
       {{"version_labels", settings.telemetry.version_labels},
        {"series_max", settings.telemetry.series_max},
        {"extra_buckets", settings.telemetry.extra_buckets}}},
      {"forwarding",
       {{"trusted_hops", settings.forwarding.trusted_hops},
        {"trusted_cidrs", settings.forwarding.trusted_cidrs},
        {"upgrades", settings.forwarding.upgrades},
        {"server_header", settings.forwarding.server_header}}},
      {"identity",
       {{"workload", settings.identity.workload},
        {"namespace", settings.identity.name_space},
        {"trust_domain", settings.identity.trust_domain},
        {"cluster", settings.identity.cluster},
        {"certificate_directory", settings.identity.certificate_directory}}}};
}

Json VirtualHostsJson(const core::Snapshot& snapshot, const core::RouteTable& table) {
  Json hosts = Json::array();
  for (const core::VirtualHost& host : table.hosts()) {
    Json routes = Json::array();
    for (const core::RouteId id : host.routes) routes.push_back(RouteJson(snapshot.routes[id.value]));
    hosts.push_back({{"name", host.name}, {"hosts", host.hosts}, {"routes", std::move(routes)}});
  }
  return hosts;
}

Json ListenerJson(const core::Snapshot& snapshot, const core::Listener& listener) {
  constexpr const char* kTransports[] = {"plaintext", "permissive", "strict", "tls"};
  Json json = {{"bind", listener.bind},
               {"port", listener.port},
               {"transport", kTransports[static_cast<std::size_t>(listener.transport)]}};
  if (listener.workload) json["workload"] = TlsJson(*listener.workload);
  for (const core::GatewayServer& server : listener.servers) {
    Json one = {{"name", server.name}, {"hosts", server.hosts}, {"https_redirect", server.https_redirect}};
    if (server.tls) one["tls"] = TlsJson(*server.tls);
    one["virtual_hosts"] = VirtualHostsJson(snapshot, snapshot.gateway_tables[server.table]);
    json["servers"].push_back(std::move(one));
  }
  return json;
}

Json AuthorizationJson(const core::Authorization& policies) {
  Json json = Json::array();
  const auto add = [&json](const std::vector<core::AuthorizationPolicy>& all, const char* action) {
    for (const core::AuthorizationPolicy& policy : all) {
      json.push_back({{"namespace", policy.name_space},
                      {"name", policy.name},
                      {"action", action},
                      {"dry_run", policy.dry_run},
                      {"rules", policy.rules.size()}});
    }
  };
  add(policies.deny, "DENY");
  add(policies.allow, "ALLOW");
  return json;
}

Json SnapshotJson(const core::Snapshot& snapshot) {
  Json json = {{"generation", snapshot.generation},
               {"revision", snapshot.revision},
               {"settings", SettingsJson(snapshot.settings)}};
  json["virtual_hosts"] = VirtualHostsJson(snapshot, snapshot.route_table);
  json["listeners"] = Json::array();
  for (const core::Listener& listener : snapshot.listeners)
    json["listeners"].push_back(ListenerJson(snapshot, listener));
  json["authorization"] = AuthorizationJson(snapshot.authorization);
  json["clusters"] = Json::array();
  for (const core::Cluster& cluster : snapshot.clusters) json["clusters"].push_back(ClusterJson(cluster));
  json["experiments"] = Json::array();
  for (const core::Experiment& experiment : snapshot.experiments) {
    json["experiments"].push_back(ExperimentJson(experiment));
  }
  return json;
}

Json RejectedJson(const RejectedConfig& rejected) {
  Json findings = Json::array();
  for (const config::Finding& finding : rejected.findings) {
    findings.push_back({{"severity", config::SeverityText(finding.severity)},
                        {"code", finding.code},
                        {"message", finding.message},
                        {"cure", finding.cure},
                        {"file", finding.place.file},
                        {"line", finding.place.mark.line},
                        {"column", finding.place.mark.column}});
  }
  return {{"revision", rejected.revision}, {"unix_us", rejected.unix_us}, {"findings", std::move(findings)}};
}

}  // namespace

AdminAnswer ConfigDumpPage(const AdminContext& context, const AdminRequest&) {
  const auto snapshot = SnapshotOf(context);
  Json json = snapshot != nullptr ? SnapshotJson(*snapshot) : Json::object();
  const ServerFacts facts = context.server != nullptr ? context.server(context.self) : ServerFacts{};
  json["last_rejected"] = facts.rejected != nullptr ? RejectedJson(*facts.rejected) : Json();
  return {200, "application/json", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace sluice::gateway
