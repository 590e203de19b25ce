#include "bench/loadgen/poller.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace sluice::bench {

Poller::Poller() : fd_(epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Poller::~Poller() { close(fd_); }

bool Poller::Watch(int fd, void* owner) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = owner;
  return epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

int Poller::WaitFor(LoadClock::time_point until) {
  const auto left = std::max(LoadClock::duration::zero(), until - LoadClock::now());
  if (!coarse_) {
    timespec time{};
    time.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
    time.tv_nsec = (left % std::chrono::seconds(1)).count();
    const int count = epoll_pwait2(fd_, events_.data(), static_cast<int>(kEventsMax), &time, nullptr);
    if (count >= 0 || errno != ENOSYS) return std::max(count, 0);
    coarse_ = true;
  }
  // Whole milliseconds: rounded down, so that what is due is never late; the rest is spent asking.
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  return std::max(0, epoll_wait(fd_, events_.data(), static_cast<int>(kEventsMax), static_cast<int>(millis)));
}

}  // namespace sluice::bench
