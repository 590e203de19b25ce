// Counts where many requests go, and holds the counts against the shares that are expected. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/plan/sample_request.h"
#include "gateway/cases/case_check.h"
#include "gateway/cases/route_case.h"

namespace sluice::gateway {

class ShareCount {
 public:
  // `expect` outlives this.
  explicit ShareCount(const Expectation& expect) : expect_(expect), counts_(expect.shares.size()) {}

  void Add(const core::Snapshot& snapshot, const core::SampleDecision& decision);
  // A failure for every share that is farther off than the tolerance; without one, farther than four standard deviations
  // of as many draws, which chance exceeds once in 16,000. When the shares add up to 100%, what they do not name has 0%.
  std::vector<CaseFailure> Check(std::uint64_t requests) const;

 private:
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;

  double Tolerance(double percent, std::uint64_t requests) const;

  const Expectation& expect_;
  std::vector<Counts> counts_;  // as expect_.shares
};

}  // namespace sluice::gateway
