// sluice-stub: a stub model server. Prints `listening http ADDRESS:PORT` and serves until SIGTERM or SIGINT.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <exception>
#include <iostream>
#include <random>
#include <utility>
#include <vector>

#include "bench/stub/stub_server.h"

namespace {

namespace asio = boost::asio;
using sluice::bench::Behaviour;

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::uint64_t seed = 0;
  Behaviour behaviour;
};

// Each setting of the behaviour is a flag of the same name, read by the same function as /__stub/config.
void AddBehaviourFlags(CLI::App& app, Behaviour& behaviour) {
  static const std::vector<std::pair<std::string, std::string>> kFlags = {
      {"version", "model version, told in x-model-version and in the body"},
      {"latency", "before every answer, for example 5ms"},
      {"jitter", "plus a uniform share of this"},
      {"latency-p99", "an exponential tail above latency with this 99th percentile"},
      {"status", "status of failing answers"},
      {"failure-rate", "share of requests that fail, 0 to 1"},
      {"failure", "how they fail: status, reset, close, half or stall"},
      {"fail-first", "the first N requests fail"},
      {"body-bytes", "at least this many bytes of body"}};
  for (const auto& [name, help] : kFlags) {
    app.add_option_function<std::string>(
        "--" + name,
        [&behaviour, flag = name](const std::string& value) {
          if (const auto set = Set(behaviour, flag, value); !set) throw CLI::ValidationError(set.error().Text());
        },
        help);
  }
}

int Serve(const Options& options) {
  asio::io_context io(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO);
  const std::uint64_t seed = options.seed != 0 ? options.seed : std::random_device()();
  sluice::bench::StubServer server(io, {asio::ip::make_address(options.address), options.port}, options.behaviour,
                                   seed);
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code, int) { io.stop(); });
  std::cout << "listening http " << options.address << ':' << server.port() << '\n' << std::flush;
  io.run();
  return 0;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): out of memory may end it
int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Stub model server"};
  app.add_option("--address", options.address, "address to listen on");
  app.add_option("--port", options.port, "port; 0 takes a free one and prints it");
  app.add_option("--seed", options.seed, "seed of every draw; 0 takes a random one");
  AddBehaviourFlags(app, options.behaviour);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  try {
    return Serve(options);
  } catch (const std::exception& error) {
    std::cerr << "sluice-stub: " << error.what() << '\n';
    return 1;
  }
}
