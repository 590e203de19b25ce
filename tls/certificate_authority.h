// A certificate authority that is made on the spot, for trying things out: `sluice certs init`, and the tests. Its keys
// never leave the process unless somebody writes them down. What is asked for is what is issued, sensible or not. No
// clock is read: validity is given. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tls/openssl_handles.h"

namespace sluice::tls {

enum class KeyType : std::uint8_t { kP256, kRsa2048 };

// Seconds since the epoch, both ends included.
struct Validity {
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
};

struct AuthorityRequest {
  std::string common_name;  // 64 bytes at most
  Validity validity;
  KeyType key = KeyType::kP256;
  std::optional<int> path_length{};          // how many authorities may follow; absent: any number
  std::vector<std::string> permitted_dns{};  // name constraints: "example.com" covers what is below it, too
  std::vector<std::string> excluded_dns{};
};

// A subject alternative name with any bytes for a value; an address is four octets or sixteen.
struct RawName {
  enum class Kind : std::uint8_t { kMail, kDns, kUri, kAddress };

  Kind kind = Kind::kDns;
  std::string value;
};

struct LeafRequest {
  std::string common_name;  // 64 bytes at most; empty: none
  Validity validity;
  std::vector<std::string> dns{};
  std::vector<std::string> uris{};
  std::vector<std::string> addresses{};  // as text
  std::vector<RawName> raw_names{};      // after the others
  KeyType key = KeyType::kP256;
  std::string extended_key_usage = "serverAuth,clientAuth";  // OpenSSL's short names; empty: no such extension
};

// PEM texts, as files hold them.
struct IssuedCertificate {
  std::string certificate;  // the leaf alone
  std::string chain;        // the intermediates up to the root, without it; empty below a root
  std::string key;          // PKCS#8, not encrypted
  std::string serial;       // hex
};

class CertificateAuthority {
 public:
  // Self-signed. An error says what OpenSSL refused: a name that is too long, a time that no certificate can hold.
  static core::Result<CertificateAuthority> Make(const AuthorityRequest& request);
  // An authority below this one.
  core::Result<CertificateAuthority> MakeIntermediate(const AuthorityRequest& request) const;

  // kInvalidArgument for an address that is none.
  core::Result<IssuedCertificate> Issue(const LeafRequest& request) const;
  // The list of revoked certificates (hex serials) as PEM; `validity.not_after` is when the next one is due.
  core::Result<std::string> MakeRevocationList(std::span<const std::string> serials, const Validity& validity) const;

  const std::string& certificate() const { return certificate_pem_; }
  const std::string& serial() const { return serial_; }
  core::Result<std::string> KeyPem() const;

 private:
  CertificateAuthority() = default;
  static core::Result<CertificateAuthority> Build(const AuthorityRequest& request, const CertificateAuthority* issuer);

  X509Ptr certificate_;
  EvpPkeyPtr key_;
  std::string certificate_pem_;
  std::string chain_pem_;  // what a leaf of this authority has to show besides itself
  std::string serial_;
};

}  // namespace sluice::tls
