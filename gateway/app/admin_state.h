// What `run` keeps in the state directory for those who may change things: the writers' token, made once; a certificate
// of the admin port with the authority that vouches for it (kubectl sends no token over plaintext); the address that is
// bound. `sluice kubeconfig` and the other verbs read them. The control thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace sluice::gateway {

struct AdminState {
  static constexpr std::string_view kToken = "admin-token";  // mode 0600, one line
  static constexpr std::string_view kAuthority = "admin-ca.crt";
  static constexpr std::string_view kCertificate = "admin-tls.crt";
  static constexpr std::string_view kKey = "admin-tls.key";      // mode 0600
  static constexpr std::string_view kNames = "admin-tls.names";  // what the certificate was made for
  static constexpr std::string_view kAddress = "admin-address";  // "127.0.0.1:15000"

  // Makes the token and the certificate where they are missing; the certificate anew, with its authority, when it is for
  // other names or `renew` is asked. `host` is the address that the port is bound to, without port. True: the certificate
  // is new.
  static core::Result<bool> Prepare(const std::string& directory, const std::string& host, bool renew,
                                    std::int64_t unix_seconds);
  // `address` with its port, as bound; an unspecified one is told as loopback.
  static core::Status TellAddress(const std::string& directory, const std::string& address);
};

}  // namespace sluice::gateway
