#include "bench/loadgen/tls_client.h"

#include <arpa/inet.h>
#include <openssl/err.h>

#include <array>

#include "tls/openssl_error.h"

namespace sluice::bench {
namespace {

using core::ErrorCode;

constexpr std::string_view kAlpnHttp2{"\x02h2", 3};
constexpr std::string_view kAlpnHttp1{"\x08http/1.1", 9};

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

core::Status Fault(const std::string& what, const std::string& file) {
  return core::Fail(ErrorCode::kInvalidArgument, what + " '" + file + "' is of no use: " + tls::TakeErrorText(),
                    "name a readable PEM file");
}

core::Status LoadOwn(SSL_CTX* context, const TlsOptions& options) {
  if (options.certificate.empty() && options.key.empty()) return {};
  if (options.certificate.empty() || options.key.empty()) {
    return core::Fail(ErrorCode::kInvalidArgument, "a client certificate takes a certificate and a key",
                      "give both --cert and --key");
  }
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1) {
    return Fault("certificate", options.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return Fault("key", options.key);
  }
  return {};
}

core::Status SetUpVerification(SSL_CTX* context, const TlsOptions& options, const std::string& name, bool address) {
  if (options.insecure) return {};
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(context);
  const int named = address ? X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str())
                            : X509_VERIFY_PARAM_set1_host(param, name.data(), name.size());
  if (named != 1) return core::Fail(ErrorCode::kInvalidArgument, "'" + name + "' cannot be verified");
  if (options.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr) != 1) {
    return Fault("CA file", options.ca);
  }
  return {};
}

bool IsAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

}  // namespace

core::Result<TlsClient> TlsClient::Make(const TlsOptions& options, std::string_view host, bool http2, bool many) {
  TlsClient client;
  client.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = client.context_.get();
  if (context == nullptr) return core::Fail(ErrorCode::kInternal, "TLS: " + tls::TakeErrorText());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // 34 KiB of every connection while it is quiet; not to have them costs an allocation per record.
  if (many) SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  const std::string_view alpn = http2 ? kAlpnHttp2 : kAlpnHttp1;
  SSL_CTX_set_alpn_protos(context, Bytes(alpn), static_cast<unsigned>(alpn.size()));
  const std::string name = options.server_name.empty() ? std::string(host) : options.server_name;
  const bool address = IsAddress(name);
  if (!address) client.server_name_ = name;
  client.http2_ = http2;
  if (const auto own = LoadOwn(context, options); !own) return std::unexpected(own.error());
  if (const auto set = SetUpVerification(context, options, name, address); !set) return std::unexpected(set.error());
  return client;
}

tls::SslPtr TlsClient::NewSession() const {
  tls::SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr) return nullptr;
  if (!server_name_.empty()) {  // SSL_set_tlsext_host_name, whose macro casts as C does
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(server_name_.c_str()));
  }
  SSL_set_connect_state(ssl.get());
  return ssl;
}

TlsSession::TlsSession(const TlsClient& client, core::BlockPool& pool)
    : http2_(client.http2()), window_(pool), ssl_(client.NewSession()) {
  BIO* const bio = ssl_ == nullptr ? nullptr : tls::NewWindowBio(window_);
  if (bio == nullptr) {
    error_ = "out of memory";
    ssl_.reset();
    return;
  }
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsSession::Step TlsSession::StepOf(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Step::kNeedMore;
    case SSL_ERROR_ZERO_RETURN: return Step::kEnded;
    default: error_ = tls::TakeErrorText(); return Step::kFailed;
  }
}

TlsSession::Step TlsSession::Handshake() {
  if (ssl_ == nullptr) return Step::kFailed;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return StepOf(result);
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
  const std::string_view protocol(reinterpret_cast<const char*>(chosen), size);
  if (http2_ && protocol != "h2") {
    error_ = "the server speaks no HTTP/2: no h2 by ALPN";
    return Step::kFailed;
  }
  return Step::kDone;
}

TlsSession::Step TlsSession::Read(char* into, std::size_t size, std::size_t& count) {
  ERR_clear_error();
  return SSL_read_ex(ssl_.get(), into, size, &count) == 1 ? Step::kDone : StepOf(0);
}

bool TlsSession::Write(std::string_view plain) {
  ERR_clear_error();
  while (!plain.empty()) {
    std::size_t count = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &count) != 1) {
      error_ = tls::TakeErrorText();
      return false;
    }
    plain.remove_prefix(count);
  }
  return true;
}

}  // namespace sluice::bench
