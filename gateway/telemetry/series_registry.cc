#include "gateway/telemetry/series_registry.h"

#include <utility>

namespace sluice::gateway {
namespace {

std::vector<double> InSeconds(std::span<const double> milliseconds) {
  std::vector<double> seconds;
  for (const double bound : milliseconds) seconds.push_back(bound / 1000);
  return seconds;
}

// Every label with its length in front, so that no two different sets read the same.
std::string ContentOf(const core::PeerLabels& labels) {
  std::string content = std::to_string(static_cast<int>(labels.reporter)) + (labels.reached ? "+" : "-");
  const auto add = [&content](const std::string& text) {
    content += std::to_string(text.size());
    content += ':';
    content += text;
  };
  add(labels.cluster);
  for (const std::string& value : labels.values) add(value);
  return content;
}

}  // namespace

SeriesRegistry::SeriesRegistry(const core::Settings::Telemetry& settings)
    : series_max_(settings.series_max),
      durations_(core::kStandardBounds, settings.extra_buckets),
      seconds_(InSeconds(core::kStandardBounds), InSeconds(settings.extra_buckets), 1'000'000),
      series_numbers_(settings.series_max + 1) {
  peers_.push_back(core::OverflowPeerLabels());
  series_.emplace_back();  // peer kOverflow, everything else zero
  series_numbers_.Insert(series_[kOverflow], kOverflow);
}

std::uint32_t SeriesRegistry::InternPeer(core::PeerLabels labels) {
  std::string content = ContentOf(labels);
  const std::lock_guard lock(mutex_);
  if (const auto known = peer_numbers_.find(content); known != peer_numbers_.end()) return known->second;
  if (peers_.size() > series_max_) return kOverflow;
  const auto number = static_cast<std::uint32_t>(peers_.size());
  peers_.push_back(std::move(labels));
  peer_numbers_.emplace(std::move(content), number);
  return number;
}

std::uint32_t SeriesRegistry::InternSeries(const core::SeriesKey& key) {
  if (key.peer() == kOverflow) return kOverflow;
  const std::lock_guard lock(mutex_);
  if (const auto known = series_numbers_.Find(key)) return *known;
  const auto number = static_cast<std::uint32_t>(series_.size());
  if (!series_numbers_.Insert(key, number)) return kOverflow;
  series_.push_back(key);
  return number;
}

SeriesRegistry::Names SeriesRegistry::Read() const {
  Names names;
  const std::lock_guard lock(mutex_);
  names.peers.reserve(peers_.size());
  for (const core::PeerLabels& peer : peers_) names.peers.push_back(&peer);
  names.series = series_;
  return names;
}

}  // namespace sluice::gateway
