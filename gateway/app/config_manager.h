// Keeps the configuration in force, and is the one transaction by which it changes: files (watched, SIGHUP), the resource
// API and the verbs all make a Change, which is loaded, validated, compiled, bound to its certificates, put to the tests of
// --gate, recorded and published, or refused as a whole. Names that resolve anew and renewed certificates publish the same
// rules again. The control thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "config/loader.h"
#include "gateway/admin/admin_context.h"
#include "gateway/app/file_watch.h"
#include "gateway/app/live_config.h"
#include "gateway/app/tls_store.h"
#include "gateway/runtime/snapshot_hub.h"
#include "gateway/upstream/resolver.h"

namespace sluice::gateway {

struct ConfigOptions {
  config::LoadOptions load;
  std::string state_directory;     // empty: history in memory
  std::vector<std::string> gates;  // test files that every change must pass
  std::uint64_t seed = 0;          // of the objects' UUIDs
};

class ConfigManager {
 public:
  // Certificate files are looked at this often: a renewed set is in force within a second.
  static constexpr std::chrono::milliseconds kTlsInterval{250};

  ConfigManager(boost::asio::io_context& control, const core::Clock& clock, ConfigOptions options);

  // Takes the state directory, before anything else is done to it: another gateway may have it.
  core::Status Open() { return live_.Open(options_.state_directory); }
  // The first load, in two steps, because it says how many workers there are to publish it to. What the history has last
  // comes back, with what has changed in the files since. An error: the revision cannot be recorded. False: the
  // configuration has errors, findings() tells them.
  core::Result<bool> LoadFirst();
  const core::Settings& first_settings() const { return first_->settings; }
  // Publishes it, and from then on every change of the files or names.
  void Start(SnapshotHub& hub);
  void Stop();
  // Reads the files again whatever their times say.
  void Reload(const std::string& reason);
  // A change by anybody else.
  ChangeResult Submit(const Change& change);

  World& world() { return live_.world(); }
  const RevisionStore& store() const { return live_.store(); }
  CanaryStore& canaries() { return live_.canaries(); }
  // In force; null before the first.
  std::shared_ptr<const config::Documents> documents() const { return documents_; }

  // Of the last load, accepted or not.
  const std::vector<config::Finding>& findings() const { return findings_; }
  // Null when the last one was accepted.
  std::shared_ptr<const RejectedConfig> rejected_config() const { return rejected_config_; }
  const TlsStore& tls() const { return tls_; }
  bool last_ok() const { return last_ok_; }
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t rejected() const { return rejected_; }

 private:
  // What a step would put in force; `snapshot` is null when it must not be.
  struct Candidate {
    config::Loaded loaded;
    std::unique_ptr<core::Snapshot> snapshot;
    bool gate_failed = false;
  };

  Candidate Build(const LiveConfig::Step& step, config::Findings& findings);
  void PassGate(Candidate& candidate) const;
  ChangeResult Take(LiveConfig::Step step, const Change& change, config::Findings& findings);
  void Accept(Candidate candidate);
  void Reject(const Candidate& candidate, const LiveConfig::Step& step, const Change& change);
  Change OfFiles(const std::string& reason) const;
  LiveConfig::Step ReadFiles(config::Findings& findings);
  std::unique_ptr<core::Snapshot> Compile(const config::Documents& documents, const std::string& revision) const;
  void KeepBound();
  void PublishAgain();
  void ArmTlsWatch();
  void Publish(std::unique_ptr<core::Snapshot> snapshot);
  void Announce(const std::string& reason);
  void WarnOfRestart(const core::Settings& settings) const;
  std::string RevisionText() const;

  SnapshotHub* hub_ = nullptr;
  const core::Clock& clock_;
  ConfigOptions options_;
  LiveConfig live_;
  Resolver resolver_;
  FileWatch watch_;
  boost::asio::steady_timer tls_timer_;
  TlsStore tls_;
  std::shared_ptr<const config::Documents> documents_;  // with the next two: what is in force
  std::vector<std::string> dns_names_;
  core::Settings at_start_;
  std::string revision_;
  std::unique_ptr<core::Snapshot> first_;  // between LoadFirst() and Start()
  std::vector<config::Finding> findings_;
  std::shared_ptr<const RejectedConfig> rejected_config_;
  bool last_ok_ = true;
  std::uint64_t accepted_ = 0;
  std::uint64_t rejected_ = 0;
};

}  // namespace sluice::gateway
