// Files -> RouteTests, with a finding for everything that is wrong in them. Such files may lie among the rules: each side
// passes over the documents of the other. Blocking file I/O; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/loader.h"
#include "gateway/cases/route_case.h"

namespace sluice::gateway {

// Requests that the tests of one file may ask for; beyond, the file is refused.
inline constexpr std::uint64_t kCaseRequestsMax = 1'000'000;
inline constexpr std::uint64_t kGateRequestsMax = 100'000;  // of all gates together: a change waits for them

// Files, or directories of which every *.yaml and *.yml is read. A path without a RouteTest is an error: tests that are
// not there must not pass.
std::vector<CaseSuite> ReadCases(const std::vector<std::string>& paths, std::uint64_t requests_max,
                                 config::Findings& findings);

// The RouteTests of one text.
std::vector<CaseSuite> ParseCases(const config::Source& source, std::uint64_t requests_max, config::Findings& findings);

// What these tests ask for.
std::uint64_t RequestsOf(const std::vector<CaseSuite>& suites);

}  // namespace sluice::gateway
