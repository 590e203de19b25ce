#include "tests/support/wire_peer.h"

#include "core/http/upgrade.h"

namespace sluice::test {

using gateway::Flow;
using gateway::Role;

namespace {

void AddFields(core::Head& head, const Fields& fields) {
  for (const auto& [name, value] : fields) head.headers.AddCopy(name, value);
}

}  // namespace

WireConnection::WireConnection(LoopbackPeer socket, Role role, core::Wire wire, gateway::Acceptor* acceptor,
                               const gateway::CodecLimits& limits)
    : limits_(limits),
      socket_(std::move(socket)),
      codec_(gateway::MakeCodec(role, wire, {limits_, stats_, pool_, clock_}, acceptor, {})) {}

void WireConnection::Turn() {
  if (over_) return;
  if (codec_->WantsRead()) socket_.Read(64 * 1024);
  if (!socket_.received().empty()) {
    codec_->Receive(core::Slice::Copy(socket_.received()));
    socket_.Forget();
  }
  codec_->Fill();
  core::SliceQueue& output = codec_->Output();
  while (!output.empty()) {
    const std::size_t written = socket_.Write(output.piece(0));
    if (written == 0) break;
    output.Consume(written);
    if (output.empty()) codec_->Fill();
  }
  codec_->OnWritten();
  const bool half = socket_.ended() && !socket_.was_reset() && (ended_ || codec_->EndsByHalves());
  if (half && !ended_) codec_->ReceiveEnd();
  ended_ = half;
  if (!send_ended_ && output.empty() && codec_->WantsSendEnd()) {
    send_ended_ = true;
    socket_.EndSend();
  }
  if (socket_.ended() && !half) {
    codec_->ReceiveEnd();
    codec_->Abort(socket_.was_reset() ? core::ResetReason::kConnectionReset : core::ResetReason::kConnectionClosed);
    over_ = true;
  } else if (output.empty() && codec_->WantsClose()) {
    codec_->Abort(core::ResetReason::kConnectionClosed);
    socket_.Close();
    over_ = true;
  }
}

void WireConnection::Reset() {
  socket_.Reset();
  codec_->Abort(core::ResetReason::kConnectionReset);
  over_ = true;
}

WireClient::WireClient(LoopbackPeer socket, core::Wire wire)
    : connection_(std::move(socket), Role::kClient, wire, nullptr) {}

core::Head WireClient::NewHead(std::string_view method, std::string_view path) {
  core::Head head(arena_);
  head.method = arena_.Copy(method);
  head.scheme = "http";
  head.authority = "model";
  head.path = arena_.Copy(path);
  return head;
}

WireRequest& WireClient::Open() {
  WireRequest& request = requests_.emplace_back();
  request.stream = connection_.codec().Open(request.answer);
  request.answer.credit = request.stream;
  return request;
}

WireRequest& WireClient::Upgrade(std::string_view protocol, std::string_view path) {
  WireRequest& request = Open();
  core::Head head = NewHead("GET", path);
  head.upgrade = arena_.Copy(protocol);
  if (protocol == core::kWebsocket) head.headers.AddCopy("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
  request.stream->SendHead(head, Flow::kMore);
  return request;
}

WireRequest& WireClient::Send(std::string_view method, std::string_view path, const Fields& fields,
                              std::string_view body, Flow flow) {
  WireRequest& request = Open();
  if (request.stream == nullptr) return request;
  core::Head head = NewHead(method, path);
  AddFields(head, fields);
  const bool bodiless = body.empty() && flow == Flow::kEnd;
  if (!bodiless && flow == Flow::kEnd) head.content_length = body.size();
  request.stream->SendHead(head, bodiless ? Flow::kEnd : Flow::kMore);
  if (!body.empty()) request.stream->SendBody(core::Slice::Copy(body), flow);
  return request;
}

void WireModel::Turn() {
  for (LoopbackPeer peer = listener_.Accept(); peer.open(); peer = listener_.Accept()) {
    connections_.emplace_back(std::move(peer), Role::kServer, wire_, this, limits_);
  }
  for (WireConnection& connection : connections_) {
    turning_ = &connection;
    connection.Turn();
  }
}

gateway::StreamEvents& WireModel::Accept(gateway::Stream& stream) {
  Request& request = requests_.emplace_back();
  request.stream = &stream;
  request.connection = turning_;
  request.events.credit = &stream;
  return request.events;
}

void WireModel::OnFault(gateway::StreamEvents& events, const gateway::ProtocolFault& fault) {
  // A head that is no request was accepted just now; one that goes wrong later stays in the list.
  const bool unread = &requests_.back().events == &events && requests_.back().events.heads.empty();
  for (Request& request : requests_) {
    if (&request.events == &events) Answer(request, fault.status, "");
  }
  if (unread) requests_.pop_back();
}

void WireModel::Agree(Request& request) {
  core::Head head(arena_);
  head.status = 101;
  head.upgrade = arena_.Copy(request.events.head().upgrade);
  request.stream->SendHead(head, Flow::kMore);
}

void WireModel::Begin(Request& request, std::uint16_t status, const Fields& fields) {
  core::Head head(arena_);
  head.status = status;
  AddFields(head, fields);
  request.stream->SendHead(head, Flow::kMore);
}

void WireModel::Answer(Request& request, std::uint16_t status, std::string_view body, const Fields& fields) {
  core::Head head(arena_);
  head.status = status;
  head.content_length = body.size();
  AddFields(head, fields);
  request.stream->SendHead(head, body.empty() ? Flow::kEnd : Flow::kMore);
  if (!body.empty()) request.stream->SendBody(core::Slice::Copy(body), Flow::kEnd);
}

}  // namespace sluice::test
