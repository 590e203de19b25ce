// How the process takes its leave of its clients without refusing one: while load balancers learn that it goes, new
// connections are still served, each with one answer that ends it; halfway through its time, or when all is quiet, it
// stops taking connections; it is over when nobody is left, or at the time-out. The control thread only.
#pragma once

#include <cstdint>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/base/clock.h"
#include "gateway/app/proxy_listeners.h"

namespace sluice::gateway {

struct ClientTraffic {
  std::uint64_t connections = 0;  // held now, or on their way to a worker
  std::uint64_t accepted = 0;     // since the start
};

struct DrainHooks {
  ClientTraffic (*traffic)(void* self) = nullptr;
  // Nobody is left, or the time is over.
  void (*done)(void* self) = nullptr;
  void* self = nullptr;
};

class Drain {
 public:
  Drain(boost::asio::io_context& control, const core::Clock& clock, DrainHooks hooks)
      : clock_(clock), hooks_(hooks), timer_(control) {}

  // `listeners` outlives the drain.
  void Begin(core::Duration within, ProxyListeners* listeners);
  void Stop() { timer_.cancel(); }

 private:
  void Check();
  bool Over(core::TimePoint now);
  void Refuse(core::TimePoint now);

  const core::Clock& clock_;
  DrainHooks hooks_;
  boost::asio::steady_timer timer_;
  ProxyListeners* listeners_ = nullptr;
  core::TimePoint until_{};
  core::TimePoint refuse_at_{};
  core::TimePoint close_at_{};
  std::uint64_t accepted_ = 0;
  std::uint32_t quiet_ = 0;  // looks in a row that found nobody
  bool refused_ = false;
};

}  // namespace sluice::gateway
