#include "gateway/app/admin_access.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "gateway/app/admin_state.h"
#include "gateway/net/listener.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {

core::Status AdminAccess::Open(const RunOptions& options, std::int64_t unix_seconds) {
  if (options.admin == kOff) return {};
  const auto endpoint = ParseAddress(options.admin);
  if (!endpoint) return std::unexpected(endpoint.error());
  guard_.loopback = endpoint->address().is_loopback();
  if (!options.admin_token_file.empty()) {
    if (core::Status read = ReadToken(options.admin_token_file); !read) return read;
  }
  if (!options.admin_credential.empty()) {
    if (core::Status opened = OpenCredential(options.admin_credential, unix_seconds); !opened) return opened;
  }
  if (!options.state_directory.empty()) {
    const bool own_credential = !options.admin_credential.empty();
    if (core::Status opened =
            OpenState(options.state_directory, endpoint->address().to_string(), own_credential, unix_seconds);
        !opened) {
      return opened;
    }
  }
  if (guard_.loopback || !guard_.token.empty() || guard_.asks_certificate) return {};
  return core::Fail(core::ErrorCode::kInvalidArgument,
                    "the admin address " + options.admin + " is not on loopback, and nothing protects it",
                    "use 127.0.0.1:PORT, or give --admin-token-file, or --admin-credential with a ca.crt in it");
}

core::Status AdminAccess::ReadToken(const std::string& path) {
  constexpr std::streamsize kTokenMax = 4096;
  std::ifstream file(path);
  if (!file) return core::Fail(core::ErrorCode::kIo, path + ": the admin token cannot be read");
  std::string text(kTokenMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const bool visible = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.size() < AdminGuard::kTokenMin || text.size() > kTokenMax || !visible) {
    return core::Fail(core::ErrorCode::kInvalidArgument, path + ": holds no token of at least 16 visible characters",
                      "openssl rand -hex 32 makes one");
  }
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IRWXO) != 0) {
    LogWarning("admin", path + ": every user of this machine may read the admin token; chmod 600");
  }
  guard_.token = std::move(text);
  return {};
}

core::Status AdminAccess::OpenCredential(const std::string& directory, std::int64_t unix_seconds) {
  core::ServerTlsPolicy policy;
  policy.name = "admin";
  policy.certificates = {{directory + "/tls.crt", directory + "/tls.key"}};
  struct stat info{};
  if (::stat((directory + "/ca.crt").c_str(), &info) == 0) {
    policy.ca = directory + "/ca.crt";
    policy.crl = directory + "/ca.crl";
    policy.crl_optional = true;
    policy.client = core::ServerTlsPolicy::ClientCertificate::kRequired;
    guard_.asks_certificate = true;
  }
  return Bind(std::move(policy), unix_seconds);
}

// A certificate that is about to end is made anew; clients then need the new kubeconfig.
core::Status AdminAccess::OpenState(const std::string& directory, const std::string& host, bool own_credential,
                                    std::int64_t unix_seconds) {
  constexpr std::int64_t kSoon = 30 * 24 * 3600;
  for (const bool renew : {false, true}) {
    const auto prepared = AdminState::Prepare(directory, host, renew, unix_seconds);
    if (!prepared) return std::unexpected(prepared.error());
    if (guard_.token.empty()) {
      if (core::Status read = ReadToken(directory + '/' + std::string(AdminState::kToken)); !read) return read;
    }
    if (own_credential) return {};
    core::ServerTlsPolicy policy;
    policy.name = "admin";
    policy.certificates = {
        {directory + '/' + std::string(AdminState::kCertificate), directory + '/' + std::string(AdminState::kKey)}};
    own_.listeners.clear();
    const core::Status bound = Bind(std::move(policy), unix_seconds);
    plaintext_too_ = guard_.loopback;
    const auto certificates = store_.Certificates();
    const bool good = bound && !certificates.empty() && certificates.front().not_after > unix_seconds + kSoon;
    if (good || renew) return bound;
  }
  return {};
}

core::Status AdminAccess::Bind(core::ServerTlsPolicy policy, std::int64_t unix_seconds) {
  own_.listeners.emplace_back().workload = std::move(policy);
  std::vector<config::Finding> findings;
  const bool bound = store_.Bind(own_, unix_seconds, findings);
  for (const config::Finding& finding : findings) {
    if (!bound) return core::Fail(core::ErrorCode::kInvalidArgument, finding.message, finding.cure);
    LogWarning("admin", finding.message);
  }
  return {};
}

void AdminAccess::Refresh(core::TimePoint now, std::int64_t unix_seconds) {
  if (!secured()) return;
  std::vector<config::Finding> nothing_new;
  if (store_.Refresh(now, unix_seconds)) store_.Bind(own_, unix_seconds, nothing_new);
  for (const std::string& text : store_.TakeNews()) LogError("admin", text);
}

}  // namespace sluice::gateway
