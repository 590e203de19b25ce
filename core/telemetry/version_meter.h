// What one version of a model answered, for canaries and experiments: answers, errors and a fine histogram of how long
// exchanges took. A VersionMeter has one writer (a worker) and is read by the control thread at any time; VersionMeters
// is one of them per worker; a VersionSample is a plain sum of them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/clock.h"
#include "core/telemetry/counter.h"
#include "core/telemetry/latency_buckets.h"

namespace sluice::core {

class VersionMeter {
 public:
  // An exchange that got an answer, the model's or our own for it. `error`: HTTP 5xx, or a grpc-status that stands for
  // one.
  void OnAnswer(bool error, Duration took) {
    answers_.Add();
    if (error) errors_.Add();
    OnTime(took);
  }
  // The client left first: no answer, but it had waited that long.
  void OnAbandoned(Duration waited) {
    abandoned_.Add();
    OnTime(waited);
  }

  std::uint64_t answers() const { return answers_.value(); }
  std::uint64_t errors() const { return errors_.value(); }
  std::uint64_t abandoned() const { return abandoned_.value(); }
  std::uint64_t sum_us() const { return sum_us_.value(); }
  std::uint64_t latency(std::size_t bucket) const { return latency_[bucket].value(); }

 private:
  void OnTime(Duration took);

  Counter answers_;
  Counter errors_;
  Counter abandoned_;
  Counter sum_us_;
  std::array<Counter, kLatencyBuckets> latency_;
};

// One meter per worker, made when the name first appears in a snapshot, kept as long as it is named
// (gateway/runtime/meter_registry). Shared by workers and the control thread.
class VersionMeters {
 public:
  explicit VersionMeters(std::size_t workers);
  VersionMeter& OfWorker(std::size_t index) { return *meters_[index]; }
  std::size_t size() const { return meters_.size(); }
  const VersionMeter& at(std::size_t index) const { return *meters_[index]; }

 private:
  std::vector<std::unique_ptr<VersionMeter>> meters_;  // apart from each other, so that workers share no cache line
};

struct VersionSample {
  std::uint64_t answers = 0;
  std::uint64_t errors = 0;
  std::uint64_t abandoned = 0;
  std::uint64_t sum_us = 0;                                                          // of all times in `latency`
  std::vector<std::uint64_t> latency = std::vector<std::uint64_t>(kLatencyBuckets);  // answers and abandoned ones

  static VersionSample Of(const VersionMeters& meters);
  std::uint64_t timed() const;  // in `latency`
  // Nothing for fewer answers than before: meters only grow, unless the process began anew.
  VersionSample Since(const VersionSample& before) const;
  void Add(const VersionSample& other);
  // Microseconds, interpolated within the bucket; 0 when empty. `quantile` in (0, 1].
  double Quantile(double quantile) const;
};

}  // namespace sluice::core
