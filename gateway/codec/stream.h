// The waist of the hourglass: what arrives on a stream (StreamEvents) and what leaves on it (Stream).
// Client and server, every wire version, proxy and admin pages, real attempts and mirrored ones all speak it.
// Calls happen on the owning worker's thread. A call on a Stream may not call back into StreamEvents of the same
// stream before it returns, except SendBody -> nothing and Reset -> nothing: after Reset(), no event ever arrives.
#pragma once

#include <cstddef>

#include "core/base/arena.h"
#include "core/base/slice.h"
#include "core/http/head.h"
#include "core/http/reset_reason.h"

namespace sluice::gateway {

enum class Flow : bool { kMore, kEnd };
enum class Room : bool { kOpen, kFull };

// Implemented by Exchange (client side), Attempt, MirrorAttempt, AdminExchange; RecordingEvents in tests.
class StreamEvents {
 public:
  virtual ~StreamEvents() = default;

  // Where the codec puts the text of heads and trailers it delivers here. Must stay valid until the last event.
  virtual core::Arena& HeadArena() = 0;

  // 1xx heads may come before the final one; they never carry kEnd.
  virtual void OnHead(core::Head head, Flow flow) = 0;
  // The receiver owes Stream::Consumed() for these bytes.
  virtual void OnBody(core::Slice bytes, Flow flow) = 0;
  virtual void OnTrailers(core::HeaderMap trailers) = 0;  // implies end
  virtual void OnRoom() = 0;                              // the peer can take more after a kFull
  // Last call, ever, on this stream; never after both directions have ended cleanly.
  virtual void OnReset(core::ResetReason reason) = 0;
};

// Implemented by the codecs' stream objects, for both roles.
//
// Lifetime: the stream dies when both directions have ended (sent kEnd and delivered kEnd) or it was reset by
// either side. In the client role the events owner may call Reset() at any time before that, never after.
class Stream {
 public:
  // Several 1xx heads may precede the final one.
  virtual void SendHead(const core::Head& head, Flow flow) = 0;
  // Takes the bytes either way; kFull asks the caller to stop until OnRoom().
  virtual Room SendBody(core::Slice bytes, Flow flow) = 0;
  virtual void SendTrailers(const core::HeaderMap& trailers) = 0;
  // Returns receive credit. A receiver that stops calling it stops the sender after a bounded number of bytes.
  virtual void Consumed(std::size_t bytes) = 0;
  // Ends both directions at once. No event follows.
  virtual void Reset(core::ResetReason reason) = 0;

 protected:
  ~Stream() = default;  // codecs own their streams
};

}  // namespace sluice::gateway
