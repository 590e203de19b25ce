// Where canaries are, so that they go on after a restart: one row for each in the database of the revision store, written
// in one transaction with what happened. Owned by the revision store; the control thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/resource_json.h"
#include "core/base/result.h"
#include "gateway/store/revision_database.h"

namespace sluice::gateway {

// One thing that happened to a canary: started, entered a stage, held, paused, rolled back.
struct CanaryEvent {
  std::int64_t time_us = 0;
  std::string canary;          // "namespace/name"
  std::string what;            // "start", "stage", "wait", "pause", "resume", "promote", "rollback", "abort", "finish"
  std::string text;            // one sentence with its numbers
  std::string author;          // who asked; "canary" when it was the gateway's own decision
  std::uint64_t revision = 0;  // that it made; 0: none
  config::Json numbers = config::Json::object();  // the verdict
};

class CanaryStore {
 public:
  static constexpr std::size_t kEventsMax = 1000;        // of one canary; the oldest go
  static constexpr std::size_t kAllEventsMax = 100'000;  // of all, those that are gone among them

  // Makes the tables when they are missing. `database` outlives this.
  static core::Result<CanaryStore> Open(RevisionDatabase& database);

  // The row of `canary` ("namespace/name") becomes `state`, and `event`, when there is one, is added to what happened: both
  // or neither. On an error nothing was written.
  core::Status Save(const std::string& canary, const config::Json& state, const CanaryEvent* event);
  // Takes the row away, not the events; `event` as in Save.
  core::Status Forget(const std::string& canary, const CanaryEvent* event = nullptr);

  struct Row {
    std::string canary;
    config::Json state;
  };
  core::Result<std::vector<Row>> Load() const;
  // Newest first. Empty `canary`: of all.
  core::Result<std::vector<CanaryEvent>> Events(const std::string& canary, std::size_t limit) const;

 private:
  explicit CanaryStore(RevisionDatabase& database) : database_(&database) {}
  RevisionDatabase* database_;
};

}  // namespace sluice::gateway
