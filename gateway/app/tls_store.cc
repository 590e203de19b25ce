#include "gateway/app/tls_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace sluice::gateway {
namespace {

// Identity, size and time of every file: enough to notice an edit, a rename over it and a swapped symlink.
std::string StampOf(const std::vector<std::string>& files) {
  std::string stamp;
  for (const std::string& file : files) {
    struct stat info{};
    if (::stat(file.c_str(), &info) != 0) {
      stamp += "gone;";
      continue;
    }
    stamp += std::to_string(info.st_ino) + ':' + std::to_string(info.st_size) + ':' +
             std::to_string(info.st_mtim.tv_sec) + '.' + std::to_string(info.st_mtim.tv_nsec) + ';';
  }
  return stamp;
}

// Everything that makes a context what it is, apart from what is in the files.
class Key {
 public:
  Key& Add(const std::string& text) {
    text_ += std::to_string(text.size()) + ':' + text;
    return *this;
  }
  Key& Add(const std::vector<std::string>& texts) {
    Add(std::to_string(texts.size()));
    for (const std::string& text : texts) Add(text);
    return *this;
  }
  Key& Add(const core::TlsKeyPair& pair) { return Add(pair.certificate).Add(pair.private_key); }
  template <typename Number>
    requires std::is_integral_v<Number> || std::is_enum_v<Number>
  Key& Add(Number number) {
    return Add(std::to_string(static_cast<int>(number)));
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string KeyOf(const core::ServerTlsPolicy& policy) {
  Key key;
  key.Add(policy.name).Add(policy.certificates.size() == 1).Add(policy.ca).Add(policy.crl).Add(policy.crl_optional);
  for (const core::TlsKeyPair& pair : policy.certificates) key.Add(pair);
  key.Add(policy.client).Add(policy.trust_domain).Add(policy.min).Add(policy.max).Add(policy.ciphers);
  return key.Add(policy.subject_alt_names).Add(policy.spki_sha256).Add(policy.certificate_sha256).Take();
}

std::string KeyOf(const core::ClientTlsPolicy& policy) {
  Key key;
  key.Add(policy.name).Add(policy.certificate.value_or(core::TlsKeyPair{})).Add(policy.ca).Add(policy.crl);
  key.Add(policy.crl_optional).Add(policy.istio).Add(policy.trust_domain).Add(policy.verify).Add(policy.min);
  return key.Add(policy.max).Add(policy.subject_alt_names).Add(policy.server_names).Add(policy.sni).Take();
}

core::Result<tls::Credentials> Load(const core::ServerTlsPolicy& policy, std::int64_t now) {
  return tls::LoadServer(policy, now);
}

core::Result<tls::Credentials> Load(const core::ClientTlsPolicy& policy, std::int64_t now) {
  return tls::LoadClient(policy, now);
}

core::Result<std::shared_ptr<const tls::ServerContext>> MakeContext(const core::ServerTlsPolicy& policy,
                                                                    const tls::Credentials& credentials,
                                                                    const std::shared_ptr<tls::TicketKeys>& tickets) {
  return tls::ServerContext::Make(policy, credentials, tickets);
}

core::Result<std::shared_ptr<const tls::ClientContext>> MakeContext(const core::ClientTlsPolicy& policy,
                                                                    const tls::Credentials& credentials,
                                                                    const std::shared_ptr<tls::TicketKeys>&) {
  return tls::ClientContext::Make(policy, credentials);
}

std::shared_ptr<tls::TicketKeys> MakeTickets(const core::ServerTlsPolicy& policy) {
  const bool anonymous = policy.client == core::ServerTlsPolicy::ClientCertificate::kNone;
  return anonymous ? std::make_shared<tls::TicketKeys>() : nullptr;
}

std::shared_ptr<tls::TicketKeys> MakeTickets(const core::ClientTlsPolicy&) { return nullptr; }

// A certificate that nobody has asked for and that is not there.
bool IsLeftOut(const core::ServerTlsPolicy& policy) {
  struct stat info{};
  return policy.optional && ::stat(policy.certificates.front().certificate.c_str(), &info) != 0;
}

bool IsLeftOut(const core::ClientTlsPolicy&) { return false; }

config::Finding FindingAt(const core::TlsOrigin& origin, config::Severity severity, std::string message,
                          std::string cure) {
  return {.severity = severity,
          .code = "IST0161",
          .message = std::move(message),
          .cure = std::move(cure),
          .place = {origin.file, {origin.line, origin.column}}};
}

template <typename Held>
core::TlsCertificate CertificateOf(const Held& held, bool server) {
  const tls::CertificateFacts& facts = held.context->facts();
  return {.name = held.policy.name,
          .server = server,
          .not_after = facts.not_after,
          .serial = facts.serial,
          .principal = facts.principal,
          .files = tls::FilesOf(held.policy),
          .rotations = held.rotations,
          .failures = held.failures,
          .error = held.told ? held.error : std::string()};
}

}  // namespace

template <typename Entry, typename Policy>
bool TlsStore::BindOne(std::map<std::string, Entry>& all, Policy& policy, std::int64_t unix_seconds,
                       std::vector<config::Finding>& findings) {
  const std::string key = KeyOf(policy);
  if (const auto found = all.find(key); found != all.end()) {
    found->second.used = true;
    found->second.policy = policy;  // its place in the files may be another
    policy.context = found->second.context;
    return true;
  }
  Entry held;
  held.policy = policy;
  held.tickets = MakeTickets(policy);
  held.stamp = StampOf(tls::FilesOf(policy));
  auto credentials = Load(policy, unix_seconds);
  if (!credentials && IsLeftOut(policy)) return true;
  if (!credentials) {
    const core::Error& error = credentials.error();
    findings.push_back(FindingAt(policy.origin, config::Severity::kError, error.cause, error.cure));
    return false;
  }
  for (const std::string& warning : credentials->warnings) {
    findings.push_back(FindingAt(policy.origin, config::Severity::kWarning, warning, {}));
  }
  auto context = MakeContext(policy, *credentials, held.tickets);
  if (!context) {
    findings.push_back(
        FindingAt(policy.origin, config::Severity::kError, policy.name + ": " + context.error().cause, {}));
    return false;
  }
  held.context = policy.context = std::move(*context);
  all.emplace(key, std::move(held));
  return true;
}

bool TlsStore::Bind(core::Snapshot& snapshot, std::int64_t unix_seconds, std::vector<config::Finding>& findings) {
  for (auto& [key, held] : servers_) held.used = false;
  for (auto& [key, held] : clients_) held.used = false;
  bool whole = true;
  for (core::Listener& listener : snapshot.listeners) {
    if (listener.workload) whole &= BindOne(servers_, *listener.workload, unix_seconds, findings);
    for (core::GatewayServer& server : listener.servers) {
      if (server.tls) whole &= BindOne(servers_, *server.tls, unix_seconds, findings);
    }
  }
  for (core::Cluster& cluster : snapshot.clusters) {
    if (cluster.tls) whole &= BindOne(clients_, *cluster.tls, unix_seconds, findings);
  }
  return whole;
}

void TlsStore::Settle() {
  const auto unused = [](const auto& item) { return !item.second.used; };
  std::erase_if(servers_, unused);
  std::erase_if(clients_, unused);
}

template <typename Entry>
bool TlsStore::RefreshOne(Entry& held, std::int64_t unix_seconds) {
  std::string stamp = StampOf(tls::FilesOf(held.policy));
  if (stamp == held.stamp) return false;
  const bool again = stamp == held.refused;
  if (again && held.told) return false;
  auto credentials = Load(held.policy, unix_seconds);
  auto context =
      credentials ? MakeContext(held.policy, *credentials, held.tickets) : std::unexpected(credentials.error());
  if (!context) {
    held.refused = std::move(stamp);
    held.told = again;
    held.error = context.error().Text();
    if (!again) return false;
    ++held.failures;
    news_.push_back(held.policy.name + ": the new certificate files are not used, the old ones stay: " + held.error);
    return false;
  }
  for (const std::string& warning : credentials->warnings) news_.push_back(held.policy.name + ": " + warning);
  held.context = std::move(*context);
  held.stamp = std::move(stamp);
  held.refused.clear();
  held.error.clear();
  held.told = false;
  ++held.rotations;
  return true;
}

bool TlsStore::Refresh(core::TimePoint now, std::int64_t unix_seconds) {
  bool renewed = false;
  for (auto& [key, held] : servers_) {
    if (held.tickets != nullptr) held.tickets->Rotate(now);
    renewed |= RefreshOne(held, unix_seconds);
  }
  for (auto& [key, held] : clients_) renewed |= RefreshOne(held, unix_seconds);
  return renewed;
}

std::vector<core::TlsCertificate> TlsStore::Certificates() const {
  std::vector<core::TlsCertificate> certificates;
  for (const auto& [key, held] : servers_) certificates.push_back(CertificateOf(held, true));
  for (const auto& [key, held] : clients_) certificates.push_back(CertificateOf(held, false));
  return certificates;
}

}  // namespace sluice::gateway
