// Rules and tests as texts, for tests of gateway/cases.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/loader.h"
#include "core/experiment/bucket_hasher.h"
#include "gateway/cases/case_file.h"
#include "gateway/cases/case_run.h"

namespace sluice::gateway::tests {

// A service with subsets v1 and v2, and a VirtualService `ml/rules` whose http[] is `http`, indented by two. It begins
// in line 26, so that its first rule is in line 27.
inline std::string Rules(const std::string& http) {
  return R"(apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ranking, namespace: ml}
spec:
  hosts: [ranking]
  ports: [{number: 8000, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints:
  - {address: 127.0.0.1, ports: {http: 9001}, labels: {version: v1}}
  - {address: 127.0.0.1, ports: {http: 9002}, labels: {version: v2}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ranking, namespace: ml}
spec:
  host: ranking
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rules, namespace: ml}
spec:
  hosts: [ranking]
  http:
)" + http;
}

// Null, with a failure, when the text has errors.
inline std::unique_ptr<core::Snapshot> Compiled(const std::string& text) {
  const config::Loaded loaded = config::LoadSources({{"rules.yaml", text}}, "default");
  for (const config::Finding& finding : loaded.findings) {
    if (finding.severity == config::Severity::kError) ADD_FAILURE() << config::FormatFinding(finding);
  }
  return loaded.ok ? config::Compile(*loaded.documents, {}) : nullptr;
}

// A RouteTest `suite` of these tests, indented by two; its first test is in line 6.
inline std::string Suite(const std::string& cases) {
  return "apiVersion: sluice.dev/v1alpha1\nkind: RouteTest\nmetadata: {name: suite}\nspec:\n  tests:\n" + cases;
}

// The tests of a text, and what was said about it.
struct ReadText {
  std::vector<CaseSuite> suites{};
  std::string findings{};
};

inline ReadText Read(const std::string& text, std::uint64_t requests_max = kCaseRequestsMax) {
  config::Findings findings;
  ReadText read{.suites = ParseCases({"test.yaml", text}, requests_max, findings)};
  for (const config::Finding& finding : findings.Take()) read.findings += config::FormatFinding(finding) + "\n";
  return read;
}

// One test over rules. Its result, with a failure when it cannot be read.
inline CaseResult Ran(const std::string& http, const std::string& test) {
  const auto snapshot = Compiled(Rules(http));
  const ReadText read = Read(Suite(test));
  EXPECT_EQ(read.findings, "");
  if (snapshot == nullptr || read.suites.empty() || read.suites.front().cases.empty()) return {};
  core::BucketHasher hasher;
  return RunCase(*snapshot, read.suites.front().cases.front(), hasher);
}

}  // namespace sluice::gateway::tests
