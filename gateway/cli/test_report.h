// What `sluice test` prints of the tests it has run: text for people, JSON and JUnit's XML for tools. Main thread of its
// own process.
#pragma once

#include <string>
#include <vector>

#include "config/resource_json.h"
#include "core/base/clock.h"
#include "gateway/cases/case_run.h"
#include "gateway/cases/route_case.h"

namespace sluice::gateway {

// `suite` and `test` outlive the record.
struct CaseRecord {
  const CaseSuite* suite = nullptr;
  const RouteCase* test = nullptr;
  CaseResult result{};
  core::Duration time{0};
};

// A line per test; below one that fails, what was expected, what came, and why.
std::string TestText(const std::vector<CaseRecord>& records, bool colours);

// {"tests": [{"suite", "name", "file", "line", "ok", "requests", "failed_requests", "seconds", "failures": [{"field",
// "expected", "got"}], "asked", "decided_by", "why"}], "passed", "failed"}
config::Json TestJson(const std::vector<CaseRecord>& records);

// The form that CI systems read: testsuites, testsuite, testcase, failure.
std::string JUnitXml(const std::vector<CaseRecord>& records);

}  // namespace sluice::gateway
