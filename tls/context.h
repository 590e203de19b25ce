// A policy made ready for handshakes: one OpenSSL context each, towards clients and towards models. Made on the control
// thread from files, immutable afterwards; any thread may begin connections with it. Whoever holds one keeps it alive.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/identity/tls_policy.h"
#include "tls/credentials.h"
#include "tls/ticket_keys.h"
#include "tls/verifier.h"

namespace sluice::tls {

// What is worth knowing about the certificate in use.
struct CertificateFacts {
  std::int64_t not_after = 0;  // seconds since the epoch; 0: no certificate of our own
  std::string serial;
  std::string principal;
};

class ServerContext {
 public:
  // `tickets` is shared by the contexts that follow one another for one policy, as long as what clients are trusted by
  // stays the same; null where clients show certificates: their connections are never resumed (reliability.md C4).
  static core::Result<std::shared_ptr<const ServerContext>> Make(const core::ServerTlsPolicy& policy,
                                                                 const Credentials& credentials,
                                                                 std::shared_ptr<TicketKeys> tickets);
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  SSL_CTX& ssl() const { return *context_; }
  const std::string& name() const { return name_; }
  const CertificateFacts& facts() const { return facts_; }

 private:
  ServerContext(const core::ServerTlsPolicy& policy, const Credentials& credentials,
                std::shared_ptr<TicketKeys> tickets);
  core::Status SetUp(const core::ServerTlsPolicy& policy, const Credentials& credentials);
  static int OnTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                         int seal);

  std::string name_;
  CertificateFacts facts_;
  Verifier verifier_;
  std::shared_ptr<TicketKeys> tickets_;
  SslCtxPtr context_;
};

class ClientContext {
 public:
  static core::Result<std::shared_ptr<const ClientContext>> Make(const core::ClientTlsPolicy& policy,
                                                                 const Credentials& credentials);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  SSL_CTX& ssl() const { return *context_; }
  const std::string& name() const { return name_; }
  const CertificateFacts& facts() const { return facts_; }
  const std::string& sni() const { return sni_; }
  bool istio() const { return istio_; }

 private:
  ClientContext(const core::ClientTlsPolicy& policy, const Credentials& credentials);
  core::Status SetUp(const core::ClientTlsPolicy& policy, const Credentials& credentials);

  std::string name_;
  CertificateFacts facts_;
  std::string sni_;
  bool istio_;
  Verifier verifier_;
  SslCtxPtr context_;
};

}  // namespace sluice::tls
