// Fine histogram buckets of whole microseconds: 32 to an octave, so a bucket is at most 1/32 wide of what is in it. From
// 0 to about 34 s; longer ones fall into the last. Pure arithmetic; any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::core {

inline constexpr std::size_t kLatencySteps = 32;  // buckets of an octave
inline constexpr int kLatencyStepBits = 5;
inline constexpr int kLatencyOctaves = 20;  // above the first, linear one
inline constexpr std::size_t kLatencyBuckets = kLatencySteps * (kLatencyOctaves + 1);

// [0, 32) one microsecond each; then every octave [2^k, 2^(k+1)) in 32 equal parts.
constexpr std::size_t LatencyBucket(std::uint64_t microseconds) {
  if (microseconds < kLatencySteps) return static_cast<std::size_t>(microseconds);
  const int octave = static_cast<int>(std::bit_width(microseconds)) - kLatencyStepBits;  // 1 for [32, 64)
  if (octave > kLatencyOctaves) return kLatencyBuckets - 1;
  const auto step = static_cast<std::size_t>(microseconds >> (octave - 1)) - kLatencySteps;
  return static_cast<std::size_t>(octave) * kLatencySteps + step;
}

// The smallest value of the bucket, and of the one behind it.
constexpr std::uint64_t LatencyBucketBegin(std::size_t bucket) {
  if (bucket < kLatencySteps) return bucket;
  const std::size_t octave = bucket / kLatencySteps;
  return (kLatencySteps + bucket % kLatencySteps) << (octave - 1);
}
constexpr std::uint64_t LatencyBucketEnd(std::size_t bucket) { return LatencyBucketBegin(bucket + 1); }

}  // namespace sluice::core
