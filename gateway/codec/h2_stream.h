// One stream of an H2Codec. What it does is the codec's; it holds what belongs to this stream alone. Owned by its
// codec and used again for the next stream. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include <boost/intrusive/list.hpp>

#include "gateway/codec/h2_headers.h"
#include "gateway/codec/stream.h"

namespace sluice::gateway {

class H2Codec;

class H2Stream final
    : public Stream,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  H2Stream(H2Codec& codec, core::BlockPool& pool) : codec_(codec), body_(&pool) {}
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;

  void SendHead(const core::Head& head, Flow flow) override;
  Room SendBody(core::Slice bytes, Flow flow) override;
  void SendTrailers(const core::HeaderMap& trailers) override;
  void Consumed(std::size_t bytes) override;
  void Reset(core::ResetReason reason) override;

 private:
  friend class H2Codec;

  // What is forgotten between two streams.
  struct State {
    StreamEvents* events = nullptr;  // null: nobody, or nobody any more
    std::int32_t id = -1;            // -1: nothing was sent yet (client role)
    bool head_received = false;      // the final one
    bool received_end = false;
    bool head_sent = false;  // the final one
    bool continue_sent = false;
    bool sent_end = false;   // by our user; the bytes may still wait
    bool end_left = false;   // the frame with the end has been produced
    bool bodiless = false;   // an answer without a body: what a careless sender adds is dropped
    bool deferred = false;   // nghttp2 has asked for data when there was none
    bool full = false;       // SendBody said kFull and OnRoom has not been called since
    bool awaited = false;    // ExpireUnread has seen its end wait for the peer before
    bool resetting = false;  // by us; the frame may still wait
    bool peer_reset = false;
    bool blamed = false;        // its peer has broken a rule, and that has been counted
    bool failed = false;        // could not be begun; the user hears of it at the end of the turn
    bool head_request = false;  // the request is a HEAD
    bool tunnel = false;        // an upgrade was agreed to: either direction ends by itself
    core::ResetReason why_failed = core::ResetReason::kInternal;
    std::string_view upgrade;      // asked for; in the arena of whoever sends or reads the request
    std::uint32_t interims = 0;    // 1xx heads received
    std::uint64_t unconsumed = 0;  // delivered, credit not given back
    std::uint64_t received = 0;    // of the body
    std::uint64_t delivered = 0;   // bytes of data that left since ExpireUnread last looked
  };

  H2Codec& codec_;
  State state_;
  core::SliceQueue body_;
  core::Slice held_;  // the last bytes of a DATA frame that may turn out to end the stream
  H2FieldText trailers_;
  // Client: a request for an upgrade, until it is known whether the peer takes any; its text lives as long as the user.
  std::vector<nghttp2_nv> waiting_head_;
};

}  // namespace sluice::gateway
