#include "tls/context.h"

#include <openssl/evp.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tls/openssl_error.h"

namespace sluice::tls {
namespace {

using core::ErrorCode;
using ClientCertificate = core::ServerTlsPolicy::ClientCertificate;

// Only suites with forward secrecy and an AEAD. In the order of what a record costs: AES-128 is as safe here as AES-256,
// whose rounds and longer hash OpenSSL's own order would put first for everybody.
constexpr const char* kSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";  // 1.3
constexpr std::string_view kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr int kChainDepthMax = 4;

int Number(core::TlsVersion version) { return version == core::TlsVersion::k12 ? TLS1_2_VERSION : TLS1_3_VERSION; }

// What holds in both directions.
core::Status SetUpCommon(SSL_CTX& context, core::TlsVersion min, core::TlsVersion max,
                         const std::vector<std::string>& ciphers) {
  // Buffers are given back while a connection idles: half of what it would cost otherwise (architecture.md section 9).
  SSL_CTX_set_mode(&context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // What has come is looked at as a whole: one read of the window for a record, not one for its header and one for the rest.
  SSL_CTX_set_read_ahead(&context, 1);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(&context, 0);  // replayable by design (reliability.md C6)
  std::string list;
  for (const std::string& cipher : ciphers) list += (list.empty() ? "" : ":") + cipher;
  if (list.empty()) list = kCiphers;
  const bool done = SSL_CTX_set_min_proto_version(&context, Number(min)) == 1 &&
                    SSL_CTX_set_max_proto_version(&context, Number(max)) == 1 &&
                    SSL_CTX_set_ciphersuites(&context, kSuites) == 1 &&
                    SSL_CTX_set_cipher_list(&context, list.c_str()) == 1;
  if (!done)
    return core::Fail(ErrorCode::kInvalidArgument, "the TLS versions or ciphers are refused: " + TakeErrorText());
  X509_VERIFY_PARAM_set_depth(SSL_CTX_get0_param(&context), kChainDepthMax);
  return {};
}

core::Status UsePairs(SSL_CTX& context, const std::vector<KeyPair>& pairs) {
  for (const KeyPair& pair : pairs) {
    bool done = SSL_CTX_use_certificate(&context, pair.leaf.get()) == 1 &&
                SSL_CTX_use_PrivateKey(&context, pair.key.get()) == 1 && SSL_CTX_clear_chain_certs(&context) == 1;
    for (const X509Ptr& certificate : pair.chain) {
      done = done && SSL_CTX_add1_chain_cert(&context, certificate.get()) == 1;
    }
    if (!done) return core::Fail(ErrorCode::kInvalidArgument, "the certificate is refused: " + TakeErrorText());
  }
  return {};
}

void Trust(SSL_CTX& context, const Credentials& credentials) {
  if (credentials.trust != nullptr) SSL_CTX_set1_verify_cert_store(&context, credentials.trust.get());
}

CertificateFacts FactsOf(const Credentials& credentials) {
  return {credentials.not_after, credentials.serial, credentials.principal};
}

int VerifyMode(ClientCertificate client) {
  switch (client) {
    case ClientCertificate::kNone: return SSL_VERIFY_NONE;
    case ClientCertificate::kOptional: return SSL_VERIFY_PEER;
    case ClientCertificate::kRequired: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

// The names that an Istio client offers besides the plain ones say "this is mesh traffic"; what is spoken is one of ours.
constexpr std::array<std::string_view, 2> kProtocols = {"h2", "http/1.1"};

int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                   unsigned int offered_size, void*) {
  const std::string_view list(reinterpret_cast<const char*>(offered), offered_size);
  for (const std::string_view ours : kProtocols) {
    for (std::size_t at = 0; at < list.size();) {
      const auto length = static_cast<unsigned char>(list[at]);
      const std::string_view theirs = list.substr(at + 1, length);
      if (theirs == ours) {
        *chosen = offered + at + 1;
        *size = length;
        return SSL_TLSEXT_ERR_OK;
      }
      at += 1U + length;
    }
  }
  // A client that knows neither is served as one that did not ask: by its first bytes.
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

// --- ServerContext --------------------------------------------------------------------------------------------------

core::Result<std::shared_ptr<const ServerContext>> ServerContext::Make(const core::ServerTlsPolicy& policy,
                                                                       const Credentials& credentials,
                                                                       std::shared_ptr<TicketKeys> tickets) {
  std::shared_ptr<ServerContext> made(new ServerContext(policy, credentials, std::move(tickets)));
  if (core::Status done = made->SetUp(policy, credentials); !done) return std::unexpected(done.error());
  return made;
}

ServerContext::ServerContext(const core::ServerTlsPolicy& policy, const Credentials& credentials,
                             std::shared_ptr<TicketKeys> tickets)
    : name_(policy.name),
      facts_(FactsOf(credentials)),
      verifier_(Verifier::Of(policy)),
      tickets_(std::move(tickets)),
      context_(SSL_CTX_new(TLS_server_method())) {}

core::Status ServerContext::SetUp(const core::ServerTlsPolicy& policy, const Credentials& credentials) {
  if (context_ == nullptr) return core::Fail(ErrorCode::kInternal, "no TLS context: " + TakeErrorText());
  SSL_CTX& context = *context_;
  if (core::Status done = SetUpCommon(context, policy.min, policy.max, policy.ciphers); !done) return done;
  if (core::Status done = UsePairs(context, credentials.pairs); !done) return done;
  SSL_CTX_set_alpn_select_cb(&context, ChooseProtocol, nullptr);
  Trust(context, credentials);
  if (policy.client != ClientCertificate::kNone) {
    verifier_.Install(context, VerifyMode(policy.client));
    SSL_CTX_set_client_CA_list(&context, SSL_dup_CA_list(credentials.authorities.get()));
  }
  // A resumed connection shows no certificate: who is trusted may have changed since (reliability.md C4).
  if (policy.client != ClientCertificate::kNone || tickets_ == nullptr || !tickets_->usable()) {
    SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(&context, 0);
    return {};
  }
  SSL_CTX_set_num_tickets(&context, 1);
  SSL_CTX_set_app_data(&context, this);
  const auto id = reinterpret_cast<const unsigned char*>(name_.data());
  const auto size = static_cast<unsigned int>(std::min<std::size_t>(name_.size(), SSL_MAX_SID_CTX_LENGTH));
  if (SSL_CTX_set_session_id_context(&context, id, size) != 1 ||
      SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, OnTicketKey) != 1) {
    return core::Fail(ErrorCode::kInternal, "no session tickets: " + TakeErrorText());
  }
  return {};
}

int ServerContext::OnTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                               EVP_MAC_CTX* mac, int seal) {
  auto& self = *static_cast<ServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  return seal != 0 ? self.tickets_->Seal(name, iv, cipher, mac) : self.tickets_->Open(name, iv, cipher, mac);
}

// --- ClientContext --------------------------------------------------------------------------------------------------

core::Result<std::shared_ptr<const ClientContext>> ClientContext::Make(const core::ClientTlsPolicy& policy,
                                                                       const Credentials& credentials) {
  std::shared_ptr<ClientContext> made(new ClientContext(policy, credentials));
  if (core::Status done = made->SetUp(policy, credentials); !done) return std::unexpected(done.error());
  return made;
}

ClientContext::ClientContext(const core::ClientTlsPolicy& policy, const Credentials& credentials)
    : name_(policy.name),
      facts_(FactsOf(credentials)),
      sni_(policy.sni),
      istio_(policy.istio),
      verifier_(Verifier::Of(policy)),
      context_(SSL_CTX_new(TLS_client_method())) {}

core::Status ClientContext::SetUp(const core::ClientTlsPolicy& policy, const Credentials& credentials) {
  if (context_ == nullptr) return core::Fail(ErrorCode::kInternal, "no TLS context: " + TakeErrorText());
  SSL_CTX& context = *context_;
  if (core::Status done = SetUpCommon(context, policy.min, policy.max, {}); !done) return done;
  if (core::Status done = UsePairs(context, credentials.pairs); !done) return done;
  Trust(context, credentials);
  if (policy.verify) {
    verifier_.Install(context, SSL_VERIFY_PEER);
  } else {
    SSL_CTX_set_verify(&context, SSL_VERIFY_NONE, nullptr);
  }
  return {};
}

}  // namespace sluice::tls
