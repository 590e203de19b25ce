#include "bench/loadgen/load_connection.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace sluice::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace

LoadConnection::LoadConnection(LoadRun& run, asio::io_context& io, asio::ip::tcp::endpoint peer)
    : run_(run), peer_(std::move(peer)), socket_(io.get_executor()), retry_timer_(io.get_executor()) {}

void LoadConnection::Connect() {
  if (run_.stopping()) return run_.OnSettled();
  const std::uint64_t life = ++life_;
  socket_.async_connect(peer_, [this, life](error_code error) {
    if (life != life_) return;
    if (error) {
      run_.tally().CountConnectFailure();
      run_.OnConnectFailed();
      return ConnectLater();
    }
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    connected_ = true;
    reader_ = MessageReader(MessageReader::Kind::kResponse);
    run_.tally().CountConnect();
    run_.OnConnected();
    if (run_.stopping()) return WindDown();
    Wake();
    Read();
  });
}

void LoadConnection::ConnectLater() {
  Drop();
  if (run_.stopping()) return run_.OnSettled();
  retry_timer_.expires_after(kReconnectDelay);
  retry_timer_.async_wait([this](error_code error) {
    if (!error) Connect();
  });
}

void LoadConnection::Wake() {
  if (!connected_ || busy_) return;
  if (const auto ticket = run_.Next()) Send(*ticket);
}

void LoadConnection::Send(const Ticket& ticket) {
  ticket_ = ticket;
  busy_ = true;
  out_.clear();
  out_sent_ = 0;
  run_.options().request.Append(out_, ticket.number, run_.random());
  out_ += run_.options().body;
  run_.tally().CountSent();
  Flush();
}

void LoadConnection::Flush() {
  while (out_sent_ < out_.size()) {
    error_code error;
    out_sent_ += socket_.write_some(asio::buffer(out_.data() + out_sent_, out_.size() - out_sent_), error);
    if (error == asio::error::would_block) {
      socket_.async_wait(Socket::wait_write, [this, life = life_](error_code failed) {
        if (life == life_ && !failed) Flush();
      });
      return;
    }
    // The pending read reports what happened; an answer may have come before the server closed.
    if (error) return;
  }
}

void LoadConnection::Read() {
  socket_.async_read_some(asio::buffer(in_), [this, life = life_](error_code error, std::size_t count) {
    if (life != life_) return;
    if (error) return OnClosed(error == asio::error::eof);
    Process(std::string_view(in_.data(), count));
    if (life == life_) Read();
  });
}

void LoadConnection::Process(std::string_view bytes) {
  const std::uint64_t life = life_;
  while (life == life_) {
    if (!busy_ && !bytes.empty()) {  // an answer nobody asked for
      run_.tally().CountExtraBytes();
      return ConnectLater();
    }
    if (!busy_) return;
    switch (reader_.Feed(bytes)) {
      case MessageReader::Step::kNeedMore: return;
      case MessageReader::Step::kHead:
        if (run_.options().head_method) reader_.ExpectNoBody();
        break;
      case MessageReader::Step::kDone:
        if (reader_.status() >= 200) OnAnswer(!bytes.empty());
        break;
      case MessageReader::Step::kBad: Lose(Lost::kBadAnswer); return ConnectLater();
    }
  }
}

void LoadConnection::OnAnswer(bool more_follows) {
  const std::string_view header = run_.options().tally_header;
  run_.tally().CountAnswer(reader_.status(), reader_.Field(header).value_or(""), reader_.body_bytes(),
                           LoadClock::now() - ticket_.intended);
  busy_ = false;
  if (more_follows) run_.tally().CountExtraBytes();
  // Bytes behind an answer, or one before the whole request was taken, end the connection's use, as does a server
  // that says so.
  if (more_follows || !reader_.keep_alive() || out_sent_ < out_.size()) {
    Drop();
    run_.OnSettled();
    return Connect();
  }
  if (run_.stopping()) {
    Drop();
    return run_.OnSettled();
  }
  Wake();
  if (!busy_) run_.OnSettled();
}

void LoadConnection::OnClosed(bool at_eof) {
  if (busy_) {
    if (at_eof && reader_.FinishAtEof()) return OnAnswer(false);
    Lose(Lost::kClosed);
    return ConnectLater();
  }
  Drop();
  Connect();
}

void LoadConnection::Lose(Lost why) {
  run_.tally().CountLost(why);
  busy_ = false;
}

void LoadConnection::Drop() {
  error_code ignored;
  ++life_;
  connected_ = false;
  socket_.close(ignored);
}

void LoadConnection::Expire(LoadClock::time_point now) {
  if (!busy_ || now - ticket_.intended < run_.options().timeout) return;
  Lose(Lost::kTimeout);
  ConnectLater();
}

void LoadConnection::WindDown() {
  if (busy_) return;
  retry_timer_.cancel();
  Drop();
  run_.OnSettled();
}

}  // namespace sluice::bench
