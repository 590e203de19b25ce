// Files that are written together: all of them, or a refusal before the first. One thread: that of a verb, or the
// control thread.
#pragma once

#include <span>
#include <string>

#include "core/base/result.h"

namespace sluice::gateway {

struct NewFile {
  std::string path;  // below the directory, with '/' between its parts
  std::string text;
  bool secret = false;  // for its owner's eyes only: mode 0600
};

// Makes `directory` and what is missing below it (mode 0700), then the files. An existing one is refused, even a dangling
// link, and then nothing is written; with `replace` it is exchanged in one step, a link for the file itself.
// Errors name the path.
core::Status WriteFiles(const std::string& directory, std::span<const NewFile> files, bool replace);

}  // namespace sluice::gateway
