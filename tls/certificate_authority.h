// A throw-away certificate authority: makes itself and certificates for trying mutual TLS, and for tests. Keys are EC
// P-256, signatures SHA-256. No clock of its own; one thread. Nothing here is for certificates that others shall trust.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tls/openssl_handles.h"

namespace sluice::tls {

// Seconds since the epoch, both ends included.
struct Validity {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// A certificate with its key, as PEM.
struct Issued {
  std::string certificate;  // leaf first, then intermediates
  std::string private_key;  // PKCS #8, not encrypted
};

struct LeafRequest {
  std::string common_name;  // for people; nobody is known by it
  // Subject alternative names as OpenSSL's configuration writes them: "DNS:a.example", "URI:spiffe://...",
  // "IP:127.0.0.1", joined by commas. Empty: none.
  std::string names;
  // DER of the whole extension instead, for names that no honest authority would write.
  std::string raw_names;
  std::string usages = "serverAuth,clientAuth";  // extended key usage; empty: none
  Validity validity;
};

class CertificateAuthority {
 public:
  // An authority of its own, self-signed. `permitted_dns`: not empty, the only DNS names it may vouch for.
  static core::Result<CertificateAuthority> Make(const std::string& common_name, Validity validity,
                                                 const std::string& permitted_dns = {});
  // One below this, whose chains hold its certificate. `depth`: authorities that may follow below; -1 for any number.
  core::Result<CertificateAuthority> MakeIntermediate(const std::string& common_name, Validity validity,
                                                      int depth = -1) const;

  core::Result<Issued> Issue(const LeafRequest& request) const;

  // PEM of a list of revoked certificates, given as what Issue made; `validity` is lastUpdate and nextUpdate.
  core::Result<std::string> Revoke(const std::vector<Issued>& revoked, Validity validity) const;

  // Its own certificate and key, to go on with later.
  const std::string& certificate() const { return certificate_pem_; }
  core::Result<std::string> private_key() const;

 private:
  CertificateAuthority() = default;
  static core::Result<CertificateAuthority> MakeBelow(const CertificateAuthority* parent,
                                                      const std::string& common_name, Validity validity,
                                                      const std::string& constraints, const std::string& extra);

  EvpPkeyPtr key_;
  X509Ptr certificate_;
  std::string certificate_pem_;
  std::string chain_pem_;  // of intermediates, what a leaf's file holds behind the leaf
};

}  // namespace sluice::tls
