#include "gateway/app/live_config.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "config/fingerprint.h"
#include "core/base/arena.h"
#include "core/http/forwarding.h"
#include "gateway/store/semantic_diff.h"

namespace sluice::gateway {
namespace {

using config::Json;
using config::ResourceKey;

Json SpecOf(const Json& body) {
  const auto spec = body.find("spec");
  return spec == body.end() ? Json() : *spec;
}

// The same schema under another version of its group: what is written stays written as it was.
void KeepVersion(Json& body, const LiveObject* before) {
  if (before != nullptr) body["apiVersion"] = before->body.at("apiVersion");
}

Revision Entry(const Change& change, std::int64_t now_us, const std::vector<config::Finding>& findings) {
  Revision entry;
  entry.time_us = now_us;
  entry.author = change.author;
  entry.source = change.source;
  entry.message = change.message;
  entry.findings = findings;
  return entry;
}

ChangeResult Ended(ChangeResult::Outcome outcome, std::uint64_t revision, std::string error) {
  ChangeResult result;
  result.outcome = outcome;
  result.revision = revision;
  result.error = std::move(error);
  return result;
}

// Why an edit cannot be made on `live`, which may be null.
std::optional<ChangeResult> Refusal(const ObjectEdit& edit, const LiveObject* live, std::uint64_t revision) {
  using Outcome = ChangeResult::Outcome;
  if (edit.expected_version) {
    const std::uint64_t version = live == nullptr ? 0 : live->version;
    if (*edit.expected_version == 0 && live != nullptr) {
      return Ended(Outcome::kConflict, revision, edit.key.Text() + " exists already");
    }
    if (live != nullptr && *edit.expected_version != version) {
      return Ended(Outcome::kConflict, revision,
                   edit.key.Text() + " has been modified: it has version " + std::to_string(version) + ", not " +
                       std::to_string(*edit.expected_version) + "; read it again and repeat the change");
    }
  }
  const bool wants_one = !edit.body || edit.expected_version.value_or(0) != 0;
  if (wants_one && live == nullptr) return Ended(Outcome::kNotFound, revision, edit.key.Text() + " does not exist");
  return std::nullopt;
}

}  // namespace

core::Status LiveConfig::Open(const std::string& state_directory) {
  auto store = RevisionStore::Open(state_directory);
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  auto stored = store_->Load();
  if (!stored) return std::unexpected(stored.error());
  restored_ = stored->number != 0;
  files_.base = std::move(stored->files);
  for (const LiveObject& object : stored->objects) trees_.emplace(object.key, TreeOf(object));
  world_.Reset(stored->number, std::move(stored->objects));
  return {};
}

std::string LiveConfig::Uuid() {
  core::Arena arena;
  return std::string(core::MakeUuid(random_, arena));
}

// A name beside the rules, so that files which the object names are found as those of its neighbours.
std::string LiveConfig::OriginOf(const ResourceKey& key) const {
  namespace fs = std::filesystem;
  fs::path directory;
  if (const auto file = files_.trees.find(key); file != files_.trees.end()) {
    directory = fs::path(file->second->origin).parent_path();
  } else if (!options_.paths.empty()) {
    std::error_code ignored;
    const fs::path first = options_.paths.front();
    directory = fs::is_directory(first, ignored) ? first : first.parent_path();
  }
  return (directory / (key.kind + '.' + key.name_space + '.' + key.name + "@live")).string();
}

// The file's own tree, with its lines, while it says what runs.
std::shared_ptr<const config::Resource> LiveConfig::TreeOf(const LiveObject& object) const {
  const auto file = files_.objects.find(object.key);
  if (file != files_.objects.end() && file->second.body == object.body) return files_.trees.at(object.key);
  return std::make_shared<const config::Resource>(
      config::FromJson(object.body, OriginOf(object.key), options_.default_namespace));
}

ObjectChange LiveConfig::Upsert(const ResourceKey& key, Json body, const LiveObject* before, std::int64_t now_us) {
  LiveObject after;
  after.key = key;
  after.version = world_.revision() + 1;
  if (before != nullptr) {
    after.uid = before->uid;
    after.created_us = before->created_us;
    after.generation = before->generation + (SpecOf(before->body) == SpecOf(body) ? 0 : 1);
    after.managed_fields = before->managed_fields;
  } else {
    after.uid = Uuid();
    after.created_us = now_us;
  }
  const auto file = files_.objects.find(key);
  if (file != files_.objects.end() && file->second.body == body) after.place = file->second.place;
  after.body = std::move(body);
  ObjectChange change{.key = key};
  if (before != nullptr) change.before = *before;
  change.after = std::move(after);
  return change;
}

std::expected<LiveConfig::Step, ChangeResult> LiveConfig::Prepare(const Change& change, std::int64_t now_us) {
  Step step;
  for (const ObjectEdit& edit : change.edits) {
    const LiveObject* live = world_.Find(edit.key);
    if (auto refused = Refusal(edit, live, world_.revision())) return std::unexpected(std::move(*refused));
    if (!edit.body) {
      step.changes.push_back({.key = edit.key, .before = *live});
      continue;
    }
    Json body = config::CanonicalBody(*edit.body, options_.default_namespace);
    if (change.source != "revert") KeepVersion(body, live);
    const Json* managed = edit.managed_fields ? &*edit.managed_fields : nullptr;
    const bool same_owners = managed == nullptr || (live != nullptr && live->managed_fields == *managed);
    if (live != nullptr && live->body == body && same_owners) continue;
    ObjectChange made = Upsert(edit.key, std::move(body), live, now_us);
    if (managed != nullptr) made.after->managed_fields = *managed;
    step.trees.emplace(edit.key, TreeOf(*made.after));
    step.changes.push_back(std::move(made));
  }
  if (step.changes.empty()) {
    ChangeResult same = Ended(ChangeResult::Outcome::kUnchanged, world_.revision(), "");
    Describe(step, change, same);
    return std::unexpected(std::move(same));
  }
  step.summary = Summarize(step.changes);
  List(step);
  return step;
}

LiveConfig::Step LiveConfig::PrepareFiles(const config::ResourceList& read, std::int64_t now_us) {
  Step step;
  Files files;
  for (const auto& resource : read) {
    const ResourceKey& key = resource->key;
    if (key.kind.empty() || key.name.empty() || !files.trees.emplace(key, resource).second) {
      step.resources = read;  // loading it says what is wrong
      return step;
    }
    LiveObject object;
    object.key = key;
    object.body = config::CanonicalBody(config::ToJson(resource->root), options_.default_namespace);
    object.place = {resource->origin, resource->root.mark};
    files.base.emplace(
        key, config::Fingerprint().Add(object.body.dump(-1, ' ', false, Json::error_handler_t::replace)).Text());
    files.objects.emplace(key, std::move(object));
    files.order.push_back(key);
  }
  std::swap(files_, files);  // so that trees and places are those of the new files
  for (const ResourceKey& key : files_.order) {
    const LiveObject* live = world_.Find(key);
    const auto known = files.base.find(key);
    const bool changed = known == files.base.end() || known->second != files_.base.at(key);
    const Json& body = files_.objects.at(key).body;
    if (!changed || (live != nullptr && live->body == body)) continue;
    ObjectChange made = Upsert(key, body, live, now_us);
    made.after->managed_fields = Json::array();
    step.changes.push_back(std::move(made));
  }
  for (const auto& [key, digest] : files.base) {
    const LiveObject* live = files_.base.contains(key) ? nullptr : world_.Find(key);
    if (live != nullptr) step.changes.push_back({.key = key, .before = *live});
  }
  for (const ObjectChange& change : step.changes) {
    if (change.after) step.trees.emplace(change.key, TreeOf(*change.after));
  }
  for (const LiveObject& object : world_.objects()) {
    if (!step.trees.contains(object.key)) step.trees.emplace(object.key, TreeOf(object));
  }
  std::swap(files_, files);
  step.files = std::move(files);
  step.summary = Summarize(step.changes);
  List(step);
  return step;
}

LiveConfig::Step LiveConfig::Same() const {
  Step step;
  List(step);
  return step;
}

// The resources of the next state: those of files in their order, then the others in the order in which they were made.
void LiveConfig::List(Step& step) const {
  std::map<ResourceKey, const ObjectChange*> changed;
  for (const ObjectChange& change : step.changes) changed.emplace(change.key, &change);
  std::vector<ResourceKey> keys;
  std::set<ResourceKey> seen;
  const auto add = [&](const ResourceKey& key) {
    const auto change = changed.find(key);
    const bool there = change != changed.end() ? change->second->after.has_value() : world_.Find(key) != nullptr;
    if (there && seen.insert(key).second) keys.push_back(key);
  };
  for (const ResourceKey& key : step.files ? step.files->order : files_.order) add(key);
  for (const LiveObject& object : world_.objects()) add(object.key);
  for (const ObjectChange& change : step.changes) add(change.key);
  for (const ResourceKey& key : keys) {
    const auto fresh = step.trees.find(key);
    step.resources.push_back(fresh != step.trees.end() ? fresh->second : trees_.at(key));
  }
}

core::Status LiveConfig::Commit(Step step, const Change& change, std::int64_t now_us,
                                const std::vector<config::Finding>& findings) {
  const FileBase* base = step.files && step.files->base != files_.base ? &step.files->base : nullptr;
  std::uint64_t number = world_.revision();
  if (!step.changes.empty() || base != nullptr || number == 0) {
    Revision entry = Entry(change, now_us, findings);
    entry.summary = step.summary;
    entry.changes = step.changes;
    if (const core::Status written = store_->Append(entry, base); !written) return written;
    number = entry.number;
  }
  for (auto& [key, tree] : step.trees) trees_[key] = std::move(tree);
  for (const ObjectChange& made : step.changes) {
    if (!made.after) trees_.erase(made.key);
  }
  const bool reread = step.files.has_value();
  if (reread) files_ = std::move(*step.files);
  world_.Commit(number, step.changes, reread ? &files_.order : nullptr);
  if (reread) world_.SetFiles(files_.objects);
  return {};
}

core::Status LiveConfig::Refuse(const Step& step, const Change& change, std::int64_t now_us,
                                const std::vector<config::Finding>& findings) {
  Revision entry = Entry(change, now_us, findings);
  entry.accepted = false;
  entry.summary = step.summary;
  entry.changes = step.changes;
  return store_->Append(entry);
}

void LiveConfig::Describe(const Step& step, const Change& change, ChangeResult& result) const {
  for (const ObjectEdit& edit : change.edits) {
    const auto made = std::ranges::find(step.changes, edit.key, &ObjectChange::key);
    if (made == step.changes.end()) {
      const LiveObject* live = world_.Find(edit.key);
      result.objects.push_back(live == nullptr ? LiveObject{} : *live);
      result.done.emplace_back("unchanged");
      continue;
    }
    result.objects.push_back(made->after ? *made->after : *made->before);
    result.done.emplace_back(!made->after ? "deleted" : made->before ? "configured" : "created");
  }
}

}  // namespace sluice::gateway
