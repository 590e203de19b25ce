#include "gateway/api/watch.h"

#include <utility>

#include "gateway/api/object_view.h"
#include "gateway/api/status.h"

namespace sluice::gateway {

using config::Json;

bool ObjectWatch::Follows(const LiveObject& object) const {
  return object.key.kind == options_.style.kind->kind &&
         (options_.name_space.empty() || object.key.name_space == options_.name_space) &&
         options_.fields.Matches(object);
}

void ObjectWatch::Begin(const World& world, std::string& events) {
  begun_ = true;
  cursor_ = options_.since.value_or(world.revision());
  for (const LiveObject& object : world.objects()) {
    if (!Follows(object) || !options_.labels.Matches(object)) continue;
    labelled_.insert(object.key);
    if (!options_.since) Write("ADDED", object, world, events);
  }
}

std::string ObjectWatch::Next(const World& world, std::int64_t now_us) {
  std::string events;
  if (ended_) return events;
  options_.style.now_us = now_us;
  if (!begun_) Begin(world, events);
  const auto news = world.EventsSince(cursor_);
  // A revision that is still to come was seen in another life of this process.
  if (!news || cursor_ > world.revision()) {
    Expire(events);
    return events;
  }
  for (const WorldEvent* event : *news) Tell(*event, world, events);
  cursor_ = world.revision();
  return events;
}

void ObjectWatch::Tell(const WorldEvent& event, const World& world, std::string& events) {
  if (!Follows(event.object)) return;
  const bool matches = event.type != WorldEvent::Type::kDeleted && options_.labels.Matches(event.object);
  const bool matched = labelled_.contains(event.object.key);
  if (options_.labels.empty()) {
    constexpr std::string_view kTypes[] = {"ADDED", "MODIFIED", "DELETED"};
    return Write(kTypes[static_cast<std::size_t>(event.type)], event.object, world, events);
  }
  if (matches) {
    labelled_.insert(event.object.key);
    Write(matched && event.type == WorldEvent::Type::kModified ? "MODIFIED" : "ADDED", event.object, world, events);
  } else if (labelled_.erase(event.object.key) != 0) {
    Write("DELETED", event.object, world, events);
  }
}

void ObjectWatch::Write(std::string_view type, const LiveObject& object, const World& world, std::string& events) {
  Json shown;
  if (options_.as_table) {
    shown = EmptyTable(options_.style, object.version);
    if (std::exchange(headed_, true)) shown["columnDefinitions"] = Json::array();
    shown["rows"].push_back(RowOf(options_.style, world, object));
  } else {
    shown = ViewOf(object, options_.style.version);
  }
  events += Dump({{"type", type}, {"object", std::move(shown)}});
}

void ObjectWatch::Expire(std::string& events) {
  ended_ = true;
  const Json status = {{"kind", "Status"},
                       {"apiVersion", "v1"},
                       {"metadata", Json::object()},
                       {"status", "Failure"},
                       {"reason", "Expired"},
                       {"code", 410},
                       {"message", "too old resource version: list again, and watch from there"}};
  events += Dump({{"type", "ERROR"}, {"object", status}});
}

}  // namespace sluice::gateway
