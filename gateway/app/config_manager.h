// Keeps the configuration in force: loads it, resolves its names, publishes it, and loads it again on SIGHUP, when a
// file changes (Kubernetes ConfigMap symlink swaps included) or when a name resolves anew. A bad file changes nothing
// but the log, a metric and /config_dump. The control thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "config/loader.h"
#include "gateway/admin/admin_context.h"
#include "gateway/app/tls_store.h"
#include "gateway/runtime/snapshot_hub.h"
#include "gateway/upstream/resolver.h"

namespace sluice::gateway {

class ConfigManager {
 public:
  // How often the files are looked at, and how long they must stay as they are before a change is read: a file that is
  // being written has a first half that may be rules, too.
  static constexpr std::chrono::milliseconds kWatchInterval{1000};
  static constexpr std::chrono::milliseconds kSettle{200};
  // Certificate files are looked at this often: a renewed set is in force within a second.
  static constexpr std::chrono::milliseconds kTlsInterval{250};

  ConfigManager(boost::asio::io_context& control, const core::Clock& clock, config::LoadOptions options);

  // The first load, in two steps, because it says how many workers there are to publish it to. False when it has
  // errors: findings() tells them.
  bool LoadFirst();
  const core::Settings& first_settings() const { return first_->settings; }
  // Publishes it, and from then on every change of the files or names.
  void Start(SnapshotHub& hub);
  void Stop();
  // Loads again whatever the files' times say.
  void Reload(const std::string& reason);

  // Of the last load, accepted or not.
  const std::vector<config::Finding>& findings() const { return findings_; }
  // Null when the last one was accepted.
  std::shared_ptr<const RejectedConfig> rejected_config() const { return rejected_config_; }
  const TlsStore& tls() const { return tls_; }
  bool last_ok() const { return last_ok_; }
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t rejected() const { return rejected_; }

 private:
  std::unique_ptr<core::Snapshot> Read();
  std::unique_ptr<core::Snapshot> Compile(const config::Documents& documents, const std::string& revision) const;
  void KeepBound();
  void PublishAgain();
  void ArmTlsWatch();
  void Publish(std::unique_ptr<core::Snapshot> snapshot);
  void Announce(const std::string& reason);
  void WarnOfRestart(const core::Settings& settings) const;
  void ArmWatch(std::chrono::milliseconds delay);
  // Reads what has changed and settled. Returns when to look again.
  std::chrono::milliseconds Look();
  std::string Fingerprint() const;

  SnapshotHub* hub_ = nullptr;
  const core::Clock& clock_;
  config::LoadOptions options_;
  Resolver resolver_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer tls_timer_;
  TlsStore tls_;
  std::shared_ptr<const config::Documents> documents_;  // with the next two: what is in force
  std::vector<std::string> dns_names_;
  core::Settings at_start_;
  std::string revision_;
  std::unique_ptr<core::Snapshot> first_;  // between LoadFirst() and Start()
  std::vector<config::Finding> findings_;
  std::string fingerprint_;  // of what was read last
  std::string changed_;      // of a change that has not settled yet
  std::shared_ptr<const RejectedConfig> rejected_config_;
  bool last_ok_ = true;
  std::uint64_t accepted_ = 0;
  std::uint64_t rejected_ = 0;
};

}  // namespace sluice::gateway
