// What a load run saw, and its two forms: text for people, JSON for programs. Owned by the run; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "bench/support/latency_histogram.h"

namespace sluice::bench {

// Why a request that was sent got no complete answer.
enum class Lost : std::uint8_t { kClosed, kTimeout, kBadAnswer };

class Report {
 public:
  static constexpr std::size_t kVersionsMax = 64;  // further values are counted together as "(other)"

  void CountAnswer(std::uint16_t status, std::string_view version, std::uint64_t body_bytes,
                   std::chrono::nanoseconds latency);
  void CountLost(Lost why);
  void CountSent() { ++sent_; }
  void CountExtraBytes() { ++extra_bytes_; }
  void CountConnect() { ++connects_; }
  void CountConnectFailure() { ++connect_failures_; }
  void Finish(std::chrono::nanoseconds elapsed, std::uint64_t not_sent);

  std::uint64_t sent() const { return sent_; }
  std::uint64_t answered() const { return answered_; }
  std::uint64_t lost() const { return closed_ + timeouts_ + bad_answers_; }
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
  std::uint64_t closed_ = 0;
  std::uint64_t timeouts_ = 0;
  std::uint64_t bad_answers_ = 0;
  std::uint64_t extra_bytes_ = 0;  // times a server sent more than was asked for
  std::uint64_t connects_ = 0;
  std::uint64_t connect_failures_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::map<std::uint16_t, std::uint64_t> by_status_;
  std::map<std::string, PerVersion, std::less<>> by_version_;  // "" when the answer names none
  LatencyHistogram latency_;
};

}  // namespace sluice::bench
