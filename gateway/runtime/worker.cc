#include "gateway/runtime/worker.h"

namespace sluice::gateway {

// The unsafe-I/O hint drops the per-descriptor locks and keeps the scheduler's, so that Post() from other threads stays
// legal (architecture.md section 8).
Worker::Worker(std::uint32_t index, std::uint64_t seed, const core::Clock& clock)
    : index_(index),
      clock_(clock),
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(context_.get_executor()),
      random_(seed),
      wheel_(clock.Now()),
      timer_(context_),
      poller_(context_, poll_memory_,
              {.call = [](void* self) { static_cast<Worker*>(self)->EndTurn(); }, .self = this}) {}

Worker::~Worker() = default;

void Worker::Run() {
  while (!stopped_.load(std::memory_order_relaxed)) {
    // Only a running loop sleeps, so only here does the wheel need a timer: Poll() reads the clock itself, which may be
    // one that a test moves and that no timer follows.
    DriveDeadlines();
    if (context_.run_one() == 0) break;
    EndTurn();
  }
}

void Worker::Stop() {
  stopped_.store(true, std::memory_order_relaxed);
  Post([] {});  // wake the loop
}

std::size_t Worker::Poll() {
  std::size_t ran = 0;
  wheel_.Expire(now());
  EndTurn();
  while (context_.poll_one() > 0) {
    ++ran;
    EndTurn();
  }
  EndTurn();
  return ran;
}

void Worker::Retire(RetireHook& hook) {
  if (hook.retired_) return;
  hook.retired_ = true;
  retired_.push_back(hook);
}

void Worker::EndTurn() {
  // A flush may produce more work for others (room on one side lets the other side send), so go on until quiet.
  while (true) {
    if (dirty_.empty() && !poller_.in_batch()) dirty_.splice(dirty_.end(), late_);
    if (dirty_.empty()) break;
    TurnHook& hook = dirty_.front();
    dirty_.pop_front();
    hook.run_(hook.self_);
  }
  while (!retired_.empty()) {
    RetireHook& hook = retired_.front();
    retired_.pop_front();
    hook.free_(hook.self_);
  }
  now_valid_ = false;
}

void Worker::DriveDeadlines() {
  // One timer for the whole wheel; it is moved only to fire earlier. Firing with nothing due costs one wake-up, moving
  // it for every request would cost a timerfd_settime each.
  const auto next = wheel_.Next();
  if (!next || *next >= timer_at_) return;
  timer_at_ = *next;
  timer_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(*next));
  timer_.async_wait([this](const boost::system::error_code& error) { OnTimer(error); });
}

void Worker::OnTimer(const boost::system::error_code& error) {
  if (error) return;  // moved to an earlier time
  timer_at_ = core::TimePoint::max();
  wheel_.Expire(now());
}

}  // namespace sluice::gateway
