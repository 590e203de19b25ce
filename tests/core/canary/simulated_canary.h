// A canary in simulated time: two versions that answer at an even rate, with errors and log-normal latencies, looked at
// every 0.2 s by the verdict and the machine as the controller does it. For the simulation test and the table of
// bench/core/canary. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "core/canary/canary_machine.h"
#include "core/canary/verdict.h"
#include "core/telemetry/version_meter.h"

namespace sluice::core {

inline constexpr Duration kSimulatedTick = Milliseconds(200);

struct SimulatedVersion {
  double error_rate = 0.001;
  double median_us = 20'000;
  double sigma = 0.5;  // of the logarithm of the latency
};

// Answers of one version.
class SimulatedModel {
 public:
  SimulatedModel(const SimulatedVersion& version, std::uint64_t seed) : version_(version), random_(seed) {
    double below = 0;
    for (std::size_t bucket = 0; bucket < kLatencyBuckets; ++bucket) {
      below = bucket + 1 == kLatencyBuckets ? 1 : Below(static_cast<double>(LatencyBucketEnd(bucket)));
      below_[bucket] = below;
    }
    std::size_t bucket = 0;
    for (std::size_t i = 0; i < guide_.size(); ++i) {
      while (below_[bucket] < static_cast<double>(i) / static_cast<double>(guide_.size())) ++bucket;
      guide_[i] = bucket;
    }
    until_error_ = DrawUntilError();
  }

  // What `rate` a second make of one tick; fractions are carried over.
  void Answer(double rate, VersionSample& sample) {
    owed_ += rate * std::chrono::duration<double>(kSimulatedTick).count();
    for (; owed_ >= 1; owed_ -= 1) {
      ++sample.answers;
      if (until_error_-- == 0) {
        ++sample.errors;
        until_error_ = DrawUntilError();
      }
      ++sample.latency[DrawBucket()];
    }
  }

 private:
  double Below(double microseconds) const {
    return 0.5 * std::erfc(-std::log(microseconds / version_.median_us) / version_.sigma / std::sqrt(2.0));
  }
  double Uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  std::uint64_t DrawUntilError() {
    if (version_.error_rate <= 0) return UINT64_MAX;
    return static_cast<std::uint64_t>(std::log1p(-Uniform()) / std::log1p(-version_.error_rate));
  }
  // By inversion; the guide says where to begin.
  std::size_t DrawBucket() {
    const double drawn = Uniform();
    std::size_t bucket = guide_[static_cast<std::size_t>(drawn * static_cast<double>(guide_.size()))];
    while (below_[bucket] <= drawn && bucket + 1 < kLatencyBuckets) ++bucket;
    return bucket;
  }

  SimulatedVersion version_;
  std::mt19937_64 random_;
  std::array<double, kLatencyBuckets> below_{};
  std::array<std::size_t, 1024> guide_{};
  std::uint64_t until_error_ = 0;
  double owed_ = 0;
};

// The champion bets 0.6 on a baseline being too high (regression_test.cc).
inline double EvidenceOfChampion(const Trials& champion, double baseline) {
  return std::log(0.4 + 0.6 * std::exp(LogEvidenceBelow(champion, baseline)));
}

// Whether the challenger's errors may be certainly too many: the least evidence over all baselines is not more than that at
// a few of them, from the champion's own estimate upwards.
inline bool MayHaveTooManyErrors(const Trials& champion, const Trials& challenger, double allowed, double threshold) {
  const double estimate = static_cast<double>(champion.hits) / static_cast<double>(champion.total);
  if (static_cast<double>(challenger.hits) <= (estimate + allowed) * static_cast<double>(challenger.total))
    return false;
  const double spread = std::sqrt(static_cast<double>(champion.hits) + 1) / static_cast<double>(champion.total);
  for (const double steps : {0.0, 0.5, 1.0, 1.5, 2.0, 3.0}) {
    const double baseline = std::max(estimate + steps * spread, 1e-9);
    if (baseline + allowed >= 1) return true;
    const double of_challenger = LogEvidenceAbove(challenger, baseline + allowed);
    if (EvidenceOfChampion(champion, baseline) + of_challenger < threshold) return false;
  }
  return true;
}

// Whether its latency may be certainly too long: likewise, at some buckets from the champion's estimate upwards, which are
// rounded as in regression_test.cc.
inline bool MayBeTooSlow(const VersionSample& champion, const VersionSample& challenger, double quantile, double factor,
                         double threshold) {
  const double tail = 1 - quantile;
  Trials kept{.total = champion.answers};
  std::size_t bucket = kLatencyBuckets;
  while (bucket > 0 && static_cast<double>(kept.hits) < tail * static_cast<double>(kept.total)) {
    kept.hits += champion.latency[--bucket];
  }
  for (const std::size_t steps : {0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32}) {
    const std::size_t at = bucket + steps;
    if (at + 1 >= kLatencyBuckets) return true;
    const double limit = factor * static_cast<double>(LatencyBucketEnd(at) - 1) * (1 + 1e-12);
    const auto first = static_cast<std::uint64_t>(limit) + 1;
    kept.hits = 0;
    for (std::size_t i = kLatencyBuckets; i > at;) kept.hits += champion.latency[--i];
    Trials slow{.total = challenger.answers};
    std::size_t beyond = LatencyBucket(first);
    if (LatencyBucketBegin(beyond) < first) ++beyond;
    for (std::size_t i = kLatencyBuckets; i > beyond;) slow.hits += challenger.latency[--i];
    if (static_cast<double>(slow.hits) <= tail * static_cast<double>(slow.total) && steps == 0) return false;
    if (EvidenceOfChampion(kept, tail) + LogEvidenceAbove(slow, tail) < threshold) return false;
  }
  return true;
}

// Whether Judge may find a gate broken, in microseconds instead of hundreds of them. Never false when Judge says broken; the
// test checks it.
inline bool MayBeBroken(const CanarySpec& spec, std::size_t stage, const VersionSample& champion,
                        const VersionSample& challenger) {
  const double threshold = -std::log(StageAlpha(spec, stage));
  if (champion.answers == 0 || challenger.answers == 0) return false;
  if (spec.error_rate.has_value() && MayHaveTooManyErrors({.total = champion.answers, .hits = champion.errors},
                                                          {.total = challenger.answers, .hits = challenger.errors},
                                                          spec.error_rate->max_increase_points / 100, threshold)) {
    return true;
  }
  return spec.latency.has_value() && MayBeTooSlow(champion, challenger, spec.latency->quantile,
                                                  1 + spec.latency->max_regression_percent / 100, threshold);
}

// What Judge says of the things that the machine asks for.
inline Verdict JudgeFast(const CanarySpec& spec, std::size_t stage, const VersionSample& champion,
                         const VersionSample& challenger) {
  if (MayBeBroken(spec, stage, champion, challenger)) return Judge(spec, stage, champion, challenger);
  Verdict verdict;
  verdict.champion_requests = champion.answers;
  verdict.challenger_requests = challenger.answers;
  verdict.enough = challenger.answers >= spec.min_requests &&
                   (stage + 1 == spec.stages.size() || champion.answers >= spec.min_requests);
  if (champion.answers == 0 || challenger.answers == 0) return verdict;
  if (spec.error_rate.has_value()) {
    verdict.beyond |= static_cast<double>(challenger.errors) / static_cast<double>(challenger.answers) >
                      static_cast<double>(champion.errors) / static_cast<double>(champion.answers) +
                          spec.error_rate->max_increase_points / 100;
  }
  if (spec.latency.has_value() && !verdict.beyond) {
    verdict.beyond = challenger.Quantile(spec.latency->quantile) >
                     champion.Quantile(spec.latency->quantile) * (1 + spec.latency->max_regression_percent / 100);
  }
  return verdict;
}

struct SimulatedEnd {
  CanaryPhase phase = CanaryPhase::kIdle;
  std::size_t stage = 0;
  Duration took{0};
  int by_hand = 0;  // stages that a person had to promote
};

// The champion and the challenger of one canary.
class SimulatedCanary {
 public:
  SimulatedCanary(CanarySpec spec, const SimulatedVersion& champion, const SimulatedVersion& challenger, double rate,
                  std::uint64_t seed)
      : machine_(std::move(spec), {}),
        champion_model_(champion, seed * 2),
        challenger_model_(challenger, seed * 2 + 1),
        rate_(rate) {}

  // Until it ends. `patience`: a stage that waits for so long after its hold is promoted by hand.
  SimulatedEnd Run(Duration patience) {
    Carry(*machine_.Start());
    SimulatedEnd end;
    while (machine_.running()) {
      end.took += kSimulatedTick;
      Answer();
      CanaryStep step = machine_.Tick(kSimulatedTick, Look(), {});
      const Duration hold = machine_.spec().stages[machine_.state().stage].hold;
      if (step.kind == CanaryStep::Kind::kNone && machine_.state().held > hold + patience) {
        step = *machine_.Promote(false, "a person");
        ++end.by_hand;
      }
      Carry(step);
    }
    end.phase = machine_.state().phase;
    end.stage = machine_.state().stage;
    return end;
  }

  // Calls `at_end_of_stage(stage, champion, challenger)` instead of looking, until it says false: false rollbacks and delay
  // of rules that look once a stage, at what was measured in the last `window` of it.
  template <typename Rule>
  SimulatedEnd RunByStages(Duration window, Rule at_end_of_stage) {
    SimulatedEnd end{.phase = CanaryPhase::kSucceeded};
    for (const CanaryStage& stage : machine_.spec().stages) {
      if (stage.weight == 100) break;  // the last one has nothing to compare with
      CanaryStep enter{.kind = CanaryStep::Kind::kEnterStage, .stage = end.stage};
      Carry(enter);
      for (Duration held{0}; held < stage.hold; held += kSimulatedTick) {
        if (held + window == stage.hold) now_ = {};
        Answer();
      }
      end.took += stage.hold;
      if (!at_end_of_stage(now_.champion, now_.challenger)) {
        end.phase = CanaryPhase::kRolledBack;
        return end;
      }
      ++end.stage;
    }
    return end;
  }

  std::uint64_t looks() const { return looks_; }

 private:
  struct Measured {
    VersionSample champion{};
    VersionSample challenger{};
  };

  void Answer() {
    const double share = machine_.spec().stages[machine_.state().stage].weight / 100.0;
    challenger_model_.Answer(rate_ * share, now_.challenger);
    if (share < 1) champion_model_.Answer(rate_ * (1 - share), now_.champion);
  }

  Verdict Look() {
    ++looks_;
    const bool alone = machine_.state().stage + 1 == machine_.spec().stages.size();
    return JudgeFast(machine_.spec(), machine_.state().stage, alone ? before_.champion : now_.champion,
                     now_.challenger);
  }

  void Carry(const CanaryStep& step) {
    machine_.Done(step);
    if (step.kind != CanaryStep::Kind::kEnterStage) return;
    before_ = std::move(now_);
    now_ = {};
  }

  CanaryMachine machine_;
  SimulatedModel champion_model_;
  SimulatedModel challenger_model_;
  double rate_;  // of both together, a second
  Measured now_{};
  Measured before_{};
  std::uint64_t looks_ = 0;
};

}  // namespace sluice::core
