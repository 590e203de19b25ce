// Files that lines are appended to by the control thread, which must never wait for whoever reads them. Thread-safe.
#pragma once

#include <cstddef>
#include <string>

namespace sluice::gateway {

// What a pipe takes as a whole or not at all (PIPE_BUF), and without blocking when poll() says that it is writable.
inline constexpr std::size_t kPipePiece = 4096;

// Opens `path` for appending, a pipe of ours without blocking; "/dev/stdout" and "/dev/stderr" are duplicates of what this
// process has. -1: errno says why not.
int OpenLogFile(const std::string& path);

// A file on a disk; anything else may have a reader who has stopped.
bool IsRegularFile(int file);

}  // namespace sluice::gateway
