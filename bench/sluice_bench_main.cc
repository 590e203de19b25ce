// sluice-bench: the bundled load generator. Results on stdout, diagnostics on stderr.
// Exit codes: 0 every request was answered, 1 some were lost, 64 usage, 69 server not reachable.
#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <iostream>

#include "bench/loadgen/flags.h"
#include "bench/loadgen/load_run.h"

namespace {

using sluice::bench::Flags;
using sluice::bench::LoadRun;
using sluice::bench::RequestMix;
using sluice::bench::TlsClient;

constexpr int kLost = 1;
constexpr int kUsage = 64;
constexpr int kUnreachable = 69;

// What a signal stops. A lock-free atomic is what a handler may touch.
std::atomic<LoadRun*> current_run = nullptr;
static_assert(std::atomic<LoadRun*>::is_always_lock_free);

void OnSignal(int) {
  if (LoadRun* run = current_run.load()) run->Stop();
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

int Run(const Flags& flags, const RequestMix& mix) {
  auto peers = LoadRun::Resolve(mix.host(), mix.port());
  if (!peers) return Fail(kUnreachable, peers.error().Text());
  std::optional<TlsClient> tls;
  if (mix.tls()) {
    constexpr std::uint32_t kMany = 1000;  // connections from which memory counts more than an allocation
    auto made =
        TlsClient::Make(flags.load.secrets, mix.host(), flags.load.http2, flags.load.connections > kMany);
    if (!made) return Fail(kUsage, made.error().Text());
    tls = std::move(*made);
  }
  LoadRun run(std::move(*peers), flags.load, mix, std::move(tls));
  current_run = &run;
  CatchSignals();
  run.Start();
  while (!run.Wait(std::chrono::seconds(1))) {
  }
  current_run = nullptr;
  const std::string trouble = run.trouble();
  if (!run.reached()) {
    return Fail(kUnreachable, "no connection to " + mix.host() + ':' + mix.port() + ": " + trouble);
  }
  if (!trouble.empty()) std::cerr << "sluice-bench: a connection failed: " << trouble << '\n';
  std::cout << (flags.output == "json" ? run.report().Json() + "\n" : run.report().Text());
  const bool clean = run.report().lost() == 0 && run.report().extra_bytes() == 0 && run.report().answered() > 0;
  return clean ? 0 : kLost;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): out of memory may end it
int main(int argc, char** argv) {
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
    return Run(flags, *mix);
  } catch (const std::exception& error) {
    return Fail(kLost, error.what());
  }
}
