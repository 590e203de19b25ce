// Accepts connections on one address and hands each to the least loaded worker. Owned by the control thread, which calls
// everything here. It accepts there, too, unless there is one worker only: then that one accepts for itself, and a new
// connection costs no hand-over and no second thread to wake. Must outlive the loop of whoever accepts.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/deadline_wheel.h"
#include "core/base/result.h"
#include "gateway/net/socket.h"
#include "gateway/runtime/poller.h"
#include "gateway/runtime/worker.h"

namespace sluice::gateway {

// What becomes of an accepted socket: called on the chosen worker's thread, which now owns the descriptor.
struct AcceptHook {
  void (*call)(void* self, Worker& worker, Socket socket, const Tcp::endpoint& local) = nullptr;
  void* self = nullptr;
};

struct ListenerStats {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> overflow{0};       // closed at once: the connection limit is reached
  std::atomic<std::uint64_t> accept_paused{0};  // out of descriptors: waiting before the next accept
};

class Listener {
 public:
  // `connections_max`: over all workers; 0 means unlimited.
  Listener(Worker& control, std::vector<Worker*> workers, AcceptHook hook, std::uint32_t connections_max,
           ListenerStats& stats);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds and listens. `address` is "host:port", host an IP literal; port 0 takes a free one.
  core::Status Open(const std::string& name, const std::string& address);
  void Accept();  // begins accepting
  // For connections to come; those that are there stay.
  void set_connections_max(std::uint32_t max) { connections_max_.store(max, std::memory_order_relaxed); }
  // Takes what has begun to connect and no new connection. Closing at once would reset connections that are whole for
  // their clients and wait in the kernel's queue; this way a new client asks again in vain until Close().
  void RefuseNew();
  // At once, whoever accepts: the address is free for others afterwards.
  void Close();

  // How long accepting pauses when there is no descriptor to be had.
  static constexpr core::Duration kPause = core::Milliseconds(100);

  const std::string& name() const { return name_; }
  const std::string& address() const { return address_; }  // as bound
  std::uint16_t port() const { return port_; }

 private:
  // On the accepting thread.
  void Begin();
  void OnReady();
  void AcceptSome();
  void Place(int descriptor);
  void End();
  Worker& LeastLoaded();

  std::vector<Worker*> workers_;
  Worker& home_;  // whose thread accepts
  AcceptHook hook_;
  std::atomic<std::uint32_t> connections_max_;
  ListenerStats& stats_;
  int descriptor_ = -1;  // set before accepting begins; closed there, or by the destructor
  bool closed_ = false;  // by Close(); the control thread's
  Watch watch_;
  core::Deadline pause_;
  Tcp::endpoint local_;
  std::string name_;
  std::string address_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
};

// Splits "1.2.3.4:80" or "[::1]:80"; the error says what an address looks like.
core::Result<Tcp::endpoint> ParseAddress(const std::string& text);

}  // namespace sluice::gateway
