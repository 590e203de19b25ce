// How links are secured, towards clients and towards models: what config compiles and tls/ builds a context from. Plain
// data; immutable in a Snapshot; any thread (istio-reference.md sections 2.5, 3.2, 3.3).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::tls {
// Opaque here: made from a policy by whoever publishes the snapshot, used by gateway/net.
class ServerContext;
class ClientContext;
}  // namespace sluice::tls

namespace sluice::core {

enum class TlsVersion : std::uint8_t { k12, k13 };

// PEM files; paths as the process opens them.
struct TlsKeyPair {
  std::string certificate;  // leaf first, then intermediates
  std::string private_key;
};

// Where a policy was written, for what is found out about its files later.
struct TlsOrigin {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

struct ServerTlsPolicy {
  enum class ClientCertificate : std::uint8_t { kNone, kOptional, kRequired };

  std::string name;                      // for metrics, logs and admin: "ml-serving/public/https", "workload"
  std::vector<TlsKeyPair> certificates;  // one, or one per key type
  std::string ca;                        // PEM bundle that client certificates must lead to; empty without them
  std::string crl;                       // PEM; empty: none. Then every issuer in a chain must have one
  bool crl_optional = false;             // the file may be missing: a credential that has none
  ClientCertificate client = ClientCertificate::kNone;
  // The certificate's file may be missing: then no TLS is offered, which only a port that takes plaintext can have.
  bool optional = false;
  // The client must be a workload of this trust domain, shown by a SPIFFE id (ISTIO_MUTUAL, PeerAuthentication). Empty:
  // any certificate of the CA.
  std::string trust_domain;
  TlsVersion min = TlsVersion::k12;
  TlsVersion max = TlsVersion::k13;
  std::vector<std::string> ciphers;             // OpenSSL names, TLS 1.2; empty: the default list
  std::vector<std::string> subject_alt_names;   // not empty: the client's certificate must have one of them
  std::vector<std::string> spki_sha256;         // base64; not empty: its key must be one of them
  std::vector<std::string> certificate_sha256;  // lower-case hex without colons; not empty: it must be one of them
  TlsOrigin origin;

  // Set before the snapshot is published; null afterwards only when `optional`.
  std::shared_ptr<const tls::ServerContext> context;
};

struct ClientTlsPolicy {
  std::string name;                       // the cluster's
  std::optional<TlsKeyPair> certificate;  // ours, for MUTUAL and ISTIO_MUTUAL
  std::string ca;                         // PEM bundle; empty: the system's trust store
  std::string crl;                        // PEM; empty: none
  bool crl_optional = false;              // the file may be missing: a credential that has none
  bool istio = false;                     // ISTIO_MUTUAL: mesh ALPN, and the server must be a workload of trust_domain
  std::string trust_domain;               // with `istio`
  bool verify = true;                     // false: insecureSkipVerify
  std::vector<std::string> subject_alt_names;  // DNS names, URIs or IPs; any may match
  // With neither subject_alt_names nor `istio`: DNS names of which the certificate must cover one.
  std::vector<std::string> server_names;
  std::string sni;  // empty: none is sent
  TlsVersion min = TlsVersion::k12;
  TlsVersion max = TlsVersion::k13;
  TlsOrigin origin;

  std::shared_ptr<const tls::ClientContext> context;  // set before the snapshot is published; never null afterwards
};

}  // namespace sluice::core
