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
#include "gateway/runtime/snapshot_hub.h"
#include "gateway/upstream/resolver.h"

namespace sluice::gateway {

class ConfigManager {
 public:
  // How often the files are looked at.
  static constexpr std::chrono::milliseconds kWatchInterval{1000};

  ConfigManager(boost::asio::io_context& control, SnapshotHub& hub, const core::Clock& clock,
                config::LoadOptions options);

  // The first load. False when it has errors: findings() tells them.
  bool LoadFirst();
  // Begins to watch the files.
  void Watch();
  void Stop();
  // Loads again whatever the files' times say. True when the new configuration is in force.
  bool Reload(const std::string& reason);

  // Of the last load, accepted or not.
  const std::vector<config::Finding>& findings() const { return findings_; }
  // Null when the last one was accepted.
  std::shared_ptr<const RejectedConfig> rejected_config() const { return rejected_config_; }
  bool last_ok() const { return last_ok_; }
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t rejected() const { return rejected_; }

 private:
  void Publish();
  void ArmWatch();
  std::string Fingerprint() const;

  SnapshotHub& hub_;
  const core::Clock& clock_;
  config::LoadOptions options_;
  Resolver resolver_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<const config::Documents> documents_;
  std::string revision_;
  std::vector<config::Finding> findings_;
  std::string fingerprint_;
  std::shared_ptr<const RejectedConfig> rejected_config_;
  bool last_ok_ = true;
  std::uint64_t accepted_ = 0;
  std::uint64_t rejected_ = 0;
};

}  // namespace sluice::gateway
