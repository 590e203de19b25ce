// A change of what is in force, as a value: which objects, who, why; and what became of it. Every way to change rules
// (files, SIGHUP, kubectl, `sluice apply`, revert, canary) makes one of these and hands it to the one transaction.
// Plain data; the control thread's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "gateway/store/live_object.h"

namespace sluice::gateway {

struct ObjectEdit {
  config::ResourceKey key;
  std::optional<config::Json> body;              // canonical or not; absent: the object is deleted
  std::optional<config::Json> managed_fields{};  // absent: those that it has stay
  // The edit holds only while the object has this version; 0: only while there is none. Absent: whatever there is.
  std::optional<std::uint64_t> expected_version{};
};

struct Change {
  std::vector<ObjectEdit> edits;  // in one step or not at all; no key twice
  std::string author;             // token name, certificate's identity or OS user
  std::string source;             // "file", "api", "apply", "weights", "revert", "canary"
  std::string message{};          // why, in the author's words; may be empty
  bool dry_run = false;           // everything but recording and publishing
};

struct ChangeResult {
  enum class Outcome : std::uint8_t {
    kAccepted,     // in force (or would be, with dry_run); `revision` is its number
    kUnchanged,    // all objects were so already: no revision
    kConflict,     // an expected version did not hold
    kNotFound,     // an object that is to be deleted does not exist
    kInvalid,      // findings say why
    kGateFailed,   // a test of --gate failed: findings say which
    kNotRecorded,  // the revision could not be written (disk full): nothing has changed
  };
  Outcome outcome = Outcome::kInvalid;
  std::uint64_t revision = 0;               // in force afterwards
  std::string error{};                      // one sentence for everything but kAccepted and kUnchanged
  std::vector<config::Finding> findings{};  // of the whole configuration as it would be
  std::vector<std::string> summary{};       // "VirtualService ml-serving/ranking: v47 10 % -> 25 %"
  std::vector<std::string> warnings{};      // what the change made vanish: rules, retries, mirrors
  std::vector<LiveObject> objects{};        // the edited ones as they are now (or would be), in the order of the edits;
                                            // deleted ones as they were
  std::vector<std::string> done{};          // beside the edits: "created", "configured", "unchanged" or "deleted"

  bool ok() const { return outcome == Outcome::kAccepted || outcome == Outcome::kUnchanged; }
};

// The transaction, as others see it. Call on the control thread; returns when the change is in force and recorded.
struct ChangeHook {
  ChangeResult (*submit)(void* self, const Change& change) = nullptr;
  void* self = nullptr;
};

}  // namespace sluice::gateway
