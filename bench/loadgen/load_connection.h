// One connection of a load run: connects, carries requests in its protocol, connects again when it went down. What is
// the same in HTTP/1.1 and HTTP/2 is here. Owned by its LoadThread and lives as long; one thread.
//
//   down ──► opening (TCP, TLS) ──► open ──► down, and after a moment or at once opening again
#pragma once

#include <cstdint>
#include <string_view>

#include "bench/loadgen/channel.h"
#include "bench/loadgen/load_thread.h"

namespace sluice::bench {

class LoadConnection {
 public:
  LoadConnection(LoadThread& thread, const TlsClient* tls);
  virtual ~LoadConnection() = default;
  LoadConnection(const LoadConnection&) = delete;
  LoadConnection& operator=(const LoadConnection&) = delete;

  void Connect();
  void OnEvents(std::uint32_t events);
  // Of an earlier ArmTimer().
  void OnTimer(std::uint64_t life);
  // Loses what is older than the time-out.
  void Expire(LoadClock::time_point now);
  // Sends requests as long as it is free to and there are some.
  virtual void Wake() = 0;

  bool listed = false;  // among those of the thread that are free

 protected:
  static constexpr std::chrono::milliseconds kReconnectDelay{20};

  // The channel is open.
  virtual void OnOpen() = 0;
  virtual void OnBytes(std::string_view bytes) = 0;
  // All bytes that came have been seen.
  virtual void OnBytesEnd() {}
  // The channel may take what it did not take before.
  virtual void OnWritable() = 0;
  // The channel ended; what was on its way has to be settled.
  virtual void OnEnd(Lost why) = 0;
  virtual void OnThought() {}
  virtual void ExpireRequests(LoadClock::time_point now) = 0;

  bool open() const { return channel_.state() == Channel::State::kOpen; }
  LoadThread& thread() { return thread_; }
  Channel& channel() { return channel_; }
  // Changes with every Drop(): who sees it changed has been overtaken.
  std::uint64_t life() const { return life_; }
  void Drop();
  // Drops, and connects after a moment, so that a server in trouble is not stormed.
  void ConnectLater();
  void Reconnect();
  // OnThought() comes after this time, unless the connection was dropped meanwhile.
  void ThinkFor(std::chrono::nanoseconds time);

 private:
  void Advance();
  void ReadAll();
  void FailToConnect();

  LoadThread& thread_;
  Channel channel_;
  std::uint64_t life_ = 0;
  LoadClock::time_point opening_since_ = {};
};

}  // namespace sluice::bench
