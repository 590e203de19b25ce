// What a worker counts about its clients (istio-reference.md section 4.6, group http.P) and about its own log and
// limits. Plain counters: the worker bumps them by name, the scrape reads them. One writer.
#pragma once

#include "core/telemetry/counter.h"

namespace sluice::gateway {

struct DownstreamCounters {
  // Connections; counted by the session.
  core::Counter cx_total;
  core::Gauge cx_active;
  core::Counter cx_drain_close;     // closed because of a drain or a request cap
  core::Counter cx_protocol_error;  // closed after a malformed message
  core::Counter cx_idle_timeout;
  core::Counter cx_upgrades_total;  // tunnels opened; counted by the exchange
  core::Gauge cx_upgrades_active;
  core::Counter cx_head_timeout;  // a request head took too long

  // Requests; rq_total, rq_active, rq_completed, rq_class, no_route, no_cluster and rq_direct_response are kept by
  // MetricsShard, the rest by the exchange.
  core::Counter rq_total;
  core::Gauge rq_active;
  core::Counter rq_completed;
  core::Counter rq_class[5];        // index 0 is 1xx .. 4 is 5xx, of the answer sent
  core::Counter rq_timeout;         // request_overall_timeout
  core::Counter rq_idle_timeout;    // no byte moved for the stream idle time
  core::Counter rq_rx_reset;        // the client reset its stream or left
  core::Counter rq_tx_reset;        // we reset the client's stream
  core::Counter rq_too_large;       // 413, 414 and 431
  core::Counter rq_overload_close;  // refused for lack of memory or descriptors
  core::Counter rq_path_refused;    // path normalisation said no
  core::Counter rq_denied;          // an AuthorizationPolicy said no
  core::Counter rq_dry_run_denied;  // one that is only tried out would have
  core::Counter rq_ambiguous;       // framing that two parsers could read differently
  core::Counter no_route;
  core::Counter no_cluster;
  core::Counter rq_direct_response;  // answered by a rule: direct response, redirect, abort, preflight

  // Limits of ours that a request ran into.
  core::Counter replay_overflow;       // body larger than the replay buffer: no retry from then on
  core::Counter mirror_body_overflow;  // body larger than the mirror limit: copy not sent

  core::Counter access_log_lines;    // handed to the writer
  core::Counter access_log_dropped;  // the writer lagged
};

}  // namespace sluice::gateway
