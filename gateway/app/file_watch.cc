#include "gateway/app/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "config/source_files.h"

namespace sluice::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEventBytes = 16 * 1024;

// Identity, size and time of a file as it is now: enough to notice an edit, a rename over it and a symlink swap.
std::string Stamp(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return path + ":gone;";
  return path + ':' + std::to_string(info.st_ino) + ':' + std::to_string(info.st_size) + ':' +
         std::to_string(info.st_mtim.tv_sec) + '.' + std::to_string(info.st_mtim.tv_nsec) + ';';
}

}  // namespace

FileWatch::FileWatch(boost::asio::io_context& control, std::vector<std::string> paths, FileWatchHook hook)
    : paths_(std::move(paths)), hook_(hook), timer_(control), notify_(control), events_(kEventBytes) {}

void FileWatch::Start() {
  OpenNotify();
  Arm(kInterval);
}

void FileWatch::Stop() {
  timer_.cancel();
  boost::system::error_code ignored;
  notify_.close(ignored);
}

// Without inotify (no descriptor left, an odd file system) the look every second remains.
void FileWatch::OpenNotify() {
  const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return;
  std::set<std::string> directories;
  for (const std::string& path : paths_) {
    std::error_code error;
    const fs::path parent = fs::path(path).parent_path();
    directories.insert(fs::is_directory(path, error) ? path : parent.empty() ? "." : parent.string());
  }
  constexpr std::uint32_t kMask =
      IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB;
  for (const std::string& directory : directories) ::inotify_add_watch(descriptor, directory.c_str(), kMask);
  notify_.assign(descriptor);
  AwaitNotify();
}

// What the events say does not matter: they are the moment to look. An event that changes nothing leaves the timer of a
// change that is settling alone.
void FileWatch::AwaitNotify() {
  notify_.async_read_some(boost::asio::buffer(events_), [this](const boost::system::error_code& error, std::size_t) {
    if (error) return;
    if (const std::string now = Stamps(); now != seen_ && now != changed_) Arm(Look());
    AwaitNotify();
  });
}

void FileWatch::Arm(std::chrono::milliseconds delay) {
  timer_.expires_after(delay);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Arm(Look());
  });
}

std::chrono::milliseconds FileWatch::Look() {
  std::string now = Stamps();
  if (now == seen_) {
    changed_.clear();
    return kInterval;
  }
  if (now != changed_) {
    changed_ = std::move(now);
    return kSettle;
  }
  hook_.changed(hook_.self);
  return kInterval;
}

std::string FileWatch::Stamps() const {
  std::string stamps;
  for (const std::string& path : paths_) {
    stamps += Stamp(path);
    std::error_code error;
    if (!fs::is_directory(path, error)) continue;
    std::vector<std::string> files;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      if (config::IsRulesName(it->path().filename().string())) files.push_back(it->path().string());
    }
    std::ranges::sort(files);
    for (const std::string& file : files) stamps += Stamp(file);
  }
  return stamps;
}

}  // namespace sluice::gateway
