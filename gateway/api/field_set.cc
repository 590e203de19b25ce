#include "gateway/api/field_set.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace sluice::gateway {
namespace {

using config::Json;

// What names the object belongs to nobody.
bool IsIdentity(const FieldPath& path) {
  if (path.size() == 1) return path[0] == "apiVersion" || path[0] == "kind";
  return path.size() == 2 && path[0] == "metadata" && (path[1] == "name" || path[1] == "namespace");
}

bool IsLeaf(const Json& json) { return !json.is_object() || json.empty(); }

template <typename Visit>
void EachLeaf(const Json& json, FieldPath& path, const Visit& visit) {
  if (IsLeaf(json)) {
    if (!path.empty() && !IsIdentity(path)) visit(path, json);
    return;
  }
  for (const auto& [key, value] : json.items()) {
    path.push_back(key);
    EachLeaf(value, path, visit);
    path.pop_back();
  }
}

bool IsPrefix(const FieldPath& prefix, const FieldPath& path) {
  return prefix.size() <= path.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

void ReadFields(const Json& fields, FieldPath& path, std::set<FieldPath>& into) {
  if (!fields.is_object()) return;
  bool leaf = true;
  for (const auto& [key, value] : fields.items()) {
    if (!key.starts_with("f:")) continue;
    leaf = false;
    path.push_back(key.substr(2));
    ReadFields(value, path, into);
    path.pop_back();
  }
  if (leaf && !path.empty()) into.insert(path);
}

// Whether the map at the end was taken out of `json` and is empty now.
bool EraseIn(Json& json, const FieldPath& path, std::size_t at) {
  const auto member = json.is_object() ? json.find(path[at]) : json.end();
  if (!json.is_object() || member == json.end()) return false;
  if (at + 1 == path.size() || EraseIn(*member, path, at + 1)) {
    json.erase(member);
    return json.empty() && at != 0 && !(at == 1 && (path[0] == "spec" || path[0] == "metadata"));
  }
  return false;
}

}  // namespace

std::string Text(const FieldPath& path) {
  std::string text;
  for (const std::string& key : path) {
    const bool plain = key.find('.') == std::string::npos;
    if (!plain) {
      text += '[' + key + ']';
      continue;
    }
    if (!text.empty()) text += '.';
    text += key;
  }
  return text;
}

bool Overlaps(const FieldPath& a, const FieldPath& b) { return IsPrefix(a, b) || IsPrefix(b, a); }

FieldSet FieldSet::Of(const Json& body) {
  FieldSet set;
  FieldPath path;
  EachLeaf(body, path, [&](const FieldPath& leaf, const Json&) { set.paths_.insert(leaf); });
  return set;
}

FieldSet FieldSet::Changed(const Json& before, const Json& after) {
  FieldSet set;
  FieldPath path;
  EachLeaf(after, path, [&](const FieldPath& leaf, const Json& value) {
    const Json* old = At(before, leaf);
    if (old == nullptr || *old != value) set.paths_.insert(leaf);
  });
  return set;
}

FieldSet FieldSet::FromJson(const Json& fields) {
  FieldSet set;
  FieldPath path;
  ReadFields(fields, path, set.paths_);
  return set;
}

Json FieldSet::ToJson() const {
  Json root = Json::object();
  for (const FieldPath& path : paths_) {
    Json* node = &root;
    for (const std::string& key : path) {
      Json& child = (*node)["f:" + key];
      if (child.is_null()) child = Json::object();
      node = &child;
    }
  }
  return root;
}

bool FieldSet::Touches(const FieldPath& path) const {
  return std::ranges::any_of(paths_, [&](const FieldPath& own) { return Overlaps(own, path); });
}

void FieldSet::Remove(const FieldPath& path) {
  std::erase_if(paths_, [&](const FieldPath& own) { return Overlaps(own, path); });
}

const Json* At(const Json& body, const FieldPath& path) {
  const Json* node = &body;
  for (const std::string& key : path) {
    if (!node->is_object()) return nullptr;
    const auto member = node->find(key);
    if (member == node->end()) return nullptr;
    node = &*member;
  }
  return node;
}

void Erase(Json& body, const FieldPath& path) {
  if (!path.empty()) EraseIn(body, path, 0);
}

}  // namespace sluice::gateway
