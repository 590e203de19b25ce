// Names of the process's request series: label texts live here once, workers keep numbers. Owned by the app, created
// before the shards and outlives them. A worker comes here only the first time it sees a combination; the scrape
// copies pointers out. Both under one short lock that no warm request takes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/snapshot/settings.h"
#include "core/telemetry/histogram.h"
#include "core/telemetry/istio_labels.h"
#include "core/telemetry/series.h"

namespace sluice::gateway {

class SeriesRegistry {
 public:
  // Number 0 of both kinds takes everything beyond the cap.
  static constexpr std::uint32_t kOverflow = 0;

  // `series_max` and the extra buckets hold for the life of the process: a reload that changes them applies at the
  // next start, because a histogram cannot change its bounds.
  explicit SeriesRegistry(const core::Settings::Telemetry& settings);
  SeriesRegistry(const SeriesRegistry&) = delete;
  SeriesRegistry& operator=(const SeriesRegistry&) = delete;

  // By content, so a series survives every reload that leaves its labels alone. kOverflow when series_max are known.
  std::uint32_t InternPeer(core::PeerLabels labels);
  // `key.peer()` is one of ours. kOverflow when series_max are known.
  std::uint32_t InternSeries(const core::SeriesKey& key);

  // What the scrape reads; indexes are the numbers given out. The pointed-to labels never change.
  struct Names {
    std::vector<const core::PeerLabels*> peers;
    std::vector<core::SeriesKey> series;
  };
  Names Read() const;

  std::uint32_t series_max() const { return series_max_; }
  const core::HistogramBounds& durations() const { return durations_; }  // milliseconds, extra buckets included
  const core::HistogramBounds& bytes() const { return bytes_; }
  const core::HistogramBounds& seconds() const { return seconds_; }  // observed in microseconds

 private:
  const std::uint32_t series_max_;
  const core::HistogramBounds durations_;
  const core::HistogramBounds bytes_;
  const core::HistogramBounds seconds_;

  // Guarded by mutex_. Writers: workers, on first sight. Reader: the scrape.
  mutable std::mutex mutex_;
  std::deque<core::PeerLabels> peers_;
  std::map<std::string, std::uint32_t, std::less<>> peer_numbers_;  // by all label texts
  std::vector<core::SeriesKey> series_;
  core::SeriesTable series_numbers_;
};

}  // namespace sluice::gateway
