#include "gateway/net/connection.h"

#include <algorithm>
#include <array>

#include "core/base/check.h"

namespace sluice::gateway {
namespace {

constexpr std::size_t kGatherPieces = 16;
constexpr std::size_t kScatterBlocks = 4;  // 64 KiB in one readv once a body flows

}  // namespace

Connection::Connection(Worker& worker, Socket socket, Role role, ConnectionHooks hooks)
    : worker_(worker),
      socket_(std::move(socket)),
      role_(role),
      hooks_(hooks),
      turn_hook_([](void* self) { static_cast<Connection*>(self)->OnTurn(); }, this),
      watch_([](void* self, Readiness ready) { static_cast<Connection*>(self)->OnReady(ready); }, this),
      linger_([](void* self) { static_cast<Connection*>(self)->CloseSocket(); }, this) {}

Connection::~Connection() { CHECK(state_ == State::kClosed || codec_ == nullptr); }

void Connection::Start(std::unique_ptr<Codec> codec) {
  codec_ = std::move(codec);
  shared_ = codec_->Shared();
  if (!worker_.poller().Add(socket_.descriptor(), watch_)) Abort(core::ResetReason::kInternal);
}

void Connection::Secure(std::unique_ptr<tls::Filter> filter, std::string_view received) {
  filter_ = std::move(filter);
  if (!received.empty()) Decrypt(received);
  Wake();
}

void Connection::OnReady(Readiness ready) {
  if (state_ == State::kClosed) return;
  readable_ = readable_ || ready.readable;
  ended_ = ended_ || ready.ended;
  if (ready.writable) blocked_ = false;
  if (ready.readable) ReadSome();
  // A direction that has ended can still show that the other one is lost.
  if (ready.ended && peer_ended_ && state_ == State::kOpen && socket_.Failed()) HandleReadEnd(IoState::kFailed);
  if (ready.readable || unsent()) Wake();
}

void Connection::ReadSome() {
  std::size_t taken = 0;
  while (state_ != State::kClosed && readable_ && taken < kReadBurst &&
         (state_ == State::kLingering || codec_->WantsRead())) {
    if (!ReadOnce(taken)) break;
  }
}

// Whether the next read may go on in this turn. An end that follows the last bytes is read in the next one (OnTurn asks
// for it), so that those bytes reach the other side before it hears of the end.
bool Connection::ReadOnce(std::size_t& taken) {
  std::array<core::Block*, kScatterBlocks> blocks{};
  std::array<iovec, kScatterBlocks> room;
  const std::size_t count = bulk_ ? kScatterBlocks : 1;
  for (std::size_t i = 0; i < count; ++i) {
    blocks[i] = worker_.blocks().Take();
    room[i] = {.iov_base = blocks[i]->bytes(), .iov_len = blocks[i]->capacity()};
  }
  const IoResult result = socket_.Read(std::span(room.data(), count));
  bytes_received_ += result.size;
  taken += result.size;
  const bool filled = result.size == count * core::BlockPool::kBlockBytes;
  bulk_ = filled || (bulk_ && result.size > core::BlockPool::kBlockBytes);
  // Less than there was room for: the socket is empty, and the next bytes make an edge. An end among what we were told
  // makes none.
  readable_ = filled || (ended_ && result.state == IoState::kDone);
  std::size_t left = result.size;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t part = std::min(left, blocks[i]->capacity());
    left -= part;
    if (part > 0 && state_ == State::kOpen) Deliver(blocks[i], part);
    blocks[i]->Release();
  }
  if (result.state == IoState::kEnd || result.state == IoState::kFailed) HandleReadEnd(result.state);
  return filled;
}

void Connection::Deliver(core::Block* block, std::size_t size) {
  const std::string_view bytes(block->bytes(), size);
  if (filter_ != nullptr) return Decrypt(bytes);
  codec_->Receive(core::Slice(block, bytes));
}

void Connection::Decrypt(std::string_view ciphertext) {
  filter_->Feed(ciphertext);
  for (core::Slice plain = filter_->Read(); !plain.empty(); plain = filter_->Read()) {
    if (state_ == State::kOpen) codec_->Receive(std::move(plain));
  }
  if (filter_->state() == tls::Filter::State::kFailed) return HandleFilterFailure();
  // The peer's own word that it has said all, whatever its socket does.
  if (filter_->state() == tls::Filter::State::kPeerEnded && state_ == State::kOpen && !peer_ended_) {
    HandleReadEnd(IoState::kEnd);
  }
}

// The alert, if there is one, still goes out: it is all that the peer's operator will see.
void Connection::HandleFilterFailure() {
  if (state_ != State::kOpen) return;
  failed_ = true;
  // A fatal alert is how a peer hangs up: a model that wants another certificate says so after our handshake is done
  // (RFC 8446 section 4.4.2.4).
  const bool hung_up = filter_->failure() == tls::Failure::kPeerAlert;
  codec_->Abort(hung_up ? core::ResetReason::kConnectionClosed : core::ResetReason::kProtocolError);
  codec_->Output().Clear();
  Flush();
  if (state_ != State::kOpen) return;
  role_ == Role::kServer && !peer_ended_ ? BeginLinger() : CloseSocket();
}

void Connection::HandleReadEnd(IoState state) {
  peer_ended_ = true;
  if (state_ != State::kOpen) return CloseSocket();
  if (filter_ != nullptr && filter_->state() == tls::Filter::State::kHandshaking) {
    filter_->Fail(tls::Failure::kPeerClosed);
  }
  // Anybody on the way can send a FIN: without close_notify it ends no message (RFC 8446 section 6.1).
  const bool truncated = filter_ != nullptr && filter_->state() != tls::Filter::State::kPeerEnded;
  if (state == IoState::kEnd && !truncated && codec_->EndsByHalves()) {
    codec_->ReceiveEnd();
    return Wake();
  }
  if (state == IoState::kEnd && role_ == Role::kClient) {
    if (!truncated) codec_->ReceiveEnd();
    codec_->Abort(was_reset_ ? core::ResetReason::kConnectionReset : core::ResetReason::kConnectionClosed);
    return CloseSocket();
  }
  // A client that closes has gone: like Envoy we do not take a FIN for a half-close (DECISIONS.md), because giving up
  // on an answer frees a model at once.
  failed_ = state == IoState::kFailed;
  codec_->Abort(failed_ ? core::ResetReason::kConnectionReset : core::ResetReason::kConnectionClosed);
  CloseSocket();
}

void Connection::OnTurn() {
  if (state_ == State::kClosed) return ReportClosed();
  if (state_ == State::kOpen) Flush();
  if (hooks_.on_progress != nullptr && state_ != State::kClosed) hooks_.on_progress(hooks_.self);
  if (state_ == State::kOpen && filter_ != nullptr && filter_->state() == tls::Filter::State::kFailed) {
    HandleFilterFailure();
  }
  if (state_ == State::kOpen && !send_ended_ && !unsent() && codec_->WantsSendEnd() && EndSending()) {
    send_ended_ = true;
    socket_.ShutdownSend();
  }
  if (state_ == State::kOpen && !unsent() && codec_->WantsClose() && EndSending()) {
    if (role_ == Role::kServer && !peer_ended_) {
      BeginLinger();
    } else {
      codec_->Abort(core::ResetReason::kConnectionClosed);
      CloseSocket();
    }
  }
  const bool wants = state_ == State::kLingering || (state_ == State::kOpen && codec_->WantsRead());
  if (wants && readable_) worker_.poller().Again(watch_);
}

// What may go to the socket now, filled up.
core::SliceQueue& Connection::NextOutput() {
  codec_->Fill();
  if (filter_ == nullptr) return codec_->Output();
  while (!codec_->Output().empty()) {
    filter_->Write(codec_->Output());
    if (!codec_->Output().empty()) break;  // no room, or no handshake yet
    codec_->Fill();
  }
  return filter_->Output();
}

// Says goodbye in TLS's own words where it is spoken. False when that has to wait for the socket.
bool Connection::EndSending() {
  if (filter_ == nullptr) return true;
  filter_->End();
  Flush();
  return state_ == State::kOpen && !unsent();
}

void Connection::Flush() {
  core::SliceQueue& output = NextOutput();
  while (!output.empty() && !blocked_) {
    std::array<iovec, kGatherPieces> pieces;
    const std::size_t count = std::min(output.piece_count(), kGatherPieces);
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view piece = output.piece(i);
      pieces[i] = {.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()};  // only read from
      offered += piece.size();
    }
    const IoResult result = socket_.Write(std::span<const iovec>(pieces.data(), count));
    if (result.state == IoState::kFailed || result.state == IoState::kEnd) return HandleWriteFailure(result.state);
    bytes_sent_ += result.size;
    output.Consume(result.size);
    blocked_ = result.size < offered;
    if (output.empty()) NextOutput();
  }
  codec_->OnWritten();
  if (filter_ != nullptr) output.ReleaseIdle();
}

// Bytes that the peer sent before it went are still worth reading on the model side: an early answer followed by a close
// is an answer. The read side reports the end.
void Connection::HandleWriteFailure(IoState state) {
  failed_ = true;
  // The kernel reports a reset once: a read that follows would see nothing but an end.
  was_reset_ = state == IoState::kFailed;
  if (role_ == Role::kClient && !peer_ended_) {
    codec_->Output().Clear();
    readable_ = ended_ = true;
    ReadSome();
    if (state_ != State::kOpen || readable_) return;  // what is left, or the end, is read in the next turn
  }
  codec_->Abort(core::ResetReason::kConnectionReset);
  CloseSocket();
}

void Connection::BeginLinger() {
  codec_->Abort(core::ResetReason::kConnectionClosed);  // a request that was answered early and is still coming
  state_ = State::kLingering;
  socket_.ShutdownSend();
  worker_.wheel().Arm(linger_, worker_.now() + kLinger);
}

void Connection::Abort(core::ResetReason reason) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kOpen) codec_->Abort(reason);
  CloseSocket();
}

// The owner hears of it at the end of the turn: it may be on the call stack.
void Connection::CloseSocket() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  worker_.wheel().Disarm(linger_);
  worker_.poller().Forget(watch_);
  socket_.Close();
  Wake();
}

void Connection::ReportClosed() {
  if (reported_) return;
  reported_ = true;
  if (hooks_.on_closed != nullptr) hooks_.on_closed(hooks_.self);
}

}  // namespace sluice::gateway
