// Waits for sockets, edge-triggered. Not Asio: its reactor costs, per answer, a handler object, a lock or two and an
// attempt to read that finds nothing; here an answer costs one recv and one send (figures in bench/README.md).
// Owned by a LoadThread; one thread.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>

namespace sluice::bench {

using LoadClock = std::chrono::steady_clock;

class Poller {
 public:
  static constexpr std::uint32_t kReadable = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  static constexpr std::uint32_t kHungUp = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Watches until `fd` is closed.
  bool Watch(int fd, void* owner);

  // Calls on_event(owner, events) for what has happened, waiting until `until` at most.
  template <typename OnEvent>
  void Wait(LoadClock::time_point until, OnEvent&& on_event) {
    const int count = WaitFor(until);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      on_event(event.data.ptr, event.events);
    }
  }

 private:
  static constexpr std::size_t kEventsMax = 256;

  int WaitFor(LoadClock::time_point until);

  int fd_ = -1;
  bool coarse_ = false;  // the kernel has no epoll_pwait2
  std::array<epoll_event, kEventsMax> events_{};
};

}  // namespace sluice::bench
