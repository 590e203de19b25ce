// The sending half of H1Codec: stream calls to bytes. Receiving is in h1_codec.cc.
#include <algorithm>
#include <utility>

#include "gateway/codec/h1_codec.h"

namespace sluice::gateway {
namespace {

using core::Slice;

// Methods for which an absent length would make some servers wait or refuse (RFC 9110 section 8.6).
bool ExpectsBody(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

}  // namespace

void H1Codec::SendHead(const core::Head& head, Flow flow) {
  if (!stream_open_ || sending_ != Sending::kHead) return;
  if (life_ == Life::kClosing) {
    // The connection is being given up already: what is sent now goes nowhere.
    sending_ = flow == Flow::kEnd ? Sending::kEnded : Sending::kNothing;
    FinishIfOver();
    return;
  }
  bool good = false;
  if (role_ == Role::kClient) {
    good = SendRequestHead(head, flow);
  } else if (head.is_informational()) {
    if (!SendInterimHead(head)) Cut();
    return Wake();
  } else {
    good = SendResponseHead(head, flow);
  }
  if (!good) Cut();
  if (flow == Flow::kEnd) EndSend();
  Wake();
}

bool H1Codec::SendRequestHead(const core::Head& head, Flow flow) {
  H1Framing framing;
  framing.length = head.content_length;
  framing.close = life_ == Life::kLastMessage;
  head_request_ = head.method == "HEAD";
  if (!head.upgrade.empty()) {
    if (head.content_length.value_or(0) > 0 || flow == Flow::kEnd) return false;
    RememberUpgrade(head);
    framing.upgrade = upgrade_;
    framing.close = false;
    sending_ = Sending::kUpgrade;
    life_ = Life::kLastMessage;  // whatever comes of it
  } else if (flow == Flow::kEnd) {
    if (head.content_length.value_or(0) > 0) return false;
    if (!framing.length && ExpectsBody(head.method)) framing.length = 0;
    sending_ = Sending::kNothing;
  } else if (head.content_length) {
    send_left_ = *head.content_length;
    sending_ = Sending::kLength;
  } else {
    framing.chunked = true;
    sending_ = Sending::kChunked;
  }
  return WriteRequestHead(output_, head, framing);
}

bool H1Codec::SendInterimHead(const core::Head& head) {
  if (!peer_11_) return true;  // RFC 9110 section 15.2: never to the old version
  if (head.status == 100 && std::exchange(continue_sent_, true)) return true;  // at most once (F13)
  return WriteResponseHead(output_, head, {});
}

bool H1Codec::SendResponseHead(const core::Head& head, Flow flow) {
  if (head.status == 101) return SendSwitch(head);
  H1Framing framing;
  framing.length = head.content_length;
  const bool bodiless = head_request_ || head.status == 204 || head.status == 304;
  if (bodiless) {
    if (head.status == 204) framing.length.reset();
    sending_ = Sending::kNothing;  // bytes that a careless sender adds must not reach the wire
  } else if (flow == Flow::kEnd) {
    if (head.content_length.value_or(0) > 0) return false;
    framing.length = 0;
    sending_ = Sending::kNothing;
  } else if (head.content_length) {
    send_left_ = *head.content_length;
    sending_ = Sending::kLength;
  } else if (peer_11_) {
    framing.chunked = true;
    sending_ = Sending::kChunked;
  } else {
    life_ = Life::kLastMessage;  // the close is what ends the body
    sending_ = Sending::kUntilClose;
  }
  // An answer before the end of the request: the rest is not worth reading, and nobody may take it for a request.
  if (receiving_ != Receiving::kEnded && !RequestIsHere()) life_ = Life::kLastMessage;
  framing.close = life_ != Life::kOpen;
  framing.keep_alive = !framing.close && !peer_11_;
  return WriteResponseHead(output_, head, framing);
}

Room H1Codec::SendBody(Slice bytes, Flow flow) {
  if (!stream_open_ || sending_ == Sending::kEnded || sending_ == Sending::kHead) return Room::kOpen;
  switch (sending_) {
    case Sending::kLength:
      if (bytes.size() > send_left_) {
        Cut();
        break;
      }
      send_left_ -= bytes.size();
      output_.Append(std::move(bytes));
      if (flow == Flow::kEnd && send_left_ > 0) Cut();
      break;
    case Sending::kChunked: WriteChunk(output_, std::move(bytes), flow == Flow::kEnd); break;
    case Sending::kTunnel:
    case Sending::kUntilClose: output_.Append(std::move(bytes)); break;
    default: break;
  }
  if (flow == Flow::kEnd) EndSend();
  Wake();
  if (flow == Flow::kEnd || output_.bytes() < limits_.output_high) return Room::kOpen;
  full_ = true;
  return Room::kFull;
}

void H1Codec::SendTrailers(const core::HeaderMap& trailers) {
  if (!stream_open_ || sending_ == Sending::kEnded || sending_ == Sending::kHead) return;
  if (sending_ == Sending::kChunked) {
    if (!WriteTrailers(output_, trailers)) stats_.trailers_dropped += trailers.size();
  } else {
    // Only the chunked coding has a place for them.
    stats_.trailers_dropped += trailers.size();
    if (sending_ == Sending::kLength && send_left_ > 0) Cut();
  }
  EndSend();
  Wake();
}

void H1Codec::EndSend() {
  sending_ = Sending::kEnded;
  full_ = false;
  const bool unread =
      role_ == Role::kServer && receiving_ != Receiving::kEnded && receiving_ != Receiving::kTunnel && !RequestIsHere();
  // The stream stays open towards its receiver, who hears of the close by OnReset.
  if (unread) life_ = Life::kClosing;
  FinishIfOver();
}

bool H1Codec::RequestIsHere() const { return receiving_ == Receiving::kLength && receive_left_ <= behind_; }

void H1Codec::Cut() {
  life_ = Life::kClosing;
  output_.Clear();
  sending_ = Sending::kNothing;
}

void H1Codec::Consumed(std::size_t bytes) {
  if (!stream_open_) return;
  const bool held = Held();
  unconsumed_ -= std::min<std::uint64_t>(unconsumed_, bytes);
  if (held && !Held()) Wake();
}

void H1Codec::Reset(core::ResetReason) {
  if (!stream_open_) return;
  stream_open_ = false;
  events_ = nullptr;
  life_ = Life::kClosing;
  // A whole answer still goes out; half of one does not, so that a reader that has stopped reading frees us at once.
  if (role_ == Role::kClient || sending_ != Sending::kEnded) output_.Clear();
  Wake();
}

}  // namespace sluice::gateway
