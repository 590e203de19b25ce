// A whole run of sluice-bench, for its outputs: one step, or the steps of a sweep. Plain values; owned by main.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/loadgen/report.h"

namespace sluice::bench {

struct RunStep {
  std::string label = {};    // "open loop, 2000 a second"
  double rate = 0;           // a second; 0: closed loop
  double of_saturation = 0;  // 0.75; 0: the rate was told as such
  Report report = {};
};

struct RunRecord {
  std::string command = {};   // line, as it was typed
  std::string versions = {};  // of the program, its compiler and its libraries
  std::string started = {};   // UTC
  double saturation = 0;      // answers a second of the closed loop that a sweep in percent begins with; 0: none
  bool sweep = false;
  std::vector<RunStep> steps = {};
};

// "sluice-bench 0.1.0, g++ 12.2.0, OpenSSL 3.0.11, nghttp2 1.52.0".
std::string ProgramVersions();
std::string CommandLine(int argc, const char* const* argv);
// 2026-01-31T12:00:00Z.
std::string UtcNow();

// For people and for programs. Of a sweep, the JSON has its steps in `steps`; otherwise it is the report's, with the
// command line, versions and start. `mergeable` adds what `sluice-bench merge` reads.
std::string RecordText(const RunRecord& record);
std::string RecordJson(const RunRecord& record, bool mergeable);

}  // namespace sluice::bench
