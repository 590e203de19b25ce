#include "gateway/api/kind_docs.h"

#include <algorithm>
#include <array>

namespace sluice::gateway {
namespace {

constexpr std::array kVirtualService = {
    FieldDoc{"hosts", "array", "Host names that the rules are for; short names are completed with the namespace."},
    FieldDoc{"gateways", "array", "Gateways that the rules are bound to; `mesh` or none: this gateway itself."},
    FieldDoc{
        "http", "array",
        "Rules, tried in order; the first whose match holds decides: match, route (destinations with subset and "
        "weight), timeout, retries, mirror, mirrors, fault, rewrite, headers, redirect, directResponse, corsPolicy."},
    FieldDoc{"tls", "array", "Refused: TLS is not passed through here."},
    FieldDoc{"tcp", "array", "Refused: plain TCP is not routed here."},
    FieldDoc{"exportTo", "array", "Read and ignored: this gateway belongs to no namespace in particular."},
};
constexpr std::array kDestinationRule = {
    FieldDoc{"host", "string", "The service that the policies are for."},
    FieldDoc{"subsets", "array", "Versions of the service: a name, the labels of its endpoints, and a trafficPolicy."},
    FieldDoc{"trafficPolicy", "object",
             "loadBalancer, connectionPool, outlierDetection and tls of every subset that says nothing else."},
    FieldDoc{"exportTo", "array", "Read and ignored: this gateway belongs to no namespace in particular."},
    FieldDoc{"workloadSelector", "object", "Read and ignored: this gateway is the only proxy."},
};
constexpr std::array kServiceEntry = {
    FieldDoc{"hosts", "array", "Names under which the service is called."},
    FieldDoc{"ports", "array", "number, name and protocol of each port."},
    FieldDoc{"resolution", "string", "STATIC: endpoints are addresses; DNS: they are names, or the host itself is."},
    FieldDoc{"endpoints", "array", "address, ports by name, labels and weight of each endpoint."},
    FieldDoc{"location", "string", "MESH_EXTERNAL or MESH_INTERNAL."},
    FieldDoc{"addresses", "array", "Read and ignored: nothing is intercepted here."},
};
constexpr std::array kGateway = {
    FieldDoc{"servers", "array", "Listeners: port (number, name, protocol), hosts and tls of each."},
    FieldDoc{"selector", "object", "Labels of the gateways that it is for."},
};
constexpr std::array kPeerAuthentication = {
    FieldDoc{"mtls", "object", "mode: STRICT, PERMISSIVE or DISABLE."},
    FieldDoc{"selector", "object", "matchLabels of the workloads that it is for; none: all of the namespace."},
    FieldDoc{"portLevelMtls", "object", "A mode of its own by port."},
};
constexpr std::array kAuthorizationPolicy = {
    FieldDoc{"action", "string", "ALLOW, DENY or AUDIT."},
    FieldDoc{"rules", "array", "from (who), to (what) and when of each; without rules an ALLOW lets nobody in."},
    FieldDoc{"selector", "object", "matchLabels of the workloads that it is for; none: all of the namespace."},
};
constexpr std::array kExperiment = {
    FieldDoc{"host", "string", "The service under test."},
    FieldDoc{"unit", "object", "Who is assigned: header, cookie (generate: {ttl, path} makes one) or queryParam."},
    FieldDoc{"buckets", "integer", "How many buckets there are; 100 unless said otherwise."},
    FieldDoc{"salt", "string", "Goes into the hash beside the unit; the name of the object unless said otherwise."},
    FieldDoc{"match", "array", "As of a rule: who takes part; none: every request."},
    FieldDoc{"layer", "string", "Experiments of one layer share no users."},
    FieldDoc{"layerBuckets", "string",
             "The part of the layer's 10,000 buckets (\"0-4999\"); all unless said otherwise."},
    FieldDoc{"holdout", "object", "name and percent of users that take part in no experiment with this holdout."},
    FieldDoc{"arms", "array", "name, buckets (\"0-79\") and subset of each; without arms only the headers are set."},
    FieldDoc{"overrides", "array", "arm and units of users whose arm is not left to chance."},
    FieldDoc{"routes", "array", "Names of the rules that it applies to; none: all of the host."},
};
constexpr std::array kCanary = {
    FieldDoc{"virtualService", "string", "The VirtualService whose weights change: NAME or NAMESPACE/NAME."},
    FieldDoc{"route", "", "The rule in it: its name, or its index from 0."},
    FieldDoc{"champion", "string", "The subset that serves now, and again after a rollback."},
    FieldDoc{"challenger", "string", "The subset that shall serve everything in the end."},
    FieldDoc{"stages", "array",
             "weight (percent of the challenger) and hold of each, ascending to 100; the last has a bake instead."},
    FieldDoc{"gates", "object",
             "latency (quantile, maxRegressionPercent), errorRate (maxIncreasePercentagePoints), prometheus (a list of "
             "name, address, query, max, min, interval, timeout, failures)."},
    FieldDoc{"analysis", "object",
             "confidence that a rollback is no false alarm, and minRequests of each version in a stage."},
    FieldDoc{"onNoData", "string", "hold, rollback or promote when a stage is over and there are too few requests."},
    FieldDoc{"noDataLimit", "string", "Rolled back when data is missing for longer than this; 0s: never."},
};
constexpr std::array kGatewaySettings = {
    FieldDoc{"workers", "integer", "Threads; takes effect at the next start."},
    FieldDoc{"limits", "object", "Sizes and counts that one client may use."},
    FieldDoc{"timeouts", "object", "Times of connections, heads, handshakes and draining."},
    FieldDoc{"accessLog", "object", "path, format and sampling."},
    FieldDoc{"exposureLog", "object", "Who was in which arm of an experiment: path, maxBytes and keep."},
    FieldDoc{"telemetry", "object", "Labels of versions, extra buckets, series at most."},
    FieldDoc{"forwarding", "object", "Whom to believe x-forwarded-for."},
    FieldDoc{"identity", "object", "Own workload, namespace, trust domain and certificate directory."},
    FieldDoc{"dns", "object", "How often names are looked up again."},
    FieldDoc{"paths", "object", "How paths are normalised before rules see them."},
};

constexpr std::array kDocs = {
    KindDoc{"VirtualService", "Rules that decide which version of a service answers a request.", kVirtualService},
    KindDoc{"DestinationRule", "Versions (subsets) of a service, and how they are called.", kDestinationRule},
    KindDoc{"ServiceEntry", "A service with its endpoints, for running without Kubernetes.", kServiceEntry},
    KindDoc{"Gateway", "Listeners, the hosts they take, and their TLS.", kGateway},
    KindDoc{"PeerAuthentication", "Whether callers must show a certificate.", kPeerAuthentication},
    KindDoc{"AuthorizationPolicy", "Who may call what.", kAuthorizationPolicy},
    KindDoc{"Experiment", "An A/B test: users are divided into buckets, buckets are given to arms.", kExperiment},
    KindDoc{"Canary", "A new version that takes over by stages, as long as its gates hold.", kCanary},
    KindDoc{"GatewaySettings", "Settings of the process; one object at most.", kGatewaySettings},
};

}  // namespace

const KindDoc* FindKindDoc(std::string_view kind) {
  const auto found = std::ranges::find(kDocs, kind, &KindDoc::kind);
  return found == kDocs.end() ? nullptr : &*found;
}

}  // namespace sluice::gateway
