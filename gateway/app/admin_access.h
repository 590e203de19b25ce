// What protects the admin port beyond its address: a token from a file, and TLS with the files of a credential's
// directory; with a state directory, those that are made there. The files are watched as those of the rules are. Owned by the app; the control thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/snapshot/snapshot.h"
#include "gateway/admin/admin_guard.h"
#include "gateway/app/options.h"
#include "gateway/app/tls_store.h"

namespace sluice::gateway {

class AdminAccess {
 public:
  // Reads what the options name. An error when that cannot be used, and when the port is not on loopback and nothing
  // protects it.
  core::Status Open(const RunOptions& options, std::int64_t unix_seconds);

  const AdminGuard& guard() const { return guard_; }
  // Null when the port speaks plaintext.
  const std::shared_ptr<const tls::ServerContext>& context() const { return own_.listeners.front().workload->context; }
  bool secured() const { return !own_.listeners.empty(); }
  // Whether a secured port speaks plaintext, too: on loopback, where TLS is for kubectl.
  bool plaintext_too() const { return plaintext_too_; }

  // Looks at the files again; the log says what has become of them.
  void Refresh(core::TimePoint now, std::int64_t unix_seconds);

 private:
  core::Status ReadToken(const std::string& path);
  core::Status OpenCredential(const std::string& directory, std::int64_t unix_seconds);
  core::Status OpenState(const std::string& directory, const std::string& host, bool own_credential,
                         std::int64_t unix_seconds);
  core::Status Bind(core::ServerTlsPolicy policy, std::int64_t unix_seconds);

  AdminGuard guard_;
  TlsStore store_;
  core::Snapshot own_;  // one listener, for the store to bind; none without TLS
  bool plaintext_too_ = false;
};

}  // namespace sluice::gateway
