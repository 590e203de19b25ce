// trafficPolicy.tls of a DestinationRule, field by field, and the policy towards models that comes of it.
#include "config/tls_policies.h"

#include "tests/config/coverage.h"

namespace sluice::config {
namespace {

using core::ClientTlsPolicy;
using core::Snapshot;

const std::string kDirectory =
    "apiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: s}\n"
    "spec: {identity: {certificateDirectory: /certs}}\n---\n";

std::string Entry(const std::string& more, const std::string& endpoint) {
  return "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: m, namespace: ml}\nspec: {hosts: "
         "[m], "
         "ports: [{number: 80, name: a, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 10.0.0.1" +
         endpoint + "}]" + more + "}\n---\n";
}
std::string RuleOn(const std::string& policy) {
  return "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: m, namespace: ml}\nspec: {host: "
         "m, "
         "subsets: [{name: v1}], trafficPolicy: {" +
         policy + "}}\n";
}
std::string Tls(const std::string& tls) { return kDirectory + Entry("", "") + RuleOn("tls: {" + tls + "}"); }

// Of the service itself.
Effect OnTls(std::function<bool(const ClientTlsPolicy&)> holds) {
  return [holds](const Snapshot& snapshot) {
    return snapshot.clusters.at(0).tls.has_value() && holds(*snapshot.clusters[0].tls);
  };
}

class UpstreamTlsField : public testing::TestWithParam<Row> {};
TEST_P(UpstreamTlsField, IsCarriedOutOrReported) { ExpectRow(GetParam(), Entry("", "")); }

const std::string kFqdn = "m.ml.svc.cluster.local";

INSTANTIATE_TEST_SUITE_P(
    Fields, UpstreamTlsField,
    testing::Values(
        Done("SIMPLE", Tls("mode: SIMPLE, caCertificates: ca.pem"), OnTls([](const ClientTlsPolicy& tls) {
               return !tls.certificate && tls.ca == "ca.pem" && tls.verify && tls.sni == kFqdn &&
                      tls.subject_alt_names.empty() &&
                      tls.server_names == std::vector<std::string>{kFqdn, "m.ml.svc", "m.ml", "m"} &&
                      tls.name == "outbound|80||" + kFqdn;
             })),
        Noted("SIMPLE without CA", Tls("mode: SIMPLE"), "warning IST0128 without caCertificates",
              OnTls([](const ClientTlsPolicy& tls) { return tls.ca.empty() && tls.verify; })),
        Done("MUTUAL", Tls("mode: MUTUAL, clientCertificate: c, privateKey: /k, caCertificates: a, caCrl: l"),
             OnTls([](const ClientTlsPolicy& tls) {
               return tls.certificate && tls.certificate->certificate == "c" && tls.certificate->private_key == "/k" &&
                      tls.crl == "l" && !tls.crl_optional && !tls.istio;
             })),
        Said("MUTUAL without key", Tls("mode: MUTUAL, clientCertificate: c"), "privateKey is required"),
        Said("SIMPLE with key", Tls("mode: SIMPLE, privateKey: c"), "has no meaning with mode SIMPLE"),
        Done("credentialName", Tls("mode: MUTUAL, credentialName: own"), OnTls([](const ClientTlsPolicy& tls) {
               return tls.certificate && tls.certificate->certificate == "/certs/own/tls.crt" &&
                      tls.ca == "/certs/own/ca.crt" && tls.crl == "/certs/own/ca.crl" && tls.crl_optional;
             })),
        Said("credentialName and files", Tls("mode: SIMPLE, credentialName: own, caCertificates: a"),
             "caCertificates has no meaning beside credentialName"),
        Said("credentialName without directory", Entry("", "") + RuleOn("tls: {mode: SIMPLE, credentialName: own}"),
             "error SL2031 credentialName needs a directory"),
        Done("ISTIO_MUTUAL", Tls("mode: ISTIO_MUTUAL"), OnTls([](const ClientTlsPolicy& tls) {
               return tls.istio && tls.trust_domain == "cluster.local" && tls.ca == "/certs/root-cert.pem" &&
                      tls.certificate && tls.certificate->certificate == "/certs/cert-chain.pem" &&
                      tls.sni == "outbound_.80_._." + kFqdn;
             })),
        Said("ISTIO_MUTUAL without directory", Entry("", "") + RuleOn("tls: {mode: ISTIO_MUTUAL}"),
             "error SL2031 mode ISTIO_MUTUAL needs a directory"),
        Said("ISTIO_MUTUAL and files", Tls("mode: ISTIO_MUTUAL, caCertificates: a"),
             "cannot be given with mode ISTIO_MUTUAL"),
        Said("DISABLE and more", Tls("mode: DISABLE, sni: a"), "sni has no meaning with mode DISABLE"),
        Said("mode missing", Tls("sni: a"), "tls.mode is required"),
        Done("subjectAltNames", Tls("mode: SIMPLE, caCertificates: a, subjectAltNames: [x, \"spiffe://y\"]"),
             OnTls([](const ClientTlsPolicy& tls) { return tls.subject_alt_names.size() == 2; })),
        Done("sni", Tls("mode: SIMPLE, caCertificates: a, sni: other.example"), OnTls([](const ClientTlsPolicy& tls) {
               return tls.sni == "other.example" && tls.server_names == std::vector<std::string>{"other.example"};
             })),
        Said("sni syntax", Tls("mode: SIMPLE, caCertificates: a, sni: \"a:1\""), "is no server name"),
        Noted("insecureSkipVerify", Tls("mode: SIMPLE, insecureSkipVerify: true"), "warning SL2030 insecureSkipVerify",
              OnTls([](const ClientTlsPolicy& tls) { return !tls.verify; })),
        Said("insecureSkipVerify and CA", Tls("mode: SIMPLE, insecureSkipVerify: true, caCertificates: a"),
             "caCertificates has no effect with insecureSkipVerify"),
        Done("ServiceEntry.subjectAltNames",
             kDirectory + Entry(", subjectAltNames: [known.example]", "") +
                 RuleOn("tls: {mode: SIMPLE, caCertificates: a}"),
             OnTls([](const ClientTlsPolicy& tls) {
               return tls.subject_alt_names == std::vector<std::string>{"known.example"};
             })),
        Done("serviceAccount", kDirectory + Entry("", ", serviceAccount: ranker") + RuleOn("tls: {mode: ISTIO_MUTUAL}"),
             OnTls([](const ClientTlsPolicy& tls) {
               return tls.subject_alt_names == std::vector<std::string>{"spiffe://cluster.local/ns/ml/sa/ranker"};
             })),
        Noted("of a port",
              kDirectory + Entry("", "") + RuleOn("portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]"),
              "warning IST0129", OnTls([](const ClientTlsPolicy& tls) { return tls.verify; })),
        Done("of a subset",
             kDirectory + Entry("", "") +
                 "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: m, namespace: ml}\nspec: "
                 "{host: m, subsets: [{name: v1, trafficPolicy: {tls: {mode: SIMPLE, caCertificates: a}}}]}\n",
             [](const Snapshot& s) { return s.clusters.size() == 2 && !s.clusters[0].tls && s.clusters[1].tls; })),
    RowName);

TEST(UpstreamTlsBlock, ThatIsNoMapIsReportedOnce) {
  const std::string said = TextOf(LoadText(Entry("", "") + RuleOn("tls: SIMPLE")));
  const std::size_t first = said.find("error");

  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(said.find("error", first + 1), std::string::npos) << said;
}

}  // namespace
}  // namespace sluice::config
