// What the measurements of a stage say about a challenger. Pure; any thread.
//
// The error budget of the whole canary, 1 - confidence, is spent on the gates in equal parts and on the stages in halves:
// the first stage, in which most broken versions are found, gets half of a gate's part, the next a quarter, the last two
// the same. Every stage looks at its own measurements only: what changed with the time of day changes both versions alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/canary/canary_spec.h"
#include "core/stats/regression_test.h"
#include "core/telemetry/version_meter.h"

namespace sluice::core {

struct GateVerdict {
  enum class Gate : std::uint8_t { kErrorRate, kLatency };
  Gate gate = Gate::kErrorRate;
  Regression numbers{};
  // What was compared: errors of the answers, or (total only) how many were timed.
  Trials champion{};
  Trials challenger{};
  double quantile = 0;  // of the latency
  double allowed = 0;   // 0.005 for half a percentage point; 0.10 for a latency that is 10 % longer
  double alpha = 0;     // of this gate in this stage
  bool broken = false;  // certainly: log_evidence has reached log(1 / alpha)
};

struct Verdict {
  std::vector<GateVerdict> gates;
  std::uint64_t champion_requests = 0;
  std::uint64_t challenger_requests = 0;
  bool enough = false;  // both have answered min_requests; in the last stage the challenger has, which is alone in it
  bool broken = false;  // a gate is
  bool beyond = false;  // an estimate is, certain or not: reason to wait

  // "error rate 5.1 % (12 of 236) beside 0.1 % (4 of 4,012), certainly more than 0.5 points apart; p99 212 ms beside 208 ms"
  std::string Text() const;
};

// The share of 1 - confidence that one gate has in `stage`; over all gates and stages it sums up to 1 - confidence.
double StageAlpha(const CanarySpec& spec, std::size_t stage);

// `champion` and `challenger` are what each answered in this stage; in the last stage, where the champion has no traffic
// any more, the champion's of the stage before.
Verdict Judge(const CanarySpec& spec, std::size_t stage, const VersionSample& champion,
              const VersionSample& challenger);

}  // namespace sluice::core
