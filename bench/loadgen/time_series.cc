#include "bench/loadgen/time_series.h"

#include <algorithm>

namespace sluice::bench {

void TimeSlice::Merge(const TimeSlice& other, const VersionTable::Mapping& mapping) {
  lost += other.lost;
  latency.Merge(other.latency);
  for (std::size_t i = 0; i < mapping.size(); ++i) versions[mapping[i]] += other.versions[i];
}

TimeSlice& TimeSeries::SliceAt(std::chrono::nanoseconds at) {
  const auto into = at - current_from_;
  if (current_ < slices_.size() && into.count() >= 0 && into < width_) return slices_[current_];
  at = std::max(at, std::chrono::nanoseconds(0));
  while (static_cast<std::size_t>(at / width_) >= kSlicesMax) Widen();
  const auto index = static_cast<std::size_t>(at / width_);
  while (slices_.size() <= index) slices_.emplace_back();
  current_ = index;
  current_from_ = width_ * static_cast<std::int64_t>(index);
  return slices_[index];
}

void TimeSeries::Widen() {
  static const VersionTable::Mapping kSame = VersionTable::Same();
  width_ *= 2;
  current_ = kSlicesMax;
  const std::size_t half = (slices_.size() + 1) / 2;
  for (std::size_t i = 0; i < half; ++i) {
    if (i > 0) slices_[i] = slices_[2 * i];
    if (2 * i + 1 < slices_.size()) slices_[i].Merge(slices_[2 * i + 1], kSame);
  }
  slices_.resize(half);
}

void TimeSeries::CountAnswer(std::chrono::nanoseconds at, std::chrono::nanoseconds latency, std::uint8_t version) {
  TimeSlice& slice = SliceAt(at);
  slice.latency.Add(latency);
  ++slice.versions[version];
}

void TimeSeries::CountLost(std::chrono::nanoseconds at) { ++SliceAt(at).lost; }

void TimeSeries::Merge(const TimeSeries& other, const VersionTable::Mapping& mapping) {
  while (width_ < other.width_) Widen();
  for (std::size_t i = 0; i < other.slices_.size(); ++i) {
    SliceAt(other.width_ * static_cast<std::int64_t>(i)).Merge(other.slices_[i], mapping);
  }
}

TimeSeries TimeSeries::FromSlices(std::chrono::nanoseconds width, std::deque<TimeSlice> slices) {
  TimeSeries series;
  series.width_ = width;
  series.slices_ = std::move(slices);
  return series;
}

}  // namespace sluice::bench
