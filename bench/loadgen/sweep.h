// A sweep: open-loop steps at rising rates in one run, so that latency is seen over load. Rates are told as such or in
// percent of the saturation, which a closed loop measures first. Used by main; one thread.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadgen/options.h"
#include "bench/loadgen/run_record.h"
#include "core/base/result.h"

namespace sluice::bench {

struct SweepPlan {
  static constexpr std::size_t kStepsMax = 50;

  bool percent = false;
  std::vector<double> values = {};  // requests a second, or shares of the saturation
};

// `1000,2000,5000` or `25%,50%,90%`.
core::Result<SweepPlan> ParseSweep(std::string_view text);

// Runs one step and tells what it saw; `label` says which.
using StepRunner = std::function<core::Result<Report>(const LoadOptions& options, const std::string& label)>;

// "closed loop, 64 connections", "open loop, 2000 a second".
std::string StepLabel(const LoadOptions& options);

// Fills saturation and steps of `record`, each with the warm-up and duration of `options`. Ends early, with the steps
// that were run, once `stopped`.
core::Status RunSweep(const SweepPlan& plan, const LoadOptions& options, const StepRunner& run,
                      const std::atomic<bool>& stopped, RunRecord& record);

}  // namespace sluice::bench
