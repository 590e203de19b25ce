// One load run: shares connections, requests and rate out over its threads, and adds up what they saw. Started once.
// Owned by the program; Start(), Wait(), AddLive() and reports by the thread that made it, Stop() by anyone, signal
// handlers too.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/loadgen/load_thread.h"

namespace sluice::bench {

class LoadRun {
 public:
  // The addresses of host and port, in the resolver's order; kUnavailable when there are none.
  static core::Result<std::vector<Endpoint>> Resolve(const std::string& host, const std::string& port);

  // `mix` outlives the run. `tls` is set for https:// only.
  LoadRun(std::vector<Endpoint> peers, LoadOptions options, const RequestMix& mix,
          std::optional<TlsClient> tls = std::nullopt);
  ~LoadRun();
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;

  void Start();
  // Starts no further request; those on their way are waited for.
  void Stop() { stop_.store(true, std::memory_order_relaxed); }
  // True when the run is over: every request is settled and the report complete.
  bool Wait(std::chrono::milliseconds at_most);

  // What was counted up to now, roughly; of a run that was started.
  void AddLive(LiveCounts::Sum& sum) const;

  // Of a run that is over.
  const Report& report() const { return report_; }
  Report TakeReport() { return std::move(report_); }
  bool reached() const;         // whether any connection was ever made
  std::string trouble() const;  // the first reason why a connection failed; empty without

 private:
  void Finish();

  LoadPlan plan_;
  std::optional<TlsClient> tls_;
  std::atomic<bool> stop_ = false;
  std::vector<std::unique_ptr<LoadThread>> threads_;
  std::vector<std::thread> running_;
  std::mutex mutex_;
  std::condition_variable over_;
  std::size_t left_ = 0;  // threads that still run, under mutex_
  bool finished_ = false;
  Report report_;
};

}  // namespace sluice::bench
