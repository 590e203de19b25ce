// HTTP/1.1 and HTTP/1.0 for one connection, in either role (RFC 9112). One message is in flight per direction: a
// server keeps pipelined requests in its buffer until the answer before them has been written, a client has one
// stream at a time. The codec itself is the stream. Owned by its Connection; one thread.
//
//   receiving_   kHead -> kLength | kChunked -> kTrailers | kUntilClose -> kEnded     (kHead -> kEnded without a body)
//   sending_     kHead -> kLength | kChunked | kUntilClose | kNothing   -> kEnded     (kHead -> kEnded without a body)
//   an upgrade   kHead -> kUpgrade -> kTunnel -> kEnded: in kUpgrade the 101 is awaited, by the sender of the request in
//                sending_, by its receiver in receiving_; bytes behind the request stay in the buffer (reliability B10)
//   life_        kOpen -> kLastMessage -> kClosing
//
// When both directions have ended the stream is over: back to kHead, or on to kClosing. Callbacks fire after the state
// has moved, so a receiver may send, reset or (in the client role) open the next stream from inside them.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/http/chunked_decoder.h"
#include "gateway/codec/codec.h"
#include "gateway/codec/h1_parser.h"
#include "gateway/codec/h1_writer.h"
#include "gateway/codec/head_scanner.h"
#include "gateway/codec/input_buffer.h"

namespace sluice::gateway {

class H1Codec final : public Codec, private Stream {
 public:
  // `acceptor` is required in the server role. Everything given must outlive the codec.
  H1Codec(Role role, const CodecLimits& limits, CodecStats& stats, core::BlockPool& pool, Acceptor* acceptor,
          WakeHook wake);

  void Receive(core::Slice bytes) override;
  void ReceiveEnd() override;
  void Abort(core::ResetReason reason) override;
  core::SliceQueue& Output() override { return output_; }
  void OnWritten() override;
  bool WantsRead() const override;
  bool WantsClose() const override { return life_ == Life::kClosing && output_.empty(); }
  bool EndsByHalves() const override { return receiving_ == Receiving::kTunnel; }
  bool WantsSendEnd() const override { return sending_ == Sending::kEnded && receiving_ == Receiving::kTunnel; }
  bool Idle() const override { return !stream_open_ && input_.empty() && output_.empty(); }
  bool AwaitsReader() const override;
  bool Desynced() const override { return desynced_; }
  bool HeadPending() const override;
  void FailPendingHead(const ProtocolFault& fault) override;
  Stream* Open(StreamEvents& events) override;
  std::uint32_t Capacity() const override;
  void AnnounceDrain() override;
  void BeginDrain() override;

 private:
  enum class Receiving : std::uint8_t { kHead, kLength, kChunked, kTrailers, kUntilClose, kUpgrade, kTunnel, kEnded };
  enum class Sending : std::uint8_t { kHead, kLength, kChunked, kUntilClose, kNothing, kUpgrade, kTunnel, kEnded };
  enum class Life : std::uint8_t {
    kOpen,
    kLastMessage,  // no message after the current one, or the next when none is
    kClosing,      // nothing more is read; closed once the output is written
  };

  // Stream (h1_codec_send.cc).
  void SendHead(const core::Head& head, Flow flow) override;
  Room SendBody(core::Slice bytes, Flow flow) override;
  void SendTrailers(const core::HeaderMap& trailers) override;
  void Consumed(std::size_t bytes) override;
  void Reset(core::ResetReason reason) override;

  bool SendRequestHead(const core::Head& head, Flow flow);
  bool SendResponseHead(const core::Head& head, Flow flow);
  bool SendInterimHead(const core::Head& head);
  bool SendSwitch(const core::Head& head);
  void EndSend();
  // Our own message turned out wrong after its head had gone: the connection ends without completing it.
  void Cut();
  // Whether the rest of the request is already in the buffer, so that an early answer need not end the connection.
  bool RequestIsHere() const;

  // Each takes what it can off the front of `rest`; true when there may be more to do (h1_codec.cc).
  void Process(core::Slice rest);
  bool Step(core::Slice& rest);
  bool ReceiveRequestHead(core::Slice& rest);
  bool ReceiveResponseHead(core::Slice& rest);
  bool ReceiveLength(core::Slice& rest);
  bool ReceiveChunked(core::Slice& rest);
  bool ReceiveTrailers(core::Slice& rest);
  bool ReceiveUntilClose(core::Slice& rest);
  bool ReceiveTunnel(core::Slice& rest);

  char* CopyBlock(core::Slice& rest, core::Arena& arena);
  bool StartRequest(const H1Facts& facts, core::Head head);
  bool StartResponse(const H1Facts& facts, core::Head head, bool extra);
  bool StartTunnel(core::Head head);
  void RememberUpgrade(const core::Head& request);
  bool StartBody(const core::BodyRule& rule);
  bool Held() const;
  void DeliverBody(core::Slice bytes, Flow flow);
  // The peer's message is complete; `extra` when bytes follow it. Returns whom to tell.
  StreamEvents& EndReceive(bool extra);
  void FinishIfOver();

  void AcceptFault(const ProtocolFault& fault);  // a head that never became a request
  bool FailReceive(const ProtocolFault& fault);  // malformed: a fault for a server, a reset for a client
  void FailStream(core::ResetReason reason);
  void CountFault(const ProtocolFault& fault);
  void StartStream(StreamEvents& events);
  void CountDesync();
  void Wake() const;

  const Role role_;
  Life life_ = Life::kOpen;
  Receiving receiving_ = Receiving::kHead;
  Sending sending_ = Sending::kHead;
  bool stream_open_ = false;
  bool peer_ended_ = false;    // FIN seen
  bool processing_ = false;    // inside Process(): the caller flushes by itself
  bool full_ = false;          // SendBody said kFull and OnRoom has not been called since
  bool head_request_ = false;  // the current request is a HEAD
  bool peer_11_ = true;        // version of the current request's sender
  bool continue_sent_ = false;
  bool desynced_ = false;
  bool unwritten_ = false;        // client: nothing of the current request can have reached the peer
  std::uint8_t blank_lines_ = 0;  // in front of the current request
  std::uint32_t interims_ = 0;    // 1xx heads received in front of the current answer

  const CodecLimits& limits_;
  CodecStats& stats_;
  Acceptor* const acceptor_;
  const WakeHook wake_;
  StreamEvents* events_ = nullptr;  // null: nobody, or nobody any more
  std::string_view announced_;      // Trailer of the message being received, in the events' arena
  std::string_view upgrade_;        // asked for by the current request, in the arena of whoever sends or reads it
  std::string_view websocket_key_;  // the same
  std::uint64_t receive_left_ = 0;  // body bytes to come; with kUntilClose: allowed to come
  std::uint64_t send_left_ = 0;
  std::uint64_t unconsumed_ = 0;  // delivered, credit not given back
  std::size_t behind_ = 0;        // bytes behind the piece that is being delivered; 0 outside Process()
  InputBuffer input_;
  core::SliceQueue output_;
  HeadScanner scanner_;
  core::ChunkedDecoder chunks_;
};

}  // namespace sluice::gateway
