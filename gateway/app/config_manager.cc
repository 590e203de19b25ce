#include "gateway/app/config_manager.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/app/gate.h"
#include "gateway/runtime/steady_clock.h"
#include "gateway/store/semantic_diff.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {
namespace {

std::int64_t UnixSeconds() { return UnixMicros() / 1'000'000; }

// Who runs this process; files say nothing of who wrote them that could be relied on.
std::string UserName() {
  const passwd* user = ::getpwuid(::geteuid());
  return user != nullptr ? user->pw_name : std::to_string(::geteuid());
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
  return text;
}

std::vector<std::string> WhatVanished(const LiveConfig::Step& step) {
  std::vector<std::string> warnings;
  for (const ObjectChange& change : step.changes) {
    if (!change.before || !change.after) continue;
    for (const std::string& line : Vanished(change.before->body, change.after->body)) {
      warnings.push_back(change.key.Text() + ": " + line);
    }
  }
  return warnings;
}

std::string FirstError(const std::vector<config::Finding>& findings) {
  const auto error = std::ranges::find(findings, config::Severity::kError, &config::Finding::severity);
  return error == findings.end() ? "the configuration would have errors" : config::FormatFinding(*error);
}

}  // namespace

ConfigManager::ConfigManager(boost::asio::io_context& control, const core::Clock& clock, ConfigOptions options)
    : clock_(clock),
      options_(std::move(options)),
      live_(options_.load, options_.seed),
      resolver_(control,
                {.on_change = [](void* self) { static_cast<ConfigManager*>(self)->PublishAgain(); }, .self = this}),
      watch_(control, options_.load.paths,
             {.changed = [](void* self) { static_cast<ConfigManager*>(self)->Reload("files changed"); }, .self = this}),
      tls_timer_(control) {}

core::Result<bool> ConfigManager::LoadFirst() {
  config::Findings findings;
  const ChangeResult result = Take(ReadFiles(findings), OfFiles("start"), findings);
  if (result.outcome == ChangeResult::Outcome::kNotRecorded) {
    return core::Fail(core::ErrorCode::kIo, result.error, "make room in the state directory");
  }
  if (result.ok()) return true;
  if (!live_.restored()) return false;
  // A bad file changes nothing, at the start as at any other time: what was accepted last comes back.
  for (const config::Finding& finding : findings_) LogError("config", config::FormatFinding(finding));
  config::Findings of_stored;
  Candidate candidate = Build(live_.Same(), of_stored);
  if (candidate.snapshot == nullptr) {
    findings_ = std::move(candidate.loaded.findings);
    return false;
  }
  LogError("config", "the files have errors: revision " + RevisionText() + " of the state directory comes back");
  documents_ = candidate.loaded.documents;
  dns_names_ = std::move(candidate.loaded.dns_names);
  revision_ = RevisionText();
  first_ = std::move(candidate.snapshot);
  return true;
}

void ConfigManager::Start(SnapshotHub& hub) {
  hub_ = &hub;
  Publish(std::move(first_));
  at_start_ = hub_->Current()->settings;
  Announce("start");
  watch_.Start();
  ArmTlsWatch();
}

Change ConfigManager::OfFiles(const std::string& reason) const {
  Change change;
  change.author = UserName();
  change.source = "file";
  change.message = reason;
  return change;
}

LiveConfig::Step ConfigManager::ReadFiles(config::Findings& findings) {
  watch_.Read();  // before the files are read: an edit in between is seen by the next look
  return live_.PrepareFiles(config::ReadResources(options_.load, findings), UnixMicros());
}

void ConfigManager::Reload(const std::string& reason) {
  config::Findings findings;
  const ChangeResult result = Take(ReadFiles(findings), OfFiles(reason), findings);
  if (result.ok()) {
    for (const config::Finding& finding : findings_) LogWarning("config", config::FormatFinding(finding));
    WarnOfRestart(hub_->Current()->settings);
    Announce(reason);
    return;
  }
  const auto errors = std::ranges::count(findings_, config::Severity::kError, &config::Finding::severity);
  LogError("config", "rejected (" + reason + "): " + std::to_string(errors) + " errors; the last good one, revision " +
                         revision_ + ", stays in force");
  if (result.outcome == ChangeResult::Outcome::kNotRecorded) LogError("config", result.error);
  for (const config::Finding& finding : findings_) LogError("config", config::FormatFinding(finding));
}

ChangeResult ConfigManager::Submit(const Change& change) {
  auto step = live_.Prepare(change, UnixMicros());
  if (!step) return std::move(step.error());
  config::Findings findings;
  ChangeResult described;
  live_.Describe(*step, change, described);
  ChangeResult result = Take(std::move(*step), change, findings);
  if (result.ok()) {
    result.objects = std::move(described.objects);
    result.done = std::move(described.done);
  }
  if (change.dry_run || !result.ok()) return result;
  WarnOfRestart(hub_->Current()->settings);
  Announce(change.source + " by " + change.author + ": " + Joined(result.summary));
  return result;
}

ConfigManager::Candidate ConfigManager::Build(const LiveConfig::Step& step, config::Findings& findings) {
  Candidate candidate;
  candidate.loaded = config::LoadResources(step.resources, options_.load, findings, RevisionText());
  if (!candidate.loaded.ok) return candidate;
  candidate.snapshot = Compile(*candidate.loaded.documents, candidate.loaded.revision);
  if (!tls_.Bind(*candidate.snapshot, UnixSeconds(), candidate.loaded.findings)) {
    candidate.snapshot.reset();
  } else {
    PassGate(candidate);
  }
  return candidate;
}

// The tests of --gate, which see what is about to be published.
void ConfigManager::PassGate(Candidate& candidate) const {
  if (options_.gates.empty()) return;
  std::vector<config::Finding> failures = RunGate(options_.gates, *candidate.snapshot);
  if (failures.empty()) return;
  candidate.gate_failed = true;
  candidate.snapshot.reset();
  std::vector<config::Finding>& findings = candidate.loaded.findings;
  findings.insert(findings.begin(), std::make_move_iterator(failures.begin()), std::make_move_iterator(failures.end()));
}

// The transaction: all of it, or nothing.
ChangeResult ConfigManager::Take(LiveConfig::Step step, const Change& change, config::Findings& findings) {
  ChangeResult result;
  result.summary = step.summary;
  result.warnings = WhatVanished(step);
  Candidate candidate = Build(step, findings);
  result.findings = candidate.loaded.findings;
  result.revision = live_.world().revision();
  if (candidate.snapshot == nullptr) {
    result.outcome = candidate.gate_failed ? ChangeResult::Outcome::kGateFailed : ChangeResult::Outcome::kInvalid;
    result.error = FirstError(result.findings);
    if (!change.dry_run) Reject(candidate, step, change);
    KeepBound();
    return result;
  }
  if (change.dry_run) {
    KeepBound();
    result.outcome = ChangeResult::Outcome::kAccepted;
    return result;
  }
  if (core::Status recorded = live_.Commit(std::move(step), change, UnixMicros(), result.findings); !recorded) {
    result.outcome = ChangeResult::Outcome::kNotRecorded;
    result.error = "the change could not be recorded, so it was not made: " + recorded.error().Text();
    LogError("config", result.error);
    ++rejected_;
    KeepBound();
    return result;
  }
  result.outcome = ChangeResult::Outcome::kAccepted;
  result.revision = live_.world().revision();
  Accept(std::move(candidate));
  return result;
}

void ConfigManager::Accept(Candidate candidate) {
  ++accepted_;
  last_ok_ = true;
  rejected_config_.reset();
  findings_ = std::move(candidate.loaded.findings);
  documents_ = std::move(candidate.loaded.documents);
  dns_names_ = std::move(candidate.loaded.dns_names);
  revision_ = RevisionText();
  candidate.snapshot->revision = revision_;
  if (hub_ == nullptr) {
    first_ = std::move(candidate.snapshot);
  } else {
    Publish(std::move(candidate.snapshot));
  }
}

// Only what files say is the state of the configuration for the metrics and the health of a roll-out: a caller of the API
// hears of his mistake himself.
void ConfigManager::Reject(const Candidate& candidate, const LiveConfig::Step& step, const Change& change) {
  ++rejected_;
  if (change.source == "file") {
    findings_ = candidate.loaded.findings;
    last_ok_ = false;
    rejected_config_ = std::make_shared<const RejectedConfig>(
        RejectedConfig{.revision = RevisionText(), .unix_us = UnixMicros(), .findings = findings_});
  }
  const core::Status kept = live_.Refuse(step, change, UnixMicros(), candidate.loaded.findings);
  if (!kept) LogError("config", "the refusal could not be recorded: " + kept.error().Text());
}

std::string ConfigManager::RevisionText() const { return std::to_string(live_.world().revision()); }

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

// Threads and histograms are made once: what a reload cannot change is said, not ignored.
void ConfigManager::WarnOfRestart(const core::Settings& settings) const {
  const auto warn = [](const std::string& field) {
    LogWarning("config", field + " of GatewaySettings has changed and takes effect at the next start");
  };
  if (settings.workers != at_start_.workers) warn("workers");
  if (settings.telemetry.series_max != at_start_.telemetry.series_max) warn("telemetry.seriesMax");
  if (settings.telemetry.extra_buckets != at_start_.telemetry.extra_buckets) warn("telemetry.extraBuckets");
}

// Only now its names are looked up: an answer publishes again.
void ConfigManager::Announce(const std::string& reason) {
  const auto current = hub_->Current();
  LogInfo("config", "in force (" + reason + "): revision " + revision_ + ", generation " +
                        std::to_string(current->generation) + ", " + std::to_string(current->routes.size()) +
                        " routes, " + std::to_string(current->clusters.size()) + " clusters");
  resolver_.Watch(dns_names_, current->settings.dns.refresh);
}

void ConfigManager::Stop() {
  watch_.Stop();
  tls_timer_.cancel();
  resolver_.Stop();
}

}  // namespace sluice::gateway
