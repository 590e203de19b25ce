// The bare thread: event loop, deadlines, end-of-turn work. It knows no proxy types: what runs on it hangs hooks into
// it. Everything except Post() and Stop() is for the worker's own thread.
//
// A turn is one completion handler, or one call of a poller's watch. During a turn objects mark themselves dirty (flush me once at the end) or retire
// (free me when nobody can be on the call stack). Time is read at most once per turn.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/slist.hpp>

#include "core/base/clock.h"
#include "core/base/deadline_wheel.h"
#include "core/base/random.h"
#include "core/base/slice.h"
#include "gateway/runtime/handler_memory.h"
#include "gateway/runtime/poller.h"

namespace sluice::gateway {

// Something to be done once at the end of the turn, however often it was asked for.
class TurnHook : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  TurnHook(void (*run)(void*), void* self) : run_(run), self_(self) {}

 private:
  friend class Worker;
  void (*run_)(void*);
  void* self_;
};

// Something to be freed at the end of the turn, after all TurnHooks have run.
class RetireHook : public boost::intrusive::slist_base_hook<> {
 public:
  RetireHook(void (*free)(void*), void* self) : free_(free), self_(self) {}

 private:
  friend class Worker;
  void (*free_)(void*);
  void* self_;
  bool retired_ = false;

 public:
  // An object that is recycled instead of freed may retire again.
  void Renew() { retired_ = false; }
};

class Worker {
 public:
  using Context = boost::asio::io_context;

  Worker(std::uint32_t index, std::uint64_t seed, const core::Clock& clock);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Thread body: runs until Stop().
  void Run();
  // Any thread. The loop returns after the current turn.
  void Stop();
  // Runs what is due and ready without waiting, each with its end of turn; for tests without a thread and for taking
  // down. Returns how many handlers ran.
  std::size_t Poll();

  // Any thread: runs `function` on the worker.
  template <typename Function>
  void Post(Function function) {
    boost::asio::post(context_, std::move(function));
  }

  core::TimePoint now() {
    if (!now_valid_) {
      now_ = clock_.Now();
      now_valid_ = true;
    }
    return now_;
  }

  void MarkDirty(TurnHook& hook) {
    if (!hook.is_linked()) dirty_.push_back(hook);
  }
  // The same, but not before the poller's whole batch has had its turns.
  void MarkDirtyLate(TurnHook& hook) {
    if (!hook.is_linked()) late_.push_back(hook);
  }
  void Retire(RetireHook& hook);

  std::uint32_t index() const { return index_; }
  Context& context() { return context_; }
  Poller& poller() { return poller_; }
  core::DeadlineWheel& wheel() { return wheel_; }
  core::BlockPool& blocks() { return blocks_; }
  const core::Clock& clock() const { return clock_; }
  core::Random& random() { return random_; }

  // Client connections held or on their way to this worker, so that a limit holds for a burst, too: counted by whoever
  // hands one over, discounted by the session at its end. Any thread.
  std::atomic<std::uint32_t> connections{0};

 private:
  void EndTurn();
  void DriveDeadlines();
  void OnTimer(const boost::system::error_code& error);

  const std::uint32_t index_;
  const core::Clock& clock_;
  core::BlockPool blocks_;     // freed last: slices anywhere below point into it
  HandlerMemory poll_memory_;  // of poller_, whose last operation ends with the context
  Context context_;
  boost::asio::executor_work_guard<Context::executor_type> work_;
  core::TimePoint now_{};
  bool now_valid_ = false;
  core::Random random_;
  core::DeadlineWheel wheel_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Context::executor_type>
      timer_;
  core::TimePoint timer_at_ = core::TimePoint::max();
  boost::intrusive::list<TurnHook, boost::intrusive::constant_time_size<false>> dirty_;
  boost::intrusive::list<TurnHook, boost::intrusive::constant_time_size<false>> late_;
  boost::intrusive::slist<RetireHook, boost::intrusive::cache_last<true>> retired_;
  Poller poller_;
  std::atomic<bool> stopped_{false};
};

}  // namespace sluice::gateway
