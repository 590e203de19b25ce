#include "gateway/cli/run.h"

#include <cstdio>
#include <memory>
#include <string>

#include "gateway/app/app.h"
#include "gateway/cli/examples.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {
namespace {

struct RunFlags {
  RunOptions options;
  std::string http_port = "8080";
};

// "8080" listens on every address; "127.0.0.1:8080" and "off" are taken as they are.
std::string HttpAddress(const std::string& text) {
  return text.find_first_not_of("0123456789") == std::string::npos ? "0.0.0.0:" + text : text;
}

core::Status CheckAddresses(const RunOptions& options) {
  for (const std::string* address : {&options.http, &options.admin, &options.health, &options.metrics}) {
    if (*address == kOff) continue;
    const auto endpoint = ParseAddress(*address);
    if (!endpoint) return std::unexpected(endpoint.error());
  }
  return {};
}

int Run(RunFlags& flags) {
  flags.options.http = HttpAddress(flags.http_port);
  if (const core::Status usable = CheckAddresses(flags.options); !usable) {
    std::fprintf(stderr, "sluice: %s\n", usable.error().Text().c_str());
    return 64;
  }
  if (const core::Status started = StartLogging(flags.options.log_level); !started) {
    std::fprintf(stderr, "sluice: %s\n", started.error().Text().c_str());
    return 64;
  }
  App app(flags.options);
  return app.Run();
}

}  // namespace

void AddRun(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* run = app.add_subcommand("run", "Run the gateway on a configuration until SIGTERM; SIGHUP reloads it");
  RunOptions& options = flags->options;
  run->add_option("-c,--config", options.config, "File or directory of YAML resources; may be repeated")
      ->type_name("PATH")
      ->envname("SLUICE_CONFIG")
      ->required();
  run->add_option("--http-port", flags->http_port, "Port (or IP:PORT, or off) for client traffic; 0 takes a free one")
      ->type_name("ADDRESS")
      ->envname("SLUICE_HTTP_PORT")
      ->capture_default_str();
  run->add_option("--admin", options.admin,
                  "Admin pages, IP:PORT or off; beyond loopback only with one of the next two")
      ->type_name("ADDRESS")
      ->envname("SLUICE_ADMIN")
      ->capture_default_str();
  run->add_option("--admin-token-file", options.admin_token_file,
                  "File with the token that the admin port wants (Authorization: Bearer ...)")
      ->type_name("FILE")
      ->envname("SLUICE_ADMIN_TOKEN_FILE");
  run->add_option("--admin-credential", options.admin_credential,
                  "Directory with tls.crt and tls.key for the admin port; with ca.crt clients must show a certificate")
      ->type_name("DIR")
      ->envname("SLUICE_ADMIN_CREDENTIAL");
  run->add_option(
         "--state-dir", options.state_directory,
         "Directory for the history of changes, the writers' token and the admin port's certificate; without it"
         " the history is in memory")
      ->envname("SLUICE_STATE_DIR")
      ->type_name("DIR");
  run->add_option(
         "--gate", options.gates,
         "Test file or directory of them (see `sluice test`); a change whose tests fail is refused; may be repeated")
      ->envname("SLUICE_GATE")
      ->type_name("PATH");
  run->add_option("--health", options.health, "Health pages for probes, IP:PORT or off")
      ->type_name("ADDRESS")
      ->envname("SLUICE_HEALTH")
      ->capture_default_str();
  run->add_option("--metrics", options.metrics, "Prometheus metrics, IP:PORT or off")
      ->type_name("ADDRESS")
      ->envname("SLUICE_METRICS")
      ->capture_default_str();
  run->add_option("--workers", options.workers, "Worker threads; 0: what the file says, else one per core")
      ->envname("SLUICE_WORKERS")
      ->transform(CLI::Transformer({{"auto", "0"}}))
      ->capture_default_str();
  run->add_option("--log-level", options.log_level, "trace, debug, info, warning, error or off")
      ->envname("SLUICE_LOG_LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  run->add_option("--namespace", options.default_namespace, "Namespace of resources that name none")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  SetExamples(*run, {{"on a directory of rules", "sluice run -c rules/"},
                     {"with changes at run time that outlive it", "sluice run -c rules/ --state-dir /var/lib/sluice"},
                     {"on other ports", "sluice run -c rules/ --http-port 9000 --admin 127.0.0.1:9001 --metrics off"}});
  run->callback([flags, &exit_code] { exit_code = Run(*flags); });
}

}  // namespace sluice::gateway
