#include "bench/loadgen/load_thread.h"

#include <algorithm>

#include "bench/loadgen/http1_connection.h"
#include "bench/loadgen/http2_connection.h"

namespace sluice::bench {
namespace {

constexpr std::chrono::milliseconds kSweepMin{20};
constexpr std::chrono::milliseconds kSweepMax{100};  // also how soon a signal is seen
constexpr int kSweepsPerTimeout = 20;
constexpr std::size_t kConnectsPerTurn = 64;

// The share of the `index`th of `count` of what is dealt out in turn.
std::uint64_t ShareOf(std::uint64_t all, std::uint32_t index, std::uint32_t count) {
  return all / count + (index < all % count ? 1 : 0);
}

}  // namespace

LoadThread::LoadThread(const LoadPlan& plan, std::uint32_t index, std::uint32_t count, const std::atomic<bool>& stop)
    : plan_(plan),
      stop_(stop),
      index_(index),
      count_(count),
      random_(plan.options.seed + index),
      measured_from_(plan.start + plan.options.warm_up),
      end_(plan.options.duration.count() > 0 ? measured_from_ + plan.options.duration : LoadClock::time_point::max()),
      sweep_at_(plan.start),
      period_(plan.options.rate > 0 ? 1e9 * count / plan.options.rate : 0) {
  if (plan.options.requests > 0 && (period_ > 0 || plan.options.warm_up.count() == 0)) {
    std::uint64_t first = 0;
    while (DueAt(first) < measured_from_) ++first;
    limit_ = first + ShareOf(plan.options.requests, index, count);
  }
  const std::uint64_t connections = ShareOf(plan.options.connections, index, count);
  connections_.reserve(connections);
  for (std::uint64_t i = 0; i < connections; ++i) {
    if (plan.options.http2) {
      connections_.push_back(std::make_unique<Http2Connection>(*this, plan.tls));
    } else {
      connections_.push_back(std::make_unique<Http1Connection>(*this, plan.tls));
    }
  }
}

LoadThread::~LoadThread() = default;

void LoadThread::Run() {
  const auto on_event = [](void* owner, std::uint32_t events) {
    static_cast<LoadConnection*>(owner)->OnEvents(events);
  };
  while (true) {
    Tick();
    ConnectSome();
    if (period_ > 0 && !stopping_) CountDue(std::min(now_, end_));
    Dispatch();
    RunTimers();
    if (now_ >= sweep_at_) Sweep();
    CheckEnd();
    if (stopping_ && outstanding_ == 0) break;
    poller_.Wait(NextWaking(), on_event);
  }
  ended_ = LoadClock::now();
  if (!reached_) NoteTrouble("none came about while the run lasted");
  connections_.clear();
}

// Not all at once: to connect 19,000 takes seconds, in which the first ones can work already.
void LoadThread::ConnectSome() {
  const std::size_t until = std::min(connections_.size(), begun_ + kConnectsPerTurn);
  while (begun_ < until) connections_[begun_++]->Connect();
}

LoadClock::time_point LoadThread::NextWaking() const {
  if (begun_ < connections_.size() && !stopping_) return now_;
  auto when = sweep_at_;
  if (!stopping_) when = std::min(when, end_);
  if (!timers_.empty()) when = std::min(when, timers_.top().when);
  if (period_ > 0 && !stopping_ && (limit_ == 0 || due_ < limit_)) when = std::min(when, DueAt(due_));
  return when;
}

void LoadThread::CheckEnd() {
  if (stopping_) return;
  if (now_ >= end_ || stop_.load(std::memory_order_relaxed) || (exhausted() && outstanding_ == 0)) Stop();
}

void LoadThread::Stop() {
  if (stopping_) return;
  stopping_ = true;
  if (period_ == 0) return;
  // What became due before the end was due, even when this thread was too late to notice.
  CountDue(std::min(now_, end_));
  std::uint64_t first = handed_out_;
  while (first < due_ && DueAt(first) < measured_from_) ++first;
  not_sent_ = due_ - first;
}

bool LoadThread::Next(Ticket& ticket) {
  if (!again_.empty()) {
    ticket = again_.front();
    again_.pop_front();
    return true;
  }
  if (stopping_ || exhausted()) return false;
  if (period_ > 0) {
    if (handed_out_ >= due_) return false;
    ticket.intended = DueAt(handed_out_);
  } else {
    ticket.intended = now_;
  }
  ticket.measured = ticket.intended >= measured_from_;
  if (limit_ == 0 && ticket.measured && plan_.options.requests > 0) {
    limit_ = handed_out_ + ShareOf(plan_.options.requests, index_, count_);
    if (exhausted()) return false;
  }
  ticket.draw = mix().Draw(index_ + handed_out_ * count_, random_);
  ++handed_out_;
  ++outstanding_;
  if (ticket.measured) report_.CountSent();
  return true;
}

void LoadThread::List(LoadConnection& connection) {
  if (connection.listed) return;
  connection.listed = true;
  free_.push_back(&connection);
}

void LoadThread::Dispatch() {
  while (!free_.empty() && ((!stopping_ && handed_out_ < due_) || !again_.empty())) {
    LoadConnection* connection = free_.front();
    free_.pop_front();
    connection->listed = false;
    connection->Wake();
    if (exhausted() && again_.empty()) return;
  }
}

void LoadThread::Settle(const Ticket& ticket, Answer answer) {
  --outstanding_;
  if (!ticket.measured) return;
  answer.kind = ticket.draw.kind;
  answer.unit = ticket.draw.unit;
  answer.latency = now_ - ticket.intended;
  answer.at = now_ - measured_from_;
  report_.CountAnswer(answer);
}

void LoadThread::Lose(const Ticket& ticket, Lost why) {
  --outstanding_;
  if (ticket.measured) report_.CountLost(why, now_ - measured_from_, ticket.draw.kind);
}

void LoadThread::CarryAgain(const Ticket& ticket) {
  again_.push_back(ticket);
  if (ticket.measured) report_.CountRetry();
}

std::chrono::nanoseconds LoadThread::ThinkTime(const Ticket& ticket) {
  // In an open loop requests are due when they are due.
  return period_ > 0 ? std::chrono::nanoseconds(0) : mix().Think(ticket.draw, random_);
}

void LoadThread::OnConnected() {
  failures_in_row_ = 0;
  reached_ = true;
  report_.CountConnect();
}

void LoadThread::OnConnectFailed() {
  report_.CountConnectFailure();
  if (!reached_ && plan_.peers.size() > 1) peer_ = (peer_ + 1) % plan_.peers.size();
  const std::uint64_t tries = connections_.size() * plan_.peers.size();
  if (++failures_in_row_ >= (reached_ ? kConnectFailuresMax : tries)) Stop();
}

void LoadThread::NoteTrouble(const std::string& text) {
  if (trouble_.empty()) trouble_ = text;
}

void LoadThread::ArmTimer(LoadConnection& connection, std::uint64_t life, LoadClock::time_point when) {
  timers_.push({.when = when, .connection = &connection, .life = life});
}

void LoadThread::RunTimers() {
  while (!timers_.empty() && timers_.top().when <= now_) {
    const Timer timer = timers_.top();
    timers_.pop();
    timer.connection->OnTimer(timer.life);
  }
}

void LoadThread::Sweep() {
  for (const auto& connection : connections_) connection->Expire(now_);
  while (!again_.empty() && now_ - again_.front().intended >= options().timeout) {
    Lose(again_.front(), Lost::kTimeout);
    again_.pop_front();
  }
  const std::chrono::nanoseconds step = options().timeout / kSweepsPerTimeout;
  sweep_at_ = now_ + std::clamp<std::chrono::nanoseconds>(step, kSweepMin, kSweepMax);
}

LoadClock::time_point LoadThread::DueAt(std::uint64_t index) const {
  // Threads take turns, so that together they keep the rate evenly.
  const double turn = static_cast<double>(index) + static_cast<double>(index_) / count_;
  return plan_.start + std::chrono::nanoseconds(static_cast<std::int64_t>(turn * period_));
}

void LoadThread::CountDue(LoadClock::time_point now) {
  while ((limit_ == 0 || due_ < limit_) && DueAt(due_) <= now) ++due_;
}

}  // namespace sluice::bench
