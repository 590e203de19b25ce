#include "gateway/runtime/poller.h"

#include <boost/asio/post.hpp>

#include "core/base/check.h"

namespace sluice::gateway {

Poller::Poller(boost::asio::io_context& context, HandlerMemory& memory, TurnEnd end)
    : context_(context), memory_(memory), end_(end), epoll_(::epoll_create1(EPOLL_CLOEXEC)), readable_(context) {
  CHECK(epoll_ >= 0);
  readable_.assign(epoll_);  // closes it in the end
  Arm();
}

Poller::~Poller() = default;

bool Poller::Add(int descriptor, Watch& watch) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watch;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Poller::Forget(Watch& watch) {
  watch.unlink();
  for (std::size_t i = batch_next_; i < batch_end_; ++i) {
    if (batch_[i].data.ptr == &watch) batch_[i].data.ptr = nullptr;
  }
}

void Poller::Again(Watch& watch) {
  if (watch.is_linked()) return;
  again_.push_back(watch);
  if (!dispatching_) Post();
}

// The outer epoll is asked afresh each time, so that what came since the last look is not missed.
void Poller::Arm() {
  if (armed_) return;
  armed_ = true;
  readable_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                       MemberHandler<Poller, &Poller::OnReady>(*this, memory_));
}

void Poller::Post() {
  if (posted_) return;
  posted_ = true;
  boost::asio::post(context_, [this] { OnPosted({}); });
}

void Poller::OnReady(const boost::system::error_code& error) {
  armed_ = false;
  if (!error) Dispatch();
}

void Poller::OnPosted(const boost::system::error_code&) {
  posted_ = false;
  Dispatch();
}

void Poller::Dispatch() {
  dispatching_ = true;
  std::size_t taken = kBatch;
  for (int round = 0; round < kRounds && (taken == kBatch || !again_.empty()); ++round) {
    in_batch_ = true;
    RunAgain();
    taken = RunBatch();
    in_batch_ = false;
    end_.call(end_.self);
  }
  dispatching_ = false;
  if (!again_.empty()) Post();
  Arm();
}

std::size_t Poller::RunBatch() {
  const int count = ::epoll_wait(epoll_, batch_.data(), static_cast<int>(kBatch), 0);
  batch_end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  for (batch_next_ = 0; batch_next_ < batch_end_;) {
    const epoll_event& event = batch_[batch_next_++];
    auto* const watch = static_cast<Watch*>(event.data.ptr);
    if (watch == nullptr) continue;
    const bool ended = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    const bool broken = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
    Call(*watch, {.readable = ended || (event.events & EPOLLIN) != 0,
                  .writable = broken || (event.events & EPOLLOUT) != 0,
                  .ended = ended});
  }
  const std::size_t taken = batch_end_;
  batch_next_ = batch_end_ = 0;
  return taken;
}

// Those that ask again meanwhile wait for the next round.
void Poller::RunAgain() {
  Watches round;
  round.swap(again_);
  while (!round.empty()) {
    Watch& watch = round.front();
    round.pop_front();
    Call(watch, {.readable = true});
  }
}

void Poller::Call(Watch& watch, Readiness ready) {
  watch.call_(watch.self_, ready);
  end_.call(end_.self);
}

}  // namespace sluice::gateway
