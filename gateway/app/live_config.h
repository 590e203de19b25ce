// What runs, as objects: the world, its history, and what the files said last. Turns a change, or files that were read
// anew, into the step from one state to the next; the config manager decides whether the step is taken. Files and live
// changes meet per object: the last accepted change wins, and an unchanged file never undoes a live change. Owned by the
// config manager; the control thread only.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/loader.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "gateway/store/change.h"
#include "gateway/store/revision_store.h"
#include "gateway/store/world.h"

namespace sluice::gateway {

class LiveConfig {
 public:
  // What files say: the objects by key, what tells whether they have changed, and their order.
  struct Files {
    std::map<config::ResourceKey, LiveObject> objects;
    std::map<config::ResourceKey, std::shared_ptr<const config::Resource>> trees;
    FileBase base;
    std::vector<config::ResourceKey> order;
  };

  // From the state in force to the next one.
  struct Step {
    std::vector<ObjectChange> changes;  // empty: the same objects, perhaps on other lines of their files
    config::ResourceList resources;     // all of the next state, in order
    std::optional<Files> files{};       // when they were read anew
    std::map<config::ResourceKey, std::shared_ptr<const config::Resource>> trees{};  // of the objects that differ
    std::vector<std::string> summary{};
  };

  LiveConfig(config::LoadOptions options, std::uint64_t seed) : options_(std::move(options)), random_(seed) {}

  // Opens the history (in memory without a directory) and puts the last state of it in force.
  core::Status Open(const std::string& state_directory);

  const World& world() const { return world_; }
  World& world() { return world_; }
  const RevisionStore& store() const { return *store_; }
  CanaryStore& canaries() { return store_->canaries(); }
  bool restored() const { return restored_; }  // there was a state to come back to
  const config::LoadOptions& options() const { return options_; }

  // The step that `change` asks for; the result of a change that ends here (conflict, nothing to do, not found).
  std::expected<Step, ChangeResult> Prepare(const Change& change, std::int64_t now_us);
  // The step to what files say. Resources that are none, or are there twice, make a step that cannot be loaded.
  Step PrepareFiles(const config::ResourceList& read, std::int64_t now_us);
  // The state in force once more.
  Step Same() const;

  // Takes the step: recorded first, then in force. On an error nothing has changed. A step without changes is no
  // revision.
  core::Status Commit(Step step, const Change& change, std::int64_t now_us,
                      const std::vector<config::Finding>& findings);
  // Keeps a step that was refused for the history.
  core::Status Refuse(const Step& step, const Change& change, std::int64_t now_us,
                      const std::vector<config::Finding>& findings);

  // Fills `objects` and `done` of a result: what the step makes of each edit.
  void Describe(const Step& step, const Change& change, ChangeResult& result) const;

 private:
  ObjectChange Upsert(const config::ResourceKey& key, config::Json body, const LiveObject* before, std::int64_t now_us);
  std::shared_ptr<const config::Resource> TreeOf(const LiveObject& object) const;
  std::string OriginOf(const config::ResourceKey& key) const;
  void List(Step& step) const;
  std::string Uuid();

  config::LoadOptions options_;
  core::Random random_;
  std::unique_ptr<RevisionStore> store_;
  World world_;
  Files files_;
  std::map<config::ResourceKey, std::shared_ptr<const config::Resource>> trees_;  // of the objects in force
  bool restored_ = false;
};

}  // namespace sluice::gateway
