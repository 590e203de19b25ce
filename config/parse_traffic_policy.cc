// trafficPolicy of a DestinationRule (istio-reference.md sections 2.2 to 2.5, hard rules of 6.2).
#include "config/parse.h"

#include "core/base/text.h"

#include "config/format.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::uint64_t kRingMax = 8ULL * 1024 * 1024;
constexpr std::uint32_t kMaglevMax = 5'000'011;

// 0 cannot be expressed as a limit: it means unset (section 2.3).
void ReadLimit(Fields& fields, std::string_view key, std::uint32_t& into) {
  const auto value = fields.Count(key);
  if (value.has_value() && *value != 0) into = *value;
  if (value == 0U) {
    fields.scope().Info("IST0133", fields.MarkOf(key), Format("{}: 0 means no limit", fields.PathOf(key)),
                        "remove it to say so plainly");
  }
}

void NotEmpty(const YamlNode& node, const std::string& path, const Scope& scope) {
  if (node.members.empty()) scope.Error("IST0106", node.mark, Format("{} is empty", path), "remove it");
}

void ReadKeepalive(Fields& tcp, core::ConnectionPoolPolicy& pool) {
  const YamlNode* node = tcp.Map("tcpKeepalive");
  if (node == nullptr) return;
  Fields fields(*node, tcp.PathOf("tcpKeepalive"), tcp.scope());
  core::ConnectionPoolPolicy::Keepalive keepalive;
  if (const auto probes = fields.Count("probes", 0, 127); probes.value_or(0) != 0) keepalive.probes = *probes;
  if (const auto time = fields.Time("time")) keepalive.time = *time;
  if (const auto interval = fields.Time("interval")) keepalive.interval = *interval;
  pool.tcp_keepalive = keepalive;
}

void ReadTcp(Fields& parent, core::ConnectionPoolPolicy& pool) {
  const YamlNode* node = parent.Map("tcp");
  if (node == nullptr) return;
  Fields tcp(*node, parent.PathOf("tcp"), parent.scope());
  ReadLimit(tcp, "maxConnections", pool.max_connections);
  if (const auto timeout = tcp.Time("connectTimeout")) pool.connect_timeout = *timeout;
  if (const auto idle = tcp.Time("idleTimeout", true)) pool.idle_timeout = *idle;
  if (const auto duration = tcp.Time("maxConnectionDuration")) pool.max_connection_duration = *duration;
  ReadKeepalive(tcp, pool);
}

void ReadHttp(Fields& parent, core::ConnectionPoolPolicy& pool) {
  const YamlNode* node = parent.Map("http");
  if (node == nullptr) return;
  Fields http(*node, parent.PathOf("http"), parent.scope());
  ReadLimit(http, "http1MaxPendingRequests", pool.max_pending_requests);
  ReadLimit(http, "http2MaxRequests", pool.max_requests);
  ReadLimit(http, "maxRequestsPerConnection", pool.max_requests_per_connection);
  ReadLimit(http, "maxRetries", pool.max_retries);
  ReadLimit(http, "maxConcurrentStreams", pool.max_concurrent_streams);
  if (const auto idle = http.Time("idleTimeout")) pool.idle_timeout = *idle;
  constexpr std::array<std::string_view, 3> kUpgrade = {"DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"};
  pool.upgrade = http.Choice("h2UpgradePolicy", kUpgrade) == 2U;
  pool.use_client_protocol = http.Flag("useClientProtocol").value_or(false);
  if (pool.upgrade && pool.use_client_protocol) {
    http.scope().Error("IST0106", http.MarkOf("useClientProtocol"),
                       "h2UpgradePolicy UPGRADE excludes useClientProtocol", "keep one");
  }
  if (const YamlNode* ping = http.Map("http2KeepAlive")) {
    Fields fields(*ping, http.PathOf("http2KeepAlive"), http.scope());
    fields.Require("interval");
    fields.Require("timeout");
    pool.ping.interval = fields.Time("interval").value_or(core::Duration::zero());
    pool.ping.timeout = fields.Time("timeout").value_or(core::Duration::zero());
  }
}

std::optional<core::ConnectionPoolPolicy> ReadPool(Fields& policy, TrafficPolicy& into) {
  const YamlNode* node = policy.Map("connectionPool");
  if (node == nullptr) return std::nullopt;
  NotEmpty(*node, policy.PathOf("connectionPool"), policy.scope());
  for (const YamlMember& level : node->members) {
    for (const YamlMember& field : level.value.members) {
      into.fields.emplace_back("connectionPool", level.key + "." + field.key);
    }
  }
  into.pool_mark = policy.MarkOf("connectionPool");
  Fields fields(*node, policy.PathOf("connectionPool"), policy.scope());
  core::ConnectionPoolPolicy pool;
  ReadTcp(fields, pool);
  ReadHttp(fields, pool);
  return pool;
}

void ReadCookie(Fields& hash, core::HashKey& key) {
  const YamlNode* node = hash.Map("httpCookie");
  if (node == nullptr) return;
  Fields cookie(*node, hash.PathOf("httpCookie"), hash.scope());
  key.source = core::HashKey::Source::kCookie;
  cookie.Require("name");
  key.name = cookie.Text("name").value_or("");
  key.cookie_path = cookie.Text("path").value_or("");
  key.cookie_ttl = cookie.Time("ttl", true);
  if (cookie.Has("name") && !core::IsToken(key.name)) {
    hash.scope().Error("IST0106", cookie.MarkOf("name"), "this is no cookie name");
  }
  const bool plain = std::ranges::all_of(key.cookie_path, [](char c) { return c > 0x20 && c < 0x7f && c != ';'; });
  if (!plain) hash.scope().Error("IST0106", cookie.MarkOf("path"), "this is no cookie path");
  cookie.Ignore("attributes", "the generated cookie has Path, Max-Age and HttpOnly");
}

bool IsPrime(std::uint32_t number) {
  if (number < 2) return false;
  for (std::uint32_t divisor = 2; divisor <= number / divisor; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return true;
}

void ReadHashAlgorithm(Fields& hash, core::LoadBalancerPolicy& balancer) {
  balancer.policy = core::LbPolicy::kRingHash;
  if (const auto size = hash.Integer("minimumRingSize", 0, kRingMax)) {
    hash.scope().Warn("IST0002", hash.MarkOf("minimumRingSize"), "minimumRingSize is deprecated",
                      "write ringHash: {minimumRingSize: ...}");
    if (*size != 0) balancer.minimum_ring_size = static_cast<std::uint64_t>(*size);
  }
  if (const YamlNode* node = hash.Map("ringHash")) {
    Fields ring(*node, hash.PathOf("ringHash"), hash.scope());
    const auto size = ring.Integer("minimumRingSize", 0, kRingMax);
    if (size.value_or(0) != 0) balancer.minimum_ring_size = static_cast<std::uint64_t>(*size);
  }
  if (const YamlNode* node = hash.Map("maglev")) {
    balancer.policy = core::LbPolicy::kMaglev;
    Fields maglev(*node, hash.PathOf("maglev"), hash.scope());
    if (const auto size = maglev.Count("tableSize", 1, kMaglevMax - 1)) {
      balancer.maglev_table_size = *size;
      if (!IsPrime(*size)) {
        hash.scope().Error("IST0106", maglev.MarkOf("tableSize"), Format("{} is no prime number", *size),
                           "write a prime below 5000011, such as 65537");
      }
    }
  }
  if (hash.Has("ringHash") + hash.Has("maglev") + hash.Has("minimumRingSize") > 1) {
    hash.scope().Error("IST0106", hash.mark(), "consistentHash has several of ringHash, maglev, minimumRingSize",
                       "keep one");
  }
}

void ReadHash(Fields& parent, core::LoadBalancerPolicy& balancer) {
  const YamlNode* node = parent.Map("consistentHash");
  if (node == nullptr) return;
  Fields hash(*node, parent.PathOf("consistentHash"), parent.scope());
  core::HashKey key;
  int given = hash.Has("httpCookie") ? 1 : 0;
  ReadCookie(hash, key);
  if (const auto header = hash.Text("httpHeaderName")) {
    ++given;
    key.name = core::Fold(*header);
    if (!core::IsToken(key.name)) {
      hash.scope().Error("IST0106", hash.MarkOf("httpHeaderName"), "this is no header name");
    }
  }
  if (hash.Flag("useSourceIp").value_or(false)) {
    ++given;
    key.source = core::HashKey::Source::kSourceIp;
  }
  if (const auto query = hash.Text("httpQueryParameterName")) {
    ++given;
    key.source = core::HashKey::Source::kQueryParameter;
    key.name = *query;
  }
  if (given != 1) {
    parent.scope().Error("IST0106", node->mark,
                         "consistentHash needs exactly one of httpHeaderName, httpCookie, useSourceIp, "
                         "httpQueryParameterName");
  }
  ReadHashAlgorithm(hash, balancer);
  balancer.hash = std::move(key);
}

void ReadWarmup(Fields& fields, core::LoadBalancerPolicy& balancer) {
  if (const auto old = fields.Time("warmupDurationSecs")) {
    fields.scope().Warn("IST0002", fields.MarkOf("warmupDurationSecs"), "warmupDurationSecs is deprecated",
                        "write warmup: {duration: ...}");
    balancer.warmup = *old;
  }
  const YamlNode* node = fields.Map("warmup");
  if (node == nullptr) return;
  Fields warmup(*node, fields.PathOf("warmup"), fields.scope());
  warmup.Require("duration");
  if (const auto duration = warmup.Time("duration")) balancer.warmup = *duration;
  if (const auto least = warmup.Number("minimumPercent", 0, 100)) balancer.warmup_minimum_percent = *least;
  if (const auto aggression = warmup.Number("aggression", 0.0001, 1e6)) balancer.warmup_aggression = *aggression;
}

std::optional<core::LoadBalancerPolicy> ReadBalancer(Fields& policy, TrafficPolicy& into) {
  const YamlNode* node = policy.Map("loadBalancer");
  if (node == nullptr) return std::nullopt;
  into.balancer_mark = policy.MarkOf("loadBalancer");
  for (const YamlMember& field : node->members) into.fields.emplace_back("loadBalancer", field.key);
  NotEmpty(*node, policy.PathOf("loadBalancer"), policy.scope());
  Fields fields(*node, policy.PathOf("loadBalancer"), policy.scope());
  core::LoadBalancerPolicy balancer;
  constexpr std::array<std::string_view, 6> kSimple = {"UNSPECIFIED", "LEAST_REQUEST", "LEAST_CONN",
                                                       "ROUND_ROBIN", "RANDOM",        "PASSTHROUGH"};
  const auto simple = fields.Choice("simple", kSimple);
  if (simple == 2U) {
    policy.scope().Warn("IST0002", fields.MarkOf("simple"), "LEAST_CONN is deprecated and means LEAST_REQUEST",
                        "write LEAST_REQUEST");
  } else if (simple == 3U) {
    balancer.policy = core::LbPolicy::kRoundRobin;
  } else if (simple == 4U) {
    balancer.policy = core::LbPolicy::kRandom;
  } else if (simple == 5U) {
    policy.scope().Error("SL1103", fields.MarkOf("simple"),
                         "PASSTHROUGH forwards to where the client connected, which is this gateway itself",
                         "write LEAST_REQUEST");
  }
  if (fields.Has("simple") && fields.Has("consistentHash")) {
    policy.scope().Error("IST0106", fields.MarkOf("consistentHash"), "loadBalancer has both simple and consistentHash",
                         "keep one");
  }
  ReadHash(fields, balancer);
  ReadWarmup(fields, balancer);
  if (balancer.warmup != core::Duration(0) && balancer.policy != core::LbPolicy::kLeastRequest &&
      balancer.policy != core::LbPolicy::kRoundRobin) {
    policy.scope().Warn("IST0133", node->mark, "warm-up has no effect with this balancer",
                        "it works with LEAST_REQUEST and ROUND_ROBIN");
  }
  fields.Ignore("localityLbSetting", "this gateway balances without localities");
  fields.Ignore("zoneAwareLbSetting", "this gateway balances without localities");
  return balancer;
}

void ReadErrorCodes(Fields& fields, core::OutlierPolicy& outlier) {
  const YamlNode* list = fields.List("outlierDetectionHttpErrorCodes");
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const std::string path = Format("{}[{}]", fields.PathOf("outlierDetectionHttpErrorCodes"), i);
    const auto code = ReadInteger(list->items[i], path, 100, 599, fields.scope());
    if (code.has_value()) outlier.error_codes.push_back(static_cast<std::uint16_t>(*code));
  }
}

std::optional<core::OutlierPolicy> ReadOutlier(Fields& policy, TrafficPolicy& into,
                                               core::OutlierPolicy::Backoff backoff) {
  const YamlNode* node = policy.Map("outlierDetection");
  if (node == nullptr) return std::nullopt;
  into.outlier_mark = policy.MarkOf("outlierDetection");
  for (const YamlMember& field : node->members) into.fields.emplace_back("outlierDetection", field.key);
  Fields fields(*node, policy.PathOf("outlierDetection"), policy.scope());
  core::OutlierPolicy outlier;
  outlier.backoff = backoff;
  if (const auto old = fields.Count("consecutiveErrors")) {
    policy.scope().Warn("IST0002", fields.MarkOf("consecutiveErrors"), "consecutiveErrors is deprecated",
                        "write consecutiveGatewayErrors");
    outlier.consecutive_gateway_errors = *old;
  }
  if (const auto count = fields.Count("consecutive5xxErrors")) outlier.consecutive_5xx = *count;
  if (const auto count = fields.Count("consecutiveGatewayErrors")) outlier.consecutive_gateway_errors = *count;
  outlier.split_local_origin = fields.Flag("splitExternalLocalOriginErrors").value_or(false);
  if (const auto count = fields.Count("consecutiveLocalOriginFailures")) {
    outlier.consecutive_local_failures = *count;
    if (!outlier.split_local_origin) {
      policy.scope().Error("IST0106", fields.MarkOf("consecutiveLocalOriginFailures"),
                           "consecutiveLocalOriginFailures needs splitExternalLocalOriginErrors: true");
    }
  }
  if (const auto interval = fields.Time("interval")) outlier.interval = *interval;
  if (const auto base = fields.Time("baseEjectionTime")) outlier.base_ejection_time = *base;
  // 0 counts as unset (section 2.4).
  if (const auto limit = fields.Count("maxEjectionPercent", 0, 100); limit.value_or(0) != 0) {
    outlier.max_ejection_percent = *limit;
  }
  outlier.min_health_percent = fields.Count("minHealthPercent", 0, 100).value_or(0);
  ReadErrorCodes(fields, outlier);
  if (outlier.consecutive_5xx != 0 && outlier.consecutive_gateway_errors >= outlier.consecutive_5xx) {
    policy.scope().Warn("SL2006", node->mark,
                        Format("consecutiveGatewayErrors {} is never reached: consecutive5xxErrors {} ejects first",
                               outlier.consecutive_gateway_errors, outlier.consecutive_5xx),
                        "make it smaller, or set consecutive5xxErrors: 0");
  }
  return outlier;
}

void ReadRetryBudget(Fields& policy, TrafficPolicy& into) {
  const YamlNode* node = policy.Map("retryBudget");
  if (node == nullptr) return;
  Fields fields(*node, policy.PathOf("retryBudget"), policy.scope());
  core::RetryBudgetPolicy budget;
  if (const auto percent = fields.Number("percent", 0, 100)) budget.percent = *percent;
  if (const auto least = fields.Count("minRetryConcurrency")) budget.min_concurrency = *least;
  fields.Ignore("budgetInterval", "the budget counts the requests of this moment");
  into.retry_budget = budget;
}

// The blocks that a policy, a subset's policy and a port's policy share.
void ReadBlocks(Fields& fields, core::OutlierPolicy::Backoff backoff, TrafficPolicy& policy) {
  policy.load_balancer = ReadBalancer(fields, policy);
  policy.pool = ReadPool(fields, policy);
  policy.outlier = ReadOutlier(fields, policy, backoff);
  policy.tls = ReadUpstreamTls(fields, policy);
}

void ReadPorts(Fields& fields, core::OutlierPolicy::Backoff backoff, TrafficPolicy& policy) {
  const YamlNode* list = fields.List("portLevelSettings");
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const std::string path = Format("{}[{}]", fields.PathOf("portLevelSettings"), i);
    Fields entry(list->items[i], path, fields.scope());
    PortPolicy port;
    entry.Require("port");
    if (const YamlNode* node = entry.Map("port")) {
      Fields number(*node, entry.PathOf("port"), fields.scope());
      number.Require("number");
      port.number = static_cast<std::uint16_t>(number.Count("number", 1, 65535).value_or(0));
    }
    if (list->items[i].members.size() < 2) {
      fields.scope().Error("IST0106", list->items[i].mark, Format("{} has no settings", path), "remove it");
    }
    ReadBlocks(entry, backoff, port.policy);
    const auto same = [&](const PortPolicy& other) { return other.number == port.number; };
    if (std::ranges::any_of(policy.ports, same)) {
      fields.scope().Error("IST0106", list->items[i].mark, Format("{}: the port {} is given twice", path, port.number));
    }
    policy.ports.push_back(std::move(port));
  }
}

}  // namespace

std::optional<TrafficPolicy> ReadTrafficPolicy(Fields& fields, core::OutlierPolicy::Backoff backoff) {
  const YamlNode* node = fields.Map("trafficPolicy");
  if (node == nullptr) return std::nullopt;
  NotEmpty(*node, fields.PathOf("trafficPolicy"), fields.scope());
  TrafficPolicy policy;
  policy.mark = fields.MarkOf("trafficPolicy");
  Fields sub(*node, fields.PathOf("trafficPolicy"), fields.scope());
  ReadBlocks(sub, backoff, policy);
  ReadRetryBudget(sub, policy);
  ReadPorts(sub, backoff, policy);
  sub.Ignore("tunnel", "it concerns raw TCP");
  sub.Refuse("proxyProtocol", "this build sends no PROXY header", "remove the block");
  return policy;
}

}  // namespace sluice::config
