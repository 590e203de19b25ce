#include "gateway/cli/certs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/identity/spiffe_id.h"
#include "tls/certificate_authority.h"

namespace sluice::gateway {
namespace {

struct CertsOptions {
  std::string directory;
  std::string trust_domain = "cluster.local";
  std::string name_space = "default";
  std::vector<std::string> dns;
  int days = 30;
  bool force = false;
};

core::Status WriteAll(int descriptor, const std::string& text, const std::string& path) {
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(descriptor, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return core::Fail(core::ErrorCode::kIo, path + ": " + std::strerror(errno));
    written += static_cast<std::size_t>(count);
  }
  return {};
}

// A file that was not there before, or replaces one in a single step: the gateway may be watching it.
core::Status WriteFile(const std::string& path, const std::string& text, ::mode_t mode) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  if (descriptor < 0) return core::Fail(core::ErrorCode::kIo, fresh + ": " + std::strerror(errno));
  core::Status written = WriteAll(descriptor, text, fresh);
  ::close(descriptor);
  if (written && ::rename(fresh.c_str(), path.c_str()) != 0) {
    written = core::Fail(core::ErrorCode::kIo, path + ": " + std::strerror(errno));
  }
  return written;
}

core::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (!error && (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST)) return {};
  return core::Fail(core::ErrorCode::kIo, path + ": " + (error ? error.message() : std::strerror(errno)));
}

// What is made: where its files go, and whom it names.
struct Set {
  std::string directory;  // below DIR; empty: the workload's own files in DIR itself
  std::string common_name;
  std::string names;
  std::string usages;
  std::string purpose;  // for people
};

std::vector<Set> SetsOf(const CertsOptions& options) {
  const auto account = [&](const std::string& name) {
    return "URI:spiffe://" + options.trust_domain + "/ns/" + options.name_space + "/sa/" + name;
  };
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  for (const std::string& name : options.dns) names += ",DNS:" + name;
  return {{"", "sluice", account("sluice"), "serverAuth,clientAuth", "the gateway's own workload certificate"},
          {"gateway", "gateway", names, "serverAuth", "of a Gateway: credentialName: gateway"},
          {"client", "client", account("client"), "clientAuth", "for a client, such as curl"},
          {"model", "model", names + "," + account("model"), "serverAuth,clientAuth", "for a model server"}};
}

core::Status WriteSet(const CertsOptions& options, const Set& set, const tls::Issued& issued,
                      const std::string& authority) {
  const bool own = set.directory.empty();
  const std::string directory = own ? options.directory : options.directory + "/" + set.directory;
  if (core::Status made = MakeDirectory(directory); !made) return made;
  const std::pair<std::string, const std::string*> files[] = {{own ? "cert-chain.pem" : "tls.crt", &issued.certificate},
                                                              {own ? "root-cert.pem" : "ca.crt", &authority}};
  // The key first: whoever watches looks at the certificate, and must then find its key.
  core::Status written = WriteFile(directory + (own ? "/key.pem" : "/tls.key"), issued.private_key, 0600);
  for (const auto& [name, text] : files) {
    if (written) written = WriteFile(directory + "/" + name, *text, 0644);
  }
  return written;
}

core::Status Check(const CertsOptions& options) {
  const std::string example = "spiffe://" + options.trust_domain + "/ns/" + options.name_space + "/sa/x";
  if (!core::SpiffeId::Parse(example)) {
    return core::Fail(core::ErrorCode::kInvalidArgument,
                      "`" + options.trust_domain + "` and `" + options.name_space + "` make no SPIFFE id",
                      "write lower-case names, such as cluster.local and default");
  }
  for (const std::string& name : options.dns) {
    if (name.empty() || name.find_first_of(",:; \n") != std::string::npos) {
      return core::Fail(core::ErrorCode::kInvalidArgument, "`" + name + "` is no DNS name");
    }
  }
  if (options.force || ::access((options.directory + "/ca.crt").c_str(), F_OK) != 0) return {};
  return core::Fail(core::ErrorCode::kInvalidArgument, options.directory + " holds an authority already",
                    "use --force to replace it with everything that it has vouched for, or another directory");
}

core::Status MakeAll(const CertsOptions& options) {
  const std::int64_t now = std::time(nullptr);
  // A minute of grace, for clocks that differ a little.
  const tls::Validity validity{now - 60, now + static_cast<std::int64_t>(options.days) * 86'400};
  auto authority = tls::CertificateAuthority::Make("Sluice throw-away CA", validity);
  if (!authority) return std::unexpected(authority.error());
  auto key = authority->private_key();
  if (!key) return std::unexpected(key.error());
  if (core::Status made = MakeDirectory(options.directory); !made) return made;
  for (const Set& set : SetsOf(options)) {
    auto issued = authority->Issue({set.common_name, set.names, {}, set.usages, validity});
    if (!issued) return std::unexpected(issued.error());
    if (core::Status written = WriteSet(options, set, *issued, authority->certificate()); !written) return written;
  }
  if (core::Status written = WriteFile(options.directory + "/ca.key", *key, 0600); !written) return written;
  return WriteFile(options.directory + "/ca.crt", authority->certificate(), 0644);
}

void Tell(const CertsOptions& options) {
  const char* const dir = options.directory.c_str();
  std::printf("%s/ca.crt, ca.key: a throw-away authority, good for %d days\n", dir, options.days);
  for (const Set& set : SetsOf(options)) {
    const std::string where = set.directory.empty() ? "cert-chain.pem, key.pem, root-cert.pem" : set.directory + "/";
    std::printf("%s/%s: %s\n", dir, where.c_str(), set.purpose.c_str());
  }
  std::printf(
      "\nname it in GatewaySettings, then try it:\n"
      "  spec: {identity: {certificateDirectory: %s}}\n"
      "  curl --cacert %s/ca.crt --cert %s/client/tls.crt --key %s/client/tls.key https://localhost:8443/\n",
      dir, dir, dir, dir);
}

int Init(const CertsOptions& options) {
  if (const core::Status usable = Check(options); !usable) {
    std::fprintf(stderr, "sluice: %s\n", usable.error().Text().c_str());
    return 64;
  }
  if (const core::Status made = MakeAll(options); !made) {
    std::fprintf(stderr, "sluice: %s\n", made.error().Text().c_str());
    return 1;
  }
  Tell(options);
  return 0;
}

}  // namespace

void AddCerts(CLI::App& app, int& exit_code) {
  CLI::App* certs = app.add_subcommand("certs", "Certificates for trying TLS on one machine");
  certs->require_subcommand(1);
  auto options = std::make_shared<CertsOptions>();
  CLI::App* init = certs->add_subcommand("init", "Make a throw-away authority and certificates of it in DIR");
  init->add_option("DIR", options->directory, "Directory to write to; made when it is not there")->required();
  init->add_option("--trust-domain", options->trust_domain, "Trust domain of the SPIFFE ids")->capture_default_str();
  init->add_option("--namespace", options->name_space, "Namespace of the SPIFFE ids")->capture_default_str();
  init->add_option("--dns", options->dns, "Further DNS names of the gateway and the model; may be repeated");
  init->add_option("--days", options->days, "Days until they expire")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  init->add_flag("--force", options->force, "Replace an authority that is there already");
  init->callback([options, &exit_code] { exit_code = Init(*options); });
}

}  // namespace sluice::gateway
