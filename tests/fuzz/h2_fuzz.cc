// HTTP/2 in any bytes, in both roles, with a user who answers, resets, stands still and gives credit as the input says:
// no event behind the last one, everybody hears of the end, what is buffered is bounded, and what goes out is frames in
// an order that RFC 9113 allows.
//
// Input: a byte of options, eight bytes of the user's decisions (used in a circle), then the peer's bytes. These are raw,
// or (kCompact) frames as kind, flags, stream, size and payload in a byte each, so that lengths are always right.
#include <string>

#include "core/base/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/h2_user.h"
#include "tests/support/byte_feed.h"

namespace sluice::gateway {
namespace {

constexpr unsigned kClientRole = 1;
constexpr unsigned kShakesHands = 2;  // preface and SETTINGS come first
constexpr unsigned kCompact = 4;
constexpr unsigned kSmallLimits = 8;
constexpr unsigned kUpgrades = 16;

constexpr std::size_t kOutputMax = H2Codec::kFillMax + (16 * 1024) + 1024;  // and a frame, and what is told at the end

// Small, so that short inputs reach the limits.
CodecLimits LimitsOf(unsigned options) {
  CodecLimits limits;
  limits.upgrades = (options & kUpgrades) != 0;
  if ((options & kSmallLimits) == 0) return limits;
  limits.header_bytes_max = 1200;
  limits.response_header_bytes_max = 1200;
  limits.header_count_max = 12;
  limits.header_name_max = 40;
  limits.trailer_bytes_max = 200;
  limits.trailer_count_max = 3;
  limits.body_max = 300;
  limits.output_high = 100;
  limits.output_low = 50;
  limits.receive_window = 200;
  limits.streams_max = 4;
  limits.header_block_max = 2000;
  return limits;
}

class Connection final : public Acceptor {
 public:
  Connection(unsigned options, std::string_view decided)
      : world_((options & kClientRole) != 0 ? Role::kClient : Role::kServer, LimitsOf(options), decided),
        codec_(world_.role, world_.limits, world_.stats, world_.pool, world_.clock, this, {}) {}

  StreamEvents& Accept(Stream& stream) override {
    User& user = world_.users.emplace_back(world_);
    user.stream = &stream;
    return user;
  }
  void OnFault(StreamEvents& events, const ProtocolFault& fault) override {
    CHECK(fault.status >= 400 && fault.status < 600);
    static_cast<User&>(events).OnFault();
  }

  void Receive(std::string_view bytes) {
    if (world_.role == Role::kClient && world_.decisions.Next(2) == 0) Ask();
    if (codec_.WantsRead()) codec_.Receive(core::Slice::Copy(bytes));
    Turn();
  }

  // The socket goes away: whoever is still there hears of it.
  void End() {
    Write(SIZE_MAX);
    codec_.Abort(core::ResetReason::kConnectionClosed);
    for (const User& user : world_.users) CHECK(user.heard_of_the_end());
  }

 private:
  void Ask() {
    if (codec_.Capacity() == 0) return;
    User& user = world_.users.emplace_back(world_);
    user.stream = codec_.Open(user);
    CHECK(user.stream != nullptr);
    user.Ask();
  }

  // What happens between two reads.
  void Turn() {
    switch (world_.decisions.Next(16)) {
      case 0: world_.clock.Advance(core::Seconds(1)); break;
      case 1: codec_.ExpireUnread(); break;
      case 2: codec_.AnnounceDrain(); break;
      case 3: codec_.BeginDrain(); break;
      case 4: codec_.Ping(); break;
      case 5:
        if (codec_.HeadPending()) codec_.FailPendingHead({408, "request_header_timeout"});
        break;
      default: break;
    }
    if (!world_.users.empty()) {
      world_.users[world_.decisions.Next(static_cast<unsigned>(world_.users.size()))].Act();
      world_.users.back().Act();
    }
    // The socket takes all, some or nothing.
    const unsigned room = world_.decisions.Next(4);
    Write(room == 0 ? 0 : (room == 1 ? 1000 : SIZE_MAX));
  }

  void Write(std::size_t room) {
    codec_.Fill();
    CHECK(codec_.Output().bytes() <= kOutputMax);
    while (room > 0 && !codec_.Output().empty()) {
      const core::Slice piece = codec_.Output().PopFront(room);
      room -= piece.size();
      world_.reader.Read(piece.view());
      if (codec_.Output().empty()) codec_.Fill();
    }
    codec_.OnWritten();
  }

  World world_;
  H2Codec codec_;
};

// Kinds beyond those of the protocol stand for a good head, so that any mutation can have one.
std::string Expanded(std::string_view compact, bool client) {
  std::string bytes;
  while (compact.size() >= 4) {
    const auto byte = [&compact](std::size_t i) { return static_cast<unsigned char>(compact[i]); };
    const int kind = byte(0) % 14;
    const std::size_t size = std::min<std::size_t>(byte(3), compact.size() - 4);
    const std::string_view payload = compact.substr(4, size);
    if (kind < 12) bytes += h2::Frame(kind, byte(1), byte(2), payload);
    if (kind == 12 && client) {
      bytes += h2::Frame(NGHTTP2_HEADERS, byte(1) | NGHTTP2_FLAG_END_HEADERS, byte(2), "\x88" + std::string(payload));
    }
    if (kind == 12 && !client) bytes += h2::Head(byte(2), byte(1) & ~NGHTTP2_FLAG_PADDED & ~NGHTTP2_FLAG_PRIORITY);
    if (kind == 13) bytes += h2::WindowUpdate(byte(2), static_cast<std::uint32_t>(size) * 1000 + 1);
    compact.remove_prefix(4 + size);
  }
  return bytes;
}

FUZZ_TARGET(h2_fuzz) {
  if (input.size() < 9) return;
  const auto options = static_cast<unsigned char>(input[0]);
  const bool client = (options & kClientRole) != 0;
  Connection connection(options, input.substr(1, 8));
  std::string bytes;
  if ((options & kShakesHands) != 0) bytes = client ? h2::Begin().substr(h2::kPreface.size()) : h2::Begin();
  const std::string_view rest = input.substr(9);
  bytes += (options & kCompact) != 0 ? Expanded(rest, client) : std::string(rest);
  for (const std::string_view piece : test::CutBytes(bytes, test::Cut::kRandom, fuzz::SeedOf(input))) {
    connection.Receive(piece);
  }
  connection.End();
}

}  // namespace
}  // namespace sluice::gateway
