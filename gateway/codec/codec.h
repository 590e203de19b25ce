// A codec turns bytes into stream events and stream calls into bytes. It never touches a socket or a clock.
// Owned by its Connection; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/slice.h"
#include "gateway/codec/stream.h"

namespace sluice::gateway {

enum class Role : bool { kServer, kClient };

// Limits on what a peer may send (reliability.md section 5.2, istio-reference.md section 5.1). Bytes unless said.
struct CodecLimits {
  std::uint32_t request_line_max = 8 * 1024;   // 414 beyond
  std::uint32_t header_bytes_max = 60 * 1024;  // whole block, start line included; 431 beyond
  std::uint32_t header_count_max = 100;        // 431 beyond
  std::uint32_t header_name_max = 256;         // 431 beyond
  std::uint32_t response_header_bytes_max = 80 * 1024;
  std::uint32_t trailer_bytes_max = 4 * 1024;
  std::uint32_t trailer_count_max = 16;
  std::uint32_t chunk_line_max = 256;
  std::uint32_t response_chunk_free = 16;  // ChunkedDecoder::Limits::chunk_free of answers
  std::uint32_t interim_responses_max = 8;
  std::uint64_t body_max = UINT64_MAX >> 1;  // per message
  std::uint32_t output_high = 64 * 1024;     // SendBody answers kFull from here
  std::uint32_t output_low = 32 * 1024;      // OnRoom from here
  std::uint32_t receive_window = 64 * 1024;  // per stream: delivered but not consumed; the sender is held beyond
  bool read_heads_twice = false;             // HTTP/1: every head as if it were contested (second_reader.h); for tests
  bool upgrades = false;                     // server: another protocol may be asked for, see core::Head::upgrade
  // Where streams share a connection:
  std::uint32_t streams_max = 100;                // at once
  std::uint32_t header_block_max = 64 * 1024;     // as encoded, all frames of it
  std::uint32_t connection_window = 1024 * 1024;  // receive_window of all streams together
  std::uint32_t connection_output = 1024 * 1024;  // output_high of all streams together
};

// So many bytes of an answer that is over but for its reader, in the time that is given to him, or he does not read but
// hold (reliability.md A7, B15).
inline constexpr std::uint64_t kUnreadProgressMin = 1024;

// Counted by the codec, read by the metrics; one per worker and role.
struct CodecStats {
  std::uint64_t protocol_errors = 0;    // malformed message from the peer
  std::uint64_t headers_too_large = 0;  // 414 and 431
  std::uint64_t body_too_large = 0;
  std::uint64_t interim_overflow = 0;
  std::uint64_t trailers_dropped = 0;  // fields dropped from trailers by policy
  std::uint64_t desync = 0;            // bytes beyond a finished answer, or on an idle connection
  // Where streams share a connection: it was ended because of
  std::uint64_t reset_flood = 0;          // requests made and reset
  std::uint64_t glitch_flood = 0;         // frames that break small rules or mean nothing
  std::uint64_t ping_flood = 0;           // PING
  std::uint64_t settings_flood = 0;       // SETTINGS
  std::uint64_t priority_flood = 0;       // PRIORITY
  std::uint64_t window_update_flood = 0;  // WINDOW_UPDATE
  std::uint64_t empty_frame_flood = 0;    // DATA without data
  std::uint64_t continuation_flood = 0;   // header blocks without end
  std::uint64_t control_flood = 0;        // answers to control frames that the peer does not read
  std::uint64_t unread_reset = 0;         // streams whose answer was not read
};

// Why the codec refused what the peer sent: for the local answer and the access log.
struct ProtocolFault {
  std::uint16_t status = 400;                      // what a server answers: 400, 408, 414, 417, 431, 501, 505
  std::string_view details = "http1.codec_error";  // response_code_details; static storage
  bool ambiguous = false;  // two readers could take it for two different messages: smuggling, perhaps
};

// Whom the codec asks for somebody to receive a new request (server role).
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  // Called when the head of a request is complete, or proved malformed: a peer that dribbles a head costs no
  // exchange. `stream` lives as stream.h says.
  virtual StreamEvents& Accept(Stream& stream) = 0;
  // The request on `events` is malformed (head or body): answer with `fault` on its stream if nothing was answered
  // yet, else Reset() it; where a connection is one stream at a time the codec closes it afterwards. OnHead may or may
  // not have been called before;
  // no further OnBody/OnTrailers/OnReset follows.
  virtual void OnFault(StreamEvents& events, const ProtocolFault& fault) = 0;
};

// Called by the codec when it has produced output (or wants to be closed) outside of Receive(), so that the
// connection gets flushed at the end of the turn. A hook, not an interface: one pointer pair.
struct WakeHook {
  void (*call)(void* self) = nullptr;
  void* self = nullptr;
  void operator()() const {
    if (call != nullptr) call(self);
  }
};

class Codec {
 public:
  virtual ~Codec() = default;

  // Bytes from the peer. Events fire from inside. Unparsed bytes are kept by the codec (bounded by the limits).
  virtual void Receive(core::Slice bytes) = 0;
  // The peer will send nothing more (FIN). A client-role message framed by the close ends here; a server that still
  // owes an answer goes on sending it.
  virtual void ReceiveEnd() = 0;
  // The transport is gone: OnReset for every stream that has not ended.
  virtual void Abort(core::ResetReason reason) = 0;

  // Puts what may leave now into Output(); called before each look at it for writing.
  virtual void Fill() {}
  // Output waiting to be written. The connection writes from it and consumes; then calls OnWritten().
  virtual core::SliceQueue& Output() = 0;
  virtual void OnWritten() = 0;

  // Several streams at once share the connection, so that waiting a little for others saves writes.
  virtual bool Shared() const { return false; }
  // False while back-pressure holds the peer: do not read from the socket.
  virtual bool WantsRead() const = 0;
  // True when the connection must be closed once Output() is empty.
  virtual bool WantsClose() const = 0;
  // An end from the peer is the end of its direction only: ReceiveEnd() without Abort(). True of a tunnel.
  virtual bool EndsByHalves() const { return false; }
  // Our direction has ended and the peer's has not: send the transport's end once Output() is empty.
  virtual bool WantsSendEnd() const { return false; }
  // No stream is open and nothing is half received: an idle connection.
  virtual bool Idle() const = 0;
  // Server role: the answer is complete, but the end of it waits for the peer to read.
  virtual bool AwaitsReader() const = 0;
  // The end of some answer waits for the peer to read while the connection may be busy with others.
  virtual bool HasUnread() const { return false; }
  // Called once in a while as long as HasUnread(): gives up what has waited since the last call and hardly moved.
  virtual void ExpireUnread() {}
  // Client role: the peer has sent bytes that belong to no answer; the connection ends for that.
  virtual bool Desynced() const = 0;
  // Server role: a head has begun and is not complete; the connection's head deadline runs.
  virtual bool HeadPending() const = 0;
  // Server role: gives up on the pending head as if it were malformed (408 when the head deadline passes).
  virtual void FailPendingHead(const ProtocolFault& fault) = 0;

  // Client role: a new stream, or null when Capacity() is 0.
  virtual Stream* Open(StreamEvents& events) = 0;
  // Client role: how many more streams may be opened right now. Server role: 0.
  virtual std::uint32_t Capacity() const = 0;

  // Client role, asked when a stream has ended: no stream will ever be possible again.
  virtual bool Retiring() const { return Capacity() == 0; }
  // Client role: the peer has shown that it speaks our version. A version that begins with a request has no such sign.
  virtual bool Opened() const { return true; }
  // Client role: the peer has answered in an older version. No stream was harmed that waited for Opened().
  virtual bool SpeaksOlder() const { return false; }
  // Asks the peer for a sign of life, where the version knows one; AwaitsPong() until it has come.
  virtual void Ping() {}
  virtual bool AwaitsPong() const { return false; }

  // Server role: tells the peer that the connection ends with what it asks next (`Connection: close`, GOAWAY without
  // a last stream). A request that is on its way to an idle connection is still served: that one stays open.
  virtual void AnnounceDrain() = 0;
  // Finish what is running, accept nothing new, then want to be closed; an idle connection at once.
  virtual void BeginDrain() = 0;
};

}  // namespace sluice::gateway
