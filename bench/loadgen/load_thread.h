// One thread of a load run: hands out requests to its connections, in a closed loop (each sends its next request when
// the last is answered) or an open one (requests are due at a fixed rate whether or not answers come, and latency
// counts from when they were due, so that a stalled server cannot hide behind its own stall).
// Every request is accounted for: answered, or lost for a reason. Owned by LoadRun; used by the thread in Run().
#pragma once

#include <nghttp2/nghttp2.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "bench/loadgen/channel.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/poller.h"
#include "bench/loadgen/report.h"
#include "bench/loadgen/request_mix.h"
#include "core/base/random.h"

namespace sluice::bench {

class LoadConnection;

// A request that a connection carries, until it is settled.
struct Ticket {
  RequestDraw draw = {};
  LoadClock::time_point intended = {};
  bool measured = false;  // not of the warm-up
};

// What all threads of a run share and nobody changes.
struct LoadPlan {
  LoadOptions options;
  const RequestMix* mix = nullptr;
  std::vector<Endpoint> peers;  // the same server's addresses, in the order to be tried
  const TlsClient* tls = nullptr;
  LoadClock::time_point start = {};
};

class LoadThread {
 public:
  // Fields of the request that is being sent.
  struct FieldScratch {
    std::string arena;
    std::vector<FieldView> views;
    std::vector<nghttp2_nv> nghttp2;
  };

  static constexpr std::uint32_t kConnectFailuresMax = 200;  // in a row, over all connections: then the run ends

  // The `index`th of `count` threads. `plan` and `stop` outlive it.
  LoadThread(const LoadPlan& plan, std::uint32_t index, std::uint32_t count, const std::atomic<bool>& stop);
  ~LoadThread();
  LoadThread(const LoadThread&) = delete;
  LoadThread& operator=(const LoadThread&) = delete;

  // Returns when the run is over and every request is settled, and the report complete.
  void Run();

  const Report& report() const { return report_; }
  // Due before the end, but no connection was free (open loop).
  std::uint64_t not_sent() const { return not_sent_; }
  bool reached() const { return reached_; }                // some connection was made
  const std::string& trouble() const { return trouble_; }  // the first reason why a connection failed
  LoadClock::time_point ended() const { return ended_; }

  // For its connections.
  const LoadOptions& options() const { return plan_.options; }
  const RequestMix& mix() const { return *plan_.mix; }
  const Endpoint& peer() const { return plan_.peers[peer_]; }
  Report& tally() { return report_; }
  Poller& poller() { return poller_; }
  ChannelBuffers& buffers() { return buffers_; }
  std::string& scratch() { return scratch_; }
  FieldScratch& fields() { return fields_; }
  // Looks at the clock. Whatever is settled or sent until the next look is so at this time.
  void Tick() { now_ = LoadClock::now(); }
  // False once no connection would have anything to carry any more.
  bool wants_connections() const { return !stopping_ || !again_.empty(); }
  void OnConnected();
  void OnConnectFailed();
  void NoteTrouble(const std::string& text);
  void ArmTimer(LoadConnection& connection, std::uint64_t life, LoadClock::time_point when);
  // The next request to send; false when there is none now.
  bool Next(Ticket& ticket);
  // The connection is free, but there was nothing to send: it is woken when there is.
  void List(LoadConnection& connection);
  // Exactly one of these for every ticket; `answer` without its latency.
  void Settle(const Ticket& ticket, Answer answer);
  void Lose(const Ticket& ticket, Lost why);
  // The server has said that it did not process the request: any connection may carry it again.
  void CarryAgain(const Ticket& ticket);
  std::chrono::nanoseconds ThinkTime(const Ticket& ticket);

 private:
  struct Timer {
    LoadClock::time_point when;
    LoadConnection* connection = nullptr;
    std::uint64_t life = 0;
    bool operator>(const Timer& other) const { return when > other.when; }
  };

  LoadClock::time_point DueAt(std::uint64_t index) const;
  void ConnectSome();
  void CountDue(LoadClock::time_point now);
  void Dispatch();
  void RunTimers();
  void Sweep();
  void Stop();
  void CheckEnd();
  LoadClock::time_point NextWaking() const;
  bool exhausted() const { return limit_ > 0 && handed_out_ >= limit_; }

  const LoadPlan& plan_;
  const std::atomic<bool>& stop_;
  const std::uint32_t index_;
  const std::uint32_t count_;
  core::Random random_;
  Report report_;
  Poller poller_;
  ChannelBuffers buffers_;
  std::string scratch_;
  FieldScratch fields_;
  std::size_t peer_ = 0;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::size_t begun_ = 0;  // of connections_, those that were told to connect
  std::deque<LoadConnection*> free_;
  std::deque<Ticket> again_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  LoadClock::time_point measured_from_;
  LoadClock::time_point end_;
  LoadClock::time_point sweep_at_;
  LoadClock::time_point ended_ = {};
  LoadClock::time_point now_ = {};
  double period_ = 0;             // open loop: nanoseconds between two requests of this thread
  std::uint64_t limit_ = 0;       // requests to hand out, with those of the warm-up; 0: no limit
  std::uint64_t handed_out_ = 0;  // the numbers of this thread are index, index + count, ...
  std::uint64_t due_ = 0;         // open loop: requests whose time has come
  std::uint64_t outstanding_ = 0;
  std::uint64_t not_sent_ = 0;
  std::uint32_t failures_in_row_ = 0;
  bool reached_ = false;
  bool stopping_ = false;
  std::string trouble_;
};

}  // namespace sluice::bench
