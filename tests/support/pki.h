// Certificates for tests of TLS, made on the spot, and the files they are loaded from. OpenSSL looks at the real time, so
// "now" is the real one here. Stops the process when something cannot be made.
#pragma once

#include <openssl/pem.h>

#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/identity/tls_policy.h"
#include "tests/support/temporary_directory.h"
#include "tls/certificate_authority.h"

namespace sluice {

class Pki {
 public:
  static constexpr std::int64_t kHour = 3600;
  static constexpr std::int64_t kDay = 24 * kHour;

  static std::int64_t Now() { return std::time(nullptr); }
  static tls::Validity Valid() { return {Now() - kHour, Now() + kDay}; }
  static tls::Validity Expired() { return {Now() - kDay, Now() - kHour}; }
  static tls::Validity NotYet() { return {Now() + kHour, Now() + kDay}; }

  static tls::CertificateAuthority Authority(const std::string& name = "root") {
    return Made(tls::CertificateAuthority::Make({.common_name = name, .validity = Valid()}));
  }
  // A leaf with a name or two, good for everything.
  static tls::LeafRequest Leaf(const std::string& dns = "localhost", const std::string& uri = "") {
    tls::LeafRequest request{.common_name = "leaf", .validity = Valid()};
    if (!dns.empty()) request.dns.push_back(dns);
    if (!uri.empty()) request.uris.push_back(uri);
    return request;
  }

  static tls::X509Ptr Parse(const std::string& pem) {
    const tls::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return tls::X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  }
  // The certificate of a leaf that the root has just issued.
  tls::X509Ptr Issued(const tls::LeafRequest& request) const { return Parse(Made(root_.Issue(request)).certificate); }

  // The value, or the end.
  template <typename T>
  static T Made(core::Result<T> result) {
    if (!result) std::fprintf(stderr, "pki: %s\n", result.error().Text().c_str());
    CHECK(result.has_value());
    return std::move(*result);
  }

  const tls::CertificateAuthority& root() const { return root_; }
  std::string ca() const { return Write("ca.crt", root_.certificate()); }

  // A file in a directory of its own, readable for its owner only; the path.
  std::string Write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = directory_.Write(name, text);
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
  }
  core::TlsKeyPair Write(const std::string& name, const tls::IssuedCertificate& issued) const {
    return {Write(name + ".crt", issued.certificate + issued.chain), Write(name + ".key", issued.key)};
  }
  core::TlsKeyPair Write(const std::string& name, const tls::LeafRequest& request) const {
    return Write(name, Made(root_.Issue(request)));
  }
  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  tls::CertificateAuthority root_ = Authority();
};

}  // namespace sluice
