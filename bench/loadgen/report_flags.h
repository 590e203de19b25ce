// The part of the command line that says what is drawn from, what is shown and what is written. Owned by main; one
// thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "bench/loadgen/sweep.h"

namespace sluice::bench {

struct ReportFlags {
  std::string mix = {};
  std::string sweep = {};
  std::string page = {};
  std::string output = "text";
  bool mergeable = false;
  bool progress = false;
  bool no_progress = false;
};

void AddReportFlags(CLI::App& app, ReportFlags& flags);
// -o, --report and --mergeable alone: what `merge` takes.
void AddOutputFlags(CLI::App& app, ReportFlags& flags);

// The plan of --sweep, checked against the other flags.
core::Result<SweepPlan> CompleteSweep(const ReportFlags& flags, const LoadOptions& load);

// Writes the page, when one is asked for, and the text or JSON to standard output.
core::Status WriteOutputs(const ReportFlags& flags, const RunRecord& record);

}  // namespace sluice::bench
