// The beginning of a TLS connection in any bytes: what is decided is decided at the same place however the bytes are cut,
// and where OpenSSL reads a server name too, it is the same one: no client gets the context of one server and is taken
// for another one's. Input: the bytes.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "tests/fuzz/fuzz_target.h"
#include "tls/client_hello.h"
#include "tls/openssl_handles.h"

namespace sluice::tls {
namespace {

HelloState Read(std::string_view bytes, std::string& name) {
  ClientHello hello;
  const HelloState state = ReadClientHello(std::string(bytes), hello);
  name = std::move(hello.server_name);
  return state;
}

// What OpenSSL found in the message before it would go on with it.
struct Finding {
  bool read = false;
  std::string name;
};

// Ends the handshake: nothing but the message is of interest.
int OnServerName(SSL* ssl, int*, void*) {
  auto& finding = *static_cast<Finding*>(SSL_get_app_data(ssl));
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  finding = {true, name == nullptr ? "" : name};
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX& Context() {
  static const SslCtxPtr kContext = [] {
    SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_callback_ctrl(context.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(OnServerName));
    return context;
  }();
  return *kContext;
}

Finding ReadByOpenssl(std::string_view bytes) {
  Finding finding;
  const SslPtr ssl(SSL_new(&Context()));
  CHECK(ssl != nullptr);
  BIO* const in = BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()));
  BIO_set_mem_eof_return(in, -1);  // more may come
  SSL_set_bio(ssl.get(), in, BIO_new(BIO_s_mem()));
  SSL_set_app_data(ssl.get(), &finding);
  SSL_accept(ssl.get());
  ERR_clear_error();
  return finding;
}

FUZZ_TARGET(client_hello_fuzz) {
  std::string name;
  const HelloState state = Read(input, name);
  CHECK(state == HelloState::kComplete || name.empty() || state == HelloState::kMalformed);
  core::Random random(fuzz::SeedOf(input));
  for (int i = 0; i < 8; ++i) {
    std::string earlier;
    const HelloState before = Read(input.substr(0, random.Below(input.size() + 1)), earlier);
    CHECK(before == HelloState::kIncomplete || before == state);
    if (before == HelloState::kComplete) CHECK(earlier == name);
  }
  if (state != HelloState::kComplete || input.empty()) return;
  CHECK(LooksLikeTls(input));
  const Finding theirs = ReadByOpenssl(input);
  if (theirs.read) CHECK(core::Fold(theirs.name) == name);
}

}  // namespace
}  // namespace sluice::tls
