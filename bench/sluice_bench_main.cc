// sluice-bench: the bundled load generator. Results on stdout, diagnostics on stderr.
// Exit codes: 0 every request was answered, 1 some were lost, 64 usage, 69 server not reachable.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "bench/loadgen/load_run.h"

namespace {

namespace asio = boost::asio;
using sluice::bench::LoadOptions;
using sluice::bench::RequestParts;

constexpr int kLost = 1;
constexpr int kUsage = 64;
constexpr int kUnreachable = 69;

struct Flags {
  RequestParts parts;
  LoadOptions load;
  std::string duration;
  std::string timeout = "10s";
  std::string output = "text";
};

void AddFlags(CLI::App& app, Flags& flags) {
  app.add_option("url", flags.parts.url, "http://HOST:PORT/PATH; {n} and {random:N} vary")->required();
  app.add_option("-c,--connections", flags.load.connections, "keep-alive connections")->check(CLI::Range(1, 60000));
  app.add_option("-d,--duration", flags.duration, "for example 10s; the default without -n");
  app.add_option("-n,--requests", flags.load.requests, "stop after this many requests")->check(CLI::PositiveNumber);
  app.add_option("-r,--rate", flags.load.rate, "open loop: requests a second, latency from the intended start")
      ->check(CLI::Range(0.001, 1e7));
  app.add_option("-m,--method", flags.parts.method, "request method");
  app.add_option("-H,--header", flags.parts.headers, "'Name: value', repeatable; {n} and {random:N} vary");
  app.add_option("--body", flags.parts.body, "request body");
  app.add_option("--body-bytes", flags.parts.body_bytes, "a request body of this many bytes");
  app.add_option("--timeout", flags.timeout, "per request");
  app.add_option("--tally", flags.load.tally_header, "answers are counted by the value of this header");
  app.add_option("--seed", flags.load.seed, "of every draw");
  app.add_option("-o,--output", flags.output, "text or json")->check(CLI::IsMember({"text", "json"}));
}

int Usage(const std::string& message) {
  std::cerr << "sluice-bench: " << message << '\n';
  return kUsage;
}

// 0 when the flags make sense.
int Complete(Flags& flags) {
  if (flags.duration.empty() && flags.load.requests == 0) flags.duration = "10s";
  if (!flags.duration.empty()) {
    const auto duration = sluice::bench::ParseDuration(flags.duration);
    if (!duration) return Usage(duration.error().Text());
    flags.load.duration = *duration;
  }
  const auto timeout = sluice::bench::ParseDuration(flags.timeout);
  if (!timeout) return Usage(timeout.error().Text());
  flags.load.timeout = *timeout;
  const auto composed = sluice::bench::ComposeRequest(flags.parts, flags.load);
  return composed ? 0 : Usage(composed.error().Text());
}

int Run(const Flags& flags) {
  asio::io_context io(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO);
  boost::system::error_code error;
  asio::ip::tcp::resolver resolver(io);
  const auto found = resolver.resolve(flags.load.host, flags.load.port, error);
  if (error || found.empty()) {
    std::cerr << "sluice-bench: cannot resolve " << flags.load.host << ": " << error.message() << '\n';
    return kUnreachable;
  }
  sluice::bench::LoadRun run(io, found.begin()->endpoint(), flags.load);
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code failed, int) {
    if (!failed) run.Stop();
  });
  run.Start();
  while (!run.finished() && io.run_one() > 0) {
  }
  if (!run.reached()) {
    std::cerr << "sluice-bench: no connection to " << flags.load.host << ':' << flags.load.port << '\n';
    return kUnreachable;
  }
  std::cout << (flags.output == "json" ? run.report().Json() + "\n" : run.report().Text());
  const bool clean = run.report().lost() == 0 && run.report().extra_bytes() == 0 && run.report().answered() > 0;
  return clean ? 0 : kLost;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): out of memory may end it
int main(int argc, char** argv) {
  Flags flags;
  CLI::App app{"HTTP load generator"};
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (const int usage = Complete(flags); usage != 0) return usage;
  try {
    return Run(flags);
  } catch (const std::exception& error) {
    std::cerr << "sluice-bench: " << error.what() << '\n';
    return kLost;
  }
}
