// Every field of a ServiceEntry, and every hard rule about one.
#include "tests/config/coverage.h"

namespace sluice::config {
namespace {

using core::Cluster;
using core::Endpoint;
using core::Snapshot;

const std::string kHead = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e}\nspec: {";
const std::string kPorts = "ports: [{number: 80, name: http}]";
const std::string kEndpoints = "endpoints: [{address: 10.0.0.1}]";

std::string Spec(const std::string& spec) { return kHead + spec + "}\n"; }
std::string Static(const std::string& more) { return Spec("hosts: [a], resolution: STATIC, " + more); }
std::string With(const std::string& field) { return Static(kPorts + ", " + kEndpoints + ", " + field); }
std::string Ports(const std::string& ports) { return Static("ports: [" + ports + "], " + kEndpoints); }
std::string EndpointOf(const std::string& fields) { return Static(kPorts + ", endpoints: [{" + fields + "}]"); }
std::string Dns(const std::string& more) { return Spec("hosts: [a], resolution: DNS, " + kPorts + ", " + more); }

Effect OnEndpoint(std::function<bool(const Endpoint&)> holds) {
  return [holds](const Snapshot& snapshot) {
    return !snapshot.clusters.empty() && !snapshot.clusters[0].endpoints.empty() &&
           holds(snapshot.clusters[0].endpoints[0]);
  };
}
Effect OnCluster(std::function<bool(const Cluster&)> holds) {
  return [holds](const Snapshot& snapshot) { return !snapshot.clusters.empty() && holds(snapshot.clusters[0]); };
}

class ServiceEntryField : public testing::TestWithParam<Row> {};

TEST_P(ServiceEntryField, IsCarriedOutOrReported) { ExpectRow(GetParam(), Static(kPorts + ", " + kEndpoints)); }

INSTANTIATE_TEST_SUITE_P(
    Top, ServiceEntryField,
    testing::Values(
        Done("hosts", Spec("hosts: [b, c.example.com], resolution: STATIC, " + kPorts + ", " + kEndpoints),
             [](const Snapshot& s) {
               return s.route_table.FindHost("b.default.svc") != nullptr &&
                      s.route_table.FindHost("c.example.com") != nullptr;
             }),
        Done("hosts wildcard", Spec("hosts: [\"*.example.com\"], resolution: STATIC, " + kPorts + ", " + kEndpoints),
             [](const Snapshot& s) { return s.route_table.FindHost("x.example.com") != nullptr; }),
        Said("hosts missing", Spec("resolution: STATIC, " + kPorts), "error IST0106 spec.hosts is required"),
        Said("hosts empty", Spec("hosts: [], resolution: STATIC, " + kPorts), "error IST0106 spec.hosts is empty"),
        Said("hosts star", Spec("hosts: [\"*\"], resolution: STATIC, " + kPorts),
             "error IST0106 a ServiceEntry cannot have the host `*`"),
        Done("ports number", Ports("{number: 8000, name: http}"),
             OnCluster([](const Cluster& c) { return c.port == 8000 && c.endpoints[0].port == 8000; })),
        Said("ports missing", Static(kEndpoints), "error IST0106 spec.ports is required"),
        Said("ports empty", Static("ports: [], " + kEndpoints), "error IST0106 spec.ports is empty"),
        Said("ports number missing", Ports("{name: http}"), "ports[0].number is required"),
        Said("ports number range", Ports("{number: 70000, name: http}"), "must be between 1 and 65535"),
        Said("ports number twice", Ports("{number: 80, name: a}, {number: 80, name: b}"),
             "error IST0106 the port 80 is given twice"),
        Said("ports name missing", Ports("{number: 80}"), "ports[0].name is required"),
        Said("ports name syntax", Ports("{number: 80, name: A_b}"), "is no DNS label"),
        Said("ports name twice", Ports("{number: 80, name: a}, {number: 81, name: a}"),
             "the port name `a` is given twice"),
        Done("ports targetPort", Ports("{number: 80, name: http, targetPort: 8080}"),
             OnEndpoint([](const Endpoint& e) { return e.port == 8080; })),
        Done("ports protocol HTTP2", Ports("{number: 80, name: http, protocol: http2}"),
             OnCluster([](const Cluster& c) { return c.protocol == core::PortProtocol::kHttp2; })),
        Done("ports protocol GRPC", Ports("{number: 80, name: http, protocol: GRPC}"),
             OnCluster([](const Cluster& c) { return c.protocol == core::PortProtocol::kGrpc; })),
        Said("ports protocol HTTPS", Ports("{number: 80, name: a, protocol: HTTPS}"),
             "warning SL2017 port 80 speaks HTTPS, which this build does not route"),
        Said("ports protocol TCP", Ports("{number: 80, name: a, protocol: TCP}"), "warning SL2017"),
        Said("ports protocol TLS", Ports("{number: 80, name: a, protocol: TLS}"), "warning SL2017"),
        Said("ports protocol MONGO", Ports("{number: 80, name: a, protocol: MONGO}"), "warning SL2017"),
        Said("ports protocol other", Ports("{number: 80, name: a, protocol: HTPT}"), "did you mean `HTTP`?"),
        Said("protocols that differ",
             Static(kPorts + ", " + kEndpoints) +
                 "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: f}\nspec: {hosts: [a], "
                 "resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP2}], " +
                 kEndpoints + "}\n",
             "warning IST0177 port 80 of a.default.svc.cluster.local has another protocol"),
        Said("resolution missing", Spec("hosts: [a], " + kPorts), "error SL1103 resolution NONE, which is the default"),
        Said("resolution NONE", Spec("hosts: [a], resolution: NONE, " + kPorts), "error SL1103 resolution NONE"),
        Said("resolution DYNAMIC_DNS", Spec("hosts: [a], resolution: DYNAMIC_DNS, " + kPorts),
             "error SL1103 resolution DYNAMIC_DNS"),
        Said("resolution other", Spec("hosts: [a], resolution: STATICS, " + kPorts), "did you mean `STATIC`?"),
        Done("resolution DNS of hosts", Spec("hosts: [api.example.com], resolution: DNS, " + kPorts),
             OnEndpoint([](const Endpoint& e) { return e.address == "10.0.0.9"; })),
        Done("resolution DNS of endpoints", Dns("endpoints: [{address: api.example.com, labels: {version: v1}}]"),
             OnEndpoint([](const Endpoint& e) { return e.address == "10.0.0.9" && e.version == "v1"; })),
        Noted("resolution DNS_ROUND_ROBIN", Spec("hosts: [api.example.com], resolution: DNS_ROUND_ROBIN, " + kPorts),
              "info SL2013 DNS_ROUND_ROBIN is treated as DNS",
              OnEndpoint([](const Endpoint& e) { return e.address == "10.0.0.9"; })),
        Said("resolution DNS of a wildcard", Spec("hosts: [\"*.example.com\"], resolution: DNS, " + kPorts),
             "error IST0106 `*.example.com` cannot be resolved"),
        Said("location", With("location: MESH_INTERNAL"), "info SL2013 location has no effect"),
        Said("location other", With("location: MESH"), "error IST0106 spec.location"),
        Said("addresses", With("addresses: [10.1.1.1]"), "warning SL2013 spec.addresses is accepted and ignored"),
        Said("exportTo", With("exportTo: [\".\"]"), "warning SL2013 spec.exportTo is accepted and ignored"),
        Said("exportTo star and more", With("exportTo: [\"*\", a]"), "leaves nothing to the others"),
        Said("workloadSelector", Static(kPorts + ", workloadSelector: {labels: {app: a}}"),
             "error SL1103 spec.workloadSelector cannot be carried out")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    Endpoints, ServiceEntryField,
    testing::Values(
        Done("address", EndpointOf("address: \"fd00::1\""),
             OnEndpoint([](const Endpoint& e) { return e.host_port == "[fd00::1]:80"; })),
        Said("address missing", EndpointOf("weight: 1"), "endpoints[0].address is required"),
        Said("address name", EndpointOf("address: api.example.com"),
             "error IST0106 `api.example.com` is no IP address"),
        Said("address with port", EndpointOf("address: \"10.0.0.1:80\""), "is no IP address"),
        Said("address unix", EndpointOf("address: \"unix:///run/a.sock\""),
             "error SL1103 this build does not connect to unix sockets"),
        Said("address of DNS", Dns("endpoints: [{address: \"http://a\"}]"), "is no host name or IP address"),
        Done("ports", EndpointOf("address: 10.0.0.1, ports: {http: 9000}"),
             OnEndpoint([](const Endpoint& e) { return e.port == 9000; })),
        Said("ports name", EndpointOf("address: 10.0.0.1, ports: {htp: 9000}"),
             "the service has no port of this name; did you mean `http`?"),
        Said("ports number", EndpointOf("address: 10.0.0.1, ports: {http: 0}"), "must be between 1 and 65535"),
        Done("labels", EndpointOf("address: 10.0.0.1, labels: {app: ranking, version: v7}"),
             OnEndpoint([](const Endpoint& e) {
               return e.version == "v7" && e.app == "ranking" && e.labels.size() == 2;
             })),
        Said("labels syntax", EndpointOf("address: 10.0.0.1, labels: {version: \"v 7\"}"),
             "error IST0106 spec.endpoints[0].labels: `version: v 7` is no label"),
        Said("labels key", EndpointOf("address: 10.0.0.1, labels: {\"-a\": b}"), "is no label"),
        Done("labels with prefix", EndpointOf("address: 10.0.0.1, labels: {app.kubernetes.io/version: v7}"),
             OnEndpoint([](const Endpoint& e) { return e.canonical_revision == "v7"; })),
        Done("weight", EndpointOf("address: 10.0.0.1, weight: 7"),
             OnEndpoint([](const Endpoint& e) { return e.weight == 7; })),
        Said("weight negative", EndpointOf("address: 10.0.0.1, weight: -7"), "must be between 0"),
        Said("locality", EndpointOf("address: 10.0.0.1, locality: eu/a"),
             "warning SL2013 spec.endpoints[0].locality is accepted and ignored"),
        Said("network", EndpointOf("address: 10.0.0.1, network: n"),
             "warning SL2013 spec.endpoints[0].network is accepted and ignored"),
        Said("serviceAccount syntax", EndpointOf("address: 10.0.0.1, serviceAccount: a/b"), "is no DNS label")),
    RowName);

TEST(ServiceEntryEndpoints, WeightZeroCountsAsOne) {
  const auto snapshot = Compiled(LoadText(EndpointOf("address: 10.0.0.1, weight: 0")));

  EXPECT_EQ(snapshot->clusters.at(0).endpoints.at(0).weight, 1U);
}

}  // namespace
}  // namespace sluice::config
