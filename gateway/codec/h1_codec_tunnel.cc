// What H1Codec does when another protocol takes its connection over: Upgrade and 101 (RFC 9110 section 7.8).
#include <array>
#include <utility>

#include "core/http/upgrade.h"
#include "core/http/websocket_handshake.h"
#include "gateway/codec/h1_codec.h"

namespace sluice::gateway {

using core::Slice;

void H1Codec::RememberUpgrade(const core::Head& request) {
  upgrade_ = request.upgrade;
  websocket_key_ = request.headers.Find(core::HeaderName::kSecWebsocketKey).value_or("");
}

// Only what was asked for, and from a server that shows that it knows what it agrees to (F14; RFC 6455 section 4.1).
bool H1Codec::StartTunnel(core::Head head) {
  bool agreed = sending_ == Sending::kUpgrade && head.upgrade == upgrade_;
  if (agreed && upgrade_ == core::kWebsocket) {
    const auto accept = core::WebsocketAccept(websocket_key_);
    agreed = head.headers.Find(core::HeaderName::kSecWebsocketAccept) == std::string_view(accept.data(), accept.size());
  }
  if (!agreed) return FailReceive({});
  scanner_.Reset();
  receiving_ = Receiving::kTunnel;
  sending_ = Sending::kTunnel;
  head.content_length.reset();
  events_->OnHead(std::move(head), Flow::kMore);
  return true;
}

// The request's protocol takes over in both directions.
bool H1Codec::SendSwitch(const core::Head& head) {
  if (receiving_ != Receiving::kUpgrade || head.upgrade != upgrade_) return false;
  H1Framing framing;
  framing.upgrade = upgrade_;
  std::array<char, 28> accept;
  if (upgrade_ == core::kWebsocket && !head.headers.Has(core::HeaderName::kSecWebsocketAccept)) {
    // Who agreed to it speaks a version that has no such field.
    accept = core::WebsocketAccept(websocket_key_);
    framing.websocket_accept = std::string_view(accept.data(), accept.size());
  }
  receiving_ = Receiving::kTunnel;
  sending_ = Sending::kTunnel;
  life_ = Life::kLastMessage;
  return WriteResponseHead(output_, head, framing);
}

bool H1Codec::ReceiveTunnel(Slice& rest) {
  if (rest.empty()) return false;
  DeliverBody(std::exchange(rest, Slice()), Flow::kMore);
  return true;
}

}  // namespace sluice::gateway
