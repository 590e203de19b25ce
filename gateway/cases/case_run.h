// Runs a test over a snapshot: its requests, one or many, go through the decision that real ones go through. So that no
// test passes by luck, a lone request without a draw must do what is expected in every share of its rule's split, and an
// abort injected into some requests passes it by (`fault` speaks of it). With `over`, draws are those of a generator of the
// test's own with a fixed seed: the same rules always give the same result. Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/experiment/bucket_hasher.h"
#include "core/snapshot/snapshot.h"
#include "gateway/cases/case_check.h"
#include "gateway/cases/route_case.h"

namespace sluice::gateway {

struct CaseResult {
  std::vector<CaseFailure> failures{};      // of the first request that fails, and of the shares
  std::uint64_t requests = 0;               // that were decided
  std::uint64_t failed_requests = 0;        // shares left out
  std::optional<std::uint64_t> first_id{};  // with `over`: of the first request that fails
  std::string asked{};                      // that request, or the test's only one; empty when only shares differ
  std::string decided_by{};                 // its rule, with file and line
  std::vector<std::string> why{};           // why it was not the expected rule

  bool ok() const { return failures.empty(); }
};

CaseResult RunCase(const core::Snapshot& snapshot, const RouteCase& test, core::BucketHasher& hasher);

// The request of user `id`. An error: the URL or the principal is none.
core::Result<core::SampleRequest> RequestOf(const RouteCase& test, std::uint64_t id);

// `rule: expected premium, got rule rest of ml/ranking (rules/vs.yaml:9)` and so on, then what was asked: the result in
// one line, for findings.
std::string CaseLine(const CaseResult& result);

}  // namespace sluice::gateway
