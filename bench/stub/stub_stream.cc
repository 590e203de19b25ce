#include "bench/stub/stub_stream.h"

#include <algorithm>
#include <string_view>

#include "bench/stub/stub_session.h"

namespace sluice::bench {
namespace {

using gateway::Flow;
using gateway::Room;

// Blanks after a JSON value are still JSON.
constexpr std::size_t kPaddingBlock = 16 * 1024;
const std::string& PaddingBlock() {
  static const std::string block(kPaddingBlock, ' ');
  return block;
}

}  // namespace

StubStream::StubStream(StubSession& session, gateway::Stream& stream)
    : session_(session), stream_(stream), timer_(session.executor()) {}

void StubStream::OnHead(core::Head head, Flow flow) {
  const auto add = [this](auto... parts) { (head_.append(parts), ...); };
  add(head.method, " ", head.path, " HTTP/2\r\nhost: ", head.authority, "\r\n");
  bool expects = false;
  for (const core::HeaderMap::Field& field : head.headers.fields()) {
    add(field.name, ": ", field.value, "\r\n");
    expects |= field.name == "expect";
  }
  if (head.content_length) add("content-length: ", std::to_string(*head.content_length), "\r\n");
  head_ += "\r\n";
  if (flow == Flow::kEnd) return OnRequest();
  if (!expects) return;
  core::Head go_on(arena_);
  go_on.status = 100;
  stream_.SendHead(go_on, Flow::kMore);
}

void StubStream::OnBody(core::Slice bytes, Flow flow) {
  body_bytes_ += bytes.size();
  stream_.Consumed(bytes.size());
  if (flow == Flow::kEnd) OnRequest();
}

void StubStream::OnReset(core::ResetReason) { End(); }

void StubStream::OnRequest() {
  if (!request_.Adopt(head_, body_bytes_)) return Refuse(400);
  if (request_.target().starts_with("/__stub/")) return SendPage(session_.server().OwnPage(request_));
  reply_ = session_.server().Receive(request_);
  if (reply_.delay.count() == 0) return Answer();
  waiting_ = true;
  session_.Began();
  timer_.expires_after(reply_.delay);
  timer_.async_wait([this, &session = session_](boost::system::error_code) {
    session.Ended();
    waiting_ = false;
    if (!over_) Answer();
    session.Turn();
  });
}

void StubStream::Answer() {
  if (reply_.fails && reply_.failure == Failure::kStall) return;
  if (reply_.fails && reply_.failure == Failure::kClose) return session_.CloseSoon();
  if (reply_.fails && reply_.failure == Failure::kReset) {
    End();
    return stream_.Reset(core::ResetReason::kInternal);
  }
  AnswerParts parts = session_.server().answers().Compose(request_, reply_);
  if (reply_.fails && reply_.failure == Failure::kHalf) {
    SendHead(reply_.status, parts.length, false, Flow::kMore);
    stream_.SendBody(core::Slice::Copy(parts.body.substr(0, parts.body.size() / 2)), Flow::kMore);
    half_ = true;
    return;
  }
  const bool ends = parts.body.empty();
  SendHead(reply_.status, parts.length, reply_.chunked, ends ? Flow::kEnd : Flow::kMore);
  if (ends) return End();
  padding_left_ = parts.padding;
  const bool whole = padding_left_ == 0 && !reply_.chunked;
  const Room room = stream_.SendBody(core::Slice::Copy(parts.body), whole ? Flow::kEnd : Flow::kMore);
  if (whole) return End();
  if (room == Room::kOpen || padding_left_ == 0) Pour();
}

// The rest of the answer, as long as there is room.
void StubStream::Pour() {
  if (over_ || half_) return;
  while (padding_left_ > 0) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(padding_left_, kPaddingBlock));
    padding_left_ -= size;
    const Room room = stream_.SendBody(core::Slice::Borrow({PaddingBlock().data(), size}),
                                       padding_left_ == 0 ? Flow::kEnd : Flow::kMore);
    if (padding_left_ == 0) return End();
    if (room == Room::kFull) return;
  }
  core::HeaderMap trailers(arena_);
  trailers.AddBorrowed("x-stub-trailer", "done");
  stream_.SendTrailers(trailers);
  End();
}

void StubStream::SendPage(const Page& page) {
  SendHead(page.status, page.body.size(), false, Flow::kMore);
  stream_.SendBody(core::Slice::Copy(page.body), Flow::kEnd);
  End();
}

void StubStream::Refuse(std::uint16_t status) { SendPage({status, "{\"error\":\"malformed\"}\n"}); }

void StubStream::SendHead(std::uint16_t status, std::uint64_t length, bool chunked, Flow flow) {
  core::Head head(arena_);
  head.status = status;
  head.headers.AddBorrowed("content-type", "application/json");
  if (!session_.server().answers().version().empty()) {
    head.headers.AddCopy("x-model-version", session_.server().answers().version());
  }
  if (chunked) head.headers.AddBorrowed("trailer", "x-stub-trailer");
  if (!chunked && status != 204 && status != 304) head.content_length = length;
  stream_.SendHead(head, flow);
}

bool StubStream::ResetIfHalf() {
  if (!half_ || over_) return false;
  End();
  stream_.Reset(core::ResetReason::kInternal);
  return true;
}

void StubStream::End() {
  over_ = true;
  timer_.cancel();
}

}  // namespace sluice::bench
