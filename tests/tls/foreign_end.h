// One end of a connection as somebody else would have it: OpenSSL as it comes, set up by the test, which may do what our
// own filters never would.
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "tests/support/tls_link.h"
#include "tls/openssl_handles.h"

namespace sluice::tls {

class ForeignEnd {
 public:
  // A client; it remembers the last session it was given, and comes back with it.
  ForeignEnd() : ForeignEnd(TLS_client_method()) {
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_app_data(context_.get(), this);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
      static_cast<ForeignEnd*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->session_.reset(session);
      return 1;
    });
  }
  // A server with that certificate.
  explicit ForeignEnd(const core::TlsKeyPair& files) : ForeignEnd(TLS_server_method()) {
    SSL_CTX_use_certificate_chain_file(context_.get(), files.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), files.private_key.c_str(), SSL_FILETYPE_PEM);
  }

  SSL_CTX& context() { return *context_; }
  SSL& ssl() { return *ssl_; }  // after Begin()

  // A new connection, nothing sent yet.
  void Begin() {
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (SSL_is_server(ssl_.get()) != 0) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
      if (session_ != nullptr) SSL_set_session(ssl_.get(), session_.get());
    }
  }

  // Talks to `peer` until neither has anything to say; what is heard is dropped.
  void Run(TlsEnd& peer) {
    for (bool moved = true; moved;) {
      std::string heard(4096, '\0');
      SSL_read(ssl_.get(), heard.data(), static_cast<int>(heard.size()));
      const std::string out = Take();
      peer.Hear(out);
      const std::string in = peer.Take();
      BIO_write(SSL_get_rbio(ssl_.get()), in.data(), static_cast<int>(in.size()));
      moved = !out.empty() || !in.empty();
    }
  }

  void Say(std::string_view text) { SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())); }

  // The ciphertext that is due.
  std::string Take() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes);
    std::string taken(bytes, static_cast<std::size_t>(size));
    BIO_reset(SSL_get_wbio(ssl_.get()));
    return taken;
  }

 private:
  explicit ForeignEnd(const SSL_METHOD* method) : context_(SSL_CTX_new(method)) {}

  SslCtxPtr context_;
  OpensslPtr<SSL_SESSION, SSL_SESSION_free> session_;
  SslPtr ssl_;
};

}  // namespace sluice::tls
