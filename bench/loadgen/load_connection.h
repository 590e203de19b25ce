// One connection of a load run: connects, sends one request at a time, reads its answer, connects again when the
// server closed. Owned by its LoadRun and lives as long; one thread.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <string_view>

#include "bench/loadgen/load_run.h"
#include "bench/support/http_message.h"

namespace sluice::bench {

class LoadConnection {
 public:
  LoadConnection(LoadRun& run, boost::asio::io_context& io, boost::asio::ip::tcp::endpoint peer);

  void Connect();
  // Sends the next request if it is free to and there is one.
  void Wake();
  // Loses the request at hand when it is older than the time-out.
  void Expire(LoadClock::time_point now);
  // Closes now when nothing is on its way, otherwise as soon as it is settled.
  void WindDown();
  bool busy() const { return busy_; }

 private:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
  static constexpr std::chrono::milliseconds kReconnectDelay{20};

  void Send(const Ticket& ticket);
  void Flush();
  void Read();
  void Process(std::string_view bytes);
  void OnAnswer(bool more_follows);
  void OnClosed(bool at_eof);
  void Lose(Lost why);
  void Drop();
  void ConnectLater();

  LoadRun& run_;
  boost::asio::ip::tcp::endpoint peer_;
  Socket socket_;
  LoadTimer retry_timer_;
  MessageReader reader_{MessageReader::Kind::kResponse};
  Ticket ticket_;
  std::string out_;
  std::size_t out_sent_ = 0;
  std::uint64_t life_ = 0;  // counts sockets: handlers of an earlier one see that they are late
  bool connected_ = false;
  bool busy_ = false;  // a request is on its way
  std::array<char, 64 * 1024> in_;
};

}  // namespace sluice::bench
