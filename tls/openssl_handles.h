// Owning pointers for OpenSSL's types: who holds one frees it. One thread at a time.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace sluice::tls {

template <auto kFree>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

template <typename T, auto kFree>
using OpensslPtr = std::unique_ptr<T, OpensslFree<kFree>>;

inline void FreeNameStack(STACK_OF(X509_NAME) * names) { sk_X509_NAME_pop_free(names, X509_NAME_free); }

using BioPtr = OpensslPtr<BIO, BIO_free>;
using EvpPkeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using SslCtxPtr = OpensslPtr<SSL_CTX, SSL_CTX_free>;
using SslPtr = OpensslPtr<SSL, SSL_free>;
using X509Ptr = OpensslPtr<X509, X509_free>;
using X509CrlPtr = OpensslPtr<X509_CRL, X509_CRL_free>;
using X509NamePtr = OpensslPtr<X509_NAME, X509_NAME_free>;
using X509NameStackPtr = OpensslPtr<STACK_OF(X509_NAME), FreeNameStack>;
using X509StorePtr = OpensslPtr<X509_STORE, X509_STORE_free>;

}  // namespace sluice::tls
