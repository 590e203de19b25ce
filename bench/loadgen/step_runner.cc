#include "bench/loadgen/step_runner.h"

#include <iostream>

#include "bench/loadgen/progress_line.h"

namespace sluice::bench {

// Lock-free, because a signal handler stops the run.
static_assert(std::atomic<LoadRun*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void LoadSteps::Stop() {
  stopped_.store(true);
  if (LoadRun* run = current_.load()) run->Stop();
}

core::Result<Report> LoadSteps::Run(const LoadOptions& options, const std::string& label) {
  auto peers = LoadRun::Resolve(mix_.host(), mix_.port());
  if (!peers) return std::unexpected(peers.error());
  std::optional<TlsClient> tls;
  if (mix_.tls()) {
    constexpr std::uint32_t kMany = 1000;  // connections from which memory counts more than an allocation
    auto made = TlsClient::Make(options.secrets, mix_.host(), options.http2, options.connections > kMany);
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
  }
  LoadRun run(std::move(*peers), options, mix_, std::move(tls));
  current_.store(&run);
  if (stopped_.load()) run.Stop();  // a signal that came before there was a run to stop
  run.Start();
  Watch(run, options, label);
  current_.store(nullptr);
  const std::string trouble = run.trouble();
  if (!run.reached() && !stopped_.load()) {
    return core::Fail(core::ErrorCode::kUnavailable,
                      "no connection to " + mix_.host() + ":" + mix_.port() + ": " + trouble);
  }
  if (!trouble.empty()) std::cerr << "sluice-bench: a connection failed: " << trouble << '\n';
  return run.TakeReport();
}

void LoadSteps::Watch(LoadRun& run, const LoadOptions& options, const std::string& label) {
  constexpr std::chrono::milliseconds kEvery{1000};
  const auto length = options.duration.count() > 0 ? options.warm_up + options.duration : std::chrono::nanoseconds(0);
  ProgressLine line(std::cerr, StyleOfStderr(), label, options.warm_up, length);
  const auto start = LoadClock::now();
  while (!run.Wait(kEvery)) {
    if (!progress_) continue;
    LiveCounts::Sum sum;
    run.AddLive(sum);
    line.Show(LoadClock::now() - start, sum);
  }
}

}  // namespace sluice::bench
