#include "gateway/codec/h2_guard.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace sluice::gateway {
namespace {

constexpr std::uint32_t kContinuationsMax = 8;
constexpr std::uint32_t kEmptyDataMax = 10;
constexpr std::uint32_t kPingsPaidMax = 50;
constexpr std::uint8_t kHeader = 9;

}  // namespace

H2Guard::H2Guard(Role role, const CodecLimits& limits, CodecStats& stats, const core::Clock& clock)
    : role_(role),
      limits_(limits),
      stats_(stats),
      clock_(clock),
      skip_(role == Role::kServer ? NGHTTP2_CLIENT_MAGIC_LEN : 0) {}

bool H2Guard::Scan(std::string_view bytes) {
  while (!bytes.empty()) {
    if (skip_ > 0) {
      const std::size_t step = std::min<std::size_t>(skip_, bytes.size());
      skip_ -= static_cast<std::uint32_t>(step);
      bytes.remove_prefix(step);
      continue;
    }
    header_[have_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (have_ < kHeader) continue;
    const std::uint32_t size =
        static_cast<std::uint32_t>(header_[0]) << 16 | static_cast<std::uint32_t>(header_[1]) << 8 | header_[2];
    if (have_ == kHeader && size > 0 && HasPadding()) continue;
    skip_ = size - (have_ - kHeader);
    if (have_ == kHeader) header_[kHeader] = 0;
    have_ = 0;
    if (!OnFrame()) return false;
  }
  return true;
}

bool H2Guard::mid_block() const {
  const bool of_head = header_[3] == NGHTTP2_HEADERS || header_[3] == NGHTTP2_CONTINUATION;
  return in_block_ || have_ > 0 || (skip_ > 0 && of_head);
}

void H2Guard::OnDataSent() {
  ++data_sent_;
  OnMessage();
}

// Only of DATA: padding is what makes a frame without data look as if it had some.
bool H2Guard::HasPadding() const { return header_[3] == NGHTTP2_DATA && (header_[4] & NGHTTP2_FLAG_PADDED) != 0; }

bool H2Guard::OnFrame() {
  const bool ack = (header_[4] & NGHTTP2_FLAG_ACK) != 0;
  switch (header_[3]) {
    case NGHTTP2_DATA: return OnData();
    case NGHTTP2_HEADERS: return OnHeaders(true);
    case NGHTTP2_CONTINUATION: return OnHeaders(false);
    // A server's resets are outcomes of requests that we made.
    case NGHTTP2_RST_STREAM: return role_ == Role::kClient || Spend(resets_, stats_.reset_flood);
    case NGHTTP2_PING: return ack ? OnGlitch() : OnPing();
    case NGHTTP2_SETTINGS: return ack || Spend(settings_, stats_.settings_flood);
    // Envoy's rule: 100 for each stream, and as many for the connection (istio-reference.md section 5.1).
    case NGHTTP2_PRIORITY: return Allow(++priorities_ <= 100 * (1 + streams_), stats_.priority_flood);
    // Envoy's formula: a reader needs two for each stream and no more than ten for each piece that it was sent.
    case NGHTTP2_WINDOW_UPDATE:
      return Allow(++window_updates_ <= 5 + 2 * (streams_ + 10 * data_sent_), stats_.window_update_flood);
    default: return OnGlitch();  // said once or twice, or unknown: to be ignored, but not for ever
  }
}

bool H2Guard::OnHeaders(bool begin) {
  if (begin) {
    ++streams_;  // trailers among them: what they allow, they paid for
    OnMessage();
    if (!OnceForEachStream()) return Allow(false, stats_.glitch_flood);
  }
  continuations_ = begin ? 0 : continuations_ + 1;
  block_bytes_ = begin ? skip_ : block_bytes_ + skip_;
  in_block_ = (header_[4] & NGHTTP2_FLAG_END_HEADERS) == 0;
  return Allow(continuations_ <= kContinuationsMax && block_bytes_ <= limits_.header_block_max,
               stats_.continuation_flood);
}

// A request has one head and at most one block of trailers. nghttp2 says nothing of those that come for a stream that is
// gone, so that they would be free. Answers have interim heads too, and begin in any order.
bool H2Guard::OnceForEachStream() {
  if (role_ == Role::kClient) return true;
  const std::uint32_t id = static_cast<std::uint32_t>(header_[5] & 0x7f) << 24 |
                           static_cast<std::uint32_t>(header_[6]) << 16 | static_cast<std::uint32_t>(header_[7]) << 8 |
                           header_[8];
  if (id <= last_stream_) return 2 * ++trailers_ <= streams_;  // they are among them
  last_stream_ = id;
  return true;
}

bool H2Guard::OnData() {
  const bool empty = skip_ <= header_[kHeader];
  const bool ends = (header_[4] & NGHTTP2_FLAG_END_STREAM) != 0;
  if (empty && ends && ++empty_ends_ > streams_) return Allow(false, stats_.empty_frame_flood);  // as above
  if (!empty || ends) OnMessage();
  empty_in_a_row_ = empty && !ends ? empty_in_a_row_ + 1 : 0;
  return Allow(empty_in_a_row_ <= kEmptyDataMax, stats_.empty_frame_flood);
}

// gRPC measures the way to us with a PING for each round trip in which data came, as often as that may be.
void H2Guard::OnMessage() { pings_paid_ = std::min(pings_paid_ + 1, kPingsPaidMax); }

bool H2Guard::OnPing() {
  if (pings_paid_ == 0) return Spend(pings_, stats_.ping_flood);
  --pings_paid_;
  return true;
}

bool H2Guard::OnGlitch() { return Spend(glitches_, stats_.glitch_flood); }

bool H2Guard::Spend(core::TokenBucket& bucket, std::uint64_t& counter) {
  return Allow(bucket.Take(clock_.Now()), counter);
}

bool H2Guard::Allow(bool good, std::uint64_t& counter) {
  if (!good) ++counter;
  return good;
}

}  // namespace sluice::gateway
