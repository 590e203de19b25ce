// What a peer may do for free on one HTTP/2 connection before it is told to calm down: budgets for frames that cost us
// work and carry no message (reliability.md section 5.1, A1 to A4). It reads frame headers only, ahead of nghttp2, so
// that nothing is spent on a flood and no frame type escapes by being unknown to a library. One per codec; one thread.
//
// Time is read for frames that a well-behaved peer sends rarely, and for no others.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/token_bucket.h"
#include "gateway/codec/codec.h"

namespace sluice::gateway {

class H2Guard {
 public:
  H2Guard(Role role, const CodecLimits& limits, CodecStats& stats, const core::Clock& clock);

  // The next bytes from the peer, however they are cut. False when a budget is spent: the connection must end, with
  // ENHANCE_YOUR_CALM, and none of these bytes be used.
  bool Scan(std::string_view bytes);

  // A2: the peer made us reset a stream, or broke a rule that costs it only a stream. False as above.
  bool OnGlitch();
  // Data went to the peer: it pays for window updates, and for a PING.
  void OnDataSent();

  // The beginning of a frame, which may be a head's, or a head without its end (A3): the peer owes us the rest.
  bool mid_block() const;

 private:
  bool HasPadding() const;
  bool OnFrame();
  bool OnHeaders(bool begin);
  bool OnceForEachStream();
  bool OnData();
  bool OnPing();
  void OnMessage();
  bool Spend(core::TokenBucket& bucket, std::uint64_t& counter);
  static bool Allow(bool good, std::uint64_t& counter);

  const Role role_;
  const CodecLimits& limits_;
  CodecStats& stats_;
  const core::Clock& clock_;
  core::TokenBucket resets_{200, 20};
  core::TokenBucket glitches_{200, 10};
  core::TokenBucket pings_{50, 10};
  core::TokenBucket settings_{20, 1};
  std::uint64_t streams_ = 0;
  std::uint64_t trailers_ = 0;
  std::uint64_t empty_ends_ = 0;
  std::uint64_t data_sent_ = 0;
  std::uint64_t priorities_ = 0;
  std::uint64_t window_updates_ = 0;
  std::uint32_t last_stream_ = 0;  // the highest that had a head
  std::uint32_t block_bytes_ = 0;
  std::uint32_t continuations_ = 0;
  std::uint32_t empty_in_a_row_ = 0;
  std::uint32_t pings_paid_ = 0;
  std::uint32_t skip_;  // bytes of the preface or of the current payload still to come
  std::uint8_t have_ = 0;
  bool in_block_ = false;
  std::array<unsigned char, 10> header_{};  // and the number of bytes that are padding, where there are
};

}  // namespace sluice::gateway
