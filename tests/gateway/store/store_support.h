// Objects and entries for the tests of the history, spelled short. Tests of gateway/store only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/store/revision_store.h"

namespace sluice::gateway {

inline config::ResourceKey Key(const std::string& name) { return {"VirtualService", "ml", name}; }

inline LiveObject Object(const std::string& name, int weight) {
  LiveObject object;
  object.key = Key(name);
  object.body = {{"apiVersion", "networking.istio.io/v1"},
                 {"kind", "VirtualService"},
                 {"metadata", {{"name", name}, {"namespace", "ml"}}},
                 {"spec", {{"hosts", {name}}, {"weight", weight}}}};
  object.uid = "uid-of-" + name;
  object.created_us = 1'700'000'000'000'000;
  return object;
}

inline Revision Entry(std::vector<ObjectChange> changes, const std::string& message = "why") {
  Revision revision;
  revision.time_us = 1'700'000'000'000'000;
  revision.author = "admin-token";
  revision.source = "api";
  revision.message = message;
  revision.summary = {"a line"};
  revision.changes = std::move(changes);
  return revision;
}

inline ObjectChange Put(const std::string& name, int weight) {
  return {.key = Key(name), .before = std::nullopt, .after = Object(name, weight)};
}

inline ObjectChange Drop(const std::string& name) { return {.key = Key(name), .before = Object(name, 0)}; }

// "a=1 b=2", in the order of the list.
inline std::string TextOf(const std::vector<LiveObject>& objects) {
  std::string text;
  for (const LiveObject& object : objects) {
    text += (text.empty() ? "" : " ") + object.key.name + "=" + object.body["spec"]["weight"].dump();
  }
  return text;
}

}  // namespace sluice::gateway
