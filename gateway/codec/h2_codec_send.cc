// The sending half of H2Codec: stream calls to nghttp2's submissions, its frames to bytes. Receiving is in h2_codec.cc.
#include <algorithm>
#include <utility>

#include "core/http/hop_headers.h"
#include "gateway/codec/h2_callbacks.h"
#include "gateway/codec/h2_codec.h"

namespace sluice::gateway {
namespace {

using core::ResetReason;
using core::Slice;

std::uint32_t CodeOf(Role role, ResetReason reason) {
  switch (reason) {
    case ResetReason::kRefused: return NGHTTP2_REFUSED_STREAM;
    case ResetReason::kCancelled: return NGHTTP2_CANCEL;
    case ResetReason::kProtocolError: return role == Role::kServer ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_PROTOCOL_ERROR;
    default: return role == Role::kServer ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL;
  }
}

}  // namespace

void H2Stream::SendHead(const core::Head& head, Flow flow) { codec_.SendHead(*this, head, flow); }
Room H2Stream::SendBody(Slice bytes, Flow flow) { return codec_.SendBody(*this, std::move(bytes), flow); }
void H2Stream::SendTrailers(const core::HeaderMap& trailers) { codec_.SendTrailers(*this, trailers); }
void H2Stream::Consumed(std::size_t bytes) { codec_.Consumed(*this, bytes); }
void H2Stream::Reset(ResetReason reason) { codec_.Reset(*this, reason); }

// ---- stream calls ----

void H2Codec::SendHead(H2Stream& stream, const core::Head& head, Flow flow) {
  H2Stream::State& state = stream.state_;
  if (state.head_sent) {
    // An interim head could not be written and the stream is being reset: its user may still end it.
    if (flow == Flow::kEnd && !state.sent_end) EndSend(stream);
    return;
  }
  if (life_ == Life::kClosing) {
    // The connection is being given up: what is sent now goes nowhere.
    state.head_sent = state.bodiless = true;
    if (flow == Flow::kEnd) EndSend(stream);
    return;
  }
  const bool good = role_ == Role::kClient ? SubmitRequest(stream, head, flow) : SubmitResponse(stream, head, flow);
  if (!good) FailHead(stream);
  if (flow == Flow::kEnd) EndSend(stream);
  Wake();
}

// A server's user may have nothing more to say, so he is not called for it; a client's waits for an answer.
void H2Codec::FailHead(H2Stream& stream) {
  H2Stream::State& state = stream.state_;
  state.head_sent = state.bodiless = true;
  if (state.id > 0) return ResetStream(stream, NGHTTP2_INTERNAL_ERROR);
  state.failed = true;
  ++failed_count_;
}

bool H2Codec::SubmitRequest(H2Stream& stream, const core::Head& head, Flow flow) {
  H2FieldList list;
  if (!list.FillRequest(head)) return false;
  H2Stream::State& state = stream.state_;
  state.head_request = head.method == "HEAD";
  state.upgrade = head.upgrade;
  if (!state.upgrade.empty() && !peer_settings_) {
    state.head_sent = true;
    stream.waiting_head_.assign(list.fields.begin(), list.fields.end());
    return true;
  }
  if (!state.upgrade.empty() && !TakesUpgrades()) {
    state.why_failed = ResetReason::kNoUpgrade;
    return false;
  }
  return SubmitFields(stream, list.fields.data(), list.fields.size(), flow);
}

bool H2Codec::SubmitFields(H2Stream& stream, const nghttp2_nv* fields, std::size_t count, Flow flow) {
  nghttp2_data_provider body = H2Callbacks::Body();
  body.source.ptr = &stream;
  const std::int32_t id =
      nghttp2_submit_request(session_, nullptr, fields, count, flow == Flow::kEnd ? nullptr : &body, &stream);
  if (id < 0) return false;
  stream.state_.id = id;
  stream.state_.head_sent = true;
  return true;
}

bool H2Codec::TakesUpgrades() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

// RFC 8441 section 3: an extended CONNECT may not leave before the peer has said that it takes some.
void H2Codec::SubmitWaiting() {
  for (H2Stream& stream : streams_) {
    if (stream.waiting_head_.empty()) continue;
    const bool takes = TakesUpgrades();
    if (!takes) stream.state_.why_failed = ResetReason::kNoUpgrade;
    if (!takes || !SubmitFields(stream, stream.waiting_head_.data(), stream.waiting_head_.size(), Flow::kMore)) {
      FailHead(stream);
    }
    stream.waiting_head_.clear();
  }
}

bool H2Codec::SubmitResponse(H2Stream& stream, const core::Head& head, Flow flow) {
  H2Stream::State& state = stream.state_;
  H2FieldList list;
  if (head.status == 100 && std::exchange(state.continue_sent, true)) return true;  // at most once (F13)
  if (head.status == 101 && (state.upgrade.empty() || head.upgrade != state.upgrade)) return false;
  if (!list.FillResponse(head)) return false;
  state.tunnel = head.status == 101;
  if (head.is_informational()) {
    return nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, state.id, nullptr, list.fields.data(),
                                  list.fields.size(), nullptr) == 0;
  }
  state.head_sent = true;
  state.bodiless = state.head_request || head.status == 204 || head.status == 304;
  nghttp2_data_provider body = H2Callbacks::Body();
  body.source.ptr = &stream;
  const bool ends = flow == Flow::kEnd || state.bodiless;
  return nghttp2_submit_response(session_, state.id, list.fields.data(), list.fields.size(), ends ? nullptr : &body) ==
         0;
}

Room H2Codec::SendBody(H2Stream& stream, Slice bytes, Flow flow) {
  H2Stream::State& state = stream.state_;
  if (!state.head_sent || state.sent_end) return Room::kOpen;
  if (!state.bodiless && !bytes.empty() && life_ != Life::kClosing) {
    buffered_ += bytes.size();
    stream.body_.Append(std::move(bytes));
  }
  Resume(stream);
  if (flow == Flow::kEnd) {
    EndSend(stream);
    Wake();
    return Room::kOpen;
  }
  Wake();
  if (stream.body_.bytes() < limits_.output_high && buffered_ < limits_.connection_output) return Room::kOpen;
  if (!std::exchange(state.full, true)) ++full_count_;
  return Room::kFull;
}

void H2Codec::SendTrailers(H2Stream& stream, const core::HeaderMap& trailers) {
  H2Stream::State& state = stream.state_;
  if (!state.head_sent || state.sent_end) return;
  H2FieldList list;
  if (state.bodiless || !list.FillTrailers(trailers)) {
    stats_.trailers_dropped += trailers.size();
  } else {
    for (const core::HeaderMap::Field& field : trailers.fields()) {
      if (!core::IsHopByHop(field.code)) stream.trailers_.Add(field.name, field.value);
    }
  }
  Resume(stream);
  EndSend(stream);
  Wake();
}

void H2Codec::EndSend(H2Stream& stream) {
  stream.state_.sent_end = true;
  ++unfinished_;
  if (std::exchange(stream.state_.full, false)) --full_count_;
  LetGoWhenOver(stream);
}

void H2Codec::Resume(H2Stream& stream) {
  if (std::exchange(stream.state_.deferred, false)) nghttp2_session_resume_data(session_, stream.state_.id);
}

void H2Codec::Consumed(H2Stream& stream, std::size_t bytes) {
  H2Stream::State& state = stream.state_;
  const std::uint64_t credit = std::min<std::uint64_t>(state.unconsumed, bytes);
  if (credit == 0 || life_ == Life::kClosing) return;
  state.unconsumed -= credit;
  nghttp2_session_consume_stream(session_, state.id, credit);
  ReturnConnectionCredit(credit);
  Wake();
}

void H2Codec::Reset(H2Stream& stream, ResetReason reason) {
  H2Stream::State& state = stream.state_;
  state.events = nullptr;
  if (life_ == Life::kClosing || state.id < 0) return FreeStream(stream);
  if (role_ == Role::kServer && state.sent_end) {
    // The answer is whole and still goes out; behind it, that nothing more is wanted.
    state.tunnel = false;
    if (state.end_left) ResetStream(stream, NGHTTP2_NO_ERROR);
    return Wake();
  }
  DropBody(stream);
  ResetStream(stream, CodeOf(role_, reason));
  Wake();
}

// nghttp2 closes the stream when the frame has been produced; OnStreamClosed tells a user who is still there.
// It may be asked a second time before that: by us because the answer is whole, then by the user.
void H2Codec::ResetStream(H2Stream& stream, std::uint32_t code) {
  if (std::exchange(stream.state_.resetting, true)) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.state_.id, code);
}

void H2Codec::DropBody(H2Stream& stream) {
  buffered_ -= stream.body_.bytes();
  stream.body_.Clear();
}

// ---- frames ----

void H2Codec::Fill() {
  if (life_ == Life::kClosing) return;
  while (output_.bytes() < kFillMax) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (flooded_) return FailConnection(NGHTTP2_ENHANCE_YOUR_CALM, ResetReason::kProtocolError);
    if (size < 0) return FailConnection(NGHTTP2_INTERNAL_ERROR, ResetReason::kInternal);
    if (size == 0) return;
    produced_ += static_cast<std::size_t>(size);
    output_.AppendCopy({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  }
}

void H2Codec::OnWritten() {
  if (failed_count_ > 0) FailUnsent();
  if (full_count_ > 0) OfferRoom();
  output_.ReleaseIdle();
}

// A call may end streams, its own among them: the search begins anew after each.
void H2Codec::OfferRoom() {
  const auto has_room = [this](const H2Stream& stream) {
    return stream.state_.full && stream.body_.bytes() <= limits_.output_low && buffered_ < limits_.connection_output;
  };
  for (auto it = std::ranges::find_if(streams_, has_room); it != streams_.end();
       it = std::ranges::find_if(streams_, has_room)) {
    it->state_.full = false;
    --full_count_;
    if (it->state_.events != nullptr) it->state_.events->OnRoom();
  }
}

// Streams whose head could not be sent at all.
void H2Codec::FailUnsent() {
  const auto has_failed = [](const H2Stream& stream) { return stream.state_.failed; };
  for (auto it = std::ranges::find_if(streams_, has_failed); it != streams_.end();
       it = std::ranges::find_if(streams_, has_failed)) {
    H2Stream& stream = *it;
    StreamEvents* const events = stream.state_.events;
    const ResetReason reason = stream.state_.why_failed;
    FreeStream(stream);
    if (events != nullptr) events->OnReset(reason);
  }
}

ssize_t H2Codec::ReadBody(H2Stream& stream, std::size_t room, std::uint32_t& flags) {
  H2Stream::State& state = stream.state_;
  const std::size_t size = std::min(room, stream.body_.bytes());
  if (size == 0 && !state.sent_end) {
    state.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!state.sent_end || size < stream.body_.bytes()) return static_cast<ssize_t>(size);
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!stream.trailers_.empty()) {
    flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    H2FieldList list;
    list.FillTrailers(stream.trailers_);
    if (nghttp2_submit_trailer(session_, state.id, list.fields.data(), list.fields.size()) != 0) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    stream.trailers_.Clear();
  }
  return static_cast<ssize_t>(size);
}

// The body's own slices behind the header that nghttp2 made: nothing is copied but small pieces, which SliceQueue gathers.
int H2Codec::WriteData(H2Stream& stream, const std::uint8_t* header, std::size_t size) {
  // It waited for the socket, and meanwhile the stream was reset and its body dropped.
  if (stream.body_.bytes() < size) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (output_.bytes() >= kFillMax) return NGHTTP2_ERR_WOULDBLOCK;
  constexpr std::size_t kHeader = 9;
  output_.AppendCopy({reinterpret_cast<const char*>(header), kHeader});
  produced_ += kHeader + size;
  buffered_ -= size;
  stream.state_.delivered += size;
  guard_.OnDataSent();
  while (size > 0) {
    Slice piece = stream.body_.PopFront(size);
    size -= piece.size();
    output_.Append(std::move(piece));
  }
  return 0;
}

int H2Codec::OnFrameSent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) {
    ++stats_.protocol_errors;
    peer_broke_rules_ = true;
  }
  if (frame.hd.type == NGHTTP2_RST_STREAM) return OnResetSent(frame);
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return 0;
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  H2Stream* const stream = Find(frame.hd.stream_id);
  if (stream == nullptr) return 0;
  H2Stream::State& state = stream->state_;
  if (state.sent_end && !std::exchange(state.end_left, true)) --unfinished_;
  // The answer is whole and its request is not: the rest is not worth sending (RFC 9113 section 8.1).
  if (role_ == Role::kServer && !state.received_end && !state.tunnel) ResetStream(*stream, NGHTTP2_NO_ERROR);
  return 0;
}

// nghttp2 does not report everything for which it resets a stream: a body that disagrees with its length, or that
// exceeds its window. What it was made to do counts all the same (reliability.md A2).
int H2Codec::OnResetSent(const nghttp2_frame& frame) {
  const std::uint32_t code = frame.rst_stream.error_code;
  const bool theirs =
      code == NGHTTP2_PROTOCOL_ERROR || code == NGHTTP2_FLOW_CONTROL_ERROR || code == NGHTTP2_STREAM_CLOSED;
  H2Stream* const stream = Find(frame.hd.stream_id);
  if (role_ == Role::kClient || !theirs || stream == nullptr || stream->state_.blamed) return 0;
  return OnBadFrame(frame.hd.stream_id);
}

}  // namespace sluice::gateway
