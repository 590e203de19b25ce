#include "bench/loadgen/flags.h"

#include "core/base/text.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kHelpColumn = 30;

// Limits that --help does not repeat: its lines are for what a flag does.
CLI::Validator Quiet(CLI::Validator validator) { return validator.description(""); }

void AddLoadFlags(CLI::App& app, Flags& flags) {
  const auto group = "Load";
  const auto number = [&](const char* name, std::uint32_t& into, int most, const char* text) {
    app.add_option(name, into, text)
        ->check(Quiet(CLI::Range(1, most)))
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
  };
  number("-c,--connections", flags.load.connections, 60000, "kept connections, over all threads");
  number("-s,--streams", flags.load.streams, 10000, "requests at once on each connection, with --http2");
  number("-t,--threads", flags.load.threads, 256, "threads, which share connections and rate");
  app.add_option("-d,--duration", flags.duration, "for example 10s, the default without -n")
      ->type_name("TIME")
      ->group(group);
  app.add_option("-n,--requests", flags.load.requests, "stop after this many requests")
      ->check(Quiet(CLI::PositiveNumber))
      ->type_name("N")
      ->group(group);
  app.add_option("-r,--rate", flags.load.rate,
                 "open loop: this many requests a second, whether or not answers come,\n"
                 "latency from when each was due; without it each connection sends its\n"
                 "next request when the last is answered")
      ->check(Quiet(CLI::Range(0.001, 1e7)))
      ->type_name("N")
      ->group(group);
  app.add_option("--warm-up", flags.warm_up, "load for this long first, and count none of it")
      ->type_name("TIME")
      ->group(group);
  app.add_option("--timeout", flags.timeout, "of a request, from when it was due or sent")
      ->type_name("TIME")
      ->capture_default_str()
      ->group(group);
  app.add_option("--seed", flags.load.seed, "of every draw")->type_name("N")->capture_default_str()->group(group);
}

void AddRequestFlags(CLI::App& app, Flags& flags) {
  const auto group = "Request";
  app.add_option("-m,--method", flags.parts.method, "method")->capture_default_str()->group(group);
  app.add_option("-H,--header", flags.parts.headers, "'Name: value', repeatable; {n} and {random:N} vary")
      ->allow_extra_args(false)  // what follows may be the address
      ->group(group);
  app.add_option("--body", flags.parts.body, "body")->group(group);
  app.add_option("--body-bytes", flags.parts.body_bytes, "a body of this many bytes")->type_name("N")->group(group);
  app.add_option("--unit", flags.parts.unit,
                 "name of the header whose {random:N} is the unit, a user say,\nthat one version is to answer")
      ->group(group);
  app.add_flag("--grpc", flags.parts.grpc,
               "gRPC unary calls of the method that the path names; the body is\nthe message; implies --http2")
      ->group(group);
}

void AddProtocolFlags(CLI::App& app, Flags& flags) {
  const auto group = "Protocol";
  TlsOptions& tls = flags.load.secrets;
  const auto file = [&](const char* name, std::string& into, const char* text) {
    app.add_option(name, into, text)->check(Quiet(CLI::ExistingFile))->type_name("FILE")->group(group);
  };
  app.add_flag("--http2", flags.load.http2, "HTTP/2: by prior knowledge for http://, by ALPN for https://")
      ->group(group);
  file("--ca", tls.ca, "PEM: verifies the server, instead of the system's authorities");
  file("--cert", tls.certificate, "PEM: our certificate and its chain, for mutual TLS");
  file("--key", tls.key, "PEM: its key");
  app.add_option("--sni", tls.server_name, "name to ask for and to verify, instead of the address's")->group(group);
  app.add_flag("--insecure", tls.insecure, "take any certificate")->group(group);
}

core::Status TakeDuration(const std::string& text, std::chrono::nanoseconds& into) {
  if (text.empty()) return {};
  const auto parsed = ParseDuration(text);
  if (!parsed) return std::unexpected(parsed.error());
  into = *parsed;
  return {};
}

}  // namespace

void AddFlags(CLI::App& app, Flags& flags) {
  app.add_option("url", flags.parts.url,
                 "http://HOST:PORT/PATH or https://;\n{n} is the request's number, {random:N} a draw")
      ->required();
  app.get_formatter()->column_width(kHelpColumn);
  AddLoadFlags(app, flags);
  AddRequestFlags(app, flags);
  AddProtocolFlags(app, flags);
  app.add_option("--tally", flags.load.tally_header, "answers are counted by the value of this header")
      ->capture_default_str()
      ->group("Results");
  AddReportFlags(app, flags.report);
  app.footer(
      "Every request sent is answered or lost for a told reason.\n"
      "Exit codes: 0 all were answered, 1 some were lost, 64 usage, 69 server not reachable.");
}

core::Result<RequestMix> Complete(Flags& flags) {
  if (flags.duration.empty() && flags.load.requests == 0) flags.duration = "10s";
  for (const auto& [text, into] :
       {std::pair{&flags.duration, &flags.load.duration}, std::pair{&flags.timeout, &flags.load.timeout},
        std::pair{&flags.warm_up, &flags.load.warm_up}}) {
    if (const auto taken = TakeDuration(*text, *into); !taken) return std::unexpected(taken.error());
  }
  if (flags.parts.grpc) flags.load.http2 = true;
  if (flags.load.streams > 1 && !flags.load.http2) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "HTTP/1.1 carries one request at a time on a connection",
                      "add --http2, or more connections with -c");
  }
  flags.load.tally_header = core::Fold(flags.load.tally_header);
  const std::string& file = flags.report.mix;
  if (!file.empty() && !flags.parts.unit.empty()) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "--unit stands beside --mix",
                      "write `users:` into the mix file");
  }
  auto mix = file.empty() ? RequestMix::FromParts(flags.parts) : RequestMix::Load(file, flags.parts);
  if (mix) flags.load.tls = mix->tls();
  const TlsOptions& tls = flags.load.secrets;
  if (mix && !mix->tls() && !(tls.ca + tls.certificate + tls.key + tls.server_name).empty()) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "certificates are of no use without TLS", "write https://");
  }
  return mix;
}

}  // namespace sluice::bench
