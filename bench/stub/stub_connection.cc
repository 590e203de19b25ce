#include "bench/stub/stub_connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace sluice::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Blanks after a JSON value are still JSON.
constexpr std::size_t kPaddingBlock = 64 * 1024;
const std::string& PaddingBlock() {
  static const std::string block(kPaddingBlock, ' ');
  return block;
}

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kOutHigh = 256 * 1024;  // pipelined answers beyond this leave before more are composed

}  // namespace

StubConnection::StubConnection(StubServer& server, StubSocket socket)
    : server_(server), socket_(std::move(socket)), timer_(socket_.get_executor()) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void StubConnection::Close() {
  if (session_ != nullptr) return session_->Close();
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
}

// The first bytes tell the version; `held` of them have come already.
void StubConnection::Sniff(std::size_t held) {
  socket_.async_read_some(asio::buffer(in_) + held, [this, held](error_code error, std::size_t count) {
    if (error) return End();
    const std::string_view bytes(in_.data(), held + count);
    if (bytes.starts_with(kPreface)) {
      session_ = std::make_unique<StubSession>(server_, socket_, [this] { End(); });
      return session_->Start(bytes);
    }
    if (kPreface.starts_with(bytes)) return Sniff(bytes.size());
    pending_ = bytes;
    Process();
  });
}

void StubConnection::Read() {
  socket_.async_read_some(asio::buffer(in_), [this](error_code error, std::size_t count) {
    if (error) return End();
    pending_ = std::string_view(in_.data(), count);
    Process();
  });
}

void StubConnection::Process() {
  while (true) {
    switch (reader_.Feed(pending_)) {
      case MessageReader::Step::kNeedMore: return Flush(Next::kRead);
      case MessageReader::Step::kHead:
        if (reader_.expects_continue()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
        break;
      case MessageReader::Step::kDone:
        if (const Next next = OnRequest(); next != Next::kProcess || padding_left_ > 0 || out_.size() > kOutHigh) {
          return Flush(next);
        }
        break;
      case MessageReader::Step::kBad:
        server_.tally().CountFault();
        AppendPage(out_, 400, "{\"error\":\"not HTTP/1.1\"}\n", false);
        return Flush(Next::kClose);
    }
  }
}

StubConnection::Next StubConnection::OnRequest() {
  if (reader_.target().starts_with("/__stub/")) {
    const Page page = server_.OwnPage(reader_);
    AppendPage(out_, page.status, page.body, reader_.keep_alive());
    return reader_.keep_alive() ? Next::kProcess : Next::kClose;
  }
  reply_ = server_.Receive(reader_);
  return reply_.delay.count() > 0 ? Next::kDelay : Answer();
}

StubConnection::Next StubConnection::Answer() {
  if (reply_.fails && reply_.failure == Failure::kStall) return Next::kStall;
  if (reply_.fails && reply_.failure == Failure::kReset) {
    ResetConnection();
    return Next::kClose;
  }
  if (reply_.fails && reply_.failure == Failure::kClose) return Next::kClose;
  const std::size_t before = out_.size();
  padding_left_ = server_.answers().Append(out_, reader_, reply_);
  if (reply_.fails && reply_.failure == Failure::kHalf) {
    const std::size_t body = out_.find("\r\n\r\n", before) + 4;
    out_.resize(body + (out_.size() - body) / 2);
    padding_left_ = 0;
    return Next::kClose;
  }
  return reader_.keep_alive() ? Next::kProcess : Next::kClose;
}

// Writes now; waits only for the rest that the kernel does not take.
void StubConnection::Flush(Next next) {
  while (out_sent_ < out_.size() || padding_left_ > 0) {
    const std::array<asio::const_buffer, 2> buffers{
        asio::buffer(out_.data() + out_sent_, out_.size() - out_sent_),
        asio::buffer(PaddingBlock().data(),
                     static_cast<std::size_t>(std::min<std::uint64_t>(padding_left_, kPaddingBlock)))};
    error_code error;
    const std::size_t wrote = socket_.write_some(buffers, error);
    if (error == asio::error::would_block) {
      socket_.async_wait(StubSocket::wait_write, [this, next](error_code failed) {
        if (failed) return End();
        Flush(next);
      });
      return;
    }
    if (error) return End();
    const std::size_t of_out = std::min(wrote, out_.size() - out_sent_);
    out_sent_ += of_out;
    padding_left_ -= wrote - of_out;
  }
  out_.clear();
  out_sent_ = 0;
  Go(next);
}

void StubConnection::Go(Next next) {
  switch (next) {
    case Next::kRead: return Read();
    case Next::kProcess: return Process();
    case Next::kDelay: return Delay();
    case Next::kStall: return Stall();
    case Next::kClose: return End();
  }
}

void StubConnection::Delay() {
  timer_.expires_after(reply_.delay);
  timer_.async_wait([this](error_code error) {
    if (error || !socket_.is_open()) return End();
    Flush(Answer());
  });
}

// Swallows what still comes, until the peer gives up.
void StubConnection::Stall() {
  socket_.async_read_some(asio::buffer(in_), [this](error_code error, std::size_t) {
    if (error) return End();
    Stall();
  });
}

void StubConnection::ResetConnection() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
  out_.clear();
  out_sent_ = 0;
}

void StubConnection::End() { server_.Remove(*this); }

}  // namespace sluice::bench
