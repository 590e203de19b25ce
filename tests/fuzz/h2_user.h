// The users of a fuzzed H2Codec's streams: they do what the input says and check that they are called only while they may
// be; and a second reading of what the codec puts out. Fuzz targets only.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "tests/gateway/codec/h2_wire.h"

namespace sluice::gateway {

class Decisions {
 public:
  explicit Decisions(std::string_view bytes) : bytes_(bytes) {}
  // Below `count`.
  unsigned Next(unsigned count) {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(bytes_[at_++ % bytes_.size()]);
    return (byte + static_cast<unsigned>(at_ / bytes_.size())) % count;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

// Reads a codec's output a second time: whole frames, none of a stream that has ended, one reset each.
class FrameReader {
 public:
  explicit FrameReader(Role role) : skip_(role == Role::kClient ? h2::kPreface.size() : 0) {}

  void Read(std::string_view bytes) {
    for (const char c : bytes) {
      if (skip_ > 0) {
        --skip_;
        continue;
      }
      header_ += c;
      if (header_.size() < 9) continue;
      const h2::Received frame = h2::Split(header_).at(0);
      const auto* const size = reinterpret_cast<const unsigned char*>(header_.data());
      skip_ = static_cast<std::size_t>(size[0]) << 16 | static_cast<std::size_t>(size[1]) << 8 | size[2];
      header_.clear();
      OnFrame(frame);
    }
  }

 private:
  void OnFrame(const h2::Received& frame) {
    if (!begun_) CHECK(frame.type == NGHTTP2_SETTINGS || frame.type == NGHTTP2_GOAWAY);
    begun_ = true;
    CHECK(skip_ <= 16 * 1024);
    const bool message = frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_DATA;
    bool& ended = ended_[frame.id];
    if (message) CHECK(frame.id != 0 && !ended && !reset_[frame.id]);
    if (message && (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0) ended = true;
    if (frame.type == NGHTTP2_RST_STREAM) CHECK(frame.id != 0 && !std::exchange(reset_[frame.id], true));
  }

  std::size_t skip_;
  std::string header_;
  bool begun_ = false;
  std::map<std::uint32_t, bool> ended_;
  std::map<std::uint32_t, bool> reset_;
};

class User;

// What the users of one connection share.
struct World {
  World(Role given_role, const CodecLimits& given, std::string_view decided)
      : role(given_role), limits(given), decisions(decided), reader(given_role) {}

  const Role role;
  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  ManualClock clock;
  Decisions decisions;
  FrameReader reader;
  std::deque<User> users;
};

// One stream's user. Calls the stream only while that is allowed, and checks that it is called only while that is.
class User final : public StreamEvents {
 public:
  explicit User(World& world) : world_(world) {}

  core::Arena& HeadArena() override { return arena_; }

  void OnHead(core::Head head, Flow flow) override {
    CHECK(!silent_ && !head_received_ && !received_end_);
    const bool interim = head.is_informational();
    CHECK(!interim || (world_.role == Role::kClient && flow == Flow::kMore));
    CHECK(head.headers.size() <= world_.limits.header_count_max);
    head_received_ = !interim;
    if (world_.role == Role::kServer) upgrade_ = head.upgrade;
    CHECK(world_.role == Role::kServer || head.status != 101 || !upgrade_.empty());
    Received(flow);
    Act();
  }

  void OnBody(core::Slice bytes, Flow flow) override {
    CHECK(!silent_ && head_received_ && !received_end_);
    body_ += bytes.size();
    CHECK(body_ <= world_.limits.body_max);
    unconsumed_ += bytes.size();
    // Until the peer has heard of our window it has that of RFC 9113 section 6.9.2.
    CHECK(unconsumed_ <= std::max<std::size_t>(world_.limits.receive_window, 65'535));
    Received(flow);
    const unsigned what = world_.decisions.Next(4);
    if (what == 0) Echo(std::move(bytes));
    if (what <= 2) Consume();
    if (what == 2) Act();
  }

  void OnTrailers(core::HeaderMap trailers) override {
    CHECK(!silent_ && head_received_ && !received_end_);
    CHECK(trailers.size() <= world_.limits.trailer_count_max);
    Received(Flow::kEnd);
    Act();
  }

  void OnRoom() override {
    CHECK(!silent_ && !over() && std::exchange(full_, false));
    Act();
  }

  void OnReset(core::ResetReason) override {
    CHECK(!silent_ && !over());
    silent_ = was_reset_ = true;
  }

  // The codec has found the request malformed: nothing more is heard of it.
  void OnFault() {
    CHECK(!silent_ && !over());
    silent_ = true;
    if (head_sent_ || world_.decisions.Next(4) == 0) return Reset();
    SendHead(400, Flow::kEnd);
  }

  // Begins a request (client role).
  void Ask() {
    if (world_.limits.upgrades && world_.decisions.Next(2) == 0) upgrade_ = "websocket";
    SendHead(0, upgrade_.empty() && world_.decisions.Next(2) == 0 ? Flow::kEnd : Flow::kMore);
  }

  // Does one thing, if there is anything that may be done.
  void Act() {
    if (!callable()) return;
    switch (world_.decisions.Next(10)) {
      case 0: return Reset();
      case 1:
      case 2: return head_sent_ ? SendBody(1, Flow::kEnd) : SendHead(200, Flow::kEnd);
      case 3: return head_sent_ ? SendBody(100, Flow::kMore) : SendHead(200, Flow::kMore);
      case 4: return head_sent_ ? SendBody(100'000, Flow::kMore) : SendHead(103, Flow::kMore);
      case 5: return head_sent_ ? SendTrailers() : SendHead(204, Flow::kMore);
      case 6: return head_sent_ ? SendBody(0, Flow::kEnd) : SendHead(200, Flow::kMore);
      case 7: return Consume();
      default: return;
    }
  }

  bool over() const { return reset_by_us_ || was_reset_ || (sent_end_ && received_end_); }
  bool heard_of_the_end() const { return over() || silent_; }

  Stream* stream = nullptr;

 private:
  bool callable() const { return stream != nullptr && !over() && !silent_; }

  void Received(Flow flow) { received_end_ = received_end_ || flow == Flow::kEnd; }

  void Consume() {
    if (callable()) stream->Consumed(unconsumed_);
    unconsumed_ = 0;
  }

  void Echo(core::Slice bytes) {
    if (!callable() || !head_sent_ || sent_end_ || full_) return;
    full_ = stream->SendBody(std::move(bytes), Flow::kMore) == Room::kFull;
  }

  void SendHead(int status, Flow flow) {
    if (sent_end_) return;
    core::Arena arena;
    core::Head head(arena);
    head.method = world_.decisions.Next(4) == 0 ? "HEAD" : "POST";
    head.authority = "h";
    head.path = "/";
    head.status = static_cast<std::uint16_t>(status);
    if (status == 0) head.upgrade = upgrade_;
    if (status == 200 && !upgrade_.empty() && world_.decisions.Next(2) == 0) {
      head.status = 101;
      head.upgrade = upgrade_;
    }
    if (world_.decisions.Next(8) == 0) head.headers.AddBorrowed("evil", "a\r\nb");
    head_sent_ = status == 0 || status >= 200;
    sent_end_ = flow == Flow::kEnd;
    stream->SendHead(head, flow);
  }

  void SendBody(std::size_t size, Flow flow) {
    if (sent_end_ || full_) return;
    sent_end_ = flow == Flow::kEnd;
    full_ = stream->SendBody(core::Slice::Copy(std::string(size, 'b')), flow) == Room::kFull;
  }

  void SendTrailers() {
    if (sent_end_) return;
    core::Arena arena;
    core::HeaderMap trailers(arena);
    trailers.AddBorrowed("grpc-status", "0");
    sent_end_ = true;
    full_ = false;
    stream->SendTrailers(trailers);
  }

  void Reset() {
    reset_by_us_ = silent_ = true;
    stream->Reset(core::ResetReason::kConnectionReset);
  }

  World& world_;
  core::Arena arena_;
  std::string_view upgrade_;  // asked for
  std::size_t unconsumed_ = 0;
  std::uint64_t body_ = 0;
  bool head_received_ = false;
  bool received_end_ = false;
  bool head_sent_ = false;
  bool sent_end_ = false;
  bool full_ = false;
  bool reset_by_us_ = false;
  bool was_reset_ = false;
  bool silent_ = false;  // no event may come any more
};

}  // namespace sluice::gateway
