#include "gateway/store/world.h"

#include <algorithm>
#include <utility>

#include "gateway/store/revision_store.h"

namespace sluice::gateway {

const LiveObject* World::Find(const config::ResourceKey& key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &objects_[found->second];
}

void World::Index() {
  index_.clear();
  for (std::size_t i = 0; i < objects_.size(); ++i) index_.emplace(objects_[i].key, i);
}

std::optional<std::vector<const WorldEvent*>> World::EventsSince(std::uint64_t revision) const {
  if (revision < oldest_event_) return std::nullopt;
  std::vector<const WorldEvent*> events;
  const auto first = std::ranges::upper_bound(events_, revision, {}, &WorldEvent::revision);
  for (auto event = first; event != events_.end(); ++event) events.push_back(&*event);
  return events;
}

void World::Subscribe(WorldWatcher& watcher) { watchers_.push_back(&watcher); }

void World::Unsubscribe(WorldWatcher& watcher) { std::erase(watchers_, &watcher); }

Drift World::DriftOf(const config::ResourceKey& key) const {
  const LiveObject* live = Find(key);
  const auto file = files_.find(key);
  if (file == files_.end()) return live == nullptr ? Drift::kNone : Drift::kLiveOnly;
  if (live == nullptr) return Drift::kFileOnly;
  return live->body == file->second.body ? Drift::kNone : Drift::kChanged;
}

void World::Reset(std::uint64_t revision, std::vector<LiveObject> objects) {
  revision_ = oldest_event_ = revision;
  objects_ = std::move(objects);
  events_.clear();
  Index();
}

void World::Remember(const ObjectChange& change) {
  WorldEvent event{.revision = revision_, .type = WorldEvent::Type::kModified, .object = {}};
  if (!change.after) {
    event.type = WorldEvent::Type::kDeleted;
    event.object = *change.before;
    event.object.version = revision_;
  } else {
    if (!change.before) event.type = WorldEvent::Type::kAdded;
    event.object = *change.after;
  }
  events_.push_back(std::move(event));
  while (events_.size() > kEventsMax) {
    oldest_event_ = events_.front().revision;
    events_.pop_front();
  }
}

void World::Apply(const ObjectChange& change) {
  if (!change.before) {
    objects_.push_back(*change.after);
    return;
  }
  const auto found = std::ranges::find(objects_, change.key, &LiveObject::key);
  if (!change.after) {
    if (found != objects_.end()) objects_.erase(found);
  } else if (found != objects_.end()) {
    *found = *change.after;
  }
}

void World::Commit(std::uint64_t revision, const std::vector<ObjectChange>& changes,
                   const std::vector<config::ResourceKey>* order) {
  revision_ = revision;
  for (const ObjectChange& change : changes) {
    Apply(change);
    Remember(change);
  }
  if (order != nullptr) {
    std::map<config::ResourceKey, std::size_t> ranks;
    for (const config::ResourceKey& key : *order) ranks.emplace(key, ranks.size());
    std::ranges::stable_sort(objects_, {}, [&](const LiveObject& object) {
      const auto rank = ranks.find(object.key);
      return rank == ranks.end() ? ranks.size() : rank->second;
    });
  }
  Index();
  // A watcher may unhook itself while it is told.
  const std::vector<WorldWatcher*> told = watchers_;
  for (WorldWatcher* watcher : told) {
    if (std::ranges::find(watchers_, watcher) != watchers_.end()) watcher->notify(watcher->self);
  }
}

void World::SetFiles(std::map<config::ResourceKey, LiveObject> files) {
  files_ = std::move(files);
  for (LiveObject& object : objects_) {
    const auto file = files_.find(object.key);
    object.place = file != files_.end() && file->second.body == object.body ? file->second.place : config::Place{};
  }
}

}  // namespace sluice::gateway
