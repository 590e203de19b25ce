// Every field of Gateway and PeerAuthentication, and the listeners that come of them.
#include "tests/config/coverage.h"

namespace sluice::config {
namespace {

using core::GatewayServer;
using core::Listener;
using core::ServerTlsPolicy;
using core::Snapshot;
using core::TlsVersion;

const std::string kRules =
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: rules}\n"
    "spec: {hosts: [\"*\"], gateways: [edge, mesh], http: [{route: [{destination: {host: ranking}}]}]}\n---\n";
const std::string kDirectory =
    "apiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: s}\n"
    "spec: {identity: {certificateDirectory: /certs, labels: {app: edge}}}\n---\n";

std::string GatewayOf(const std::string& spec) {
  return kService + kRules + kDirectory +
         "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: edge}\nspec: {" + spec + "}\n";
}
std::string Servers(const std::string& servers) { return GatewayOf("servers: [" + servers + "]"); }
std::string Plain(const std::string& fields) {
  return Servers("{port: {number: 80, name: http, protocol: HTTP}, hosts: [a.example], " + fields + "}");
}
std::string Secured(const std::string& tls, const std::string& hosts = "a.example") {
  return Servers("{port: {number: 443, name: https, protocol: HTTPS}, hosts: [" + hosts + "], tls: {" + tls + "}}");
}
std::string Simple(const std::string& more) { return Secured("mode: SIMPLE, credentialName: cred" + more); }
std::string Peers(const std::string& spec) {
  return kService + kRules + kDirectory +
         "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: peers}\nspec: {" + spec + "}\n";
}

Effect OnListener(std::function<bool(const Listener&)> holds) {
  return [holds](const Snapshot& snapshot) {
    return snapshot.listeners.size() == 1 && snapshot.listeners[0].port != 0 && holds(snapshot.listeners[0]);
  };
}
Effect OnServer(std::function<bool(const GatewayServer&)> holds) {
  return OnListener([holds](const Listener& l) { return l.servers.size() == 1 && holds(l.servers[0]); });
}
Effect OnTls(std::function<bool(const ServerTlsPolicy&)> holds) {
  return OnServer([holds](const GatewayServer& server) { return server.tls.has_value() && holds(*server.tls); });
}
// Of the process's own port.
Effect OnOwn(std::function<bool(const Listener&)> holds) {
  return [holds](const Snapshot& snapshot) { return holds(snapshot.listeners.at(0)); };
}

class GatewayField : public testing::TestWithParam<Row> {};
TEST_P(GatewayField, IsCarriedOutOrReported) { ExpectRow(GetParam(), kService + kRules.substr(0, 0)); }

class PeerField : public testing::TestWithParam<Row> {};
TEST_P(PeerField, IsCarriedOutOrReported) { ExpectRow(GetParam(), kService); }

INSTANTIATE_TEST_SUITE_P(
    Top, GatewayField,
    testing::Values(
        Done("selector of ours",
             GatewayOf("selector: {app: edge}, servers: [{port: {number: 80, name: a, protocol: "
                       "HTTP}, hosts: [\"*\"]}]"),
             OnListener([](const Listener& l) { return l.port == 80; })),
        Said("selector of others",
             GatewayOf("selector: {app: other}, servers: [{port: {number: 80, name: a, protocol: "
                       "HTTP}, hosts: [\"*\"]}]"),
             "warning SL2032 the Gateway default/edge does not hold here: it selects app=other"),
        Said("selector syntax", GatewayOf("selector: {app: \"a b\"}, servers: []"), "is no label"),
        Said("servers missing", GatewayOf("selector: {}"), "error IST0106 spec.servers is required"),
        Said("servers empty", GatewayOf("servers: []"), "error IST0106 spec.servers is empty"),
        Said("a port name twice",
             Servers("{port: {number: 80, name: a, protocol: HTTP}, hosts: [a]}, {port: {number: "
                     "81, name: a, protocol: HTTP}, hosts: [a]}"),
             "error IST0106 the port name `a` is given twice"),
        Said("a host twice",
             Servers("{port: {number: 80, name: a, protocol: HTTP}, hosts: [a]}, {port: {number: 80, "
                     "name: b, protocol: HTTP}, hosts: [a]}"),
             "error IST0145 port 80 has another server for a"),
        Said(
            "plaintext and TLS on a port",
            Servers("{port: {number: 80, name: a, protocol: HTTP}, hosts: [a]}, {port: {number: 80, name: b, protocol: "
                    "HTTPS}, hosts: [b], tls: {mode: SIMPLE, credentialName: c}}"),
            "error IST0145 port 80 is HTTPS here and plaintext in the Gateway default/edge"),
        Said("bound twice",
             Servers("{port: {number: 80, name: a, protocol: HTTP}, hosts: [a]}, {port: {number: 80, "
                     "name: b, protocol: HTTP}, bind: 127.0.0.1, hosts: [b]}"),
             "error IST0145 port 80 is bound to 127.0.0.1 here")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    Server, GatewayField,
    testing::Values(
        Done("port", Plain(""), OnListener([](const Listener& l) {
               return l.port == 80 && l.bind.empty() && l.transport == Listener::Transport::kPermissive;
             })),
        Said("port missing", Servers("{hosts: [a]}"), "error IST0106 spec.servers[0].port is required"),
        Said("port number", Servers("{port: {number: 0, name: a, protocol: HTTP}, hosts: [a]}"), "must be between 1"),
        Said("port name", Servers("{port: {number: 80, protocol: HTTP}, hosts: [a]}"),
             "spec.servers[0].port.name is required"),
        Said("port targetPort", Servers("{port: {number: 80, name: a, protocol: HTTP, targetPort: 8}, hosts: [a]}"),
             "warning SL2013 spec.servers[0].port.targetPort is accepted and ignored"),
        Done("protocol http2", Servers("{port: {number: 80, name: a, protocol: http2}, hosts: [a]}"),
             OnListener([](const Listener& l) { return l.port == 80; })),
        Said("protocol TCP", Servers("{port: {number: 80, name: a, protocol: TCP}, hosts: [a]}"),
             "error SL1103 a port of protocol TCP cannot be carried out"),
        Said("protocol TLS", Servers("{port: {number: 80, name: a, protocol: TLS}, hosts: [a], tls: {mode: SIMPLE}}"),
             "error SL1103 a port of protocol TLS cannot be carried out"),
        Said("protocol slip", Servers("{port: {number: 80, name: a, protocol: HTTS}, hosts: [a]}"),
             "did you mean `HTTP`?"),
        Done("bind", Plain("bind: 127.0.0.1"), OnListener([](const Listener& l) { return l.bind == "127.0.0.1"; })),
        Said("bind syntax", Plain("bind: unix:/x"), "is no IP address"),
        Done("hosts", Secured("mode: SIMPLE, credentialName: c", "A.example, \"*.b.example\", \"ns/c.example\""),
             OnListener([](const Listener& l) {
               return l.FindServer("a.example:443") != nullptr && l.FindServer("x.b.example") != nullptr &&
                      l.FindServer("c.example") != nullptr && l.FindServer("d.example") == nullptr;
             })),
        Done("hosts namespace", Secured("mode: SIMPLE, credentialName: c", "\"other/c.example\""),
             [](const Snapshot& s) {
               return s.gateway_tables.size() == 1 && s.gateway_tables[0].FindHost("c.example") == nullptr;
             }),
        Done("hosts own namespace", Secured("mode: SIMPLE, credentialName: c", "\"./c.example\""),
             [](const Snapshot& s) {
               return s.gateway_tables.size() == 1 && s.gateway_tables[0].FindHost("c.example") != nullptr;
             }),
        Said("hosts missing", Servers("{port: {number: 80, name: a, protocol: HTTP}}"),
             "spec.servers[0].hosts is required"),
        Said("hosts empty", Servers("{port: {number: 80, name: a, protocol: HTTP}, hosts: []}"), "hosts is empty"),
        Said("hosts syntax", Servers("{port: {number: 80, name: a, protocol: HTTP}, hosts: [\"a:80\"]}"),
             "is no host of a server"),
        Said("defaultEndpoint", Plain("defaultEndpoint: \"127.0.0.1:1\""), "warning SL2013"),
        Done("name", Plain("name: x"), OnServer([](const GatewayServer& s) { return s.name == "default/edge/http"; })),
        Done("httpsRedirect", Plain("tls: {httpsRedirect: true}"),
             OnServer([](const GatewayServer& s) { return s.https_redirect && !s.tls; })),
        Said("httpsRedirect on HTTPS", Simple(", httpsRedirect: true"), "warning IST0133 httpsRedirect has no effect"),
        Said("tls on plaintext", Plain("tls: {mode: SIMPLE}"), "only httpsRedirect may stand there"),
        Said("tls missing", Servers("{port: {number: 443, name: a, protocol: HTTPS}, hosts: [a]}"),
             "a port of protocol HTTPS needs tls")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    Tls, GatewayField,
    testing::Values(
        Done("mode SIMPLE", Simple(""), OnTls([](const ServerTlsPolicy& tls) {
               return tls.client == ServerTlsPolicy::ClientCertificate::kNone && tls.ca.empty() &&
                      tls.certificates.at(0).certificate == "/certs/cred/tls.crt" &&
                      tls.certificates.at(0).private_key == "/certs/cred/tls.key" && tls.name == "default/edge/https";
             })),
        Done("mode MUTUAL", Secured("mode: MUTUAL, credentialName: cred"), OnTls([](const ServerTlsPolicy& tls) {
               return tls.client == ServerTlsPolicy::ClientCertificate::kRequired && tls.ca == "/certs/cred/ca.crt" &&
                      tls.crl == "/certs/cred/ca.crl" && tls.crl_optional && tls.trust_domain.empty();
             })),
        Done("mode OPTIONAL_MUTUAL", Secured("mode: OPTIONAL_MUTUAL, credentialName: cred"),
             OnTls([](const ServerTlsPolicy& tls) {
               return tls.client == ServerTlsPolicy::ClientCertificate::kOptional;
             })),
        Done("mode ISTIO_MUTUAL", Secured("mode: ISTIO_MUTUAL"), OnTls([](const ServerTlsPolicy& tls) {
               return tls.client == ServerTlsPolicy::ClientCertificate::kRequired &&
                      tls.trust_domain == "cluster.local" &&
                      tls.certificates.at(0).certificate == "/certs/cert-chain.pem" && tls.ca == "/certs/root-cert.pem";
             })),
        Said("mode missing", Secured("credentialName: a"), "error SL1103 spec.servers[0].tls.mode PASSTHROUGH"),
        Said("mode PASSTHROUGH", Secured("mode: PASSTHROUGH"), "error SL1103"),
        Said("mode AUTO_PASSTHROUGH", Secured("mode: AUTO_PASSTHROUGH"), "error SL1103"),
        Said("mode slip", Secured("mode: SIMPEL, credentialName: a"), "did you mean `SIMPLE`?"),
        Said("ISTIO_MUTUAL and more", Secured("mode: ISTIO_MUTUAL, credentialName: a"),
             "credentialName cannot be given with mode ISTIO_MUTUAL"),
        Said("no source", Secured("mode: SIMPLE"), "has no source of its certificate"),
        Said("two sources", Secured("mode: SIMPLE, credentialName: a, serverCertificate: b, privateKey: c"),
             "has more than one source"),
        Done("files", Secured("mode: MUTUAL, serverCertificate: b, privateKey: /c, caCertificates: d, caCrl: e"),
             OnTls([](const ServerTlsPolicy& tls) {
               return tls.certificates.at(0).certificate == "b" && tls.certificates.at(0).private_key == "/c" &&
                      tls.ca == "d" && tls.crl == "e" && !tls.crl_optional;
             })),
        Said("privateKey missing", Secured("mode: SIMPLE, serverCertificate: b"), "privateKey is required"),
        Done("credentialNames", Secured("mode: SIMPLE, credentialNames: [a, b]"),
             OnTls([](const ServerTlsPolicy& tls) { return tls.certificates.size() == 2; })),
        Said("credentialNames three", Secured("mode: SIMPLE, credentialNames: [a, b, c]"), "more than 2 entries"),
        Said("credentialName syntax", Secured("mode: SIMPLE, credentialName: ../a"), "is no name of a credential"),
        Done("tlsCertificates",
             Secured("mode: MUTUAL, tlsCertificates: [{serverCertificate: a, privateKey: b, caCertificates: c}, "
                     "{serverCertificate: d, privateKey: e}]"),
             OnTls([](const ServerTlsPolicy& tls) { return tls.certificates.size() == 2 && tls.ca == "c"; })),
        Said("caCertificates missing", Secured("mode: MUTUAL, serverCertificate: a, privateKey: b"),
             "nothing says whose are trusted"),
        Said("caCertificates beside SIMPLE", Simple(", caCertificates: d"),
             "warning IST0133 spec.servers[0].tls.caCertificates has no effect"),
        Done("subjectAltNames", Secured("mode: MUTUAL, credentialName: c, subjectAltNames: [x]"),
             OnTls([](const ServerTlsPolicy& tls) { return tls.subject_alt_names == std::vector<std::string>{"x"}; })),
        Done("verifyCertificateHash",
             Secured("mode: MUTUAL, credentialName: c, verifyCertificateHash: "
                     "[\"AA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]"),
             OnTls([](const ServerTlsPolicy& tls) {
               return tls.certificate_sha256 == std::vector{std::string(64, 'a')};
             })),
        Said("verifyCertificateHash syntax", Secured("mode: MUTUAL, credentialName: c, verifyCertificateHash: [ab]"),
             "is no SHA-256 in hex digits"),
        Done("verifyCertificateSpki",
             Secured("mode: MUTUAL, credentialName: c, verifyCertificateSpki: "
                     "[\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]"),
             OnTls([](const ServerTlsPolicy& tls) { return tls.spki_sha256.size() == 1; })),
        Said("verifyCertificateSpki syntax", Secured("mode: MUTUAL, credentialName: c, verifyCertificateSpki: [ab]"),
             "is no SHA-256 in Base64"),
        Done("minProtocolVersion", Simple(", minProtocolVersion: TLSV1_3"),
             OnTls([](const ServerTlsPolicy& tls) { return tls.min == TlsVersion::k13; })),
        Done("maxProtocolVersion", Simple(", maxProtocolVersion: TLSV1_2"),
             OnTls([](const ServerTlsPolicy& tls) { return tls.max == TlsVersion::k12; })),
        Said("minProtocolVersion old", Simple(", minProtocolVersion: TLSV1_1"), "RFC 8996 forbids it"),
        Said("versions crossed", Simple(", minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2"),
             "maxProtocolVersion is below minProtocolVersion"),
        Done("cipherSuites", Simple(", cipherSuites: [ECDHE-RSA-AES128-GCM-SHA256]"),
             OnTls([](const ServerTlsPolicy& tls) { return tls.ciphers.size() == 1; })),
        Said("cipherSuites unknown", Simple(", cipherSuites: [RC4, ECDHE-RSA-AES128-GCM-SHA256]"),
             "warning IST0133 the cipher suite `RC4` is not known"),
        Said("cipherSuites all unknown", Simple(", cipherSuites: [RC4]"), "none of the cipher suites is known")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    PeerAuthentication, PeerField,
    testing::Values(
        Done("mtls STRICT", Peers("mtls: {mode: STRICT}"), OnOwn([](const Listener& l) {
               return l.transport == Listener::Transport::kStrict && l.workload && !l.workload->optional;
             })),
        Done("mtls PERMISSIVE", Peers("mtls: {mode: PERMISSIVE}"), OnOwn([](const Listener& l) {
               return l.transport == Listener::Transport::kPermissive && l.workload && !l.workload->optional;
             })),
        Done("mtls UNSET", Peers("mtls: {mode: UNSET}"), OnOwn([](const Listener& l) {
               return l.transport == Listener::Transport::kPermissive && l.workload && l.workload->optional;
             })),
        Said("mtls slip", Peers("mtls: {mode: STRIKT}"), "did you mean `STRICT`?"),
        Done("selector of ours", Peers("selector: {matchLabels: {app: edge}}, mtls: {mode: STRICT}"),
             OnOwn([](const Listener& l) { return l.transport == Listener::Transport::kStrict; })),
        Said("selector of others", Peers("selector: {matchLabels: {app: x}}, mtls: {mode: STRICT}"),
             "warning SL2032 the PeerAuthentication default/peers does not hold here"),
        Said("portLevelMtls without selector", Peers("portLevelMtls: {80: {mode: STRICT}}"), "needs a selector"),
        Said("portLevelMtls empty", Peers("selector: {matchLabels: {app: edge}}, portLevelMtls: {}"), "is empty"),
        Said("portLevelMtls port", Peers("selector: {matchLabels: {app: edge}}, portLevelMtls: {x: {mode: STRICT}}"),
             "spec.portLevelMtls.x is no port"),
        Said("another namespace",
             kService + kDirectory +
                 "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: "
                 "elsewhere}\nspec: {mtls: {mode: STRICT}}\n",
             "warning SL2032"),
        Said("STRICT without certificates",
             kService + "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p}\nspec: {mtls: "
                        "{mode: STRICT}}\n",
             "error SL2031 mode STRICT needs a directory with certificates"),
        Said("PERMISSIVE without certificates",
             kService + "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p}\nspec: {mtls: "
                        "{mode: PERMISSIVE}}\n",
             "warning SL2031 mode PERMISSIVE takes plaintext only")),
    RowName);

TEST(GatewayOfRules, AHostThatNoServerHasIsReported) {
  const Loaded loaded = LoadText(Plain("") +
                                 "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\n"
                                 "spec: {hosts: [b.example], gateways: [edge], http: [{route: [{destination: {host: "
                                 "ranking}}]}]}\n");

  EXPECT_TRUE(Says(loaded, "warning IST0132 no server of the Gateway default/edge has the host b.example"))
      << TextOf(loaded);
}

}  // namespace
}  // namespace sluice::config
