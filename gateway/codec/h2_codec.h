// HTTP/2 for one connection, in either role (RFC 9113). nghttp2 keeps the state of streams, frames and HPACK; this
// class turns its callbacks into stream events and stream calls into its submissions, and says what it does not: how
// much may be buffered, what a peer may do for free (h2_guard), what a head must look like (h2_headers).
// Owned by its Connection; one thread.
//
// A stream exists from its HEADERS until nghttp2 closes it; its user is let go as soon as both directions have ended for
// him, which may be earlier: the end of an answer can wait for the peer's window.
//
// Memory per stream: output_high of answer, receive_window of request, one head while it is incomplete. Per connection:
// connection_output over all streams, in the server role connection_window too, kFillMax of frames, and what nghttp2 holds.
#pragma once

#include <cstdint>
#include <vector>

#include <boost/intrusive/list.hpp>

#include "core/base/clock.h"
#include "gateway/codec/codec.h"
#include "gateway/codec/h2_guard.h"
#include "gateway/codec/h2_headers.h"
#include "gateway/codec/h2_stream.h"

namespace sluice::gateway {

class H2Codec final : public Codec {
 public:
  // `acceptor` is required in the server role. Everything given must outlive the codec.
  H2Codec(Role role, const CodecLimits& limits, CodecStats& stats, core::BlockPool& pool, const core::Clock& clock,
          Acceptor* acceptor, WakeHook wake);
  ~H2Codec() override;

  void Receive(core::Slice bytes) override;
  void ReceiveEnd() override {}
  void Abort(core::ResetReason reason) override;
  void Fill() override;
  core::SliceQueue& Output() override { return output_; }
  void OnWritten() override;
  bool Shared() const override { return true; }
  bool WantsRead() const override { return life_ != Life::kClosing; }
  bool WantsClose() const override;
  bool Idle() const override;
  bool AwaitsReader() const override { return false; }
  bool HasUnread() const override;
  void ExpireUnread() override;
  bool Desynced() const override { return false; }
  bool HeadPending() const override;
  void FailPendingHead(const ProtocolFault& fault) override;
  Stream* Open(StreamEvents& events) override;
  std::uint32_t Capacity() const override;
  bool Retiring() const override;
  bool Opened() const override { return peer_settings_; }
  bool SpeaksOlder() const override { return speaks_older_; }
  void AnnounceDrain() override;
  void BeginDrain() override;
  void Ping() override;
  bool AwaitsPong() const override { return ping_pending_; }

  // Frames are put into Output() until it has this many bytes.
  static constexpr std::size_t kFillMax = 64 * 1024;

 private:
  friend class H2Stream;
  friend struct H2Callbacks;

  enum class Life : std::uint8_t {
    kOpen,
    kDraining,  // GOAWAY went or came: no new stream
    kClosing,   // nothing more is read; closed once the output is written
  };

  // For H2Stream (h2_codec_send.cc).
  void SendHead(H2Stream& stream, const core::Head& head, Flow flow);
  Room SendBody(H2Stream& stream, core::Slice bytes, Flow flow);
  void SendTrailers(H2Stream& stream, const core::HeaderMap& trailers);
  void Consumed(H2Stream& stream, std::size_t bytes);
  void Reset(H2Stream& stream, core::ResetReason reason);

  bool SubmitRequest(H2Stream& stream, const core::Head& head, Flow flow);
  bool SubmitFields(H2Stream& stream, const nghttp2_nv* fields, std::size_t count, Flow flow);
  bool TakesUpgrades() const;
  void SubmitWaiting();
  bool SubmitResponse(H2Stream& stream, const core::Head& head, Flow flow);
  void FailHead(H2Stream& stream);
  void EndSend(H2Stream& stream);
  void Resume(H2Stream& stream);
  void DropBody(H2Stream& stream);
  void ResetStream(H2Stream& stream, std::uint32_t code);
  void OfferRoom();
  void FailUnsent();

  // For nghttp2's callbacks (h2_callbacks.cc); 0 or an error code of nghttp2.
  int OnBeginHeaders(const nghttp2_frame& frame);
  int OnHeader(std::int32_t id, std::string_view name, std::string_view value);
  int OnData(std::int32_t id, bool ends, std::string_view bytes);
  int OnFrame(const nghttp2_frame& frame);
  int OnBadFrame(std::int32_t id);
  int OnFrameSent(const nghttp2_frame& frame);
  int OnResetSent(const nghttp2_frame& frame);
  int OnStreamClosed(std::int32_t id, std::uint32_t code);
  ssize_t ReadBody(H2Stream& stream, std::size_t room, std::uint32_t& flags);
  int WriteData(H2Stream& stream, const std::uint8_t* header, std::size_t size);

  void OnHeadersFrame(const nghttp2_frame& frame);
  void OnRequest(H2Stream& stream, bool ends);
  void OnResponse(H2Stream& stream, bool ends);
  void OnTrailers(H2Stream& stream);
  void OnDataEnd(H2Stream& stream);
  void EndReceive(H2Stream& stream);
  void ReturnConnectionCredit(std::uint64_t bytes);
  void OnSettings(bool ack);
  void SetBlockLimits(const H2Stream* stream);
  bool IsOlderAnswer(std::string_view bytes);

  H2Stream* Find(std::int32_t id) const;
  H2Stream& NewStream(StreamEvents* events);
  void FreeStream(H2Stream& stream);
  // The stream's user has heard or said everything: he is not called any more.
  void LetGoWhenOver(H2Stream& stream);
  core::ResetReason ReasonOf(const H2Stream& stream, std::uint32_t code) const;
  // Ends the connection with a GOAWAY of our own making: nghttp2 gives up after errors without one.
  void FailConnection(std::uint32_t code, core::ResetReason reason);
  void Wake() const;

  using Streams = boost::intrusive::list<H2Stream, boost::intrusive::constant_time_size<false>>;

  const Role role_;
  Life life_ = Life::kOpen;
  bool processing_ = false;      // inside Receive(): the caller flushes by itself
  bool peer_settings_ = false;   // the peer's first SETTINGS has come
  bool settings_acked_ = false;  // ours has been acknowledged
  bool drain_pinged_ = false;    // AnnounceDrain waits for the answer to its PING
  bool ping_pending_ = false;
  bool flooded_ = false;
  bool peer_broke_rules_ = false;  // nghttp2 has said so in a GOAWAY of ours
  bool speaks_older_ = false;
  std::uint8_t begin_matched_ = 0;          // client: first bytes that look like the older version's
  std::uint32_t asked_after_announce_ = 0;  // server: requests since AnnounceDrain
  std::uint32_t stream_count_ = 0;
  std::uint32_t peak_ = 0;        // of stream_count_ since it was 0
  std::uint32_t unfinished_ = 0;  // streams whose user has said everything and whose data waits
  std::uint32_t full_count_ = 0;
  std::uint32_t failed_count_ = 0;
  std::uint64_t buffered_ = 0;  // body bytes of all streams
  std::uint64_t produced_ = 0;  // bytes ever put into output_
  std::uint64_t produced_mark_ = 0;

  const CodecLimits& limits_;
  CodecStats& stats_;
  core::BlockPool& pool_;
  Acceptor* const acceptor_;
  const WakeHook wake_;
  nghttp2_session* session_ = nullptr;
  H2Guard guard_;
  std::int32_t block_stream_ = 0;  // 0: no header block is being received
  H2FieldText block_;
  std::uint32_t block_fields_max_ = 0;
  std::uint32_t block_bytes_max_ = 0;
  const core::Slice* current_ = nullptr;  // being received
  core::SliceQueue output_;
  Streams streams_;
  std::vector<H2Stream*> spare_;
};

}  // namespace sluice::gateway
