// Where a Prometheus gate asks: "http://host[:port][/prefix]" in parts. One place says what may be written there, for the
// configuration and for whoever asks. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace sluice::core {

struct PrometheusAddress {
  std::string host;    // a name, or an IP address without brackets
  std::string port;    // "80" when not given, as everywhere in HTTP
  std::string prefix;  // "" or "/prefix", without a slash at its end

  // For the Host header: brackets around IPv6, no port 80.
  std::string Authority() const;
};

inline constexpr std::size_t kPrometheusAddressMax = 2048;

// An error with its cure for anything else: https, user info, a query.
Result<PrometheusAddress> ParsePrometheusAddress(std::string_view address);

}  // namespace sluice::core
