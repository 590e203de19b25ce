// Metric families as a page in the text exposition format, version 0.0.4, written piece by piece: with many series the page
// is far larger than what it is made of, because every line repeats all labels, so nobody should hold the whole of it.
// Byte for byte what prometheus-cpp's TextSerializer writes. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/telemetry/metric_family.h"

namespace sluice::gateway {

class TextPage {
 public:
  explicit TextPage(std::vector<MetricFamily> families) : families_(std::move(families)) {}

  // Appends whole samples until at least `bytes` are added or the page ends.
  void Write(std::string& out, std::size_t bytes);
  bool ended() const { return family_ == families_.size(); }

 private:
  void WriteHead(const MetricFamily& family, std::string& out) const;
  void WriteSample(const MetricFamily& family, const MetricSample& sample, std::string& out);
  void WriteHistogram(const MetricFamily& family, const core::HistogramTotal& total, std::string& out);
  void SetBounds(const core::HistogramBounds& bounds);

  std::vector<MetricFamily> families_;  // freed one by one as they are written
  std::size_t family_ = 0;              // the next sample is families_[family_].samples[sample_]
  std::size_t sample_ = 0;

  // Reused from sample to sample.
  std::string labels_;  // `{a="x",b="y"`, empty when there are none
  std::string line_;    // `name_bucket{a="x",b="y",le="`
  const core::HistogramBounds* bounds_ = nullptr;
  std::vector<std::string> bound_texts_;  // `0.5"} `
};

}  // namespace sluice::gateway
