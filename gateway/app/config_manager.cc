#include "gateway/app/config_manager.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "config/source_files.h"
#include "gateway/runtime/steady_clock.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {
namespace {

// Identity, size and time of a file as it is now: enough to notice an edit, a rename over it and a symlink swap.
std::string Stamp(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return path + ":gone;";
  return path + ':' + std::to_string(info.st_ino) + ':' + std::to_string(info.st_size) + ':' +
         std::to_string(info.st_mtim.tv_sec) + '.' + std::to_string(info.st_mtim.tv_nsec) + ';';
}

std::int64_t UnixSeconds() { return UnixMicros() / 1'000'000; }

}  // namespace

ConfigManager::ConfigManager(boost::asio::io_context& control, const core::Clock& clock, config::LoadOptions options)
    : clock_(clock),
      options_(std::move(options)),
      resolver_(control,
                {.on_change = [](void* self) { static_cast<ConfigManager*>(self)->PublishAgain(); }, .self = this}),
      timer_(control),
      tls_timer_(control) {}

bool ConfigManager::LoadFirst() {
  first_ = Read();
  return first_ != nullptr;
}

void ConfigManager::Start(SnapshotHub& hub) {
  hub_ = &hub;
  Publish(std::move(first_));
  at_start_ = hub_->Current()->settings;
  Announce("start");
  ArmWatch(kWatchInterval);
  ArmTlsWatch();
}

void ConfigManager::Reload(const std::string& reason) {
  std::unique_ptr<core::Snapshot> snapshot = Read();
  if (snapshot == nullptr) {
    const auto errors = std::ranges::count(findings_, config::Severity::kError, &config::Finding::severity);
    LogError("config", "rejected (" + reason + "): " + std::to_string(errors) +
                           " errors; the last good one, revision " + revision_ + ", stays in force");
    for (const config::Finding& finding : findings_) LogError("config", config::FormatFinding(finding));
    return;
  }
  Publish(std::move(snapshot));
  for (const config::Finding& finding : findings_) LogWarning("config", config::FormatFinding(finding));
  WarnOfRestart(hub_->Current()->settings);
  Announce(reason);
}

// Threads and histograms are made once: what a reload cannot change is said, not ignored.
void ConfigManager::WarnOfRestart(const core::Settings& settings) const {
  const auto warn = [](const std::string& field) {
    LogWarning("config", field + " of GatewaySettings has changed and takes effect at the next start");
  };
  if (settings.workers != at_start_.workers) warn("workers");
  if (settings.telemetry.series_max != at_start_.telemetry.series_max) warn("telemetry.seriesMax");
  if (settings.telemetry.extra_buckets != at_start_.telemetry.extra_buckets) warn("telemetry.extraBuckets");
}

// What the files say, compiled and with its certificates; null, with everything noted, when they are bad.
std::unique_ptr<core::Snapshot> ConfigManager::Read() {
  // Before the files are read: an edit in between is seen by the next look.
  fingerprint_ = Fingerprint();
  config::Loaded loaded = config::Load(options_);
  std::unique_ptr<core::Snapshot> snapshot;
  if (loaded.ok) {
    snapshot = Compile(*loaded.documents, loaded.revision);
    if (!tls_.Bind(*snapshot, UnixSeconds(), loaded.findings)) {
      snapshot.reset();
      KeepBound();
    }
  }
  findings_ = std::move(loaded.findings);
  last_ok_ = snapshot != nullptr;
  if (!last_ok_) {
    ++rejected_;
    rejected_config_ = std::make_shared<const RejectedConfig>(
        RejectedConfig{.revision = loaded.revision, .unix_us = UnixMicros(), .findings = findings_});
    return nullptr;
  }
  ++accepted_;
  rejected_config_.reset();
  documents_ = std::move(loaded.documents);
  dns_names_ = std::move(loaded.dns_names);
  revision_ = loaded.revision;
  return snapshot;
}

std::unique_ptr<core::Snapshot> ConfigManager::Compile(const config::Documents& documents,
                                                       const std::string& revision) const {
  std::unique_ptr<core::Snapshot> snapshot = config::Compile(documents, resolver_.addresses());
  snapshot->revision = revision;
  return snapshot;
}

// The contexts of what is in force stay, after a configuration that came to nothing.
void ConfigManager::KeepBound() {
  if (documents_ == nullptr) return;
  std::vector<config::Finding> nothing_new;
  tls_.Bind(*Compile(*documents_, revision_), UnixSeconds(), nothing_new);
  tls_.Settle();
}

// The same rules with new addresses or certificates.
void ConfigManager::PublishAgain() {
  std::unique_ptr<core::Snapshot> snapshot = Compile(*documents_, revision_);
  std::vector<config::Finding> nothing_new;
  if (tls_.Bind(*snapshot, UnixSeconds(), nothing_new)) Publish(std::move(snapshot));
}

void ConfigManager::ArmTlsWatch() {
  tls_timer_.expires_after(kTlsInterval);
  tls_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (tls_.Refresh(clock_.Now(), UnixSeconds())) {
      PublishAgain();
      LogInfo("tls", "certificates renewed, in force for new handshakes");
    }
    for (const std::string& text : tls_.TakeNews()) LogError("tls", text);
    ArmTlsWatch();
  });
}

void ConfigManager::Publish(std::unique_ptr<core::Snapshot> snapshot) {
  hub_->Publish(std::move(snapshot), clock_.Now());
  tls_.Settle();
}

// Only now its names are looked up: an answer publishes again.
void ConfigManager::Announce(const std::string& reason) {
  const auto current = hub_->Current();
  LogInfo("config", "in force (" + reason + "): revision " + revision_ + ", generation " +
                        std::to_string(current->generation) + ", " + std::to_string(current->routes.size()) +
                        " routes, " + std::to_string(current->clusters.size()) + " clusters");
  resolver_.Watch(dns_names_, current->settings.dns.refresh);
}

std::string ConfigManager::Fingerprint() const {
  namespace fs = std::filesystem;
  std::string stamps;
  for (const std::string& path : options_.paths) {
    stamps += Stamp(path);
    std::error_code error;
    if (!fs::is_directory(path, error)) continue;
    std::vector<std::string> files;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      if (config::IsRulesName(it->path().filename().string())) files.push_back(it->path().string());
    }
    std::ranges::sort(files);
    for (const std::string& file : files) stamps += Stamp(file);
  }
  return stamps;
}

void ConfigManager::ArmWatch(std::chrono::milliseconds delay) {
  timer_.expires_after(delay);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ArmWatch(Look());
  });
}

std::chrono::milliseconds ConfigManager::Look() {
  std::string now = Fingerprint();
  if (now == fingerprint_) {
    changed_.clear();
    return kWatchInterval;
  }
  if (now != changed_) {
    changed_ = std::move(now);
    return kSettle;
  }
  Reload("files changed");
  return kWatchInterval;
}

void ConfigManager::Stop() {
  timer_.cancel();
  tls_timer_.cancel();
  resolver_.Stop();
}

}  // namespace sluice::gateway
