// What sluice-bench is to do, apart from what its requests look like. Plain values, made once from the command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace sluice::bench {

struct TlsOptions {
  std::string ca = {};           // PEM file that the server's certificate is verified with; empty: the system's
  std::string certificate = {};  // PEM files of our own, both or none
  std::string key = {};
  std::string server_name = {};  // SNI and the name that is verified; empty: the host of the address
  bool insecure = false;         // any certificate will do
};

struct LoadOptions {
  std::uint32_t connections = 64;                              // over all threads
  std::uint32_t threads = 1;                                   // no more than connections are used
  std::uint32_t streams = 1;                                   // requests at once on a connection, HTTP/2 only
  bool http2 = false;                                          // by prior knowledge, over TLS by ALPN
  bool tls = false;                                            // https://
  TlsOptions secrets = {};                                     // only with tls
  std::chrono::nanoseconds warm_up{0};                         // answers of its requests are not counted
  std::chrono::nanoseconds duration{0};                        // after the warm-up; 0: until `requests` are done
  std::uint64_t requests = 0;                                  // after the warm-up; 0: until `duration` is over
  double rate = 0;                                             // requests a second, open loop; 0: closed loop
  std::chrono::nanoseconds timeout{std::chrono::seconds(10)};  // from intended start to the end of the answer
  std::string tally_header = "x-model-version";                // lower case; answers are counted by its value
  std::uint64_t seed = 1;
};

// "10s", "500ms", "2m"; kInvalidArgument otherwise.
core::Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);

}  // namespace sluice::bench
