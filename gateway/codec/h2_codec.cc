// The receiving half of H2Codec: what nghttp2 reports, turned into events, and the life of streams and connection.
// Sending is in h2_codec_send.cc.
#include "gateway/codec/h2_codec.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/check.h"
#include "core/http/trailer_policy.h"
#include "gateway/codec/h2_callbacks.h"

namespace sluice::gateway {
namespace {

using core::ResetReason;

// Stream objects that a connection without streams keeps: as many as it has just had at once, within these bounds, since
// who asks for many together does so again.
constexpr std::size_t kSpareMin = 4;
constexpr std::size_t kSpareMax = 32;
constexpr std::string_view kOlderBegin = "HTTP/1.";
constexpr std::array<std::uint8_t, 8> kDrainPing = {'d', 'r', 'a', 'i', 'n', 0, 0, 0};

constexpr ProtocolFault kTooLargeFault{413, "request_payload_too_large"};

}  // namespace

H2Codec::H2Codec(Role role, const CodecLimits& limits, CodecStats& stats, core::BlockPool& pool,
                 const core::Clock& clock, Acceptor* acceptor, WakeHook wake)
    : role_(role),
      limits_(limits),
      stats_(stats),
      pool_(pool),
      acceptor_(acceptor),
      wake_(wake),
      session_(H2Callbacks::New(role, *this)),
      guard_(role, limits, stats, clock),
      output_(&pool) {
  CHECK(session_ != nullptr);
  CHECK(role == Role::kClient || acceptor != nullptr);
  const std::array<nghttp2_settings_entry, 4> settings = {
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.receive_window},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
        role == Role::kServer ? limits.header_bytes_max : limits.response_header_bytes_max},
       role == Role::kServer
           ? nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, limits.upgrades ? 1U : 0U}
           : nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}};
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                              static_cast<std::int32_t>(limits.connection_window)) == 0);
}

H2Codec::~H2Codec() {
  while (!streams_.empty()) FreeStream(streams_.front());
  for (H2Stream* stream : spare_) delete stream;
  nghttp2_session_del(session_);
}

// ---- the connection ----

void H2Codec::Receive(core::Slice bytes) {
  if (life_ == Life::kClosing || IsOlderAnswer(bytes.view())) return;
  if (!guard_.Scan(bytes.view())) {
    return FailConnection(NGHTTP2_ENHANCE_YOUR_CALM, ResetReason::kProtocolError);
  }
  processing_ = true;
  current_ = &bytes;
  const ssize_t used =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  current_ = nullptr;
  processing_ = false;
  if (used >= 0 && !flooded_) return;
  if (used == NGHTTP2_ERR_FLOODED && !flooded_) ++stats_.control_flood;
  const bool calm = flooded_ || used == NGHTTP2_ERR_FLOODED;
  FailConnection(calm ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR, ResetReason::kProtocolError);
}

// A server that answers our preface in the older version (most of those written in Python do).
bool H2Codec::IsOlderAnswer(std::string_view bytes) {
  if (role_ == Role::kServer || peer_settings_ || speaks_older_) return speaks_older_;
  const std::string_view expected = kOlderBegin.substr(begin_matched_);
  const std::string_view begin = bytes.substr(0, expected.size());
  if (!expected.starts_with(begin)) return false;
  begin_matched_ = static_cast<std::uint8_t>(begin_matched_ + begin.size());
  if (begin_matched_ < kOlderBegin.size()) return false;
  speaks_older_ = true;
  life_ = Life::kClosing;
  output_.Clear();
  return true;
}

void H2Codec::Abort(ResetReason reason) {
  life_ = Life::kClosing;
  // We ended the connection, and for a reason: its end is not what went wrong.
  if (peer_broke_rules_ && role_ == Role::kClient) reason = ResetReason::kProtocolError;
  while (!streams_.empty()) {
    H2Stream& stream = streams_.front();
    StreamEvents* const events = stream.state_.events;
    FreeStream(stream);
    if (events != nullptr) events->OnReset(reason);
  }
}

void H2Codec::FailConnection(std::uint32_t code, ResetReason reason) {
  if (life_ == Life::kClosing) return;
  ++stats_.protocol_errors;
  const auto last =
      role_ == Role::kServer ? static_cast<std::uint32_t>(nghttp2_session_get_last_proc_stream_id(session_)) : 0U;
  std::array<char, 17> frame{0, 0, 8, NGHTTP2_GOAWAY};
  for (std::size_t i = 0; i < 4; ++i) {
    frame[9 + i] = static_cast<char>(last >> (24 - 8 * i));
    frame[13 + i] = static_cast<char>(code >> (24 - 8 * i));
  }
  output_.AppendCopy({frame.data(), frame.size()});
  Abort(reason);
  Wake();
}

bool H2Codec::WantsClose() const {
  if (!output_.empty()) return false;
  if (life_ == Life::kClosing) return true;
  // nghttp2 has met an error of the connection and said so, or everything is over after a GOAWAY.
  if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) return true;
  return life_ == Life::kDraining && streams_.empty() && nghttp2_session_want_write(session_) == 0;
}

bool H2Codec::Idle() const {
  return streams_.empty() && output_.empty() && !HeadPending() && nghttp2_session_want_write(session_) == 0;
}

bool H2Codec::HeadPending() const {
  if (life_ == Life::kClosing || role_ == Role::kClient) return false;
  return guard_.mid_block() || !peer_settings_ || !settings_acked_;
}

void H2Codec::FailPendingHead(const ProtocolFault&) {
  const bool opening = !peer_settings_ || !settings_acked_;
  FailConnection(opening ? NGHTTP2_SETTINGS_TIMEOUT : NGHTTP2_PROTOCOL_ERROR, ResetReason::kStreamIdle);
}

bool H2Codec::HasUnread() const { return unfinished_ > 0 || (streams_.empty() && !output_.empty()); }

void H2Codec::ExpireUnread() {
  if (!output_.empty() && produced_ == produced_mark_) {
    // Not even the socket takes anything: no frame would reach the peer either.
    output_.Clear();
    life_ = Life::kClosing;
    ++stats_.unread_reset;
    return Wake();
  }
  produced_mark_ = produced_;
  for (H2Stream& stream : streams_) {
    H2Stream::State& state = stream.state_;
    const std::uint64_t delivered = std::exchange(state.delivered, 0);
    if (!state.sent_end || state.end_left || state.resetting) continue;
    if (!std::exchange(state.awaited, true) || delivered >= kUnreadProgressMin) continue;
    ++stats_.unread_reset;
    DropBody(stream);
    ResetStream(stream, NGHTTP2_CANCEL);
  }
  Wake();
}

void H2Codec::AnnounceDrain() {
  if (life_ != Life::kOpen || drain_pinged_) return;
  drain_pinged_ = true;
  if (role_ == Role::kServer) nghttp2_submit_shutdown_notice(session_);
  // What the peer sends after the answer to this, it sends knowing that we are about to go.
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kDrainPing.data());
  Wake();
}

void H2Codec::BeginDrain() {
  if (life_ != Life::kOpen) return;
  life_ = Life::kDraining;
  const std::int32_t last = role_ == Role::kServer ? nghttp2_session_get_last_proc_stream_id(session_) : 0;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  Wake();
}

void H2Codec::Ping() {
  if (life_ == Life::kClosing || ping_pending_) return;
  ping_pending_ = nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr) == 0;
  Wake();
}

// ---- streams ----

H2Stream* H2Codec::Find(std::int32_t id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session_, id));
}

H2Stream& H2Codec::NewStream(StreamEvents* events) {
  H2Stream* stream = nullptr;
  if (spare_.empty()) {
    stream = new H2Stream(*this, pool_);
  } else {
    stream = spare_.back();
    spare_.pop_back();
  }
  stream->state_.events = events;
  streams_.push_back(*stream);
  peak_ = std::max(peak_, ++stream_count_);
  return *stream;
}

void H2Codec::FreeStream(H2Stream& stream) {
  H2Stream::State& state = stream.state_;
  if (state.id > 0) nghttp2_session_set_stream_user_data(session_, state.id, nullptr);
  if (state.unconsumed > 0) ReturnConnectionCredit(state.unconsumed);
  if (state.sent_end && !state.end_left) --unfinished_;
  if (state.full) --full_count_;
  if (state.failed) --failed_count_;
  DropBody(stream);
  stream.trailers_.Clear();
  stream.held_ = core::Slice();
  stream.waiting_head_.clear();
  stream.unlink();
  --stream_count_;
  state = {};
  std::size_t keep = limits_.streams_max;
  if (stream_count_ == 0) keep = std::clamp<std::size_t>(std::exchange(peak_, 0), kSpareMin, kSpareMax);
  while (spare_.size() > keep) {
    delete spare_.back();
    spare_.pop_back();
  }
  if (spare_.size() < keep) {
    spare_.push_back(&stream);
  } else {
    delete &stream;
  }
}

void H2Codec::LetGoWhenOver(H2Stream& stream) {
  if (stream.state_.received_end && stream.state_.sent_end) stream.state_.events = nullptr;
}

Stream* H2Codec::Open(StreamEvents& events) { return Capacity() == 0 ? nullptr : &NewStream(&events); }

std::uint32_t H2Codec::Capacity() const {
  if (role_ == Role::kServer || Retiring()) return 0;
  const std::uint32_t allowed =
      peer_settings_ ? nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
                     : limits_.streams_max;
  return allowed > stream_count_ ? allowed - stream_count_ : 0;
}

bool H2Codec::Retiring() const {
  return life_ != Life::kOpen || drain_pinged_ || nghttp2_session_check_request_allowed(session_) == 0;
}

int H2Codec::OnStreamClosed(std::int32_t id, std::uint32_t code) {
  H2Stream* const stream = Find(id);
  if (block_stream_ == id) {
    block_stream_ = 0;
    block_.Clear();
  }
  if (stream == nullptr) return 0;
  StreamEvents* const events = stream->state_.events;
  const ResetReason reason = ReasonOf(*stream, code);
  stream->state_.id = -1;  // nghttp2 forgets it by itself
  FreeStream(*stream);
  if (events != nullptr) events->OnReset(reason);
  return 0;
}

ResetReason H2Codec::ReasonOf(const H2Stream& stream, std::uint32_t code) const {
  if (code == NGHTTP2_REFUSED_STREAM) return ResetReason::kRefused;
  if (stream.state_.peer_reset) return ResetReason::kRemoteReset;
  // An answer that came before the end of its request: the rest of the request is not wanted, nothing is wrong.
  if (code == NGHTTP2_NO_ERROR) return ResetReason::kConnectionClosed;
  if (code == NGHTTP2_INTERNAL_ERROR) return ResetReason::kInternal;
  return ResetReason::kProtocolError;
}

// ---- what the peer sends ----

// What the block that begins now may hold.
void H2Codec::SetBlockLimits(const H2Stream* stream) {
  const bool trailers = stream != nullptr && stream->state_.head_received;
  const bool server = role_ == Role::kServer;
  const std::uint32_t head_bytes = server ? limits_.header_bytes_max : limits_.response_header_bytes_max;
  block_fields_max_ = trailers ? limits_.trailer_count_max : limits_.header_count_max;
  block_bytes_max_ = trailers ? limits_.trailer_bytes_max : head_bytes;
}

int H2Codec::OnBeginHeaders(const nghttp2_frame& frame) {
  block_.Clear();
  block_stream_ = frame.hd.stream_id;
  if (role_ == Role::kClient || frame.headers.cat != NGHTTP2_HCAT_REQUEST) {
    SetBlockLimits(Find(frame.hd.stream_id));
    return 0;
  }
  SetBlockLimits(nullptr);
  H2Stream& stream = NewStream(nullptr);
  stream.state_.id = frame.hd.stream_id;
  nghttp2_session_set_stream_user_data(session_, frame.hd.stream_id, &stream);
  return 0;
}

// The field that crosses a limit resets its stream; nothing of the block is kept (reliability.md A5).
int H2Codec::OnHeader(std::int32_t id, std::string_view name, std::string_view value) {
  if (id != block_stream_) return 0;
  if (!block_.Add(name, value)) return NGHTTP2_ERR_CALLBACK_FAILURE;
  if (block_.fields() <= block_fields_max_ && block_.decoded_bytes() <= block_bytes_max_) return 0;
  ++stats_.headers_too_large;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_ENHANCE_YOUR_CALM);
  return OnBadFrame(id) == 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int H2Codec::OnBadFrame(std::int32_t id) {
  ++stats_.protocol_errors;
  if (H2Stream* const stream = Find(id)) stream->state_.blamed = true;
  if (role_ == Role::kClient) return 0;  // each is an outcome of a request of ours
  if (guard_.OnGlitch()) return 0;
  flooded_ = true;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int H2Codec::OnFrame(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS: OnHeadersFrame(frame); break;
    case NGHTTP2_DATA: {
      H2Stream* const stream = Find(frame.hd.stream_id);
      if (stream != nullptr && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) OnDataEnd(*stream);
      break;
    }
    case NGHTTP2_RST_STREAM: {
      H2Stream* const stream = Find(frame.hd.stream_id);
      if (stream != nullptr) stream->state_.peer_reset = true;
      break;
    }
    case NGHTTP2_SETTINGS: OnSettings((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0); break;
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) break;
      ping_pending_ = false;
      if (drain_pinged_) BeginDrain();
      break;
    case NGHTTP2_GOAWAY:
      if (role_ == Role::kClient && life_ == Life::kOpen) life_ = Life::kDraining;
      break;
    default: break;
  }
  return 0;
}

void H2Codec::OnSettings(bool ack) {
  if (ack) {
    settings_acked_ = true;
  } else {
    peer_settings_ = true;
    if (role_ == Role::kClient) SubmitWaiting();
  }
}

void H2Codec::OnHeadersFrame(const nghttp2_frame& frame) {
  H2Stream* const stream = Find(frame.hd.stream_id);
  if (stream == nullptr || block_stream_ != frame.hd.stream_id) return;
  block_stream_ = 0;
  const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (stream->state_.head_received) {
    OnTrailers(*stream);
  } else if (role_ == Role::kServer) {
    OnRequest(*stream, ends);
  } else {
    OnResponse(*stream, ends);
  }
  block_.Clear();
}

void H2Codec::OnRequest(H2Stream& stream, bool ends) {
  H2Stream::State& state = stream.state_;
  state.head_received = true;
  state.received_end = ends;
  // It may have asked for so many before it heard of the end that is coming; more means that it does not want to hear.
  if (drain_pinged_ && ++asked_after_announce_ >= limits_.streams_max) BeginDrain();
  StreamEvents& events = acceptor_->Accept(stream);
  state.events = &events;
  core::Head head(events.HeadArena());
  auto good = ReadRequestBlock(block_, limits_, head);
  if (good && head.content_length.value_or(0) > limits_.body_max) good = std::unexpected(kTooLargeFault);
  if (!good) {
    ++stats_.protocol_errors;
    state.events = nullptr;
    return acceptor_->OnFault(events, good.error());
  }
  state.head_request = head.method == "HEAD";
  state.upgrade = head.upgrade;
  events.OnHead(std::move(head), ends ? Flow::kEnd : Flow::kMore);
}

void H2Codec::OnResponse(H2Stream& stream, bool ends) {
  H2Stream::State& state = stream.state_;
  StreamEvents* const events = state.events;
  if (events == nullptr) return;
  core::Head head(events->HeadArena());
  const bool good = ReadResponseBlock(block_, head);
  const bool interim = head.is_informational();
  if (!good || (interim && (ends || ++state.interims > limits_.interim_responses_max))) {
    ++(interim && !ends ? stats_.interim_overflow : stats_.protocol_errors);
    return ResetStream(stream, NGHTTP2_PROTOCOL_ERROR);
  }
  if (interim) return events->OnHead(std::move(head), Flow::kMore);
  state.head_received = true;
  state.received_end = ends;
  if (!state.upgrade.empty() && AgreesToUpgrade(head)) {
    state.tunnel = true;
    head.status = 101;
    head.upgrade = state.upgrade;
    head.content_length.reset();
  }
  LetGoWhenOver(stream);
  events->OnHead(std::move(head), ends ? Flow::kEnd : Flow::kMore);
}

void H2Codec::OnTrailers(H2Stream& stream) {
  StreamEvents* const events = stream.state_.events;
  EndReceive(stream);
  if (events == nullptr) return;
  core::HeaderMap trailers(events->HeadArena());
  ReadTrailerBlock(block_, trailers);
  stats_.trailers_dropped += core::DropForbiddenTrailers(trailers);
  if (trailers.empty()) return events->OnBody(core::Slice(), Flow::kEnd);
  events->OnTrailers(std::move(trailers));
}

// The last bytes of a frame that ends its stream wait for OnFrame: only then has nghttp2 compared their number with
// Content-Length.
int H2Codec::OnData(std::int32_t id, bool ends, std::string_view bytes) {
  H2Stream* const stream = Find(id);
  if (stream == nullptr) {
    nghttp2_session_consume(session_, id, bytes.size());
    return 0;
  }
  H2Stream::State& state = stream->state_;
  state.received += bytes.size();
  if (state.received > limits_.body_max) {
    ++stats_.body_too_large;
    nghttp2_session_consume(session_, id, bytes.size());
    ResetStream(*stream, NGHTTP2_CANCEL);
    return 0;
  }
  if (state.events == nullptr) {  // nobody reads it: the sender may go on until it is told to stop
    nghttp2_session_consume(session_, id, bytes.size());
    return 0;
  }
  state.unconsumed += bytes.size();
  if (role_ == Role::kClient) nghttp2_session_consume_connection(session_, bytes.size());
  CHECK(bytes.data() >= current_->data() && bytes.data() + bytes.size() <= current_->data() + current_->size());
  core::Slice piece = current_->Sub(static_cast<std::size_t>(bytes.data() - current_->data()), bytes.size());
  if (!stream->held_.empty()) state.events->OnBody(std::exchange(stream->held_, core::Slice()), Flow::kMore);
  if (ends) {
    stream->held_ = std::move(piece);
  } else if (state.events != nullptr) {
    state.events->OnBody(std::move(piece), Flow::kMore);
  }
  return 0;
}

void H2Codec::OnDataEnd(H2Stream& stream) {
  core::Slice last = std::exchange(stream.held_, core::Slice());
  StreamEvents* const events = stream.state_.events;
  EndReceive(stream);
  if (events != nullptr) events->OnBody(std::move(last), Flow::kEnd);
}

void H2Codec::EndReceive(H2Stream& stream) {
  H2Stream::State& state = stream.state_;
  state.received_end = true;
  // No more can come of this one: what is buffered of it need not hold the others back.
  if (state.unconsumed > 0) ReturnConnectionCredit(std::exchange(state.unconsumed, 0));
  LetGoWhenOver(stream);
}

// A client's streams share their fate, so its connection has one window. Those to a model belong to different clients:
// there each stream has its own, and what comes pays for itself, or 16 who stand still would stop all others.
void H2Codec::ReturnConnectionCredit(std::uint64_t bytes) {
  if (role_ == Role::kServer) nghttp2_session_consume_connection(session_, bytes);
}

void H2Codec::Wake() const {
  if (!processing_) wake_();
}

}  // namespace sluice::gateway
