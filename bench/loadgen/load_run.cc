#include "bench/loadgen/load_run.h"

#include <algorithm>

#include "bench/loadgen/load_connection.h"

namespace sluice::bench {
namespace {

constexpr std::chrono::milliseconds kSweepEvery{20};

}  // namespace

LoadRun::LoadRun(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& peer, LoadOptions options)
    : io_(io),
      options_(std::move(options)),
      random_(options_.seed),
      end_timer_(io.get_executor()),
      due_timer_(io.get_executor()),
      sweep_timer_(io.get_executor()) {
  for (std::uint32_t i = 0; i < options_.connections; ++i) {
    connections_.push_back(std::make_unique<LoadConnection>(*this, io_, peer));
  }
}

LoadRun::~LoadRun() = default;

void LoadRun::Start() {
  start_ = LoadClock::now();
  if (options_.duration.count() > 0) {
    end_timer_.expires_at(start_ + options_.duration);
    end_timer_.async_wait([this](boost::system::error_code error) {
      if (!error) Stop();
    });
  }
  Sweep();
  for (const auto& connection : connections_) connection->Connect();
  if (options_.rate > 0) OnDue();
}

void LoadRun::Stop() {
  if (stopping_) return;
  stopping_ = true;
  // What became due before the end was due, even when this thread was too late to notice.
  const auto now = LoadClock::now();
  if (options_.rate > 0) CountDue(options_.duration.count() > 0 ? std::min(now, start_ + options_.duration) : now);
  end_timer_.cancel();
  due_timer_.cancel();
  for (const auto& connection : connections_) connection->WindDown();
  FinishIfIdle();
}

std::optional<Ticket> LoadRun::Next() {
  if (stopping_) return std::nullopt;
  if (options_.requests > 0 && handed_out_ == options_.requests) return std::nullopt;
  const std::uint64_t number = handed_out_;
  if (options_.rate > 0) {
    if (number >= due_) return std::nullopt;
    ++handed_out_;
    return Ticket{number, DueAt(number)};
  }
  ++handed_out_;
  return Ticket{number, LoadClock::now()};
}

void LoadRun::OnConnectFailed() {
  if (++failures_in_row_ >= (reached() ? kConnectFailuresMax : options_.connections)) Stop();
}

void LoadRun::OnSettled() {
  const bool all_sent = options_.requests > 0 && handed_out_ == options_.requests;
  if (all_sent && report_.Accounted()) Stop();
  FinishIfIdle();
}

LoadClock::time_point LoadRun::DueAt(std::uint64_t number) const {
  return start_ +
         std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(number) * 1e9 / options_.rate));
}

void LoadRun::CountDue(LoadClock::time_point now) {
  const std::uint64_t limit = options_.requests > 0 ? options_.requests : UINT64_MAX;
  while (due_ < limit && DueAt(due_) <= now) ++due_;
}

void LoadRun::OnDue() {
  CountDue(LoadClock::now());
  for (const auto& connection : connections_) {
    if (handed_out_ >= due_) break;
    connection->Wake();
  }
  if (due_ == options_.requests || stopping_) return;
  due_timer_.expires_at(DueAt(due_));
  due_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) OnDue();
  });
}

void LoadRun::Sweep() {
  if (finished_) return;
  const auto now = LoadClock::now();
  for (const auto& connection : connections_) connection->Expire(now);
  OnSettled();
  if (finished_) return;
  sweep_timer_.expires_after(kSweepEvery);
  sweep_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) Sweep();
  });
}

void LoadRun::FinishIfIdle() {
  if (!stopping_ || finished_) return;
  if (std::ranges::any_of(connections_, [](const auto& connection) { return connection->busy(); })) return;
  finished_ = true;
  sweep_timer_.cancel();
  report_.Finish(LoadClock::now() - start_, options_.rate > 0 ? due_ - handed_out_ : 0);
}

}  // namespace sluice::bench
