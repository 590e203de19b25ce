#include "tls/peer_certificate.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <span>

#include "core/base/hex.h"
#include "tls/names.h"
#include "tls/openssl_handles.h"

namespace sluice::tls {
namespace {

constexpr std::size_t kSha256 = 32;

}  // namespace

core::Result<core::PeerIdentity> ReadIdentity(const X509& certificate) {
  core::Result<Names> names = ReadNames(certificate);
  if (!names) return std::unexpected(names.error());
  core::PeerIdentity identity;
  for (const std::string& uri : names->uris) {
    auto id = core::SpiffeId::Parse(uri);
    if (!id) continue;
    if (!identity.spiffe.text.empty()) {
      return core::Fail(core::ErrorCode::kInvalidArgument, "the certificate has more than one SPIFFE id");
    }
    identity.spiffe = std::move(*id);
  }
  identity.uri_sans = std::move(names->uris);
  identity.dns_sans = std::move(names->dns);
  identity.subject = NameText(*X509_get_subject_name(&certificate));
  identity.sha256 = CertificateSha256(certificate);
  identity.not_after = UnixTime(*X509_get0_notAfter(&certificate));
  return identity;
}

std::string CertificateSha256(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return core::ToHex(std::span(digest).first(size));
}

std::string KeySha256(const X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der);
  if (size <= 0) return {};
  std::array<unsigned char, kSha256> digest{};
  const bool done = EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), nullptr, EVP_sha256(), nullptr) == 1;
  OPENSSL_free(der);
  if (!done) return {};
  std::array<unsigned char, 48> text{};
  const int length = EVP_EncodeBlock(text.data(), digest.data(), kSha256);
  return {text.begin(), text.begin() + length};
}

std::int64_t UnixTime(const ASN1_TIME& time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(&time, &parts) != 1) return 0;
  return ::timegm(&parts);
}

std::string NameText(const X509_NAME& name) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  if (memory == nullptr || X509_NAME_print_ex(memory.get(), &name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  std::string text(bytes, static_cast<std::size_t>(std::max(0L, size)));
  std::ranges::replace_if(text, [](char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

std::string SerialText(const X509& certificate) {
  const OpensslPtr<BIGNUM, BN_free> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr));
  char* const hex = number == nullptr ? nullptr : BN_bn2hex(number.get());
  if (hex == nullptr) return {};
  std::string text(hex);
  OPENSSL_free(hex);
  return text;
}

}  // namespace sluice::tls
