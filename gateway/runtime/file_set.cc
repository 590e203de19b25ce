#include "gateway/runtime/file_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace sluice::gateway {
namespace {

using core::ErrorCode;

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kSecretMode = 0600;
constexpr mode_t kPublicMode = 0644;

std::unexpected<core::Error> Refused(const std::string& path) {
  const int reason = errno;
  return core::Fail(ErrorCode::kIo, path + ": " + std::strerror(reason));
}

// Every directory on the way to `path`, and `path` itself.
core::Status MakeDirectories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), kDirectoryMode) != 0) {
      struct stat info{};
      if (errno != EEXIST) return Refused(part);
      if (::stat(part.c_str(), &info) != 0) return Refused(part);
      if (!S_ISDIR(info.st_mode)) return core::Fail(ErrorCode::kIo, part + ": is not a directory");
    }
    if (end == std::string::npos) return {};
  }
}

bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(descriptor) == 0;
}

// Nobody else can have opened it before its mode is right, and no link leads elsewhere: it is new, or this fails.
core::Status Create(const std::string& path, const NewFile& file) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const int descriptor = ::open(path.c_str(), flags, file.secret ? kSecretMode : kPublicMode);
  if (descriptor < 0) return Refused(path);
  core::Status done;
  if (!WriteAll(descriptor, file.text)) done = Refused(path);
  if (::close(descriptor) != 0 && done) done = Refused(path);
  if (!done) ::unlink(path.c_str());
  return done;
}

core::Status Replace(const std::string& path, const NewFile& file) {
  const std::string fresh = path + ".new";
  if (::unlink(fresh.c_str()) != 0 && errno != ENOENT) return Refused(fresh);  // of a run that was cut short
  if (core::Status made = Create(fresh, file); !made) return made;
  return ::rename(fresh.c_str(), path.c_str()) == 0 ? core::Status{} : Refused(path);
}

}  // namespace

core::Status WriteFiles(const std::string& directory, std::span<const NewFile> files, bool replace) {
  for (const NewFile& file : files) {
    struct stat info{};
    const std::string path = directory + '/' + file.path;
    if (!replace && ::lstat(path.c_str(), &info) == 0) {
      return core::Fail(ErrorCode::kInvalidArgument, path + ": exists already",
                        "choose another directory, or replace it with --force");
    }
  }
  for (const NewFile& file : files) {
    const std::string path = directory + '/' + file.path;
    if (core::Status made = MakeDirectories(path.substr(0, path.rfind('/'))); !made) return made;
    if (core::Status done = replace ? Replace(path, file) : Create(path, file); !done) return done;
  }
  return {};
}

}  // namespace sluice::gateway
