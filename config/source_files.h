// Paths -> texts, with a finding for every path that cannot be a configuration. Blocking; the control thread's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/loader.h"

namespace sluice::config {

inline constexpr std::size_t kFilesMax = 20'000;
inline constexpr std::size_t kTotalBytesMax = 256 * 1024 * 1024;

// Which files of a directory are read. Hidden names are the machinery of a mounted ConfigMap, and of editors.
inline bool IsRulesName(std::string_view name) {
  return !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

// Files in the order of `paths`, those of a directory sorted by name. Only regular files (or links to them) are opened,
// and none beyond the size limit is read.
std::vector<Source> ReadSources(const std::vector<std::string>& paths, Findings& findings);

}  // namespace sluice::config
