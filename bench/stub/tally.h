// What a stub has seen, told at /__stub/stats. Owned by the stub server; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bench/stub/behaviour.h"
#include "bench/support/http_message.h"

namespace sluice::bench {

class Tally {
 public:
  static constexpr std::size_t kPathsMax = 4096;  // further paths are counted together as "(other)"

  void Count(const MessageReader& request, const Reply& reply);
  void Opened() {
    ++connections_;
    ++open_;
  }
  void Closed() { --open_; }
  void CountFault() { ++faults_; }
  // Forgets all but the open connections.
  void Clear();

  // One JSON object.
  std::string Json(std::string_view version) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::uint64_t requests_ = 0;
  std::uint64_t failed_ = 0;       // requests that met a Failure
  std::uint64_t mirrored_ = 0;     // requests with x-sluice-mirror
  std::uint64_t body_bytes_ = 0;   // received
  std::uint64_t connections_ = 0;  // accepted
  std::uint64_t open_ = 0;
  std::uint64_t faults_ = 0;                                                           // streams that were not HTTP/1.x
  std::unordered_map<std::string, std::uint64_t, TextHash, std::equal_to<>> by_path_;  // without query
  std::map<std::uint16_t, std::uint64_t> by_status_;                                   // of answers given
  std::string last_head_;
  std::uint64_t last_body_bytes_ = 0;
};

// What was received as one JSON object: method, path, headers as [name in lower case, value] in order, body_bytes.
std::string RequestJson(const MessageReader& request);

}  // namespace sluice::bench
