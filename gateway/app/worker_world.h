// What one worker holds: its thread, its sessions, its pools, its metrics and its part of the access log, in the order
// in which they must be taken down. Built and destroyed by the app; everything inside belongs to the worker's thread
// while it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "gateway/experiment/exposure_feed.h"
#include "gateway/net/server_session.h"
#include "gateway/proxy/exchange.h"
#include "gateway/proxy/exchange_context.h"
#include "gateway/proxy/mirror_attempt.h"
#include "gateway/proxy/proxy_session.h"
#include "gateway/runtime/steady_clock.h"
#include "gateway/runtime/worker.h"
#include "gateway/telemetry/access_log.h"
#include "gateway/telemetry/metrics_shard.h"
#include "gateway/upstream/upstream_set.h"

namespace sluice::gateway {

class WorkerWorld {
 public:
  WorkerWorld(std::uint32_t index, std::uint64_t seed, const core::Clock& clock, SeriesRegistry& registry,
              LogReadyHook log_ready);
  ~WorkerWorld();
  WorkerWorld(const WorkerWorld&) = delete;
  WorkerWorld& operator=(const WorkerWorld&) = delete;

  void StartThread();
  // Stops the loop, waits for it and closes what is left, on the caller's thread.
  void Join();

  Worker& worker() { return worker_; }
  MetricsShard& metrics() { return metrics_; }
  AccessLog& access_log() { return access_log_; }
  ExposureFeed& exposures() { return exposures_; }

  // The worker's thread from here.
  void Adopt(std::shared_ptr<const core::Snapshot> snapshot);
  void AcceptProxy(Socket socket, const ListenerKey& key, std::uint16_t listener_port);
  // A port is gone: what came in by it ends with what it has under way.
  void DrainListener(const ListenerKey& key);
  void BeginDrain();
  // Cuts every session that is left.
  void AbortSessions();
  std::size_t session_count() const { return sessions_.size(); }

 private:
  void OnTick();

  Worker worker_;
  MetricsShard metrics_;
  AccessLog access_log_;
  ExposureFeed exposures_;
  core::BucketHasher hasher_;
  DateCache date_;
  UpstreamSet upstreams_;
  ObjectPool<Exchange> exchanges_;
  ObjectPool<MirrorAttempt> mirrors_;
  ExchangeContext context_;
  SessionLimits limits_;
  CodecStats codec_stats_;
  SessionStats session_stats_;
  SessionStats reported_;
  SessionList sessions_;
  core::Deadline tick_;
  bool draining_ = false;
  std::thread thread_;
};

}  // namespace sluice::gateway
