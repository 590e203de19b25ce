// What a load run saw, and its two forms: text for people, JSON for programs. Owned by the run; one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>

#include "bench/loadgen/request_mix.h"
#include "bench/support/latency_histogram.h"

namespace sluice::bench {

// Why a request that was sent got no complete answer.
enum class Lost : std::uint8_t {
  kClosed,         // the connection ended, by a close or a reset of TCP
  kReset,          // the stream was reset (HTTP/2)
  kTimeout,
  kBadAnswer,      // against the rules of HTTP
  kRefusedStream,  // the server took no further stream (HTTP/2)
  kTls,            // an alert or a record that does not decrypt
};

// An answer, as it is counted.
struct Answer {
  std::uint16_t status = 0;
  std::uint32_t kind = 0;
  std::uint64_t unit = kNoUnit;
  std::string_view version = {};  // value of the tally header
  std::uint64_t body_bytes = 0;
  std::chrono::nanoseconds latency{0};  // from the intended start (open loop) or the sending (closed)
  std::chrono::nanoseconds at{0};       // since the start of what is measured
  std::optional<int> grpc_status = {};
};

class Report {
 public:
  static constexpr std::size_t kVersionsMax = 64;  // further values are counted together as "(other)"

  void CountAnswer(const Answer& answer);
  void CountLost(Lost why, std::chrono::nanoseconds at);
  void CountSent() { ++sent_; }
  void CountExtraBytes() { ++extra_bytes_; }
  void CountConnect() { ++connects_; }
  void CountConnectFailure() { ++connect_failures_; }
  void CountRetry() { ++retried_; }
  void Merge(const Report& other);
  void Finish(std::chrono::nanoseconds elapsed, std::uint64_t not_sent);

  std::uint64_t sent() const { return sent_; }
  std::uint64_t answered() const { return answered_; }
  std::uint64_t lost() const { return std::accumulate(lost_.begin(), lost_.end(), std::uint64_t{0}); }
  std::uint64_t extra_bytes() const { return extra_bytes_; }
  std::uint64_t connects() const { return connects_; }
  // Every request that was sent is either answered or lost.
  bool Accounted() const { return sent_ == answered() + lost(); }

  std::string Text() const;
  std::string Json() const;

 private:
  struct PerVersion {
    std::uint64_t count = 0;
    LatencyHistogram latency;
  };

  std::chrono::nanoseconds elapsed_{0};
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t not_sent_ = 0;  // open loop: due before the end, but no connection was free
  std::array<std::uint64_t, 6> lost_{};  // by Lost
  std::uint64_t extra_bytes_ = 0;  // times a server sent more than was asked for
  std::uint64_t retried_ = 0;  // times a request was sent again that the server had not processed
  std::uint64_t connects_ = 0;
  std::uint64_t connect_failures_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::map<std::uint16_t, std::uint64_t> by_status_;
  std::map<int, std::uint64_t> by_grpc_status_;
  std::map<std::string, PerVersion, std::less<>> by_version_;  // "" when the answer names none
  LatencyHistogram latency_;
};

}  // namespace sluice::bench
