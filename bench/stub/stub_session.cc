#include "bench/stub/stub_session.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <chrono>
#include <utility>
#include <vector>

namespace sluice::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class StubClock final : public core::Clock {
 public:
  core::TimePoint Now() const override { return std::chrono::steady_clock::now(); }
};
const StubClock kClock;

}  // namespace

StubSession::StubSession(StubServer& server, StubSocket& socket, std::function<void()> on_end)
    : server_(server), socket_(socket), on_end_(std::move(on_end)) {
  limits_.streams_max = 1000;  // a model server is to be no bottleneck
  limits_.connection_window = 16 * 1024 * 1024;
  codec_ = gateway::MakeCodec(gateway::Role::kServer, core::Wire::kHttp2,
                              {.limits = limits_, .stats = stats_, .pool = pool_, .clock = kClock}, this, {});
}

void StubSession::Start(std::string_view received) {
  codec_->Receive(core::Slice::Copy(received));
  Read();
  Turn();
}

void StubSession::Close() {
  if (closed_) return;
  closed_ = true;
  codec_->Abort(core::ResetReason::kConnectionClosed);
  error_code ignored;
  socket_.close(ignored);
}

gateway::StreamEvents& StubSession::Accept(gateway::Stream& stream) { return streams_.emplace_back(*this, stream); }

void StubSession::OnFault(gateway::StreamEvents& events, const gateway::ProtocolFault& fault) {
  server_.tally().CountFault();
  static_cast<StubStream&>(events).Refuse(fault.status);
}

void StubSession::Read() {
  Began();
  socket_.async_read_some(asio::buffer(in_), [this](error_code error, std::size_t count) {
    Ended();
    if (error) Close();
    if (closed_) return EndWhenQuiet();
    codec_->Receive(core::Slice::Copy({in_.data(), count}));
    Read();
    Turn();
  });
}

void StubSession::Turn() {
  if (!closed_) Flush();
  // What was to leave before a reset has left, as far as the socket takes it.
  bool reset = false;
  for (StubStream& stream : streams_) reset |= !closed_ && stream.ResetIfHalf();
  if (reset) Flush();
  if (closing_ || (codec_->WantsClose() && codec_->Output().empty())) Close();
  std::erase_if(streams_, [](const StubStream& stream) { return stream.over(); });
  EndWhenQuiet();
}

void StubSession::Flush() {
  do {
    codec_->Fill();
    Write();
    codec_->OnWritten();
    codec_->Fill();
  } while (!closed_ && !writing_ && !codec_->Output().empty());
}

void StubSession::Write() {
  core::SliceQueue& output = codec_->Output();
  while (!closed_ && !writing_ && !output.empty()) {
    std::vector<asio::const_buffer> pieces;
    for (std::size_t i = 0; i < std::min<std::size_t>(output.piece_count(), 64); ++i) {
      pieces.emplace_back(output.piece(i).data(), output.piece(i).size());
    }
    error_code error;
    output.Consume(socket_.write_some(pieces, error));
    if (error == asio::error::would_block) {
      writing_ = true;
      Began();
      socket_.async_wait(StubSocket::wait_write, [this](error_code failed) {
        Ended();
        writing_ = false;
        if (failed) Close();
        Turn();
      });
    } else if (error) {
      Close();
    }
  }
}

// Deletes the session: the last thing a handler does.
void StubSession::EndWhenQuiet() {
  if (!closed_ || pending_ > 0) return;
  const auto on_end = std::move(on_end_);  // would go with the session
  on_end();
}

}  // namespace sluice::bench
