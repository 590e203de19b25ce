// What has changed between two JSON values, field by field, in words: for kinds that have no words of their own. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/resource_json.h"

namespace sluice::gateway {

// Adds lines like "spec.host: a -> b", "spec.subsets[v1].labels.v: 1 -> 2", "spec.endpoints 10.0.0.1 is gone",
// "spec.hosts: b is new". Lists are compared by what their items are called, else item by item, else as a whole.
void DescribeFields(const std::string& path, const config::Json& before, const config::Json& after,
                    std::vector<std::string>& lines);

// json[key], or null when json is no object or has none.
const config::Json& ValueAt(const config::Json& json, const std::string& key);

// What people call an item of a list: its name, its address, the number of its port; empty when it has none.
std::string CallOf(const config::Json& item);
// The items by that; those without it are not there.
std::map<std::string, const config::Json*> ByCall(const config::Json& list);

// A value on one line, cut when it is long.
std::string Short(const config::Json& value);

}  // namespace sluice::gateway
