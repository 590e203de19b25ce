// Where the exporter finds what it exports: filled in once by the app, which owns everything named here and keeps it
// alive longer than the exporter. Hooks are called on the control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/snapshot/snapshot.h"
#include "core/telemetry/tls_certificate.h"
#include "gateway/telemetry/access_log.h"
#include "gateway/telemetry/delivery_metrics.h"
#include "gateway/telemetry/metrics_shard.h"
#include "gateway/telemetry/series_registry.h"

namespace sluice::gateway {

// Facts of the process at the moment of the scrape.
struct ProcessFacts {
  bool live = true;
  std::uint32_t state = 0;  // as Envoy numbers them: 0 LIVE, 1 DRAINING, 2 PRE_INITIALIZING, 3 INITIALIZING
  double uptime_seconds = 0;
  std::uint32_t workers = 0;
  std::uint64_t connections = 0;          // open, client side
  std::uint64_t connections_refused = 0;  // closed at the limit
  std::uint64_t accept_paused = 0;        // times that no descriptor was left for a new connection
  std::uint64_t reload_success = 0;       // changes of every source, files and live ones
  std::uint64_t reload_failed = 0;
  bool last_reload_ok = true;  // of the files
  std::uint64_t revision = 0;  // of the history
  std::int64_t unix_seconds = 0;
  std::vector<core::TlsCertificate> certificates{};
};

struct MetricsSource {
  const SeriesRegistry* registry = nullptr;
  std::vector<const MetricsShard*> shards;
  const AccessLogWriter* access_log = nullptr;  // may be null

  // The configuration in force; null before the first one. ProcessFacts are made on the spot.
  std::shared_ptr<const core::Snapshot> (*snapshot)(void* self) = nullptr;
  ProcessFacts (*process)(void* self) = nullptr;
  ExposureMetrics (*exposures)(void* self) = nullptr;            // null: no experiments are watched
  std::vector<CanaryMetrics> (*canaries)(void* self) = nullptr;  // null: nobody promotes
  void* self = nullptr;
};

}  // namespace sluice::gateway
