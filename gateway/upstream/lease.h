// An attempt's claim on a stream of a pool: asked for, perhaps queued, held, given back. A member of the attempt; the
// pool links it while it waits. The worker's thread only.
#pragma once

#include <cstdint>
#include <string>

#include <boost/intrusive/list.hpp>

#include "core/http/reset_reason.h"
#include "gateway/codec/stream.h"

namespace sluice::gateway {

class Pool;
class UpstreamConnection;

class Lease : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  enum class State : std::uint8_t {
    kNone,
    kQueued,  // waits for a connection; holds a pending permit
    kHeld,    // has a stream; holds a request permit
  };

  // Called by the pool when a queued lease got its stream (held()), or never will: kOverflow, kConnectFailure,
  // kConnectTimeout; `text` is the operating system's word for it and lives for the call. Never from inside Acquire().
  struct Hooks {
    void* self = nullptr;
    void (*on_ready)(void* self) = nullptr;
    void (*on_failed)(void* self, core::ResetReason reason, const std::string& text) = nullptr;
  };

  Lease(Hooks hooks, StreamEvents& events) : hooks_(hooks), events_(events) {}

  State state() const { return state_; }
  bool held() const { return state_ == State::kHeld; }
  Stream& stream() const { return *stream_; }
  // Valid while held.
  const UpstreamConnection& connection() const { return *connection_; }
  // The stream came on a connection that had answered before: a failure without a byte may be a stale connection.
  bool reused() const { return reused_; }

 private:
  friend class Pool;

  Hooks hooks_;
  StreamEvents& events_;
  State state_ = State::kNone;
  bool reused_ = false;
  Pool* pool_ = nullptr;
  Stream* stream_ = nullptr;
  UpstreamConnection* connection_ = nullptr;
};

}  // namespace sluice::gateway
