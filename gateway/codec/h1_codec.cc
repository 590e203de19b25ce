// The receiving half of H1Codec: bytes to events, and the life of the connection. Sending is in h1_codec_send.cc.
#include "gateway/codec/h1_codec.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/http/trailer_policy.h"
#include "gateway/codec/field_lexer.h"

namespace sluice::gateway {
namespace {

using core::BodyKind;
using core::ResetReason;
using core::Slice;

// RFC 9112 section 2.2: a server should skip an empty line that an old client sent after a body.
constexpr std::uint8_t kBlankLinesMax = 2;

constexpr ProtocolFault kTooLargeFault{413, "request_payload_too_large"};

// What every answer begins with; anything else need not be waited for.
constexpr std::string_view kStatusLineBegin = "HTTP/1.";

}  // namespace

// "An idle connection costs next to nothing" (reliability.md G8): the codec's share of it.
static_assert(sizeof(H1Codec) <= 1024);

H1Codec::H1Codec(Role role, const CodecLimits& limits, CodecStats& stats, core::BlockPool& pool, Acceptor* acceptor,
                 WakeHook wake)
    : role_(role), limits_(limits), stats_(stats), acceptor_(acceptor), wake_(wake), input_(pool), output_(&pool) {
  CHECK(role == Role::kClient || acceptor != nullptr);
}

void H1Codec::Wake() const {
  if (!processing_) wake_();
}

// ---- the connection's calls ----

void H1Codec::Receive(Slice bytes) {
  if (life_ == Life::kClosing || bytes.empty()) return;
  Process(input_.Join(std::move(bytes)));
}

void H1Codec::ReceiveEnd() {
  if (peer_ended_) return;
  peer_ended_ = true;
  if (life_ == Life::kClosing) return;
  if (!stream_open_) {
    // Complete requests may still wait for the answer before them to be written.
    const bool waiting = role_ == Role::kServer && !input_.empty() && !output_.empty();
    if (!waiting) life_ = Life::kClosing;
    return;
  }
  if (role_ == Role::kServer && receiving_ == Receiving::kEnded) {
    // Half closed after a whole request: the answer is still owed (reliability.md F23).
    if (input_.empty()) life_ = Life::kLastMessage;
    return;
  }
  if (receiving_ == Receiving::kUntilClose || receiving_ == Receiving::kTunnel) {
    life_ = Life::kLastMessage;
    EndReceive(false).OnBody(Slice(), Flow::kEnd);
    return;
  }
  // Nothing of an answer: the peer may never have seen the request. A piece of a head: it surely has.
  const bool torn_head = receiving_ == Receiving::kHead && !input_.empty();
  FailStream(torn_head ? ResetReason::kProtocolError : ResetReason::kConnectionClosed);
}

void H1Codec::Abort(ResetReason reason) {
  const bool torn_head = role_ == Role::kClient && receiving_ == Receiving::kHead && !input_.empty();
  // As above: who tries again on another connection must know that this request was answered, if only in part.
  if (torn_head && (reason == ResetReason::kConnectionReset || reason == ResetReason::kConnectionClosed)) {
    reason = ResetReason::kRemoteReset;
  }
  FailStream(reason);
}

void H1Codec::OnWritten() {
  if (processing_) return;
  if (sending_ != Sending::kHead) unwritten_ = false;
  if (full_ && output_.bytes() <= limits_.output_low) {
    full_ = false;
    const bool wants = stream_open_ && events_ != nullptr && sending_ != Sending::kEnded;
    if (wants) events_->OnRoom();
  }
  // What came behind a request for an upgrade, now that it is agreed to.
  if (receiving_ == Receiving::kTunnel && !input_.empty()) Process(input_.Join(Slice()));
  if (!output_.empty()) return;
  const bool waiting = role_ == Role::kServer && !stream_open_ && life_ != Life::kClosing;
  if (waiting && !input_.empty()) Process(input_.Join(Slice()));
  if (waiting && !stream_open_ && peer_ended_ && output_.empty()) life_ = Life::kClosing;
  output_.ReleaseIdle();
  if (!output_.empty() || life_ == Life::kClosing) Wake();
}

bool H1Codec::WantsRead() const {
  if (life_ == Life::kClosing || peer_ended_) return false;
  switch (receiving_) {
    case Receiving::kHead: return role_ == Role::kClient || input_.empty() || output_.empty();
    case Receiving::kUpgrade:
    case Receiving::kEnded: return input_.empty();  // to notice a peer that goes away, but no second request
    case Receiving::kTrailers: return true;
    default: return !Held();
  }
}

bool H1Codec::AwaitsReader() const {
  const bool answered = !stream_open_ || sending_ == Sending::kEnded;  // the latter: before the end of its request
  return role_ == Role::kServer && answered && !output_.empty();
}

bool H1Codec::HeadPending() const {
  return role_ == Role::kServer && !stream_open_ && life_ != Life::kClosing && !input_.empty() && output_.empty();
}

void H1Codec::FailPendingHead(const ProtocolFault& fault) {
  if (!HeadPending()) return;
  input_.Clear();
  AcceptFault(fault);
  Wake();
}

Stream* H1Codec::Open(StreamEvents& events) {
  if (Capacity() == 0) return nullptr;
  StartStream(events);
  return this;
}

std::uint32_t H1Codec::Capacity() const {
  const bool ready = role_ == Role::kClient && life_ == Life::kOpen && !stream_open_ && !peer_ended_;
  return ready ? 1 : 0;
}

void H1Codec::AnnounceDrain() {
  if (life_ == Life::kOpen) life_ = Life::kLastMessage;
}

void H1Codec::BeginDrain() {
  if (life_ == Life::kClosing) return;
  const bool busy = stream_open_ || !input_.empty();
  life_ = busy ? Life::kLastMessage : Life::kClosing;
  if (!busy) Wake();
}

// ---- beginnings and ends ----

void H1Codec::StartStream(StreamEvents& events) {
  stream_open_ = true;
  events_ = &events;
  sending_ = Sending::kHead;
  unconsumed_ = 0;
  unwritten_ = true;
  interims_ = 0;
  full_ = false;
  continue_sent_ = false;
  head_request_ = false;
  announced_ = upgrade_ = websocket_key_ = {};
}

StreamEvents& H1Codec::EndReceive(bool extra) {
  StreamEvents& events = *events_;
  const bool tunnel = receiving_ == Receiving::kTunnel;
  receiving_ = Receiving::kEnded;
  if (role_ == Role::kClient && !tunnel) {
    // Bytes behind an answer belong to nobody: the next reader must never take them for its own (F16).
    if (extra) CountDesync();
    // An answer to a request that has not left entirely: the rest of it would be read as the next request.
    const bool unsent = sending_ != Sending::kEnded || !output_.empty();
    if (extra || unsent) {
      life_ = Life::kClosing;
      output_.Clear();
      if (sending_ != Sending::kEnded) sending_ = Sending::kNothing;
    }
  }
  FinishIfOver();
  return events;
}

void H1Codec::FinishIfOver() {
  if (!stream_open_ || receiving_ != Receiving::kEnded || sending_ != Sending::kEnded) return;
  stream_open_ = false;
  events_ = nullptr;
  if (life_ == Life::kLastMessage) life_ = Life::kClosing;
  receiving_ = Receiving::kHead;
  sending_ = Sending::kHead;
  scanner_.Reset();
  blank_lines_ = 0;
}

void H1Codec::FailStream(ResetReason reason) {
  StreamEvents* const events = std::exchange(events_, nullptr);
  stream_open_ = false;
  life_ = Life::kClosing;
  output_.Clear();
  if (!processing_) input_.Clear();
  if (events != nullptr) events->OnReset(reason);
}

void H1Codec::CountDesync() {
  ++stats_.desync;
  desynced_ = true;
}

void H1Codec::CountFault(const ProtocolFault& fault) {
  if (fault.status == 414 || fault.status == 431) {
    ++stats_.headers_too_large;
  } else if (fault.status == 413) {
    ++stats_.body_too_large;
  } else if (fault.status != 408) {
    ++stats_.protocol_errors;
  }
}

void H1Codec::AcceptFault(const ProtocolFault& fault) {
  StartStream(acceptor_->Accept(*this));
  FailReceive(fault);
}

bool H1Codec::FailReceive(const ProtocolFault& fault) {
  CountFault(fault);
  if (role_ == Role::kClient) {
    FailStream(ResetReason::kProtocolError);
    return false;
  }
  StreamEvents& events = *std::exchange(events_, nullptr);
  receiving_ = Receiving::kEnded;
  life_ = Life::kLastMessage;
  acceptor_->OnFault(events, fault);
  // Answered already (it was sending when the body went wrong): the end of that answer closes the connection.
  FinishIfOver();
  return false;
}

// ---- bytes to events ----

void H1Codec::Process(Slice rest) {
  processing_ = true;
  while (life_ != Life::kClosing && Step(rest)) {
  }
  processing_ = false;
  behind_ = 0;
  if (life_ == Life::kClosing) {
    input_.Clear();
  } else {
    input_.Keep(rest);
  }
}

bool H1Codec::Step(Slice& rest) {
  switch (receiving_) {
    case Receiving::kHead: return role_ == Role::kServer ? ReceiveRequestHead(rest) : ReceiveResponseHead(rest);
    case Receiving::kLength: return ReceiveLength(rest);
    case Receiving::kChunked: return ReceiveChunked(rest);
    case Receiving::kTrailers: return ReceiveTrailers(rest);
    case Receiving::kUntilClose: return ReceiveUntilClose(rest);
    case Receiving::kTunnel: return ReceiveTunnel(rest);
    case Receiving::kUpgrade:
    case Receiving::kEnded: return false;
  }
  return false;
}

// The one copy of a head's bytes: they must outlive the read buffer, and names are folded in place.
char* H1Codec::CopyBlock(Slice& rest, core::Arena& arena) {
  const std::size_t size = scanner_.size();
  char* const block = arena.AllocateArray<char>(size);
  std::memcpy(block, rest.data(), size);
  rest.RemovePrefix(size);
  return block;
}

bool H1Codec::ReceiveRequestHead(Slice& rest) {
  // One answer at a time: the one before must be on its way before the next request is looked at (B16).
  if (!output_.empty()) return false;
  while (blank_lines_ < kBlankLinesMax && rest.view().starts_with("\r\n")) {
    rest.RemovePrefix(2);
    ++blank_lines_;
  }
  if (rest.empty()) return false;
  const HeadScanner::Limits limits{limits_.request_line_max, limits_.header_bytes_max, limits_.header_count_max};
  const HeadScanner::Result scanned = scanner_.Scan(rest.view(), limits);
  if (scanned == HeadScanner::Result::kNeedMore) return false;
  if (scanned == HeadScanner::Result::kFault) {
    AcceptFault(scanner_.fault());
    return false;
  }
  StreamEvents& events = acceptor_->Accept(*this);
  StartStream(events);
  core::Arena& arena = events.HeadArena();
  const std::size_t size = scanner_.size();
  char* const block = CopyBlock(rest, arena);
  behind_ = rest.size();
  core::Head head(arena);
  const auto facts = ParseRequestHead(block, size, limits_, head);
  if (!facts) return FailReceive(facts.error());
  return StartRequest(*facts, std::move(head));
}

bool H1Codec::StartRequest(const H1Facts& facts, core::Head head) {
  head_request_ = facts.to_head_request;
  peer_11_ = facts.version_11;
  if (!facts.keep_alive) life_ = Life::kLastMessage;
  announced_ = head.headers.Joined("trailer", core::HeaderName::kTrailer, head.headers.arena()).value_or("");
  if (!StartBody(facts.body)) return FailReceive(kTooLargeFault);
  if (!head.upgrade.empty()) {
    RememberUpgrade(head);
    receiving_ = Receiving::kUpgrade;
    events_->OnHead(std::move(head), Flow::kMore);
  } else if (receiving_ == Receiving::kEnded) {
    StreamEvents& events = EndReceive(false);
    events.OnHead(std::move(head), Flow::kEnd);
  } else {
    events_->OnHead(std::move(head), Flow::kMore);
  }
  return true;
}

bool H1Codec::ReceiveResponseHead(Slice& rest) {
  if (rest.empty()) return false;
  if (!stream_open_ || unwritten_) {
    // Nobody asked (F16, F18): the stream was opened, perhaps even filled, after these bytes had been sent. Nothing of
    // the request has left, so whoever holds the stream may try elsewhere.
    CountDesync();
    FailStream(ResetReason::kConnectionClosed);
    return false;
  }
  const std::string_view begin = rest.view().substr(0, kStatusLineBegin.size());
  if (!kStatusLineBegin.starts_with(begin)) return FailReceive({});
  const HeadScanner::Limits limits{limits_.request_line_max, limits_.response_header_bytes_max,
                                   limits_.header_count_max};
  const HeadScanner::Result scanned = scanner_.Scan(rest.view(), limits);
  if (scanned == HeadScanner::Result::kNeedMore) return false;
  if (scanned == HeadScanner::Result::kFault) return FailReceive(scanner_.fault());

  core::Arena& arena = events_->HeadArena();
  const std::size_t size = scanner_.size();
  char* const block = CopyBlock(rest, arena);
  core::Head head(arena);
  const auto facts = ParseResponseHead(block, size, limits_, head_request_, head);
  if (!facts) return FailReceive(facts.error());
  if (head.status == 101) return StartTunnel(std::move(head));
  if (!head.is_informational()) return StartResponse(*facts, std::move(head), !rest.empty());

  if (++interims_ > limits_.interim_responses_max) {
    ++stats_.interim_overflow;
    FailStream(ResetReason::kProtocolError);
    return false;
  }
  scanner_.Reset();
  events_->OnHead(std::move(head), Flow::kMore);
  return true;
}

bool H1Codec::StartResponse(const H1Facts& facts, core::Head head, bool extra) {
  if (!facts.keep_alive && life_ == Life::kOpen) life_ = Life::kLastMessage;
  announced_ = head.headers.Joined("trailer", core::HeaderName::kTrailer, head.headers.arena()).value_or("");
  if (!StartBody(facts.body)) return FailReceive(kTooLargeFault);
  if (receiving_ == Receiving::kEnded) {
    EndReceive(extra).OnHead(std::move(head), Flow::kEnd);
  } else {
    events_->OnHead(std::move(head), Flow::kMore);
  }
  return true;
}

bool H1Codec::StartBody(const core::BodyRule& rule) {
  scanner_.Reset();
  receive_left_ = rule.length;
  switch (rule.kind) {
    case BodyKind::kNone: receiving_ = Receiving::kEnded; break;
    case BodyKind::kLength: receiving_ = Receiving::kLength; return rule.length <= limits_.body_max;
    case BodyKind::kChunked:
      receiving_ = Receiving::kChunked;
      chunks_ = core::ChunkedDecoder({.line_max = limits_.chunk_line_max,
                                      .body_max = limits_.body_max,
                                      .chunk_free = role_ == Role::kClient ? limits_.response_chunk_free : 0});
      break;
    case BodyKind::kUntilClose:
      receiving_ = Receiving::kUntilClose;
      receive_left_ = limits_.body_max;
      break;
  }
  return true;
}

// A request may come in ahead of its reader, to be kept for another try. Of an answer that its reader does not take
// nothing more is read: the kernel holds the rest, and a hundred readers that stand still cost a hundred pieces.
bool H1Codec::Held() const { return unconsumed_ >= (role_ == Role::kClient ? 1 : limits_.receive_window); }

void H1Codec::DeliverBody(Slice bytes, Flow flow) {
  unconsumed_ += bytes.size();
  if (flow == Flow::kEnd) {
    StreamEvents& events = EndReceive(behind_ > 0);
    events.OnBody(std::move(bytes), Flow::kEnd);
  } else if (!bytes.empty()) {
    events_->OnBody(std::move(bytes), Flow::kMore);
  }
}

bool H1Codec::ReceiveLength(Slice& rest) {
  if (rest.empty()) return false;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(receive_left_, rest.size()));
  Slice piece = rest.Sub(0, count);
  rest.RemovePrefix(count);
  receive_left_ -= count;
  behind_ = rest.size();
  DeliverBody(std::move(piece), receive_left_ == 0 ? Flow::kEnd : Flow::kMore);
  return true;
}

bool H1Codec::ReceiveChunked(Slice& rest) {
  using Event = core::ChunkedDecoder::Event;
  Slice held;  // a piece whose successor decides whether it is the last
  while (life_ != Life::kClosing) {
    std::string_view unread = rest.view();
    std::string_view data;
    const Event event = chunks_.Next(unread, data);
    Slice piece = data.empty() ? Slice() : rest.Sub(static_cast<std::size_t>(data.data() - rest.data()), data.size());
    rest.RemovePrefix(rest.size() - unread.size());
    behind_ = rest.size();
    if (event == Event::kMalformed) return FailReceive({400, "http1.invalid_chunk"});
    if (event == Event::kTooLarge) return FailReceive(kTooLargeFault);
    const bool plain_end = event == Event::kTrailers && rest.view().starts_with("\r\n");
    if (plain_end) {
      rest.RemovePrefix(2);
      behind_ = rest.size();
      DeliverBody(std::move(held), Flow::kEnd);
      return true;
    }
    if (event == Event::kTrailers) receiving_ = Receiving::kTrailers;
    DeliverBody(std::move(held), Flow::kMore);
    if (event != Event::kData) return event == Event::kTrailers;
    held = std::move(piece);
  }
  return false;
}

bool H1Codec::ReceiveTrailers(Slice& rest) {
  if (rest.empty()) return false;
  const HeadScanner::Limits limits{0, limits_.trailer_bytes_max, limits_.trailer_count_max};
  const HeadScanner::Result scanned = scanner_.Scan(rest.view(), limits);
  if (scanned == HeadScanner::Result::kNeedMore) return false;
  if (scanned == HeadScanner::Result::kFault) return FailReceive(scanner_.fault());

  core::Arena& arena = events_->HeadArena();
  const std::size_t size = scanner_.size();
  char* const block = CopyBlock(rest, arena);
  behind_ = rest.size();
  core::HeaderMap trailers(arena);
  if (const auto good = LexFields(block, size, limits_.header_name_max, trailers); !good) {
    return FailReceive(good.error());
  }
  stats_.trailers_dropped += core::FilterTrailers(trailers, announced_);
  StreamEvents& events = EndReceive(behind_ > 0);
  if (trailers.empty()) {
    events.OnBody(Slice(), Flow::kEnd);
  } else {
    events.OnTrailers(std::move(trailers));
  }
  return true;
}

bool H1Codec::ReceiveUntilClose(Slice& rest) {
  if (rest.empty()) return false;
  if (rest.size() > receive_left_) return FailReceive(kTooLargeFault);
  receive_left_ -= rest.size();
  Slice piece = std::exchange(rest, Slice());
  DeliverBody(std::move(piece), Flow::kMore);
  return true;
}

}  // namespace sluice::gateway
