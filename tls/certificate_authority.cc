#include "tls/certificate_authority.h"

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>
#include <ctime>
#include <initializer_list>
#include <utility>

#include "tls/openssl_error.h"

namespace sluice::tls {
namespace {

using core::ErrorCode;

// What certificates are made of fails only when memory or randomness is out, or when a request makes no sense.
std::unexpected<core::Error> Failed(const std::string& what) {
  return core::Fail(ErrorCode::kInvalidArgument, "a certificate cannot be made: " + what + ": " + TakeErrorText());
}

using BignumPtr = OpensslPtr<BIGNUM, BN_free>;
using OctetsPtr = OpensslPtr<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using TimePtr = OpensslPtr<ASN1_TIME, ASN1_TIME_free>;
using RevokedPtr = OpensslPtr<X509_REVOKED, X509_REVOKED_free>;
using ExtensionPtr = OpensslPtr<X509_EXTENSION, X509_EXTENSION_free>;

core::Result<std::string> TextOf(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

core::Result<std::string> PemOf(const X509& certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), &certificate) != 1) return Failed("PEM");
  return TextOf(*bio);
}

core::Result<std::string> PemOf(const EVP_PKEY& key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failed("PEM of the key");
  }
  return TextOf(*bio);
}

// 128 random bits, positive (RFC 5280 section 4.1.2.2).
bool SetSerial(X509& certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] &= 0x7f;
  bytes[0] |= 0x40;
  const BignumPtr number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

bool SetTimes(X509& certificate, Validity validity) {
  return ASN1_TIME_set(X509_getm_notBefore(&certificate), static_cast<std::time_t>(validity.begin)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(&certificate), static_cast<std::time_t>(validity.end)) != nullptr;
}

bool SetSubject(X509& certificate, const std::string& common_name) {
  X509_NAME* const name = X509_get_subject_name(&certificate);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0) == 1;
}

struct Extension {
  int nid;
  std::string value;  // OpenSSL's configuration syntax; empty: left out
};

bool AddExtensions(X509& certificate, X509& issuer, std::initializer_list<Extension> extensions) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  for (const Extension& extension : extensions) {
    if (extension.value.empty()) continue;
    const ExtensionPtr made(X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value.c_str()));
    if (made == nullptr || X509_add_ext(&certificate, made.get(), -1) != 1) return false;
  }
  return true;
}

bool AddRawNames(X509& certificate, const std::string& der) {
  if (der.empty()) return true;
  const OctetsPtr octets(ASN1_OCTET_STRING_new());
  if (octets == nullptr || ASN1_OCTET_STRING_set(octets.get(), reinterpret_cast<const unsigned char*>(der.data()),
                                                 static_cast<int>(der.size())) != 1) {
    return false;
  }
  const ExtensionPtr made(X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, octets.get()));
  return made != nullptr && X509_add_ext(&certificate, made.get(), -1) == 1;
}

// Everything that a certificate has before its extensions.
X509Ptr Begin(const std::string& common_name, Validity validity, EVP_PKEY& key) {
  X509Ptr certificate(X509_new());
  const bool begun = certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                     SetSerial(*certificate) && SetTimes(*certificate, validity) &&
                     SetSubject(*certificate, common_name) && X509_set_pubkey(certificate.get(), &key) == 1;
  return begun ? std::move(certificate) : nullptr;
}

core::Result<X509Ptr> ParseCertificate(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr certificate(bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return Failed("reading it back");
  return certificate;
}

}  // namespace

core::Result<CertificateAuthority> CertificateAuthority::MakeBelow(const CertificateAuthority* parent,
                                                                   const std::string& common_name, Validity validity,
                                                                   const std::string& constraints,
                                                                   const std::string& extra) {
  CertificateAuthority authority;
  authority.key_.reset(EVP_EC_gen("P-256"));
  if (authority.key_ == nullptr) return Failed("the key");
  authority.certificate_ = Begin(common_name, validity, *authority.key_);
  if (authority.certificate_ == nullptr) return Failed(common_name);
  X509& own = *authority.certificate_;
  X509& issuer = parent == nullptr ? own : *parent->certificate_;
  const bool made = X509_set_issuer_name(&own, X509_get_subject_name(&issuer)) == 1 &&
                    AddExtensions(own, issuer,
                                  {{NID_basic_constraints, constraints},
                                   {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                   {NID_subject_key_identifier, "hash"},
                                   {NID_authority_key_identifier, parent == nullptr ? "" : "keyid"},
                                   {NID_name_constraints, extra}}) &&
                    X509_sign(&own, parent == nullptr ? authority.key_.get() : parent->key_.get(), EVP_sha256()) != 0;
  if (!made) return Failed(common_name);
  auto pem = PemOf(own);
  if (!pem) return std::unexpected(pem.error());
  authority.certificate_pem_ = std::move(*pem);
  if (parent != nullptr) authority.chain_pem_ = authority.certificate_pem_ + parent->chain_pem_;
  return authority;
}

core::Result<CertificateAuthority> CertificateAuthority::Make(const std::string& common_name, Validity validity,
                                                              const std::string& permitted_dns) {
  return MakeBelow(nullptr, common_name, validity, "critical,CA:TRUE",
                   permitted_dns.empty() ? "" : "critical,permitted;DNS:" + permitted_dns);
}

core::Result<CertificateAuthority> CertificateAuthority::MakeIntermediate(const std::string& common_name,
                                                                          Validity validity, int depth) const {
  return MakeBelow(this, common_name, validity,
                   "critical,CA:TRUE" + (depth < 0 ? std::string() : ",pathlen:" + std::to_string(depth)), {});
}

core::Result<Issued> CertificateAuthority::Issue(const LeafRequest& request) const {
  const EvpPkeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed("the key");
  const X509Ptr leaf = Begin(request.common_name, request.validity, *key);
  if (leaf == nullptr) return Failed(request.common_name);
  const bool made = X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.get())) == 1 &&
                    AddExtensions(*leaf, *certificate_,
                                  {{NID_basic_constraints, "critical,CA:FALSE"},
                                   {NID_key_usage, "critical,digitalSignature"},
                                   {NID_ext_key_usage, request.usages},
                                   {NID_subject_key_identifier, "hash"},
                                   {NID_authority_key_identifier, "keyid"},
                                   {NID_subject_alt_name, request.names}}) &&
                    AddRawNames(*leaf, request.raw_names) && X509_sign(leaf.get(), key_.get(), EVP_sha256()) != 0;
  if (!made) return Failed(request.common_name);
  auto certificate = PemOf(*leaf);
  if (!certificate) return std::unexpected(certificate.error());
  auto private_key = PemOf(*key);
  if (!private_key) return std::unexpected(private_key.error());
  return Issued{*certificate + chain_pem_, std::move(*private_key)};
}

core::Result<std::string> CertificateAuthority::Revoke(const std::vector<Issued>& revoked, Validity validity) const {
  const X509CrlPtr crl(X509_CRL_new());
  const TimePtr begin(ASN1_TIME_set(nullptr, static_cast<std::time_t>(validity.begin)));
  const TimePtr end(ASN1_TIME_set(nullptr, static_cast<std::time_t>(validity.end)));
  if (crl == nullptr || begin == nullptr || end == nullptr ||
      X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) != 1 ||
      X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(certificate_.get())) != 1 ||
      X509_CRL_set1_lastUpdate(crl.get(), begin.get()) != 1 || X509_CRL_set1_nextUpdate(crl.get(), end.get()) != 1) {
    return Failed("a list of revoked certificates");
  }
  for (const Issued& issued : revoked) {
    auto leaf = ParseCertificate(issued.certificate);
    if (!leaf) return std::unexpected(leaf.error());
    RevokedPtr entry(X509_REVOKED_new());
    if (entry == nullptr || X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(leaf->get())) != 1 ||
        X509_REVOKED_set_revocationDate(entry.get(), begin.get()) != 1 ||
        X509_CRL_add0_revoked(crl.get(), entry.get()) != 1) {
      return Failed("an entry of revoked certificates");
    }
    entry.release();  // the list's now
  }
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (X509_CRL_sort(crl.get()) != 1 || X509_CRL_sign(crl.get(), key_.get(), EVP_sha256()) == 0 || bio == nullptr ||
      PEM_write_bio_X509_CRL(bio.get(), crl.get()) != 1) {
    return Failed("signing a list of revoked certificates");
  }
  return TextOf(*bio);
}

core::Result<std::string> CertificateAuthority::private_key() const { return PemOf(*key_); }

}  // namespace sluice::tls
