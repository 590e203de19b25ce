#include "core/telemetry/version_meter.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace sluice::core {
namespace {

std::uint64_t Grown(std::uint64_t now, std::uint64_t before) { return now > before ? now - before : 0; }

}  // namespace

void VersionMeter::OnTime(Duration took) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const std::uint64_t microseconds = count > 0 ? static_cast<std::uint64_t>(count) : 0;
  sum_us_.Add(microseconds);
  latency_[LatencyBucket(microseconds)].Add();
}

VersionMeters::VersionMeters(std::size_t workers) {
  meters_.reserve(workers);
  for (std::size_t i = 0; i < workers; ++i) meters_.push_back(std::make_unique<VersionMeter>());
}

VersionSample VersionSample::Of(const VersionMeters& meters) {
  VersionSample sample;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const VersionMeter& meter = meters.at(i);
    // The worker goes on meanwhile: errors are read first, so that none is without its answer.
    const std::uint64_t errors = meter.errors();
    const std::uint64_t answers = meter.answers();
    sample.errors += std::min(errors, answers);
    sample.answers += answers;
    sample.abandoned += meter.abandoned();
    sample.sum_us += meter.sum_us();
    for (std::size_t bucket = 0; bucket < kLatencyBuckets; ++bucket) sample.latency[bucket] += meter.latency(bucket);
  }
  return sample;
}

std::uint64_t VersionSample::timed() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : latency) sum += count;
  return sum;
}

VersionSample VersionSample::Since(const VersionSample& before) const {
  VersionSample grown;
  if (answers < before.answers) return grown;
  grown.answers = answers - before.answers;
  // An answer of before whose error was counted after it was read has no answer here.
  grown.errors = std::min(Grown(errors, before.errors), grown.answers);
  grown.abandoned = Grown(abandoned, before.abandoned);
  grown.sum_us = Grown(sum_us, before.sum_us);
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) grown.latency[i] = Grown(latency[i], before.latency[i]);
  return grown;
}

void VersionSample::Add(const VersionSample& other) {
  answers += other.answers;
  errors += other.errors;
  abandoned += other.abandoned;
  sum_us += other.sum_us;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) latency[i] += other.latency[i];
}

double VersionSample::Quantile(double quantile) const {
  const std::uint64_t total = timed();
  if (total == 0) return 0;
  const double rank = std::clamp(quantile, 0.0, 1.0) * static_cast<double>(total);
  double below = 0;
  std::size_t last = 0;  // with something in it
  for (std::size_t bucket = 0; bucket < kLatencyBuckets; ++bucket) {
    if (latency[bucket] == 0) continue;
    last = bucket;
    const auto here = static_cast<double>(latency[bucket]);
    if (below + here < rank) {
      below += here;
      continue;
    }
    return std::lerp(static_cast<double>(LatencyBucketBegin(bucket)), static_cast<double>(LatencyBucketEnd(bucket)),
                     (rank - below) / here);
  }
  return static_cast<double>(LatencyBucketEnd(last));
}

}  // namespace sluice::core
