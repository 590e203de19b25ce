// Stands in for the codec of a client's connection until its first bytes have shown what the client speaks: TLS, and
// inside or without it the preface of the newer HTTP, or anything else (RFC 9113 section 3.3). Holds what came; the
// session then puts the right codec in its place and hands it those bytes. Owned by the Connection; the worker's thread
// only.
#pragma once

#include <string>
#include <string_view>

#include "core/http/wire.h"
#include "gateway/codec/codec.h"
#include "tls/client_hello.h"

namespace sluice::gateway {

class Sniffer final : public Codec {
 public:
  enum class Finding : std::uint8_t {
    kUndecided,
    kHttp1,
    kHttp2,
    kTls,     // hello() is complete
    kBadTls,  // hello_state() says what is wrong with it
  };

  void Receive(core::Slice bytes) override;
  void ReceiveEnd() override {}
  void Abort(core::ResetReason) override {}
  core::SliceQueue& Output() override { return output_; }
  void OnWritten() override {}
  bool WantsRead() const override { return finding_ == Finding::kUndecided; }
  bool WantsClose() const override { return closing_; }
  bool Idle() const override { return Empty() && finding_ == Finding::kUndecided; }
  bool AwaitsReader() const override { return false; }
  bool Desynced() const override { return false; }
  bool HeadPending() const override { return !Empty() && finding_ == Finding::kUndecided; }
  void FailPendingHead(const ProtocolFault&) override { closing_ = true; }
  Stream* Open(StreamEvents&) override { return nullptr; }
  std::uint32_t Capacity() const override { return 0; }
  void AnnounceDrain() override {}
  void BeginDrain() override { closing_ = true; }

  Finding finding() const { return finding_; }
  const tls::ClientHello& hello() const { return hello_; }
  tls::HelloState hello_state() const { return hello_state_; }

  // What came so far, and begins anew, inside TLS.
  core::Slice BeginInside();
  // The same for the codec that takes over; empty when nothing has come.
  core::Slice Take();

 private:
  void Look(std::string_view begin);
  void LookForTls(std::string_view begin);

  bool Empty() const { return held_.empty() && whole_.empty(); }

  core::Slice whole_;  // the one piece that has decided, as it came
  std::string held_;   // or all that came, when it was more
  Finding finding_ = Finding::kUndecided;
  tls::ClientHello hello_;
  tls::HelloState hello_state_ = tls::HelloState::kIncomplete;
  bool inside_ = false;  // TLS is spoken already
  bool closing_ = false;
  core::SliceQueue output_;
};

}  // namespace sluice::gateway
