// Who may use the admin port. Reading on loopback needs no ceremony; anything else needs the token, or a connection on
// which the client has shown a certificate that is asked for. Plain data, filled in once by the app; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::gateway {

struct AdminGuard {
  static constexpr std::size_t kTokenMin = 16;  // characters: shorter ones can be guessed

  std::string token;              // empty: none
  bool loopback = true;           // the port is bound to loopback
  bool asks_certificate = false;  // every connection is mutual TLS

  // `authorization` is the header's value. Takes the same time for every wrong token.
  bool Knows(std::string_view authorization) const;
  // Who has shown more than being able to reach the port.
  bool Trusts(std::string_view authorization) const { return asks_certificate || Knows(authorization); }
  // Whether a request may be answered at all; `reads` tells whether it changes nothing.
  bool Allows(std::string_view authorization, bool reads) const {
    return Trusts(authorization) || (loopback && (reads || token.empty()));
  }
};

}  // namespace sluice::gateway
