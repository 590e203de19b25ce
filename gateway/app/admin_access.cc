#include "gateway/app/admin_access.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

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
