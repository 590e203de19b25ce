#include "tls/certificate_authority.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <utility>

#include "core/http/cidr.h"
#include "tls/openssl_error.h"
#include "tls/peer_certificate.h"

namespace sluice::tls {
namespace {

using core::ErrorCode;

constexpr long kVersion3 = 2;      // as X.509 counts
constexpr long kListVersion2 = 1;  // of a revocation list
constexpr int kSerialBits = 128;   // nobody has to keep count of what was issued

void FreeGeneralNames(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }

using Asn1IntegerPtr = OpensslPtr<ASN1_INTEGER, ASN1_INTEGER_free>;
using Asn1StringPtr = OpensslPtr<ASN1_STRING, ASN1_STRING_free>;
using Asn1TimePtr = OpensslPtr<ASN1_TIME, ASN1_TIME_free>;
using BignumPtr = OpensslPtr<BIGNUM, BN_free>;
using ExtensionPtr = OpensslPtr<X509_EXTENSION, X509_EXTENSION_free>;
using GeneralNamePtr = OpensslPtr<GENERAL_NAME, GENERAL_NAME_free>;
using GeneralNamesPtr = OpensslPtr<GENERAL_NAMES, FreeGeneralNames>;
using NameConstraintsPtr = OpensslPtr<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
using RevokedPtr = OpensslPtr<X509_REVOKED, X509_REVOKED_free>;
using SubtreePtr = OpensslPtr<GENERAL_SUBTREE, GENERAL_SUBTREE_free>;

std::unexpected<core::Error> Refused(const std::string& what) {
  return core::Fail(ErrorCode::kInternal, what + ": " + TakeErrorText());
}

// --- PEM ------------------------------------------------------------------------------------------------------------

template <typename Writer>
core::Result<std::string> ToPem(Writer write) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  if (memory == nullptr || write(memory.get()) != 1) return Refused("no PEM can be written");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

core::Result<std::string> CertificatePem(X509& certificate) {
  return ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, &certificate); });
}

core::Result<std::string> PrivateKeyPem(EVP_PKEY& key) {
  return ToPem([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, &key, nullptr, nullptr, 0, nullptr, nullptr); });
}

// --- Parts of a certificate -----------------------------------------------------------------------------------------

EvpPkeyPtr MakeKey(KeyType type) {
  return EvpPkeyPtr(type == KeyType::kP256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048U));
}

bool SetSerial(X509& certificate) {
  const BignumPtr number(BN_new());
  return number != nullptr && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

bool SetValidity(X509& certificate, const Validity& validity) {
  return ASN1_TIME_set(X509_getm_notBefore(&certificate), validity.not_before) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(&certificate), validity.not_after) != nullptr;
}

bool SetSubject(X509& certificate, const std::string& common_name) {
  if (common_name.empty()) return true;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(common_name.data());
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(&certificate), NID_commonName, MBSTRING_UTF8, bytes,
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

// `value` in OpenSSL's notation: only ever text of this file, or of a caller that has to know what he asks for.
bool AddExtension(X509& certificate, X509& issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

// The identifiers by which a chain is put together (RFC 5280 sections 4.2.1.1 and 4.2.1.2).
bool AddKeyIdentifiers(X509& certificate, X509& issuer) {
  return AddExtension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

// --- Names ----------------------------------------------------------------------------------------------------------

int TypeOf(RawName::Kind kind) {
  switch (kind) {
    case RawName::Kind::kMail: return GEN_EMAIL;
    case RawName::Kind::kDns: return GEN_DNS;
    case RawName::Kind::kUri: return GEN_URI;
    case RawName::Kind::kAddress: return GEN_IPADD;
  }
  return GEN_DNS;
}

// Built by hand and not from text: a NUL or a comma in a name is a part of it. Null when memory is out.
GeneralNamePtr MakeName(const RawName& name) {
  const bool octets = name.kind == RawName::Kind::kAddress;
  GeneralNamePtr made(GENERAL_NAME_new());
  Asn1StringPtr text(ASN1_STRING_type_new(octets ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING));
  if (made == nullptr || text == nullptr) return nullptr;
  if (ASN1_STRING_set(text.get(), name.value.data(), static_cast<int>(name.value.size())) != 1) return nullptr;
  GENERAL_NAME_set0_value(made.get(), TypeOf(name.kind), text.release());
  return made;
}

core::Result<std::vector<RawName>> NamesOf(const LeafRequest& request) {
  std::vector<RawName> names;
  for (const std::string& dns : request.dns) names.push_back({RawName::Kind::kDns, dns});
  for (const std::string& uri : request.uris) names.push_back({RawName::Kind::kUri, uri});
  for (const std::string& text : request.addresses) {
    const auto address = core::ParseIp(text);
    if (!address) return core::Fail(ErrorCode::kInvalidArgument, "'" + text + "' is not an IP address");
    const bool v4 = text.find(':') == std::string::npos;
    names.push_back({RawName::Kind::kAddress, std::string(address->end() - (v4 ? 4 : 16), address->end())});
  }
  names.insert(names.end(), request.raw_names.begin(), request.raw_names.end());
  return names;
}

bool AddNames(X509& certificate, const std::vector<RawName>& names) {
  if (names.empty()) return true;
  const GeneralNamesPtr list(GENERAL_NAMES_new());
  for (const RawName& name : names) {
    GeneralNamePtr made = list == nullptr ? nullptr : MakeName(name);
    if (made == nullptr || sk_GENERAL_NAME_push(list.get(), made.get()) == 0) return false;
    made.release();  // the list's now
  }
  return X509_add1_ext_i2d(&certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

bool FillSubtrees(STACK_OF(GENERAL_SUBTREE) * *into, const std::vector<std::string>& names) {
  if (names.empty()) return true;
  *into = sk_GENERAL_SUBTREE_new_null();
  for (const std::string& name : names) {
    SubtreePtr subtree(GENERAL_SUBTREE_new());
    GeneralNamePtr base = MakeName({RawName::Kind::kDns, name});
    if (*into == nullptr || subtree == nullptr || base == nullptr) return false;
    GENERAL_NAME_free(subtree->base);
    subtree->base = base.release();
    if (sk_GENERAL_SUBTREE_push(*into, subtree.get()) == 0) return false;
    subtree.release();  // the list's now
  }
  return true;
}

bool AddConstraints(X509& certificate, const AuthorityRequest& request) {
  if (request.permitted_dns.empty() && request.excluded_dns.empty()) return true;
  const NameConstraintsPtr constraints(NAME_CONSTRAINTS_new());
  return constraints != nullptr && FillSubtrees(&constraints->permittedSubtrees, request.permitted_dns) &&
         FillSubtrees(&constraints->excludedSubtrees, request.excluded_dns) &&
         X509_add1_ext_i2d(&certificate, NID_name_constraints, constraints.get(), 1, X509V3_ADD_DEFAULT) == 1;
}

// --- Revocation -----------------------------------------------------------------------------------------------------

bool AddRevoked(X509_CRL& list, const std::string& serial, const ASN1_TIME& since) {
  BIGNUM* parsed = nullptr;
  if (BN_hex2bn(&parsed, serial.c_str()) != static_cast<int>(serial.size())) {
    BN_free(parsed);
    return false;
  }
  const BignumPtr number(parsed);
  const Asn1IntegerPtr integer(BN_to_ASN1_INTEGER(number.get(), nullptr));
  RevokedPtr revoked(X509_REVOKED_new());
  if (integer == nullptr || revoked == nullptr || X509_REVOKED_set_serialNumber(revoked.get(), integer.get()) != 1 ||
      X509_REVOKED_set_revocationDate(revoked.get(), const_cast<ASN1_TIME*>(&since)) != 1 ||  // copied
      X509_CRL_add0_revoked(&list, revoked.get()) != 1) {
    return false;
  }
  revoked.release();  // the list's now
  return true;
}

}  // namespace

// --- CertificateAuthority -------------------------------------------------------------------------------------------

core::Result<CertificateAuthority> CertificateAuthority::Make(const AuthorityRequest& request) {
  return Build(request, nullptr);
}

core::Result<CertificateAuthority> CertificateAuthority::MakeIntermediate(const AuthorityRequest& request) const {
  return Build(request, this);
}

core::Result<CertificateAuthority> CertificateAuthority::Build(const AuthorityRequest& request,
                                                               const CertificateAuthority* issuer) {
  CertificateAuthority made;
  made.certificate_.reset(X509_new());
  made.key_ = MakeKey(request.key);
  if (made.certificate_ == nullptr || made.key_ == nullptr) return Refused("no key can be made");
  X509& certificate = *made.certificate_;
  X509& signer = issuer == nullptr ? certificate : *issuer->certificate_;
  EVP_PKEY* const key = issuer == nullptr ? made.key_.get() : issuer->key_.get();
  std::string constraints = "critical,CA:TRUE";
  if (request.path_length) constraints += ",pathlen:" + std::to_string(*request.path_length);
  const bool done = X509_set_version(&certificate, kVersion3) == 1 && SetSerial(certificate) &&
                    SetValidity(certificate, request.validity) && SetSubject(certificate, request.common_name) &&
                    X509_set_issuer_name(&certificate, X509_get_subject_name(&signer)) == 1 &&
                    X509_set_pubkey(&certificate, made.key_.get()) == 1 &&
                    AddExtension(certificate, signer, NID_basic_constraints, constraints) &&
                    AddExtension(certificate, signer, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    AddKeyIdentifiers(certificate, signer) && AddConstraints(certificate, request) &&
                    X509_sign(&certificate, key, EVP_sha256()) > 0;
  if (!done) return Refused("the authority '" + request.common_name + "' cannot be made");
  auto text = CertificatePem(certificate);
  if (!text) return std::unexpected(text.error());
  made.certificate_pem_ = std::move(*text);
  if (issuer != nullptr) made.chain_pem_ = made.certificate_pem_ + issuer->chain_pem_;
  made.serial_ = SerialText(certificate);
  return made;
}

core::Result<IssuedCertificate> CertificateAuthority::Issue(const LeafRequest& request) const {
  const auto names = NamesOf(request);
  if (!names) return std::unexpected(names.error());
  const X509Ptr made(X509_new());
  const EvpPkeyPtr key = MakeKey(request.key);
  if (made == nullptr || key == nullptr) return Refused("no key can be made");
  X509& leaf = *made;
  X509& signer = *certificate_;
  const std::string& usage = request.extended_key_usage;
  const bool done =
      X509_set_version(&leaf, kVersion3) == 1 && SetSerial(leaf) && SetValidity(leaf, request.validity) &&
      SetSubject(leaf, request.common_name) && X509_set_issuer_name(&leaf, X509_get_subject_name(&signer)) == 1 &&
      X509_set_pubkey(&leaf, key.get()) == 1 &&
      AddExtension(leaf, signer, NID_basic_constraints, "critical,CA:FALSE") &&
      AddExtension(leaf, signer, NID_key_usage, "critical,digitalSignature") &&
      (usage.empty() || AddExtension(leaf, signer, NID_ext_key_usage, usage)) && AddKeyIdentifiers(leaf, signer) &&
      AddNames(leaf, *names) && X509_sign(&leaf, key_.get(), EVP_sha256()) > 0;
  if (!done) return Refused("the certificate '" + request.common_name + "' cannot be made");
  auto certificate = CertificatePem(leaf);
  if (!certificate) return std::unexpected(certificate.error());
  auto key_text = PrivateKeyPem(*key);
  if (!key_text) return std::unexpected(key_text.error());
  return IssuedCertificate{std::move(*certificate), chain_pem_, std::move(*key_text), SerialText(leaf)};
}

core::Result<std::string> CertificateAuthority::MakeRevocationList(std::span<const std::string> serials,
                                                                   const Validity& validity) const {
  const X509CrlPtr list(X509_CRL_new());
  const Asn1TimePtr from(ASN1_TIME_set(nullptr, validity.not_before));
  const Asn1TimePtr until(ASN1_TIME_set(nullptr, validity.not_after));
  bool done =
      list != nullptr && from != nullptr && until != nullptr && X509_CRL_set_version(list.get(), kListVersion2) == 1 &&
      X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get())) == 1 &&
      X509_CRL_set1_lastUpdate(list.get(), from.get()) == 1 && X509_CRL_set1_nextUpdate(list.get(), until.get()) == 1;
  for (const std::string& serial : serials) done = done && AddRevoked(*list, serial, *from);
  done = done && X509_CRL_sort(list.get()) == 1 && X509_CRL_sign(list.get(), key_.get(), EVP_sha256()) > 0;
  if (!done) return Refused("the list of revoked certificates cannot be made");
  return ToPem([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list.get()); });
}

core::Result<std::string> CertificateAuthority::KeyPem() const { return PrivateKeyPem(*key_); }

}  // namespace sluice::tls
