// The objects in force, and how they came to differ, for those who read (resource API, `get`, watches). Written by the
// transaction only. The control thread's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/store/change.h"
#include "gateway/store/live_object.h"

namespace sluice::gateway {

struct ObjectChange;  // gateway/store/revision_store.h

// For watches: one object that changed, in the order of revisions.
struct WorldEvent {
  enum class Type : std::uint8_t { kAdded, kModified, kDeleted };
  std::uint64_t revision = 0;
  Type type = Type::kAdded;
  LiveObject object;  // as it is since then; a deleted one as it was, with `version` of its deletion
};

// Called after each revision that changed an object, on the control thread. Unhooks itself by World::Unsubscribe.
struct WorldWatcher {
  void (*notify)(void* self) = nullptr;
  void* self = nullptr;
};

// What a file says of an object beside what runs.
enum class Drift : std::uint8_t {
  kNone,      // the file says what runs
  kChanged,   // both exist and differ
  kLiveOnly,  // no file has it
  kFileOnly,  // a file has it, and it was deleted live
};

class World {
 public:
  static constexpr std::size_t kEventsMax = 256;  // a watch reads them at once; who was away longer lists again

  std::uint64_t revision() const { return revision_; }
  // Files' objects in file and document order, then those made live in the order in which they were made.
  std::span<const LiveObject> objects() const { return objects_; }
  const LiveObject* Find(const config::ResourceKey& key) const;

  // Events after `revision`, oldest first; nullopt when some of them are no longer known (HTTP 410).
  std::optional<std::vector<const WorldEvent*>> EventsSince(std::uint64_t revision) const;
  void Subscribe(WorldWatcher& watcher);
  void Unsubscribe(WorldWatcher& watcher);

  // What files say now, by key; bodies are canonical.
  const std::map<config::ResourceKey, LiveObject>& files() const { return files_; }
  Drift DriftOf(const config::ResourceKey& key) const;

  // --- for the transaction ---
  // Puts a whole state in force without events, at the start.
  void Reset(std::uint64_t revision, std::vector<LiveObject> objects);
  // Applies changes; each becomes an event, and watchers are told. `order`, when given, is the order of all objects; new
  // ones come last otherwise.
  void Commit(std::uint64_t revision, const std::vector<ObjectChange>& changes,
              const std::vector<config::ResourceKey>* order = nullptr);
  void SetFiles(std::map<config::ResourceKey, LiveObject> files);

 private:
  void Apply(const ObjectChange& change);
  void Index();
  void Remember(const ObjectChange& change);

  std::uint64_t revision_ = 0;
  std::uint64_t oldest_event_ = 0;  // events after this revision are known
  std::vector<LiveObject> objects_;
  std::map<config::ResourceKey, std::size_t> index_;  // into objects_
  std::deque<WorldEvent> events_;
  std::map<config::ResourceKey, LiveObject> files_;
  std::vector<WorldWatcher*> watchers_;
};

}  // namespace sluice::gateway
