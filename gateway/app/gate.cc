#include "gateway/app/gate.h"

#include <algorithm>

#include "config/format.h"
#include "core/experiment/bucket_hasher.h"
#include "gateway/cases/case_file.h"
#include "gateway/cases/case_run.h"

namespace sluice::gateway {

std::vector<config::Finding> RunGate(const std::vector<std::string>& files, const core::Snapshot& snapshot) {
  config::Findings findings;
  const std::vector<CaseSuite> suites = ReadCases(files, kGateRequestsMax, findings);
  if (const std::uint64_t requests = RequestsOf(suites); requests > kGateRequestsMax && !findings.has_errors()) {
    findings.Error(
        "SL3002", {files.front(), {}},
        config::Format("the gates ask for {} requests together, more than the limit of {}", requests, kGateRequestsMax),
        "ask for fewer ids");
  }
  core::BucketHasher hasher;
  if (const core::Status usable = hasher.Usable(); !usable) {
    findings.Error("SL3003", {files.empty() ? "" : files.front(), {}}, usable.error().cause, usable.error().cure);
  }
  if (!findings.has_errors()) {
    for (const CaseSuite& suite : suites) {
      for (const RouteCase& test : suite.cases) {
        const CaseResult result = RunCase(snapshot, test, hasher);
        if (result.ok()) continue;
        findings.Error(
            "SL3001", test.place,
            config::Format("the gate's test \"{}\" of {} fails: {}", test.name, suite.name, CaseLine(result)),
            "change the rules or the test");
      }
    }
  }
  std::vector<config::Finding> all = findings.Take();
  std::erase_if(all, [](const config::Finding& finding) { return finding.severity != config::Severity::kError; });
  return all;
}

}  // namespace sluice::gateway
