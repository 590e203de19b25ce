// Tells when the files of a configuration have changed: inotify where the kernel tells (edits, renames over a file,
// symlink swaps of a mounted ConfigMap), a look every second where it does not (network mounts, links to files
// elsewhere). A change is reported once it has been still for kSettle, because the first half of a file that is being
// written can be valid rules (D14). The control thread only.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sluice::gateway {

struct FileWatchHook {
  void (*changed)(void* self) = nullptr;
  void* self = nullptr;
};

class FileWatch {
 public:
  static constexpr std::chrono::milliseconds kInterval{1000};
  static constexpr std::chrono::milliseconds kSettle{200};

  // Files, or directories of rules.
  FileWatch(boost::asio::io_context& control, std::vector<std::string> paths, FileWatchHook hook);

  void Start();
  void Stop();
  // What is on disk now is what will be read now: only later changes are reported.
  void Read() { seen_ = Stamps(); }

 private:
  void OpenNotify();
  void AwaitNotify();
  void Arm(std::chrono::milliseconds delay);
  std::chrono::milliseconds Look();
  std::string Stamps() const;

  std::vector<std::string> paths_;
  FileWatchHook hook_;
  boost::asio::steady_timer timer_;
  boost::asio::posix::stream_descriptor notify_;
  std::vector<char> events_;
  std::string seen_;     // of what was read last
  std::string changed_;  // of a change that has not settled yet
};

}  // namespace sluice::gateway
