#include "bench/loadgen/sweep.h"

#include <charconv>

#include "bench/loadgen/figures.h"
#include "core/base/text.h"

namespace sluice::bench {
namespace {

using core::ErrorCode;

constexpr double kRateMax = 1e7;
constexpr double kPercentMax = 200;  // beyond the saturation it is seen how waiting grows

core::Result<double> ParseValue(std::string_view text, bool percent) {
  const std::string shown(text);
  if (text.ends_with('%')) text.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const double most = percent ? kPercentMax : kRateMax;
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0.001) || value > most) {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + shown + "' is no step of a sweep",
                      "write rates, as in 1000,2000, or percent of saturation up to 200, as in 25%,50%,90%");
  }
  return percent ? value / 100 : value;
}

}  // namespace

core::Result<SweepPlan> ParseSweep(std::string_view text) {
  SweepPlan plan{.percent = text.contains('%')};
  while (const auto word = core::NextToken(text)) {
    if (word->ends_with('%') != plan.percent) {
      return core::Fail(ErrorCode::kInvalidArgument, "a sweep mixes rates and percent", "write one or the other");
    }
    const auto value = ParseValue(*word, plan.percent);
    if (!value) return std::unexpected(value.error());
    plan.values.push_back(*value);
    if (plan.values.size() > SweepPlan::kStepsMax) {
      return core::Fail(ErrorCode::kLimitExceeded, "a sweep has at most 50 steps", "leave some out");
    }
  }
  if (plan.values.empty()) {
    return core::Fail(ErrorCode::kInvalidArgument, "a sweep without steps", "write for example 25%,50%,75%,90%");
  }
  return plan;
}

std::string StepLabel(const LoadOptions& options) {
  std::string label = options.rate > 0 ? "open loop, " : "closed loop, ";
  if (options.rate > 0) return label.append(RateText(options.rate)).append(" a second");
  label.append(std::to_string(options.connections)).append(options.connections == 1 ? " connection" : " connections");
  if (options.streams > 1) label.append(" of ").append(std::to_string(options.streams)).append(" streams");
  return label;
}

core::Status RunSweep(const SweepPlan& plan, const LoadOptions& options, const StepRunner& run,
                      const std::atomic<bool>& stopped, RunRecord& record) {
  LoadOptions step = options;
  record.sweep = true;
  if (plan.percent) {
    step.rate = 0;
    const auto report = run(step, "saturation, " + StepLabel(step));
    if (!report) return std::unexpected(report.error());
    record.saturation = report->per_second();
    if (!(record.saturation > 0)) {
      return core::Fail(ErrorCode::kUnavailable, "no request was answered, so there is no saturation to sweep up to",
                        "see that the server answers, or tell rates");
    }
  }
  for (const double value : plan.values) {
    if (stopped.load(std::memory_order_relaxed)) break;
    step.rate = plan.percent ? value * record.saturation : value;
    std::string label = plan.percent ? Fixed(100 * value, 0).append(" % of saturation, ") : "";
    label += StepLabel(step);
    auto report = run(step, label);
    if (!report) return std::unexpected(report.error());
    record.steps.push_back({.label = std::move(label),
                            .rate = step.rate,
                            .of_saturation = plan.percent ? value : 0,
                            .report = std::move(*report)});
  }
  return {};
}

}  // namespace sluice::bench
