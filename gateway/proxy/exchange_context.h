// What an exchange works with: the references that one worker holds for all its exchanges. Owned by the worker's
// world; the worker's thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "core/experiment/bucket_hasher.h"
#include "core/http/cidr.h"
#include "core/plan/forward_plan.h"
#include "gateway/proxy/date_cache.h"
#include "gateway/runtime/object_pool.h"
#include "gateway/runtime/snapshot_pin.h"
#include "gateway/runtime/worker.h"
#include "gateway/telemetry/access_log.h"
#include "gateway/telemetry/metrics_shard.h"
#include "gateway/upstream/upstream_set.h"

namespace sluice::gateway {

class Exchange;
class MirrorAttempt;

// Told of every exchange that takes part in an experiment, at its end.
struct ExposureHook {
  void (*call)(void* feed, const core::Record& record) = [](void*, const core::Record&) {};
  void* feed = nullptr;
};

struct ExchangeContext {
  Worker& worker;
  UpstreamSet& upstreams;
  MetricsShard& metrics;
  AccessLog& access_log;
  core::BucketHasher& hasher;
  DateCache& date;
  ObjectPool<Exchange>& exchanges;
  ObjectPool<MirrorAttempt>& mirrors;
  ExposureHook exposures;

  // The world in which the next request begins; replaced on adoption of a new snapshot.
  SnapshotPin current;
  // Settings::Forwarding::trusted_cidrs of `current`, parsed once.
  std::vector<core::Cidr> trusted_cidrs;
};

}  // namespace sluice::gateway
