// A worker's metrics. Written by that worker alone, read by the scrape at any time, without locks between them.
// A warm OnExchange makes no allocation, takes no lock and touches no text: it looks two small keys up and bumps.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/identity/tls_stats.h"
#include "core/telemetry/append_list.h"
#include "core/telemetry/counter.h"
#include "core/telemetry/histogram.h"
#include "core/telemetry/record.h"
#include "core/telemetry/series.h"
#include "gateway/telemetry/downstream_counters.h"
#include "gateway/telemetry/series_registry.h"

namespace sluice::gateway {

struct CodecStats;

// Published copies of a codec's plain numbers, see MetricsShard::PublishCodecStats.
struct CodecCounters {
  core::Counter protocol_errors;
  core::Counter headers_too_large;
  core::Counter body_too_large;
  core::Counter interim_overflow;
  core::Counter trailers_dropped;
  core::Counter desync;
  core::Counter reset_flood;
  core::Counter glitch_flood;
  core::Counter ping_flood;
  core::Counter settings_flood;
  core::Counter priority_flood;
  core::Counter window_update_flood;
  core::Counter empty_frame_flood;
  core::Counter continuation_flood;
  core::Counter control_flood;
  core::Counter unread_reset;
};

// The same of core::TlsStats.
struct TlsCounters {
  core::Counter handshakes;
  core::Counter resumed;
  std::array<core::Counter, core::kTlsFailureCount> failures;
};

class MetricsShard {
 public:
  // `registry` outlives the shard.
  explicit MetricsShard(SeriesRegistry& registry);
  MetricsShard(const MetricsShard&) = delete;
  MetricsShard& operator=(const MetricsShard&) = delete;

  // Worker only -------------------------------------------------------------------------------------------------

  // A request head was accepted. Exactly one OnExchange follows.
  void OnRequest() {
    downstream_.rq_total.Add();
    downstream_.rq_active.Add(1);
  }
  // The exchange is over; `record.snapshot` is set and holds `cluster` and `endpoint`. Snapshots have distinct
  // generations: pointers are remembered together with theirs.
  void OnExchange(const core::Record& record);
  // A gRPC exchange is still running: counts the messages in `running`, which needs the destination besides (snapshot,
  // cluster, endpoint). Its last Record holds only those since.
  void OnMessages(const core::Record& running);

  // The rest of what a worker counts; bump by name.
  DownstreamCounters& downstream() { return downstream_; }
  // Copies the codec's totals to where the scrape can see them; call about once a second and at the end. `server` is
  // the client-facing side, `client` faces the upstreams.
  void PublishCodecStats(const CodecStats& server, const CodecStats& client);
  void PublishTlsStats(const core::TlsStats& server, const core::TlsStats& client);

  // Any thread --------------------------------------------------------------------------------------------------

  // One label combination as this worker saw it.
  struct Series {
    Series(std::uint32_t series_number, const SeriesRegistry& registry)
        : number(series_number),
          duration(registry.durations()),
          request_bytes(registry.bytes()),
          response_bytes(registry.bytes()) {}

    const std::uint32_t number;  // of the registry
    core::Counter requests;
    core::Histogram duration;  // milliseconds
    core::Histogram request_bytes;
    core::Histogram response_bytes;
  };
  // One destination as this worker saw it.
  struct Peer {
    Peer(std::uint32_t peer_number, const SeriesRegistry& registry)
        : number(peer_number), upstream_time(registry.durations()), inference(registry.seconds()) {}

    const std::uint32_t number;  // of the registry
    // Answers of the upstream only.
    core::Histogram upstream_time;  // milliseconds: request fully received to upstream headers
    core::Histogram inference;      // microseconds: the whole exchange
    // gRPC. Reported while the answer is still open, so they cannot know its labels.
    core::Counter request_messages;
    core::Counter response_messages;
  };

  const core::AppendList<Series>& series() const { return series_; }
  const core::AppendList<Peer>& peers() const { return peers_; }
  const DownstreamCounters& downstream() const { return downstream_; }
  const CodecCounters& server_codec() const { return server_codec_; }
  const CodecCounters& client_codec() const { return client_codec_; }
  const TlsCounters& server_tls() const { return server_tls_; }
  const TlsCounters& client_tls() const { return client_tls_; }
  const core::Histogram& request_time() const { return request_time_; }  // milliseconds, every exchange
  // Exchanges counted under the overflow series because the registry was full.
  std::uint64_t series_dropped() const { return series_dropped_.value(); }

 private:
  static constexpr std::size_t kPeerSlotsMin = 256;
  static constexpr std::size_t kPeerSlotsMax = 64 * 1024;  // forgotten together when this many are in use

  // Which destination the pointers of one generation stand for. Free when `peer` is null.
  struct PeerSlot {
    const core::Cluster* cluster = nullptr;
    const core::Endpoint* endpoint = nullptr;
    std::uint64_t generation = 0;
    std::uint64_t principals = 0;  // a hash of both ends' names
    Peer* peer = nullptr;
  };

  Peer& FindPeer(const core::Record& record);
  Peer& LearnPeer(const core::Record& record);
  void RememberPeer(const PeerSlot& slot);
  Series& FindSeries(const core::SeriesKey& key);
  Series& LearnSeries(const core::SeriesKey& key);
  void CountAnswer(const core::Record& record);
  static void CountMessages(Peer& peer, const core::Record& record);

  SeriesRegistry& registry_;

  // The worker's alone.
  std::vector<PeerSlot> peer_slots_;  // open addressing, a power of two
  std::size_t peer_slots_used_ = 0;
  std::vector<Peer*> peer_by_number_;
  core::SeriesTable series_table_;  // key -> index of series_by_index_
  std::vector<Series*> series_by_index_;
  std::vector<Series*> series_by_number_;

  // Written by the worker, read by the scrape.
  core::AppendList<Series> series_;
  core::AppendList<Peer> peers_;
  DownstreamCounters downstream_;
  CodecCounters server_codec_;
  CodecCounters client_codec_;
  TlsCounters server_tls_;
  TlsCounters client_tls_;
  core::Histogram request_time_;
  core::Counter series_dropped_;
};

}  // namespace sluice::gateway
