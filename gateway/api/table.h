// Objects as rows for `kubectl get`: meta.k8s.io Table, with columns that say what a kind is about, and in `-o wide` how
// files and history see the object. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/resource_json.h"
#include "config/resource_kind.h"
#include "gateway/store/world.h"

namespace sluice::gateway {

struct TableStyle {
  const config::ResourceKind* kind = nullptr;
  std::string version;              // of the kind, for whole objects in the rows
  std::string meta_version = "v1";  // of meta.k8s.io
  enum class Include : std::uint8_t { kMetadata, kNone, kObject } include = Include::kMetadata;
  std::int64_t now_us = 0;
};

// An empty table with its columns; rows go into "rows".
config::Json EmptyTable(const TableStyle& style, std::uint64_t revision);

config::Json RowOf(const TableStyle& style, const World& world, const LiveObject& object);

// "v45 90%, v47 10%" of the routes of one http rule; empty when it has none.
std::string SplitText(const config::Json& rule);

}  // namespace sluice::gateway
