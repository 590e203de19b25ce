#include "gateway/telemetry/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::gateway {

int OpenLogFile(const std::string& path) {
  if (path == "/dev/stdout" || path == "/dev/stderr") {
    // Opening these names fails when the stream is a socket; a duplicate always works.
    return ::fcntl(path == "/dev/stdout" ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  }
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

bool IsRegularFile(int file) {
  struct stat info{};
  return ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace sluice::gateway
