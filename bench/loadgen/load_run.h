// One load run: hands out requests to its connections, in a closed loop (each connection sends its next request when
// the last is answered) or an open one (requests are due at a fixed rate whether or not answers come, and latency
// counts from when they were due, so that a stalled server cannot hide behind its own stall).
// Every request sent is accounted for: answered, or lost for a reason. One thread: the one that runs the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bench/loadgen/options.h"
#include "bench/loadgen/report.h"
#include "core/base/random.h"

namespace sluice::bench {

using LoadClock = std::chrono::steady_clock;
using LoadTimer = boost::asio::basic_waitable_timer<LoadClock, boost::asio::wait_traits<LoadClock>,
                                                    boost::asio::io_context::executor_type>;

class LoadConnection;

// A request that a connection may send.
struct Ticket {
  std::uint64_t number = 0;
  LoadClock::time_point intended = {};
};

class LoadRun {
 public:
  static constexpr std::uint32_t kConnectFailuresMax = 200;  // in a row, over all connections: then the run ends

  // `peer` is where options.host and options.port lead.
  LoadRun(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& peer, LoadOptions options);
  ~LoadRun();
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;

  // The io_context runs out of work when the run is over.
  void Start();
  // Starts no further request; those on their way are waited for.
  void Stop();

  const LoadOptions& options() const { return options_; }
  const Report& report() const { return report_; }
  // Whether any connection was ever made.
  bool reached() const { return report_.connects() > 0; }
  // All requests are settled and the report is complete.
  bool finished() const { return finished_; }

  // For its connections.
  Report& tally() { return report_; }
  core::Random& random() { return random_; }
  bool stopping() const { return stopping_; }
  std::optional<Ticket> Next();  // nothing to send now: the connection waits to be woken
  void OnConnected() { failures_in_row_ = 0; }
  void OnConnectFailed();
  void OnSettled();  // a request was answered or lost, or a connection went down

 private:
  LoadClock::time_point DueAt(std::uint64_t number) const;
  void CountDue(LoadClock::time_point now);
  void OnDue();
  void Sweep();
  void FinishIfIdle();

  boost::asio::io_context& io_;
  LoadOptions options_;
  core::Random random_;
  Report report_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  LoadTimer end_timer_;    // the duration is over
  LoadTimer due_timer_;    // open loop: the next request is due
  LoadTimer sweep_timer_;  // looks for requests that took too long
  LoadClock::time_point start_ = {};
  std::uint64_t handed_out_ = 0;
  std::uint64_t due_ = 0;  // open loop: requests whose time has come
  std::uint32_t failures_in_row_ = 0;
  bool stopping_ = false;
  bool finished_ = false;
};

}  // namespace sluice::bench
