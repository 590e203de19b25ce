// Counts the users of every experiment, watches that the arms have the shares they should have, and writes the exposure
// log. Reads the workers' feeds a few times a second. Owned by the app; the control thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "config/diagnostics.h"
#include "core/base/clock.h"
#include "core/snapshot/snapshot.h"
#include "core/stats/sample_ratio.h"
#include "gateway/admin/admin_message.h"
#include "gateway/experiment/exposure_feed.h"
#include "gateway/experiment/exposure_log.h"

namespace sluice::gateway {

struct MonitorSource {
  std::vector<ExposureFeed*> feeds;
  std::shared_ptr<const core::Snapshot> (*snapshot)(void* self) = nullptr;
  void (*warn)(void* self, const std::string& text) = nullptr;  // something to act on; null: nobody listens
  void* self = nullptr;
  std::string state_directory;  // of the salt; empty: a salt for the life of the process
};

// For the metrics.
struct ArmFacts {
  std::string arm;  // "holdout" among them
  std::string subset;
  std::uint64_t expected_weight = 0;  // buckets; 0 for the holdout
  std::uint64_t exposures = 0;        // users, each counted once
};
struct ExperimentFacts {
  std::string name_space;
  std::string name;
  std::vector<ArmFacts> arms;
  core::SampleRatio ratio{};  // when it was looked at last
  bool alarm = false;         // p < 0.001; stays until the definition changes
};

class ExperimentMonitor {
 public:
  static constexpr std::chrono::milliseconds kInterval{250};
  // Keys of users remembered for counting each once; see exposure_set.h. A user of an arm takes one, and one more for
  // each version that the log says has served him.
  static constexpr std::size_t kKeysMax = 2'000'000;
  static constexpr std::size_t kGenerations = 16;  // whose entries can still be read

  ExperimentMonitor(boost::asio::io_context& context, const core::Clock& clock, MonitorSource source);
  ~ExperimentMonitor();

  // A log or a salt that cannot be had is told by `warn` and tried again; users are counted all the same.
  void Start();
  // Reads what the workers have left, once they are gone.
  void Stop();
  void Read();    // what the feeds have, now; to be called whenever another snapshot is in force
  void Rotate();  // SIGHUP: opens the log again

  // Pages below /sluice/v1/experiments; see experiment_pages.h.
  AdminAnswer Answer(const AdminRequest& request);
  std::vector<ExperimentFacts> Facts() const;
  std::vector<config::Finding> Findings() const;  // of the alarms in force: SL2050
  const ExposureLog& log() const;
  std::uint64_t dropped_by_feeds() const;     // rings that were full
  std::uint64_t dropped_generations() const;  // entries of a configuration that is long gone
  std::uint64_t turns() const;                // times that users were forgotten, see exposure_set.h

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::gateway
