#include "gateway/net/connection.h"

#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "core/base/check.h"

namespace sluice::gateway {
namespace {

constexpr std::size_t kGatherPieces = 16;
constexpr std::size_t kScatterBlocks = 4;  // 64 KiB in one readv once a body flows

}  // namespace

Connection::Connection(Worker& worker, TcpSocket socket, Role role, ConnectionHooks hooks)
    : worker_(worker),
      socket_(std::move(socket)),
      role_(role),
      hooks_(hooks),
      turn_hook_([](void* self) { static_cast<Connection*>(self)->OnTurn(); }, this),
      linger_([](void* self) { static_cast<Connection*>(self)->CloseSocket(); }, this) {
  PrepareSocket(socket_);
}

Connection::~Connection() { CHECK(!reading_ && !writing_); }

void Connection::Start(std::unique_ptr<Codec> codec) {
  codec_ = std::move(codec);
  ArmRead();
}

void Connection::ArmRead() {
  if (reading_ || peer_ended_ || state_ == State::kClosed) return;
  reading_ = true;
  // A wait, not a read into a buffer: an idle connection holds no buffer, and each message costs one read.
  socket_.async_wait(TcpSocket::wait_read, MemberHandler<Connection, &Connection::ReadReady>(*this, read_memory_));
}

void Connection::ArmWrite() {
  if (writing_ || state_ == State::kClosed) return;
  writing_ = true;
  socket_.async_wait(TcpSocket::wait_write, MemberHandler<Connection, &Connection::WriteReady>(*this, write_memory_));
}

void Connection::ReadReady(const boost::system::error_code&) {
  reading_ = false;
  if (state_ == State::kClosed) return MaybeReportClosed();
  ReadSome();
  Wake();
}

void Connection::WriteReady(const boost::system::error_code&) {
  writing_ = false;
  if (state_ == State::kClosed) return MaybeReportClosed();
  Wake();
}

void Connection::ReadSome() {
  std::size_t taken = 0;
  while (state_ != State::kClosed && !peer_ended_ && taken < kReadBurst &&
         (state_ == State::kLingering || codec_->WantsRead())) {
    if (!ReadOnce(taken)) break;
  }
}

// Returns whether another read may find more: only when this one filled its room.
bool Connection::ReadOnce(std::size_t& taken) {
  std::array<core::Block*, kScatterBlocks> blocks{};
  std::array<boost::asio::mutable_buffer, kScatterBlocks> room;
  const std::size_t count = bulk_ ? kScatterBlocks : 1;
  for (std::size_t i = 0; i < count; ++i) {
    blocks[i] = worker_.blocks().Take();
    room[i] = boost::asio::buffer(blocks[i]->bytes(), blocks[i]->capacity());
  }
  boost::system::error_code error;
  // One buffer goes through recv, several through recvmsg.
  const std::size_t size =
      count == 1 ? socket_.read_some(boost::asio::buffer(room[0]), error)
                 : socket_.read_some(std::span<const boost::asio::mutable_buffer>(room.data(), count), error);
  bytes_received_ += size;
  taken += size;
  const bool filled = size == count * core::BlockPool::kBlockBytes;
  bulk_ = filled || (bulk_ && size > core::BlockPool::kBlockBytes);
  std::size_t left = size;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t part = std::min(left, blocks[i]->capacity());
    left -= part;
    if (part > 0 && state_ == State::kOpen) {
      codec_->Receive(core::Slice(blocks[i], std::string_view(blocks[i]->bytes(), part)));
    }
    blocks[i]->Release();
  }
  if (error && error != boost::asio::error::would_block && error != boost::asio::error::try_again) {
    HandleReadEnd(error);
    return false;
  }
  return filled;
}

void Connection::HandleReadEnd(const boost::system::error_code& error) {
  peer_ended_ = true;
  if (state_ != State::kOpen) return CloseSocket();
  if (error == boost::asio::error::eof && role_ == Role::kClient) {
    codec_->ReceiveEnd();
    codec_->Abort(core::ResetReason::kConnectionClosed);
    return CloseSocket();
  }
  // A client that closes has gone: like Envoy we do not take a FIN for a half-close (DECISIONS.md), because giving up
  // on an answer frees a model at once.
  failed_ = error != boost::asio::error::eof;
  codec_->Abort(failed_ ? core::ResetReason::kConnectionReset : core::ResetReason::kConnectionClosed);
  CloseSocket();
}

void Connection::OnTurn() {
  if (state_ == State::kOpen) Flush();
  if (hooks_.on_progress != nullptr && state_ != State::kClosed) hooks_.on_progress(hooks_.self);
  if (state_ == State::kOpen && codec_->Output().empty() && codec_->WantsClose()) {
    if (role_ == Role::kServer && !peer_ended_) {
      BeginLinger();
    } else {
      codec_->Abort(core::ResetReason::kConnectionClosed);
      CloseSocket();
    }
  }
  if (state_ == State::kLingering || (state_ == State::kOpen && codec_->WantsRead())) ArmRead();
}

void Connection::Flush() {
  core::SliceQueue& output = codec_->Output();
  while (!output.empty() && !writing_) {
    std::array<boost::asio::const_buffer, kGatherPieces> pieces;
    const std::size_t count = std::min(output.piece_count(), kGatherPieces);
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) {
      pieces[i] = boost::asio::buffer(output.piece(i));
      offered += pieces[i].size();
    }
    boost::system::error_code error;
    const std::size_t size =
        count == 1 ? socket_.write_some(boost::asio::buffer(pieces[0]), error)
                   : socket_.write_some(std::span<const boost::asio::const_buffer>(pieces.data(), count), error);
    bytes_sent_ += size;
    output.Consume(size);
    if (error && error != boost::asio::error::would_block && error != boost::asio::error::try_again) {
      failed_ = true;
      // Bytes that the peer sent before it went are still worth reading on the model side: an early answer followed by
      // a close is an answer. The read side reports the end.
      if (role_ == Role::kClient && !peer_ended_) {
        output.Clear();
        ReadSome();
        if (state_ != State::kOpen) return;
      }
      codec_->Abort(core::ResetReason::kConnectionReset);
      return CloseSocket();
    }
    if (size < offered) ArmWrite();
  }
  codec_->OnWritten();
}

void Connection::BeginLinger() {
  codec_->Abort(core::ResetReason::kConnectionClosed);  // a request that was answered early and is still coming
  state_ = State::kLingering;
  boost::system::error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
  worker_.wheel().Arm(linger_, worker_.now() + kLinger);
}

void Connection::Abort(core::ResetReason reason) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kOpen) codec_->Abort(reason);
  CloseSocket();
}

void Connection::CloseSocket() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  worker_.wheel().Disarm(linger_);
  boost::system::error_code ignored;
  socket_.close(ignored);  // pending waits complete with operation_aborted
  MaybeReportClosed();
}

void Connection::MaybeReportClosed() {
  if (reading_ || writing_ || reported_) return;
  reported_ = true;
  turn_hook_.unlink();
  if (hooks_.on_closed != nullptr) hooks_.on_closed(hooks_.self);
}

}  // namespace sluice::gateway
