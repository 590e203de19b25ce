#include "bench/loadgen/report_flags.h"

#include <iostream>

#include "bench/loadgen/html_report.h"

namespace sluice::bench {

void AddOutputFlags(CLI::App& app, ReportFlags& flags) {
  const auto group = "Results";
  app.add_option("-o,--output", flags.output, "text or json")
      ->check(CLI::Validator(CLI::IsMember({"text", "json"})).description(""))
      ->capture_default_str()
      ->group(group);
  app.add_option("--report", flags.page, "write a page with plots into this file; it needs no other file")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--mergeable", flags.mergeable, "with -o json: add what `sluice-bench merge A.json B.json` adds up")
      ->group(group);
}

void AddReportFlags(CLI::App& app, ReportFlags& flags) {
  app.add_option("--mix", flags.mix, "several kinds of requests, users and think times from this YAML file")
      ->check(CLI::Validator(CLI::ExistingFile).description(""))
      ->type_name("FILE")
      ->group("Request");
  app.add_option("--sweep", flags.sweep,
                 "open-loop steps in one run: rates as in 1000,2000, or percent as in\n"
                 "25%,50%,90% of what a closed loop reaches first; each with its\nwarm-up and duration")
      ->type_name("STEPS")
      ->group("Load");
  AddOutputFlags(app, flags);
  auto* on = app.add_flag("--progress", flags.progress, "tell every second how it goes, on a terminal or not");
  on->group("Results");
  app.add_flag("--no-progress", flags.no_progress, "tell nothing while it runs")->excludes(on)->group("Results");
}

core::Result<SweepPlan> CompleteSweep(const ReportFlags& flags, const LoadOptions& load) {
  if (load.rate > 0 || load.requests > 0) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "--sweep has rates and durations of its own steps",
                      "leave -r and -n out, and tell the length of a step with -d");
  }
  return ParseSweep(flags.sweep);
}

core::Status WriteOutputs(const ReportFlags& flags, const RunRecord& record) {
  std::cout << (flags.output == "json" ? RecordJson(record, flags.mergeable) : RecordText(record)) << std::flush;
  if (flags.page.empty()) return {};
  return WriteFile(flags.page, HtmlReport(record));
}

}  // namespace sluice::bench
