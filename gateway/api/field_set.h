// Which fields of an object somebody has set, as Kubernetes' FieldsV1: a tree of map keys. Lists are one field, as in
// custom resources without a schema of their own. Values; any thread.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/resource_json.h"

namespace sluice::gateway {

// The keys from the top: {"spec", "http"}.
using FieldPath = std::vector<std::string>;

// "spec.http", ".metadata.labels.app" without its dot: for messages.
std::string Text(const FieldPath& path);

// Whether one of the two lies in the other, or both are the same.
bool Overlaps(const FieldPath& a, const FieldPath& b);

class FieldSet {
 public:
  // Every leaf of a body except what names it: apiVersion, kind, metadata.name and metadata.namespace.
  static FieldSet Of(const config::Json& body);
  // The leaves of `after` that `before` lacks or has otherwise.
  static FieldSet Changed(const config::Json& before, const config::Json& after);
  // {"f:spec": {"f:http": {}}}; what is none of that is skipped.
  static FieldSet FromJson(const config::Json& fields);
  config::Json ToJson() const;

  const std::set<FieldPath>& paths() const { return paths_; }
  bool empty() const { return paths_.empty(); }
  bool Touches(const FieldPath& path) const;  // has it, something in it, or what it is in
  // Takes out what overlaps.
  void Remove(const FieldPath& path);
  void Add(const FieldPath& path) { paths_.insert(path); }
  friend bool operator==(const FieldSet&, const FieldSet&) = default;

 private:
  std::set<FieldPath> paths_;
};

// The value at a path; null when there is none.
const config::Json* At(const config::Json& body, const FieldPath& path);

// Takes the value out, and the maps that become empty by it, but not spec and metadata.
void Erase(config::Json& body, const FieldPath& path);

}  // namespace sluice::gateway
