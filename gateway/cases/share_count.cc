#include "gateway/cases/share_count.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "config/format.h"

namespace sluice::gateway {
namespace {

using config::Format;
using By = ExpectedShares::By;

constexpr double kDeviations = 4;
constexpr double kWhole = 99.999;  // what shares written with some decimals add up to

const char* FieldOf(By by) {
  switch (by) {
    case By::kSubset: return "shares";
    case By::kRule: return "ruleShares";
    case By::kArm: return "armShares";
    case By::kMirror: return "mirrorShares";
  }
  return "";
}

// The subset, or the host where there is none; the status of an answer by the gateway itself.
std::string PlaceOf(const core::Snapshot& snapshot, const core::SampleDecision& decision) {
  if (decision.refused_status() != 0) return std::to_string(decision.refused_status());
  const core::Plan& plan = decision.plan();
  if (const auto* answer = std::get_if<core::AnswerPlan>(&plan.action)) return std::to_string(answer->status);
  const core::Cluster& cluster = snapshot.clusters[std::get<core::ForwardPlan>(plan.action).cluster.value];
  return cluster.subset.empty() ? cluster.service_host : cluster.subset;
}

std::string RuleName(const core::Plan& plan) {
  if (plan.route == nullptr) return "none";
  return plan.route->name.empty() ? std::to_string(plan.route->rule_index) : plan.route->name;
}

std::string ArmOf(const core::Plan& plan) {
  const std::string_view arm = core::ArmName(plan);
  return arm.empty() ? "none" : std::string(arm);
}

}  // namespace

void ShareCount::Add(const core::Snapshot& snapshot, const core::SampleDecision& decision) {
  const core::Plan& plan = decision.plan();
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    switch (expect_.shares[i].by) {
      case By::kSubset: ++counts_[i][PlaceOf(snapshot, decision)]; break;
      case By::kRule: ++counts_[i][RuleName(plan)]; break;
      case By::kArm: ++counts_[i][ArmOf(plan)]; break;
      case By::kMirror:
        if (decision.refused_status() != 0 || !plan.forwards()) break;
        const auto& forward = std::get<core::ForwardPlan>(plan.action);
        for (std::uint32_t m = 0; m < forward.mirror_count; ++m) {
          const core::Mirror& mirror = *forward.mirrors[m];
          ++counts_[i][mirror.subset.empty() ? mirror.host : mirror.subset];
        }
        break;
    }
  }
}

double ShareCount::Tolerance(double percent, std::uint64_t requests) const {
  if (expect_.tolerance) return *expect_.tolerance;
  const double share = percent / 100;
  return 100 * kDeviations * std::sqrt(share * (1 - share) / static_cast<double>(requests));
}

std::vector<CaseFailure> ShareCount::Check(std::uint64_t requests) const {
  std::vector<CaseFailure> failures;
  const auto judge = [&](By by, const std::string& name, double wanted, std::uint64_t count) {
    const double got = 100.0 * static_cast<double>(count) / static_cast<double>(requests);
    const double tolerance = Tolerance(wanted, requests);
    if (std::abs(got - wanted) <= tolerance + 1e-9) return;
    failures.push_back({Format("{}.{}", FieldOf(by), name),
                        Format("{} within {}", PercentText(wanted), PercentText(std::round(tolerance * 100) / 100)),
                        Format("{} ({} of {})", PercentText(std::round(got * 100) / 100), count, requests)});
  };
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const ExpectedShares& shares = expect_.shares[i];
    Counts rest = counts_[i];
    double sum = 0;
    for (const auto& [name, percent] : shares.percents) {
      const auto found = rest.find(name);
      judge(shares.by, name, percent, found == rest.end() ? 0 : found->second);
      if (found != rest.end()) rest.erase(found);
      sum += percent;
    }
    if (sum < kWhole || shares.by == By::kMirror) continue;
    for (const auto& [name, count] : rest) judge(shares.by, name, 0, count);
  }
  return failures;
}

}  // namespace sluice::gateway
