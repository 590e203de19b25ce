#include "gateway/api/managed_fields.h"

#include <algorithm>
#include <utility>

#include "config/format.h"
#include "gateway/api/object_view.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

std::string TextOf(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool Is(const ManagedFields::Owner& owner, const Writer& writer) {
  return owner.manager == writer.manager && owner.applies == writer.applies;
}

// Maps are joined key by key; everything else is replaced.
void Join(Json& into, const Json& wanted) {
  if (!wanted.is_object() || !into.is_object()) {
    into = wanted;
    return;
  }
  for (const auto& [key, value] : wanted.items()) {
    if (into.contains(key)) {
      Join(into[key], value);
    } else {
      into[key] = value;
    }
  }
}

}  // namespace

ManagedFields ManagedFields::FromJson(const Json& list) {
  ManagedFields managed;
  if (!list.is_array()) return managed;
  for (const Json& entry : list) {
    if (!entry.is_object() || managed.owners_.size() == kOwnersMax) continue;
    const auto fields = entry.find("fieldsV1");
    Owner owner{.manager = TextOf(entry, "manager"),
                .applies = TextOf(entry, "operation") == "Apply",
                .api_version = TextOf(entry, "apiVersion"),
                .time = TextOf(entry, "time"),
                .fields = fields == entry.end() ? FieldSet() : FieldSet::FromJson(*fields)};
    if (!owner.manager.empty() && !owner.fields.empty()) managed.owners_.push_back(std::move(owner));
  }
  return managed;
}

Json ManagedFields::ToJson() const {
  Json list = Json::array();
  for (const Owner& owner : owners_) {
    list.push_back({{"manager", owner.manager},
                    {"operation", owner.applies ? "Apply" : "Update"},
                    {"apiVersion", owner.api_version},
                    {"time", owner.time},
                    {"fieldsType", "FieldsV1"},
                    {"fieldsV1", owner.fields.ToJson()}});
  }
  return list;
}

ManagedFields::Owner& ManagedFields::OwnerOf(const Writer& writer) {
  const auto found = std::ranges::find_if(owners_, [&](const Owner& owner) { return Is(owner, writer); });
  if (found != owners_.end()) return *found;
  if (owners_.size() == kOwnersMax) {
    const auto updater = std::ranges::find(owners_, false, &Owner::applies);
    owners_.erase(updater == owners_.end() ? owners_.begin() : updater);
  }
  owners_.push_back(
      {.manager = writer.manager, .applies = writer.applies, .api_version = {}, .time = {}, .fields = {}});
  return owners_.back();
}

// An owner whose fields stay the same keeps his time: writing the same once more is no change.
void ManagedFields::SetFields(const Writer& writer, FieldSet fields) {
  Owner& owner = OwnerOf(writer);
  if (owner.fields == fields && owner.api_version == writer.api_version) return;
  owner.fields = std::move(fields);
  owner.api_version = writer.api_version;
  owner.time = TimestampText(writer.now_us);
}

// Nobody owns what is not there.
void ManagedFields::Settle(const Json& body) {
  for (Owner& owner : owners_) {
    FieldSet kept;
    for (const FieldPath& path : owner.fields.paths()) {
      if (At(body, path) != nullptr) kept.Add(path);
    }
    owner.fields = std::move(kept);
  }
  std::erase_if(owners_, [](const Owner& owner) { return owner.fields.empty(); });
}

void ManagedFields::Adopt(const Json& live, std::string_view manager, std::int64_t since_us) {
  if (!owners_.empty()) return;
  SetFields({.manager = std::string(manager), .api_version = TextOf(live, "apiVersion"), .now_us = since_us},
            FieldSet::Of(live));
}

void ManagedFields::Update(const Json& before, const Json& after, const Writer& writer) {
  const FieldSet changed = FieldSet::Changed(before, after);
  if (!changed.empty()) {
    for (Owner& owner : owners_) {
      for (const FieldPath& path : changed.paths()) owner.fields.Remove(path);
    }
    const auto own = std::ranges::find_if(owners_, [&](const Owner& owner) { return Is(owner, writer); });
    FieldSet fields = own == owners_.end() ? FieldSet() : own->fields;
    for (const FieldPath& path : changed.paths()) fields.Add(path);
    SetFields(writer, std::move(fields));
  }
  Settle(after);
}

bool ManagedFields::OwnedByOthers(const FieldPath& path, const Writer& writer) const {
  return std::ranges::any_of(owners_,
                             [&](const Owner& owner) { return !Is(owner, writer) && owner.fields.Touches(path); });
}

std::expected<Json, std::vector<StatusCause>> ManagedFields::Apply(const Json* live, const Json& wanted,
                                                                   const Writer& writer, bool force) {
  const FieldSet fields = FieldSet::Of(wanted);
  if (live == nullptr) {
    owners_.clear();
    SetFields(writer, fields);
    return wanted;
  }
  const FieldSet changed = FieldSet::Changed(*live, wanted);
  std::vector<StatusCause> conflicts;
  for (const FieldPath& path : changed.paths()) {
    for (const Owner& owner : owners_) {
      if (Is(owner, writer) || !owner.fields.Touches(path)) continue;
      conflicts.push_back({.reason = "FieldManagerConflict",
                           .message = Format("conflict with \"{}\" using {}", owner.manager, owner.api_version),
                           .field = '.' + Text(path)});
    }
  }
  if (!conflicts.empty() && !force) return std::unexpected(std::move(conflicts));
  for (Owner& owner : owners_) {
    if (Is(owner, writer)) continue;
    for (const FieldPath& path : changed.paths()) owner.fields.Remove(path);
  }
  Json body = *live;
  Join(body, wanted);
  const auto own = std::ranges::find_if(owners_, [&](const Owner& owner) { return Is(owner, writer); });
  const FieldSet before = own == owners_.end() ? FieldSet() : own->fields;
  for (const FieldPath& path : before.paths()) {
    if (!fields.Touches(path) && !OwnedByOthers(path, writer)) Erase(body, path);
  }
  SetFields(writer, fields);
  Settle(body);
  return body;
}

}  // namespace sluice::gateway
