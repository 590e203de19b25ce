#include "core/canary/verdict.h"

#include <algorithm>
#include <cmath>

#include "core/canary/number_text.h"

namespace sluice::core {
namespace {

std::string Share(double rate, const Trials& trials) {
  return PercentText(rate * 100) + " (" + CountText(trials.hits) + " of " + CountText(trials.total) + ")";
}

std::string Words(const GateVerdict& verdict) {
  const bool rates = verdict.gate == GateVerdict::Gate::kErrorRate;
  const Regression& numbers = verdict.numbers;
  std::string text = rates ? "error rate" : QuantileText(verdict.quantile);
  if (verdict.challenger.total == 0) return text + " unknown: the challenger has answered nothing";
  if (verdict.champion.total == 0) return text + " unknown: the champion has answered nothing";
  text += rates ? " " + Share(numbers.challenger, verdict.challenger) + " beside " +
                      Share(numbers.champion, verdict.champion)
                : " " + MillisecondsText(numbers.challenger) + " beside " + MillisecondsText(numbers.champion);
  if (!verdict.broken && !numbers.beyond) return text;
  text += verdict.broken ? ", certainly more than " : ", possibly more than ";
  return text +
         (rates ? PointsText(verdict.allowed * 100) + " points apart" : PercentText(verdict.allowed * 100) + " longer");
}

std::size_t Gates(const CanarySpec& spec) {
  return (spec.error_rate.has_value() ? 1U : 0U) + (spec.latency.has_value() ? 1U : 0U);
}

}  // namespace

std::string Verdict::Text() const {
  std::string text;
  for (const GateVerdict& gate : gates) text += (text.empty() ? "" : "; ") + Words(gate);
  if (!text.empty()) return text;
  return CountText(challenger_requests) + " requests beside " + CountText(champion_requests) + ", not compared";
}

double StageAlpha(const CanarySpec& spec, std::size_t stage) {
  const double of_gate = (1 - spec.confidence) / static_cast<double>(std::max<std::size_t>(Gates(spec), 1));
  const std::size_t last = std::max<std::size_t>(spec.stages.size(), 1) - 1;
  // 1/2, 1/4, ..., and for the last one what is left: as much as the one before it.
  return std::ldexp(of_gate, -static_cast<int>(std::min(stage < last ? stage + 1 : last, std::size_t{1000})));
}

Verdict Judge(const CanarySpec& spec, std::size_t stage, const VersionSample& champion,
              const VersionSample& challenger) {
  Verdict verdict;
  verdict.champion_requests = champion.answers;
  verdict.challenger_requests = challenger.answers;
  const bool alone = stage + 1 >= spec.stages.size();
  verdict.enough = challenger.answers >= spec.min_requests && (alone || champion.answers >= spec.min_requests);
  const double alpha = StageAlpha(spec, stage);
  if (spec.error_rate.has_value()) {
    GateVerdict gate{.gate = GateVerdict::Gate::kErrorRate,
                     .champion = {.total = champion.answers, .hits = champion.errors},
                     .challenger = {.total = challenger.answers, .hits = challenger.errors},
                     .allowed = spec.error_rate->max_increase_points / 100,
                     .alpha = alpha};
    gate.numbers = CompareRates(gate.champion, gate.challenger, gate.allowed, alpha);
    verdict.gates.push_back(gate);
  }
  if (spec.latency.has_value()) {
    GateVerdict gate{.gate = GateVerdict::Gate::kLatency,
                     .champion = {.total = champion.timed()},
                     .challenger = {.total = challenger.timed()},
                     .quantile = spec.latency->quantile,
                     .allowed = spec.latency->max_regression_percent / 100,
                     .alpha = alpha};
    gate.numbers = CompareQuantiles(champion, challenger, gate.quantile, gate.allowed, alpha);
    verdict.gates.push_back(gate);
  }
  for (GateVerdict& gate : verdict.gates) {
    gate.broken = gate.numbers.log_evidence >= -std::log(alpha);
    verdict.broken |= gate.broken;
    verdict.beyond |= gate.numbers.beyond;
  }
  return verdict;
}

}  // namespace sluice::core
