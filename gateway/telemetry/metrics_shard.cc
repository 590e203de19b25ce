#include "gateway/telemetry/metrics_shard.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <string_view>

#include "core/base/check.h"
#include "gateway/codec/codec.h"

namespace sluice::gateway {
namespace {

std::uint64_t Whole(core::Duration duration, core::Duration unit) {
  return duration.count() <= 0 ? 0 : static_cast<std::uint64_t>(duration / unit);
}

std::size_t HashPeer(const core::Cluster* cluster, const core::Endpoint* endpoint, std::uint64_t generation,
                     std::uint64_t principals) {
  std::uint64_t hash = reinterpret_cast<std::uintptr_t>(cluster) * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ reinterpret_cast<std::uintptr_t>(endpoint) ^ (hash >> 32)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ generation ^ principals) * 0x94d049bb133111ebULL;
  return static_cast<std::size_t>(hash ^ (hash >> 31));
}

void Publish(const CodecStats& stats, CodecCounters& counters) {
  counters.protocol_errors.Set(stats.protocol_errors);
  counters.headers_too_large.Set(stats.headers_too_large);
  counters.body_too_large.Set(stats.body_too_large);
  counters.interim_overflow.Set(stats.interim_overflow);
  counters.trailers_dropped.Set(stats.trailers_dropped);
  counters.desync.Set(stats.desync);
  counters.reset_flood.Set(stats.reset_flood);
  counters.glitch_flood.Set(stats.glitch_flood);
  counters.ping_flood.Set(stats.ping_flood);
  counters.settings_flood.Set(stats.settings_flood);
  counters.priority_flood.Set(stats.priority_flood);
  counters.window_update_flood.Set(stats.window_update_flood);
  counters.empty_frame_flood.Set(stats.empty_frame_flood);
  counters.continuation_flood.Set(stats.continuation_flood);
  counters.control_flood.Set(stats.control_flood);
  counters.unread_reset.Set(stats.unread_reset);
}

void Publish(const core::TlsStats& stats, TlsCounters& counters) {
  counters.handshakes.Set(stats.handshakes);
  counters.resumed.Set(stats.resumed);
  for (std::size_t i = 0; i < core::kTlsFailureCount; ++i) counters.failures[i].Set(stats.failures[i]);
}

core::Principals PrincipalsOf(const core::Record& record) {
  const bool source = record.snapshot->settings.telemetry.reporter != core::Settings::Telemetry::Reporter::kDestination;
  if (source) return {record.upstream.own, record.upstream.peer};
  return {record.downstream.peer, record.downstream.own};
}

// 0 without principals, which is what almost every request has.
std::uint64_t HashPrincipals(const core::Principals& principals) {
  if (principals.source.empty() && principals.destination.empty()) return 0;
  const std::hash<std::string_view> hash;
  return hash(principals.source) * 31 + hash(principals.destination) + 1;
}

template <typename T>
T*& SlotFor(std::vector<T*>& table, std::size_t index) {
  if (table.size() <= index) table.resize(index + 1);
  return table[index];
}

}  // namespace

// Twice the cap: a key that went to the overflow series is remembered as such, so that it costs no lock again.
MetricsShard::MetricsShard(SeriesRegistry& registry)
    : registry_(registry),
      peer_slots_(kPeerSlotsMin),
      series_table_(2 * registry.series_max() + 2),
      request_time_(registry.durations()) {}

void MetricsShard::OnExchange(const core::Record& record) {
  DCHECK(record.snapshot != nullptr);
  CountAnswer(record);

  Peer& peer = FindPeer(record);
  Series& series = FindSeries(core::SeriesKey(peer.number, record));
  const std::uint64_t milliseconds = Whole(record.duration, core::Milliseconds(1));
  request_time_.Observe(milliseconds);
  series.requests.Add();
  series.duration.Observe(milliseconds);
  series.request_bytes.Observe(record.request_wire_bytes);
  series.response_bytes.Observe(record.response_wire_bytes);
  if (record.grpc) CountMessages(peer, record);
  if (series.number == SeriesRegistry::kOverflow) series_dropped_.Add();

  // Only what the model answered says something about the model.
  if (record.upstream_service_time.count() >= 0 && record.endpoint != nullptr && record.response_code != 0) {
    peer.upstream_time.Observe(Whole(record.upstream_service_time, core::Milliseconds(1)));
    peer.inference.Observe(Whole(record.duration, std::chrono::microseconds(1)));
  }
}

void MetricsShard::OnMessages(const core::Record& running) { CountMessages(FindPeer(running), running); }

void MetricsShard::CountMessages(Peer& peer, const core::Record& record) {
  peer.request_messages.Add(record.request_messages);
  peer.response_messages.Add(record.response_messages);
}

void MetricsShard::CountAnswer(const core::Record& record) {
  downstream_.rq_active.Add(-1);
  downstream_.rq_completed.Add();
  const unsigned answer_class = record.response_code / 100u;
  if (answer_class >= 1 && answer_class <= 5) downstream_.rq_class[answer_class - 1].Add();
  if (record.flags.Has(core::ResponseFlag::kNR)) {
    downstream_.no_route.Add();
  } else if (record.flags.Has(core::ResponseFlag::kNC)) {
    downstream_.no_cluster.Add();
  } else if (record.plan != nullptr && !record.plan->forwards()) {
    downstream_.rq_direct_response.Add();
  }
}

void MetricsShard::PublishCodecStats(const CodecStats& server, const CodecStats& client) {
  Publish(server, server_codec_);
  Publish(client, client_codec_);
}

void MetricsShard::PublishTlsStats(const core::TlsStats& server, const core::TlsStats& client) {
  Publish(server, server_tls_);
  Publish(client, client_tls_);
}

MetricsShard::Peer& MetricsShard::FindPeer(const core::Record& record) {
  const std::size_t mask = peer_slots_.size() - 1;
  const std::uint64_t generation = record.snapshot->generation;
  const std::uint64_t principals = HashPrincipals(PrincipalsOf(record));
  for (std::size_t at = HashPeer(record.cluster, record.endpoint, generation, principals) & mask;;
       at = (at + 1) & mask) {
    const PeerSlot& slot = peer_slots_[at];
    if (slot.peer == nullptr) return LearnPeer(record);
    if (slot.endpoint == record.endpoint && slot.cluster == record.cluster && slot.generation == generation &&
        slot.principals == principals) {
      return *slot.peer;
    }
  }
}

MetricsShard::Peer& MetricsShard::LearnPeer(const core::Record& record) {
  const core::Principals principals = PrincipalsOf(record);
  const std::uint32_t number = registry_.InternPeer(
      core::MakePeerLabels(record.snapshot->settings, record.cluster, record.endpoint, principals));
  Peer*& peer = SlotFor(peer_by_number_, number);
  if (peer == nullptr) peer = &peers_.Append(number, registry_);

  if ((peer_slots_used_ + 1) * 2 > peer_slots_.size()) {
    std::vector<PeerSlot> old;
    old.swap(peer_slots_);
    // Generations that are gone leave their slots behind; forgetting all of them is cheaper than asking which.
    const bool forget = old.size() >= kPeerSlotsMax;
    peer_slots_.resize(forget ? kPeerSlotsMin : old.size() * 2);
    peer_slots_used_ = 0;
    for (const PeerSlot& slot : old) {
      if (!forget && slot.peer != nullptr) RememberPeer(slot);
    }
  }
  RememberPeer({record.cluster, record.endpoint, record.snapshot->generation, HashPrincipals(principals), peer});
  return *peer;
}

void MetricsShard::RememberPeer(const PeerSlot& slot) {
  const std::size_t mask = peer_slots_.size() - 1;
  std::size_t at = HashPeer(slot.cluster, slot.endpoint, slot.generation, slot.principals) & mask;
  while (peer_slots_[at].peer != nullptr) at = (at + 1) & mask;
  peer_slots_[at] = slot;
  ++peer_slots_used_;
}

MetricsShard::Series& MetricsShard::FindSeries(const core::SeriesKey& key) {
  if (const auto index = series_table_.Find(key)) return *series_by_index_[*index];
  return LearnSeries(key);
}

MetricsShard::Series& MetricsShard::LearnSeries(const core::SeriesKey& key) {
  // A table full of remembered overflows asks the registry no more.
  const std::uint32_t number = series_table_.full() ? SeriesRegistry::kOverflow : registry_.InternSeries(key);
  Series*& series = SlotFor(series_by_number_, number);
  if (series == nullptr) series = &series_.Append(number, registry_);
  if (series_table_.Insert(key, static_cast<std::uint32_t>(series_by_index_.size()))) {
    series_by_index_.push_back(series);
  }
  return *series;
}

}  // namespace sluice::gateway
