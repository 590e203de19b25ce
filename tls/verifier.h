// What a peer's certificate must be beyond what OpenSSL checks of its chain: names, pins, a workload's identity. One per
// context, immutable; called on the worker's thread that does the handshake.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "core/identity/tls_policy.h"
#include "tls/failure.h"

namespace sluice::tls {

class Verifier {
 public:
  static Verifier Of(const core::ServerTlsPolicy& policy);
  static Verifier Of(const core::ClientTlsPolicy& policy);

  Failure Check(const X509& leaf) const;

  // Sets the context up to verify by this object, which must outlive it. `mode` is OpenSSL's SSL_VERIFY_....
  // A failure is noted on the connection: FailureOf().
  void Install(SSL_CTX& context, int mode) const;
  // Why the certificate of this connection's peer was refused, kNone if it was not.
  static Failure FailureOf(const SSL& ssl);

 private:
  static int OnCertificate(int holds, X509_STORE_CTX* chain);

  std::string trust_domain_;               // not empty: the peer must be a workload of it
  std::vector<std::string> names_;         // one of them, exactly; empty: any
  std::vector<std::string> server_names_;  // one of them, wildcards in the certificate allowed; empty: any
  std::vector<std::string> spki_sha256_;   // one of these or of the next, when any is given
  std::vector<std::string> certificate_sha256_;
};

}  // namespace sluice::tls
