// Every TLS context of the process: made from the policies of a snapshot, made anew when their files change, kept as long
// as neither does, so that a reload of rules never looks like a change of trust. Reads files: the control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/snapshot/snapshot.h"
#include "core/telemetry/tls_certificate.h"
#include "tls/context.h"

namespace sluice::gateway {

class TlsStore {
 public:
  // Gives every policy of `snapshot` its context; a finding for each that cannot have one (IST0161), and for what is
  // dubious about its files. False when a policy is without: the snapshot must not be published. Contexts of the snapshot
  // before are given up at the next Settle().
  bool Bind(core::Snapshot& snapshot, std::int64_t unix_seconds, std::vector<config::Finding>& findings);
  // The last snapshot that was bound is in force: what only others used is dropped.
  void Settle();

  // Looks at the files. True when a context has been renewed: a snapshot that is bound now has it. A set that cannot be
  // used changes nothing; it is noted once it has stayed so for two looks, because files are replaced one by one.
  bool Refresh(core::TimePoint now, std::int64_t unix_seconds);

  std::vector<core::TlsCertificate> Certificates() const;
  // What has happened since the last call, for the log.
  std::vector<std::string> TakeNews() { return std::exchange(news_, {}); }

 private:
  template <typename Policy, typename Context>
  struct Held {
    Policy policy;
    std::shared_ptr<const Context> context;
    std::shared_ptr<tls::TicketKeys> tickets;
    std::string stamp;    // of the files in use
    std::string refused;  // of files that could not be used
    bool told = false;    // and that has been noted
    bool used = true;     // by the last snapshot that was bound
    std::uint64_t rotations = 0;
    std::uint64_t failures = 0;
    std::string error;
  };
  using Server = Held<core::ServerTlsPolicy, tls::ServerContext>;
  using Client = Held<core::ClientTlsPolicy, tls::ClientContext>;

  template <typename Entry, typename Policy>
  bool BindOne(std::map<std::string, Entry>& all, Policy& policy, std::int64_t unix_seconds,
               std::vector<config::Finding>& findings);
  template <typename Entry>
  bool RefreshOne(Entry& held, std::int64_t unix_seconds);

  std::map<std::string, Server> servers_;  // by everything that the policy says
  std::map<std::string, Client> clients_;
  std::vector<std::string> news_;
};

}  // namespace sluice::gateway
