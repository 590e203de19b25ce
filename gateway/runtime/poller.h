// Readiness of a worker's connections: one edge-triggered epoll of our own that hangs in Asio's loop as a single
// descriptor.
//
// Why not a wait per socket with Asio: its reactor forgets a socket's readiness with every wait and pays an epoll_ctl
// (async_wait) or a failing recv (async_read_some) for each message to learn it anew, 1.5 of 26 us per request
// (DECISIONS.md D8). Here a socket is registered once; what is known about it is kept in its owner's flags. Asio keeps
// everything else: timers, names, signals, accepting, connecting, posts between threads.
//
// Owned by the worker; the worker's thread only.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>

#include "gateway/runtime/handler_memory.h"

namespace sluice::gateway {

// What the kernel said about a socket since it was last told. Edges: it is not said again until it happens again.
struct Readiness {
  bool readable = false;  // bytes, an end or an error wait to be read
  bool writable = false;
  bool ended = false;  // an end or an error is among them: read until it shows
};

// Somebody who wants to hear about a socket; a member of the connection. Unlinks itself.
class Watch : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  using Call = void (*)(void* self, Readiness ready);

  Watch(Call call, void* self) : call_(call), self_(self) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  friend class Poller;
  Call call_;
  void* self_;
};

class Poller {
 public:
  // Called after every watch that was called: the end of a turn.
  struct TurnEnd {
    void (*call)(void* self) = nullptr;
    void* self = nullptr;
  };

  // `memory` holds the one pending Asio operation and must outlive `context`.
  Poller(boost::asio::io_context& context, HandlerMemory& memory, TurnEnd end);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // From now on `watch` hears about `descriptor`, first of all how it stands now. False when the kernel refuses.
  bool Add(int descriptor, Watch& watch);
  // `watch` hears nothing any more, not even what the kernel has told us already. The descriptor itself leaves with its
  // close().
  void Forget(Watch& watch);
  // Call `watch` again (readable) after the others had their turn: there is more to read and no edge will say so.
  void Again(Watch& watch);
  // More of what was ready at one look is still to be called.
  bool in_batch() const { return in_batch_; }

 private:
  // Events taken at once, and rounds before Asio's own handlers run.
  static constexpr std::size_t kBatch = 64;
  static constexpr int kRounds = 4;

  void Arm();
  void Post();
  void OnReady(const boost::system::error_code& error);
  void OnPosted(const boost::system::error_code& error);
  void Dispatch();
  std::size_t RunBatch();
  void RunAgain();
  void Call(Watch& watch, Readiness ready);

  using Watches = boost::intrusive::list<Watch, boost::intrusive::constant_time_size<false>>;

  boost::asio::io_context& context_;
  HandlerMemory& memory_;
  TurnEnd end_;
  int epoll_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> readable_;  // epoll_, for Asio
  std::array<epoll_event, kBatch> batch_{};
  std::size_t batch_next_ = 0;  // of the batch being called; what lies behind may be forgotten
  std::size_t batch_end_ = 0;
  Watches again_;
  bool armed_ = false;
  bool posted_ = false;
  bool dispatching_ = false;
  bool in_batch_ = false;
};

}  // namespace sluice::gateway
