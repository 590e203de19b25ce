// What a RouteTest says: requests that nobody sends, and what must become of them. Plain data, filled by case_file, run by
// case_run. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/diagnostics.h"
#include "core/base/clock.h"
#include "core/plan/sample_request.h"

namespace sluice::gateway {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// Fields of a head; names in lower case.
struct ExpectedHeaders {
  HeaderList set{};
  std::vector<std::string> absent{};
  bool empty() const { return set.empty() && absent.empty(); }
};

struct ExpectedMirror {
  std::string host{};    // empty: any
  std::string subset{};  // empty: none
  std::optional<std::uint16_t> port{};
  std::optional<double> percent{};  // absent: 100
};

// As the rule has it, not as it was drawn.
struct ExpectedFault {
  std::optional<core::Duration> delay{};
  std::optional<double> delay_percent{};
  std::optional<std::uint16_t> abort{};
  std::optional<double> abort_percent{};
};

// How the requests of `over` are spread. A request that the gateway answers itself counts under its status.
struct ExpectedShares {
  enum class By : std::uint8_t { kSubset, kRule, kArm, kMirror };
  By by = By::kSubset;
  std::vector<std::pair<std::string, double>> percents{};  // by name
};

// What is absent is not judged.
struct Expectation {
  std::optional<std::string> rule{};  // its name or index, also behind its VirtualService and a slash
  std::optional<std::string> match{};
  std::optional<std::string> host{};  // the destination's, short or whole
  std::optional<std::string> subset{};
  std::optional<std::uint16_t> port{};
  std::optional<std::string> path{};  // as sent to the model, query included
  std::optional<std::string> authority{};
  std::optional<core::Duration> timeout{};  // in force; 0: none
  std::optional<core::Duration> per_try_timeout{};
  std::optional<std::uint32_t> attempts{};
  std::optional<std::string> retry_on{};  // as FormatRetryOn writes it
  std::optional<core::Duration> backoff{};
  std::optional<std::vector<ExpectedMirror>> mirrors{};  // all of the rule, in any order
  std::optional<ExpectedFault> fault{};
  std::optional<std::uint16_t> status{};  // of an answer by the gateway itself
  std::optional<std::string> redirect{};  // its location
  std::optional<std::string> body{};
  std::optional<std::string> flag{};
  std::optional<std::string> experiment{};
  std::optional<std::string> arm{};  // empty: in none
  std::optional<std::uint32_t> bucket{};
  ExpectedHeaders request_headers{};   // as sent to the model
  ExpectedHeaders response_headers{};  // as sent to the client
  std::vector<ExpectedShares> shares{};
  std::optional<double> tolerance{};  // in percentage points
};

// The same request for many users: "{id}" in it is their number.
struct Over {
  std::uint64_t ids = 1;
  std::uint64_t from = 0;
};

struct RouteCase {
  std::string name{};
  config::Place place{};
  core::SampleRequest request{};
  std::string url{};
  std::string principal{};              // spiffe:// id; empty: none
  std::optional<std::uint64_t> draw{};  // behind split and mirrors; absent: of a seeded generator
  std::uint16_t answer_status = 200;    // what the model is taken to answer
  HeaderList answer_headers{};
  std::optional<Over> over{};
  Expectation expect{};
};

// One RouteTest.
struct CaseSuite {
  std::string name{};
  config::Place place{};
  std::vector<std::string> config{};  // paths of the rules; empty: not said
  std::vector<RouteCase> cases{};
};

}  // namespace sluice::gateway
