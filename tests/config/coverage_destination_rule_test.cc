// Every field of a DestinationRule, and every hard rule about one.
#include "tests/config/coverage.h"

namespace sluice::config {
namespace {

using core::Cluster;
using core::ConnectionPoolPolicy;
using core::LbPolicy;
using core::LoadBalancerPolicy;
using core::OutlierPolicy;
using core::Snapshot;

// Two ports, so that settings of one port can be told from the rule's.
const std::string kTwoPorts = R"(
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ranking}
spec:
  hosts: [ranking]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 81, name: other, protocol: HTTP}]
  resolution: STATIC
  endpoints:
  - {address: 10.0.0.1, labels: {version: v1}}
  - {address: 10.0.0.2, labels: {version: v2}}
---
)";
const std::string kHead =
    kTwoPorts + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: ranking}\n";

std::string Spec(const std::string& spec) { return kHead + "spec: {" + spec + "}\n"; }
std::string Policy(const std::string& policy) {
  return Spec("host: ranking, subsets: [{name: v1, labels: {version: v1}}], trafficPolicy: {" + policy + "}");
}
std::string Balancer(const std::string& fields) { return Policy("loadBalancer: {" + fields + "}"); }
std::string Hash(const std::string& fields) { return Balancer("consistentHash: {" + fields + "}"); }
std::string Tcp(const std::string& fields) { return Policy("connectionPool: {tcp: {" + fields + "}}"); }
std::string Http(const std::string& fields) { return Policy("connectionPool: {http: {" + fields + "}}"); }
std::string Outlier(const std::string& fields) { return Policy("outlierDetection: {" + fields + "}"); }

const Cluster* Find(const Snapshot& snapshot, std::uint16_t port, const char* subset) {
  const core::ClusterId id = snapshot.FindCluster("ranking.default.svc.cluster.local", port, subset);
  return id.valid() ? &snapshot.clusters[id.value] : nullptr;
}
// The subset's cluster: what holds there has been inherited.
Effect OnCluster(std::function<bool(const Cluster&)> holds, std::uint16_t port = 80, const char* subset = "v1") {
  return [=](const Snapshot& snapshot) {
    const Cluster* cluster = Find(snapshot, port, subset);
    return cluster != nullptr && holds(*cluster);
  };
}
Effect OnBalancer(std::function<bool(const LoadBalancerPolicy&)> holds) {
  return OnCluster([holds](const Cluster& cluster) { return holds(cluster.load_balancer); });
}
Effect OnPool(std::function<bool(const ConnectionPoolPolicy&)> holds) {
  return OnCluster([holds](const Cluster& cluster) { return holds(cluster.pool); });
}
Effect OnOutlier(std::function<bool(const OutlierPolicy&)> holds) {
  return OnCluster([holds](const Cluster& cluster) { return cluster.outlier.has_value() && holds(*cluster.outlier); });
}
Effect HashedBy(core::HashKey::Source source, std::string name) {
  return OnBalancer([=](const LoadBalancerPolicy& l) {
    return l.hash && l.hash->source == source && l.hash->name == name && l.policy == LbPolicy::kRingHash;
  });
}
using Key = core::HashKey::Source;

class DestinationRuleField : public testing::TestWithParam<Row> {};

TEST_P(DestinationRuleField, IsCarriedOutOrReported) { ExpectRow(GetParam(), Spec("host: ranking")); }

INSTANTIATE_TEST_SUITE_P(
    Top, DestinationRuleField,
    testing::Values(
        Done("host wildcard",
             Spec("host: \"*.default.svc.cluster.local\", trafficPolicy: {loadBalancer: {simple: RANDOM}}"),
             OnCluster([](const Cluster& c) { return c.load_balancer.policy == LbPolicy::kRandom; }, 80, "")),
        Said("host missing", Spec("subsets: []"), "error IST0106 spec.host is required"),
        Said("host syntax", Spec("host: \"a b\""), "error IST0106 spec.host"),
        Said("host unknown", Spec("host: rankin"),
             "warning IST0174 the host rankin.default.svc.cluster.local of this DestinationRule is no known service; "
             "did you mean ranking"),
        Done("subsets", Spec("host: ranking, subsets: [{name: v2, labels: {version: v2}}]"),
             OnCluster([](const Cluster& c) { return c.endpoints.size() == 1 && c.endpoints[0].address == "10.0.0.2"; },
                       80, "v2")),
        Done("subsets without labels", Spec("host: ranking, subsets: [{name: all}]"),
             OnCluster([](const Cluster& c) { return c.endpoints.size() == 2; }, 80, "all")),
        Said("subsets name missing", Spec("host: ranking, subsets: [{labels: {version: v1}}]"),
             "subsets[0].name is required"),
        Said("subsets name syntax", Spec("host: ranking, subsets: [{name: V1}]"), "is no DNS label"),
        Said("subsets name twice", Spec("host: ranking, subsets: [{name: v1}, {name: v1}]"),
             "error IST0106 the subset v1 is given twice"),
        Said("subsets labels syntax", Spec("host: ranking, subsets: [{name: v1, labels: {version: \"a b\"}}]"),
             "error IST0106 spec.subsets[0].labels: `version: a b` is no label"),
        Said("subsets without endpoints", Spec("host: ranking, subsets: [{name: v9, labels: {version: v9}}]"),
             "warning IST0173 the labels of subset v9 match no endpoint"),
        Said("subsets without endpoints by wildcard",
             Spec("host: \"*.local\", subsets: [{name: v9, labels: {version: v9}}]"),
             "warning IST0173 the labels of subset v9 match no endpoint"),
        Done("subsets trafficPolicy",
             Spec("host: ranking, subsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]"),
             OnCluster([](const Cluster& c) { return c.load_balancer.policy == LbPolicy::kRandom; })),
        Said("subsets trafficPolicy empty", Spec("host: ranking, subsets: [{name: v1, trafficPolicy: {}}]"),
             "error IST0106 spec.subsets[0].trafficPolicy is empty"),
        Said("exportTo", Spec("host: ranking, exportTo: [\"*\"]"),
             "warning SL2013 spec.exportTo is accepted and ignored"),
        Said("exportTo twice", Spec("host: ranking, exportTo: [a, a]"), "`a` is given twice"),
        Said("workloadSelector", Spec("host: ranking, workloadSelector: {matchLabels: {a: b}}"),
             "warning SL2013 spec.workloadSelector is accepted and ignored"),
        Done("annotation linear",
             kTwoPorts + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, annotations: "
                         "{sluice.dev/ejection-backoff: linear}}\nspec: {host: ranking, subsets: [{name: v1}], "
                         "trafficPolicy: {outlierDetection: {maxEjectionPercent: 100}}}\n",
             OnOutlier([](const OutlierPolicy& o) { return o.backoff == OutlierPolicy::Backoff::kLinear; })),
        Said("annotation other word",
             kTwoPorts + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, annotations: "
                         "{sluice.dev/ejection-backoff: square}}\nspec: {host: ranking}\n",
             "error SL1105 the annotation sluice.dev/ejection-backoff cannot be `square`"),
        Said("annotation of another kind",
             kTwoPorts + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, annotations: "
                         "{sluice.dev/sticky: \"header:a\"}}\nspec: {host: ranking}\n",
             "error SL1105 the annotation sluice.dev/sticky has no meaning on a DestinationRule"),
        Said("second rule, second policy",
             Policy("loadBalancer: {simple: RANDOM}") +
                 "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: b}\nspec: {host: "
                 "ranking, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}\n",
             "warning SL2019 this trafficPolicy is ignored"),
        Said("second rule, same subset",
             Policy("loadBalancer: {simple: RANDOM}") +
                 "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: b}\nspec: {host: "
                 "ranking, subsets: [{name: v1}]}\n",
             "warning SL2019 this subset is ignored"),
        Said("rule of a stranger",
             kTwoPorts + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: "
                         "far}\nspec: {host: ranking.default.svc.cluster.local}\n",
             "warning SL2019 this DestinationRule has no effect on ranking.default.svc.cluster.local: rules of its "
             "namespace are not looked at"),
        Said("rule behind another namespace's",
             Policy("loadBalancer: {simple: RANDOM}") +
                 "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: "
                 "istio-system}\nspec: {host: ranking.default.svc.cluster.local}\n",
             "default/ranking goes before it")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    LoadBalancer, DestinationRuleField,
    testing::Values(
        Said("trafficPolicy empty", Policy(""), "error IST0106 spec.trafficPolicy is empty"),
        Said("loadBalancer empty", Balancer(""), "error IST0106 spec.trafficPolicy.loadBalancer is empty"),
        Done("simple ROUND_ROBIN", Balancer("simple: ROUND_ROBIN"),
             OnBalancer([](const LoadBalancerPolicy& l) { return l.policy == LbPolicy::kRoundRobin; })),
        Done("simple RANDOM", Balancer("simple: RANDOM"),
             OnBalancer([](const LoadBalancerPolicy& l) { return l.policy == LbPolicy::kRandom; })),
        Noted("simple LEAST_CONN",
              Spec("host: ranking, trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1, "
                   "trafficPolicy: {loadBalancer: {simple: LEAST_CONN}}}]"),
              "warning IST0002 LEAST_CONN is deprecated",
              OnBalancer([](const LoadBalancerPolicy& l) { return l.policy == LbPolicy::kLeastRequest; })),
        Done("simple LEAST_REQUEST",
             Spec("host: ranking, trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1, trafficPolicy: "
                  "{loadBalancer: {simple: LEAST_REQUEST}}}]"),
             OnBalancer([](const LoadBalancerPolicy& l) { return l.policy == LbPolicy::kLeastRequest; })),
        Said("simple PASSTHROUGH", Balancer("simple: PASSTHROUGH"), "error SL1103"),
        Said("simple and hash", Balancer("simple: RANDOM, consistentHash: {useSourceIp: true}"),
             "loadBalancer has both simple and consistentHash"),
        Done("hash httpHeaderName", Hash("httpHeaderName: X-User"), HashedBy(Key::kHeader, "x-user")),
        Done("hash httpCookie", Hash("httpCookie: {name: user, path: /a, ttl: 10s}"),
             OnBalancer([](const LoadBalancerPolicy& l) {
               return l.hash && l.hash->source == Key::kCookie && l.hash->name == "user" &&
                      l.hash->cookie_path == "/a" && l.hash->cookie_ttl == core::Seconds(10);
             })),
        Done("hash httpCookie session", Hash("httpCookie: {name: user, ttl: 0s}"),
             OnBalancer([](const LoadBalancerPolicy& l) { return l.hash && l.hash->cookie_ttl == core::Duration(0); })),
        Said("hash httpCookie name", Hash("httpCookie: {ttl: 0s}"), "httpCookie.name is required"),
        Said("hash httpCookie path", Hash("httpCookie: {name: a, path: \"/a;b\"}"), "this is no cookie path"),
        Noted("hash httpCookie attributes", Hash("httpCookie: {name: user, attributes: [{name: Secure}]}"),
              "warning SL2013", HashedBy(Key::kCookie, "user")),
        Done("hash useSourceIp", Hash("useSourceIp: true"), HashedBy(Key::kSourceIp, "")),
        Done("hash httpQueryParameterName", Hash("httpQueryParameterName: User"),
             HashedBy(Key::kQueryParameter, "User")),
        Said("hash without key", Hash("ringHash: {minimumRingSize: 64}"), "consistentHash needs exactly one of"),
        Done("hash ringHash", Hash("useSourceIp: true, ringHash: {minimumRingSize: 64}"),
             OnBalancer([](const LoadBalancerPolicy& l) { return l.minimum_ring_size == 64; })),
        Said("hash ringHash range", Hash("useSourceIp: true, ringHash: {minimumRingSize: 8388609}"),
             "must be between 0 and 8388608"),
        Done("hash maglev", Hash("useSourceIp: true, maglev: {tableSize: 101}"),
             OnBalancer([](const LoadBalancerPolicy& l) {
               return l.policy == LbPolicy::kMaglev && l.maglev_table_size == 101;
             })),
        Said("hash maglev prime", Hash("useSourceIp: true, maglev: {tableSize: 100}"), "100 is no prime number"),
        Said("hash maglev range", Hash("useSourceIp: true, maglev: {tableSize: 5000011}"),
             "must be between 1 and 5000010"),
        Noted("hash minimumRingSize", Hash("useSourceIp: true, minimumRingSize: 64"),
              "warning IST0002 minimumRingSize is deprecated",
              OnBalancer([](const LoadBalancerPolicy& l) { return l.minimum_ring_size == 64; })),
        Said("hash minimumRingSize and ringHash",
             Hash("useSourceIp: true, minimumRingSize: 64, ringHash: {minimumRingSize: 64}"),
             "several of ringHash, maglev, minimumRingSize"),
        Done("warmup", Balancer("simple: ROUND_ROBIN, warmup: {duration: 60s, minimumPercent: 5, aggression: 2}"),
             OnBalancer([](const LoadBalancerPolicy& l) {
               return l.warmup == core::Seconds(60) && l.warmup_minimum_percent == 5 && l.warmup_aggression == 2;
             })),
        Said("warmup duration", Balancer("warmup: {aggression: 2}"), "warmup.duration is required"),
        Said("warmup aggression", Balancer("warmup: {duration: 60s, aggression: 0}"),
             "error IST0106 spec.trafficPolicy.loadBalancer.warmup.aggression"),
        Said("warmup minimumPercent", Balancer("warmup: {duration: 60s, minimumPercent: 101}"),
             "must be between 0 and 100"),
        Said("warmup of random", Balancer("simple: RANDOM, warmup: {duration: 60s}"),
             "warning IST0133 warm-up has no effect"),
        Noted("warmupDurationSecs", Balancer("simple: ROUND_ROBIN, warmupDurationSecs: 30s"),
              "warning IST0002 warmupDurationSecs is deprecated",
              OnBalancer([](const LoadBalancerPolicy& l) { return l.warmup == core::Seconds(30); })),
        Noted("localityLbSetting",
              Balancer("simple: RANDOM, localityLbSetting: {enabled: true, failoverPriority: [a]}"),
              "warning SL2013 spec.trafficPolicy.loadBalancer.localityLbSetting is accepted and ignored",
              OnBalancer([](const LoadBalancerPolicy& l) { return l.policy == LbPolicy::kRandom; })),
        Noted("zoneAwareLbSetting", Balancer("simple: RANDOM, zoneAwareLbSetting: {}"), "warning SL2013",
              OnBalancer([](const LoadBalancerPolicy& l) { return l.policy == LbPolicy::kRandom; }))),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    ConnectionPool, DestinationRuleField,
    testing::Values(
        Said("connectionPool empty", Policy("connectionPool: {}"),
             "error IST0106 spec.trafficPolicy.connectionPool is empty"),
        Done("tcp maxConnections", Tcp("maxConnections: 7"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.max_connections == 7; })),
        Said("tcp maxConnections zero", Tcp("maxConnections: 0"), "info IST0133"),
        Said("tcp maxConnections negative", Tcp("maxConnections: -1"), "must be between 0"),
        Done("tcp connectTimeout", Tcp("connectTimeout: 250ms"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.connect_timeout == core::Milliseconds(250); })),
        Said("tcp connectTimeout zero", Tcp("connectTimeout: 0s"), "at least 1ms"),
        Done("tcp tcpKeepalive", Tcp("tcpKeepalive: {probes: 3, time: 60s, interval: 5s}"),
             OnPool([](const ConnectionPoolPolicy& p) {
               return p.tcp_keepalive && p.tcp_keepalive->probes == 3 && p.tcp_keepalive->time == core::Seconds(60) &&
                      p.tcp_keepalive->interval == core::Seconds(5);
             })),
        Done("tcp maxConnectionDuration", Tcp("maxConnectionDuration: 1h"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.max_connection_duration == core::Seconds(3600); })),
        Done("tcp idleTimeout", Tcp("idleTimeout: 30s"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.idle_timeout == core::Seconds(30); })),
        Done("tcp idleTimeout zero", Tcp("idleTimeout: 0s"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.idle_timeout == core::Duration(0); })),
        Done("http http1MaxPendingRequests", Http("http1MaxPendingRequests: 3"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.max_pending_requests == 3; })),
        Done("http http2MaxRequests", Http("http2MaxRequests: 3"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.max_requests == 3; })),
        Done("http maxRequestsPerConnection", Http("maxRequestsPerConnection: 1"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.max_requests_per_connection == 1; })),
        Done("http maxRetries", Http("maxRetries: 3"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.max_retries == 3; })),
        Done("http idleTimeout", Http("idleTimeout: 10s"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.idle_timeout == core::Seconds(10); })),
        Done("http idleTimeout before tcp's",
             Policy("connectionPool: {tcp: {idleTimeout: 30s}, http: {idleTimeout: 10s}}"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.idle_timeout == core::Seconds(10); })),
        Noted("http h2UpgradePolicy UPGRADE", Http("h2UpgradePolicy: UPGRADE"), "warning SL2012",
              OnPool([](const ConnectionPoolPolicy& p) { return p.upgrade; })),
        Said("http h2UpgradePolicy other", Http("h2UpgradePolicy: ALWAYS"),
             "error IST0106 spec.trafficPolicy.connectionPool.http.h2UpgradePolicy"),
        Done("http useClientProtocol", Http("useClientProtocol: true"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.use_client_protocol; })),
        Said("http useClientProtocol and UPGRADE", Http("useClientProtocol: true, h2UpgradePolicy: UPGRADE"),
             "UPGRADE excludes useClientProtocol"),
        Done("http maxConcurrentStreams", Http("maxConcurrentStreams: 9"),
             OnPool([](const ConnectionPoolPolicy& p) { return p.max_concurrent_streams == 9; })),
        Done("http http2KeepAlive", Http("http2KeepAlive: {interval: 2s, timeout: 1s}"),
             OnPool([](const ConnectionPoolPolicy& p) {
               return p.ping.interval == core::Seconds(2) && p.ping.timeout == core::Seconds(1);
             })),
        Said("http http2KeepAlive half", Http("http2KeepAlive: {interval: 1s}"), "http2KeepAlive.timeout is required"),
        Said("subset loses pool settings",
             Spec("host: ranking, trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}}, subsets: [{name: v1, "
                  "trafficPolicy: {connectionPool: {http: {maxRetries: 1}}}}]"),
             "warning SL2001 connectionPool of subset v1 replaces the rule's whole block, so tcp.maxConnections no "
             "longer hold there"),
        Said("subset loses ejection settings",
             Spec("host: ranking, trafficPolicy: {outlierDetection: {baseEjectionTime: 5s, interval: 1s, "
                  "maxEjectionPercent: 100}}, subsets: [{name: v1, trafficPolicy: {outlierDetection: {interval: 2s, "
                  "maxEjectionPercent: 100}}}]"),
             "warning SL2001 outlierDetection of subset v1 replaces the rule's whole block, so baseEjectionTime no "
             "longer hold there"),
        Said("subset loses balancer settings",
             Spec("host: ranking, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN, warmup: {duration: 5s}}}, "
                  "subsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]"),
             "warning SL2001 loadBalancer of subset v1 replaces the rule's whole block, so warmup no longer hold "
             "there")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    OutlierDetection, DestinationRuleField,
    testing::Values(
        Done("outlierDetection empty", Policy("outlierDetection: {}, loadBalancer: {simple: RANDOM}"),
             OnOutlier([](const OutlierPolicy& o) {
               return o.consecutive_5xx == 5 && o.consecutive_gateway_errors == 0;
             })),
        Done("consecutive5xxErrors", Outlier("consecutive5xxErrors: 3, maxEjectionPercent: 100"),
             OnOutlier([](const OutlierPolicy& o) { return o.consecutive_5xx == 3; })),
        Done("consecutive5xxErrors off", Outlier("consecutive5xxErrors: 0, maxEjectionPercent: 100"),
             OnOutlier([](const OutlierPolicy& o) { return o.consecutive_5xx == 0; })),
        Done("consecutiveGatewayErrors", Outlier("consecutiveGatewayErrors: 2, maxEjectionPercent: 100"),
             OnOutlier([](const OutlierPolicy& o) { return o.consecutive_gateway_errors == 2; })),
        Said("consecutiveGatewayErrors unreachable", Outlier("consecutiveGatewayErrors: 5"), "warning SL2006"),
        Noted("consecutiveErrors", Outlier("consecutiveErrors: 2, maxEjectionPercent: 100"),
              "warning IST0002 consecutiveErrors is deprecated",
              OnOutlier([](const OutlierPolicy& o) { return o.consecutive_gateway_errors == 2; })),
        Done(
            "splitExternalLocalOriginErrors",
            Outlier("splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 4, maxEjectionPercent: 100"),
            OnOutlier([](const OutlierPolicy& o) {
              return o.split_local_origin && o.consecutive_local_failures == 4;
            })),
        Said("consecutiveLocalOriginFailures alone", Outlier("consecutiveLocalOriginFailures: 4"),
             "needs splitExternalLocalOriginErrors: true"),
        Done("interval", Outlier("interval: 7s, maxEjectionPercent: 100"),
             OnOutlier([](const OutlierPolicy& o) { return o.interval == core::Seconds(7); })),
        Done("baseEjectionTime", Outlier("baseEjectionTime: 7s, maxEjectionPercent: 100"),
             OnOutlier([](const OutlierPolicy& o) { return o.base_ejection_time == core::Seconds(7); })),
        Said("interval zero", Outlier("interval: 0s"), "at least 1ms"),
        Done("maxEjectionPercent", Outlier("maxEjectionPercent: 100"),
             OnOutlier([](const OutlierPolicy& o) { return o.max_ejection_percent == 100; })),
        Noted("maxEjectionPercent never", Outlier("maxEjectionPercent: 49"),
              "warning SL2002 maxEjectionPercent 49 never ejects any of the 2 endpoints",
              OnOutlier([](const OutlierPolicy& o) { return o.max_ejection_percent == 49; })),
        Said("maxEjectionPercent range", Outlier("maxEjectionPercent: 101"), "must be between 0 and 100"),
        Done("minHealthPercent", Outlier("minHealthPercent: 50, maxEjectionPercent: 100"),
             OnOutlier([](const OutlierPolicy& o) { return o.min_health_percent == 50; })),
        Said("minHealthPercent range", Outlier("minHealthPercent: -1"), "must be between 0 and 100"),
        Done("outlierDetectionHttpErrorCodes",
             Outlier("outlierDetectionHttpErrorCodes: [429, 503], maxEjectionPercent: 100"),
             OnOutlier([](const OutlierPolicy& o) { return o.error_codes.size() == 2; })),
        Said("outlierDetectionHttpErrorCodes range", Outlier("outlierDetectionHttpErrorCodes: [42]"),
             "must be between 100 and 599")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    OtherBlocks, DestinationRuleField,
    testing::Values(
        Done("tls DISABLE", Policy("tls: {mode: DISABLE}, loadBalancer: {simple: RANDOM}"),
             OnBalancer([](const LoadBalancerPolicy& l) { return l.policy == LbPolicy::kRandom; })),
        Said("tunnel", Policy("tunnel: {protocol: CONNECT, targetHost: a, targetPort: 1}"),
             "warning SL2013 spec.trafficPolicy.tunnel is accepted and ignored"),
        Said("proxyProtocol", Policy("proxyProtocol: {version: V2}"),
             "error SL1103 spec.trafficPolicy.proxyProtocol cannot be carried out"),
        Done("retryBudget", Policy("retryBudget: {percent: 5, minRetryConcurrency: 1}"),
             OnCluster([](const Cluster& c) {
               return c.retry_budget && c.retry_budget->percent == 5 && c.retry_budget->min_concurrency == 1;
             })),
        Noted("retryBudget budgetInterval", Policy("retryBudget: {budgetInterval: 10s}"),
              "warning SL2013 spec.trafficPolicy.retryBudget.budgetInterval is accepted and ignored",
              OnCluster([](const Cluster& c) { return c.retry_budget && c.retry_budget->percent == 20; })),
        Said("retryBudget percent range", Policy("retryBudget: {percent: 101}"), "must be between 0 and 100"),
        Done("portLevelSettings", Policy("portLevelSettings: [{port: {number: 81}, loadBalancer: {simple: RANDOM}}]"),
             OnCluster([](const Cluster& c) { return c.load_balancer.policy == LbPolicy::kRandom; }, 81)),
        Noted("portLevelSettings replace everything",
              Policy("connectionPool: {tcp: {maxConnections: 7}}, outlierDetection: {maxEjectionPercent: 100}, "
                     "portLevelSettings: [{port: {number: 81}, loadBalancer: {simple: RANDOM}}]"),
              "warning SL2001 the settings of port 81 replace the whole policy, so connectionPool, outlierDetection "
              "fall to the defaults there",
              [](const Snapshot& s) {
                const Cluster* one = Find(s, 80, "v1");
                const Cluster* other = Find(s, 81, "v1");
                return one != nullptr && one->pool.max_connections == 7 && one->outlier &&
                       other->pool.max_connections == ConnectionPoolPolicy::kUnlimited && !other->outlier;
              }),
        Said("portLevelSettings empty", Policy("portLevelSettings: [{port: {number: 80}}]"),
             "error IST0106 spec.trafficPolicy.portLevelSettings[0] has no settings"),
        Said(
            "portLevelSettings without port",
            Policy("portLevelSettings: [{loadBalancer: {simple: RANDOM}, connectionPool: {tcp: {maxConnections: 1}}}]"),
            "portLevelSettings[0].port is required"),
        Said("portLevelSettings port range",
             Policy("portLevelSettings: [{port: {number: 0}, loadBalancer: {simple: RANDOM}}]"),
             "must be between 1 and 65535"),
        Said("portLevelSettings twice",
             Policy("portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}, {port: {number: 80}, "
                    "loadBalancer: {simple: RANDOM}}]"),
             "the port 80 is given twice"),
        Said("destination needs a port",
             kTwoPorts + "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec: {hosts: "
                         "[ranking], http: [{route: [{destination: {host: ranking}}]}]}\n",
             "error IST0112 the service ranking.default.svc.cluster.local has 2 ports and this destination names none"),
        Said("hash beside weights",
             Spec("host: ranking, subsets: [{name: v1}, {name: v2}], trafficPolicy: {loadBalancer: {consistentHash: "
                  "{useSourceIp: true}}}") +
                 "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec: {hosts: "
                 "[ranking], http: [{route: [{destination: {host: ranking, subset: v1, port: {number: 80}}, weight: "
                 "1}, {destination: {host: ranking, subset: v2, port: {number: 80}}, weight: 1}]}]}\n",
             "warning SL2009")),
    RowName);

}  // namespace
}  // namespace sluice::config
