#include "gateway/cli/certs.h"

#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

#include "config/hostname.h"
#include "core/base/text.h"
#include "core/identity/spiffe_id.h"
#include "gateway/cli/examples.h"
#include "gateway/runtime/steady_clock.h"
#include "tls/certificate_authority.h"

namespace sluice::gateway {
namespace {

using core::ErrorCode;
using tls::CertificateAuthority;
using tls::IssuedCertificate;

constexpr int kUsage = 64;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;

core::Result<std::string> SpiffeIdOf(const CertsOptions& options, std::string_view account) {
  const std::string id =
      "spiffe://" + options.trust_domain + "/ns/" + options.name_space + "/sa/" + std::string(account);
  if (core::SpiffeId::Parse(id)) return id;
  return core::Fail(ErrorCode::kInvalidArgument, "'" + id + "' is not a SPIFFE id",
                    "choose a --trust-domain in lower case and a --namespace without '/'");
}

// What one party shows, and in which files.
struct Party {
  std::string account;  // of its SPIFFE id; empty: it has none
  bool named = false;   // found by name: localhost, the loopback addresses and --dns
  std::string usage;
  std::string certificate, key, trust;  // files
};

std::vector<Party> Parties() {
  return {{"", true, "serverAuth", "gateway/tls.crt", "gateway/tls.key", "gateway/ca.crt"},
          {"sluice", false, "serverAuth,clientAuth", "cert-chain.pem", "key.pem", "root-cert.pem"},
          {"client", false, "clientAuth", "client/tls.crt", "client/tls.key", "client/ca.crt"},
          {"model", true, "serverAuth", "model/tls.crt", "model/tls.key", "model/ca.crt"}};
}

core::Status AddParty(const CertsOptions& options, const tls::Validity& validity, const CertificateAuthority& authority,
                      const Party& party, std::vector<NewFile>& files) {
  tls::LeafRequest request{.common_name = "sluice " + (party.account.empty() ? "gateway" : party.account),
                           .validity = validity,
                           .extended_key_usage = party.usage};
  if (!party.account.empty()) {
    auto id = SpiffeIdOf(options, party.account);
    if (!id) return std::unexpected(id.error());
    request.uris.push_back(std::move(*id));
  }
  if (party.named) {
    request.dns = {"localhost"};
    for (const std::string& name : options.dns) request.dns.push_back(core::Fold(name));
    request.addresses = {"127.0.0.1", "::1"};
  }
  core::Result<IssuedCertificate> issued = authority.Issue(request);
  if (!issued) return std::unexpected(issued.error());
  files.push_back({party.trust, authority.certificate()});
  files.push_back({party.certificate, issued->certificate + issued->chain});
  files.push_back({party.key, std::move(issued->key), true});
  return {};
}

void PrintMade(const CertsOptions& options) {
  const char* const directory = options.directory.c_str();
  const auto id = [&](const char* account) { return SpiffeIdOf(options, account).value_or(std::string()); };
  std::printf("made in %s, good for %lld days, for trying things out:\n", directory,
              static_cast<long long>(options.days));
  std::printf("  ca.crt ca.key                          the authority; whoever has its key can be anybody\n");
  std::printf("  gateway/{tls.crt,tls.key,ca.crt}       a Gateway's credentialName: gateway\n");
  std::printf("  cert-chain.pem key.pem root-cert.pem   the workload %s\n", id("sluice").c_str());
  std::printf("  client/{tls.crt,tls.key,ca.crt}        a client, %s\n", id("client").c_str());
  std::printf("  model/{tls.crt,tls.key,ca.crt}         a model server, %s\n", id("model").c_str());
  std::printf(
      "try: curl --cacert '%s/ca.crt' --cert '%s/client/tls.crt' --key '%s/client/tls.key' https://localhost:8443/\n",
      directory, directory, directory);
}

int Init(const CertsOptions& options) {
  auto files = MakeCertificates(options, UnixMicros() / 1'000'000);
  if (!files) {
    std::fprintf(stderr, "sluice: %s\n", files.error().Text().c_str());
    return files.error().code == ErrorCode::kInvalidArgument ? kUsage : 1;
  }
  if (const core::Status written = WriteFiles(options.directory, *files, options.force); !written) {
    std::fprintf(stderr, "sluice: %s\n", written.error().Text().c_str());
    return 1;
  }
  PrintMade(options);
  return 0;
}

}  // namespace

core::Result<std::vector<NewFile>> MakeCertificates(const CertsOptions& options, std::int64_t unix_seconds) {
  for (const std::string& name : options.dns) {
    if (name != "*" && config::IsHostName(core::Fold(name), true)) continue;
    return core::Fail(ErrorCode::kInvalidArgument, "'" + name + "' is not a DNS name", "write --dns model.example.com");
  }
  // Clocks of other machines may be behind this one's.
  const tls::Validity validity{unix_seconds - kHour, unix_seconds + options.days * kDay};
  auto authority = CertificateAuthority::Make({.common_name = "Sluice throw-away authority", .validity = validity});
  if (!authority) return std::unexpected(authority.error());
  auto key = authority->KeyPem();
  if (!key) return std::unexpected(key.error());
  std::vector<NewFile> files{{"ca.crt", authority->certificate()}, {"ca.key", std::move(*key), true}};
  for (const Party& party : Parties()) {
    if (core::Status added = AddParty(options, validity, *authority, party, files); !added) {
      return std::unexpected(added.error());
    }
  }
  return files;
}

void AddCerts(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CertsOptions>();
  CLI::App* certs = app.add_subcommand("certs", "Certificates for trying out TLS");
  certs->require_subcommand(1);
  CLI::App* init = certs->add_subcommand("init", "Make an authority, and certificates for gateway, client and model");
  init->add_option("directory", options->directory, "Where they go; made when missing")->type_name("DIR")->required();
  init->add_option("--trust-domain", options->trust_domain, "Of the SPIFFE ids")
      ->type_name("NAME")
      ->capture_default_str();
  init->add_option("--namespace", options->name_space, "Of the SPIFFE ids")->type_name("NAME")->capture_default_str();
  init->add_option("--days", options->days, "How long they are good for")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  init->add_option("--dns", options->dns, "Further DNS name of the gateway and the model; may be repeated")
      ->type_name("NAME");
  init->add_flag("--force", options->force, "Replace the files that are there");
  SetExamples(*certs, {{"everything it takes to try TLS and mTLS", "sluice certs init pki"}});
  SetExamples(*init, {{"for two weeks", "sluice certs init pki --days 14"},
                      {"for workloads of another trust domain", "sluice certs init pki --trust-domain example.org"}});
  init->callback([options, &exit_code] { exit_code = Init(*options); });
}

}  // namespace sluice::gateway
