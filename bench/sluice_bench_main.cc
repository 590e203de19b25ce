// sluice-bench: the bundled load generator. Results on stdout, diagnostics on stderr.
// Exit codes: 0 every request was answered, 1 some were lost, 64 usage, 69 server not reachable.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <iostream>

#include "bench/loadgen/flags.h"
#include "bench/loadgen/merge_command.h"
#include "bench/loadgen/progress_line.h"
#include "bench/loadgen/step_runner.h"

namespace {

using sluice::bench::Flags;
using sluice::bench::LoadSteps;
using sluice::bench::RequestMix;
using sluice::bench::RunRecord;
using sluice::bench::RunStep;
using sluice::core::ErrorCode;

constexpr int kLost = 1;
constexpr int kUsage = 64;
constexpr int kUnreachable = 69;

// What a signal stops. A lock-free atomic is what a handler may touch.
std::atomic<LoadSteps*> current_steps = nullptr;
static_assert(std::atomic<LoadSteps*>::is_always_lock_free);

void OnSignal(int) {
  if (LoadSteps* steps = current_steps.load()) steps->Stop();
}

void CatchSignals() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESETHAND;  // the second one ends the program at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int Fail(int code, const std::string& message) {
  std::cerr << "sluice-bench: " << message << '\n';
  return code;
}

sluice::core::Status RunSteps(const Flags& flags, LoadSteps& steps, RunRecord& record) {
  const auto run = [&](const auto& options, const std::string& label) { return steps.Run(options, label); };
  if (!flags.report.sweep.empty()) {
    const auto plan = CompleteSweep(flags.report, flags.load);
    if (!plan) return std::unexpected(plan.error());
    return RunSweep(*plan, flags.load, run, steps.stopped(), record);
  }
  const std::string label = StepLabel(flags.load);
  auto report = steps.Run(flags.load, label);
  if (!report) return std::unexpected(report.error());
  record.steps.push_back({.label = label, .rate = flags.load.rate, .report = std::move(*report)});
  return {};
}

int Run(const Flags& flags, const RequestMix& mix, RunRecord& record) {
  const bool terminal = sluice::bench::StyleOfStderr().in_place;
  LoadSteps steps(mix, flags.report.progress || (terminal && !flags.report.no_progress));
  current_steps = &steps;
  CatchSignals();
  const auto ran = RunSteps(flags, steps, record);
  current_steps = nullptr;
  if (!ran) return Fail(ran.error().code == ErrorCode::kUnavailable ? kUnreachable : kUsage, ran.error().Text());
  if (const auto written = WriteOutputs(flags.report, record); !written) return Fail(kLost, written.error().Text());
  const auto clean = [](const RunStep& step) {
    return step.report.lost() == 0 && step.report.extra_bytes() == 0 && step.report.answered() > 0;
  };
  return !record.steps.empty() && std::ranges::all_of(record.steps, clean) ? 0 : kLost;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): out of memory may end it
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "merge") return sluice::bench::MergeMain(argc - 1, argv + 1);
  Flags flags;
  CLI::App app{"sluice-bench, a load generator for HTTP/1.1, HTTP/2 and gRPC, with TLS or without"};
  sluice::bench::AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  const auto mix = sluice::bench::Complete(flags);
  if (!mix) return Fail(kUsage, mix.error().Text());
  try {
    RunRecord record{.command = sluice::bench::CommandLine(argc, argv),
                     .versions = sluice::bench::ProgramVersions(),
                     .started = sluice::bench::UtcNow()};
    return Run(flags, *mix, record);
  } catch (const std::exception& error) {
    return Fail(kLost, error.what());
  }
}
