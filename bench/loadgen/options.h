// What sluice-bench is to do. Plain values, made once from the command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/loadgen/text_template.h"
#include "core/base/result.h"

namespace sluice::bench {

struct LoadOptions {
  std::string host = {};  // to connect to, a name or an address
  std::string port = "80";
  std::uint32_t connections = 64;
  std::chrono::nanoseconds duration{0};                        // 0: until `requests` are done
  std::uint64_t requests = 0;                                  // 0: until `duration` is over
  double rate = 0;                                             // requests a second, open loop; 0: closed loop
  std::chrono::nanoseconds timeout{std::chrono::seconds(10)};  // from intended start to the end of the answer
  bool head_method = false;
  std::string tally_header = "x-model-version";  // lower case; answers are counted by its value
  std::uint64_t seed = 1;
  TextTemplate request = {};  // request line and fields, with the closing empty line
  std::string body = {};
};

// The parts of `request` as they come from the command line.
struct RequestParts {
  std::string url = {};  // http://HOST[:PORT][/PATH]
  std::string method = "GET";
  std::vector<std::string> headers = {};  // "Name: value"; Host and Content-Length are added when missing
  std::string body = {};
  std::uint64_t body_bytes = 0;  // a body of this many bytes, when `body` is empty
};

// Fills host, port, head_method and request. kInvalidArgument says what is wrong with which part.
core::Status ComposeRequest(const RequestParts& parts, LoadOptions& options);

// "10s", "500ms", "2m"; kInvalidArgument otherwise.
core::Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);

}  // namespace sluice::bench
