// Stands in for the codec of a client's connection until its first bytes have shown which version it speaks: the preface
// of the newer one, or anything else (RFC 9113 section 3.3). Holds what came; the session then puts the right codec in
// its place and hands it those bytes. Owned by the Connection; the worker's thread only.
#pragma once

#include <optional>
#include <string>

#include "core/http/wire.h"
#include "gateway/codec/codec.h"

namespace sluice::gateway {

class Sniffer final : public Codec {
 public:
  void Receive(core::Slice bytes) override;
  void ReceiveEnd() override {}
  void Abort(core::ResetReason) override {}
  core::SliceQueue& Output() override { return output_; }
  void OnWritten() override {}
  bool WantsRead() const override { return !wire_; }
  bool WantsClose() const override { return closing_; }
  bool Idle() const override { return held_.empty() && !wire_; }
  bool AwaitsReader() const override { return false; }
  bool Desynced() const override { return false; }
  bool HeadPending() const override { return !held_.empty() && !wire_; }
  void FailPendingHead(const ProtocolFault&) override { closing_ = true; }
  Stream* Open(StreamEvents&) override { return nullptr; }
  std::uint32_t Capacity() const override { return 0; }
  void AnnounceDrain() override {}
  void BeginDrain() override { closing_ = true; }

  // Absent while it could still be either.
  std::optional<core::Wire> wire() const { return wire_; }

  // What came so far, in order: a few bytes that could not decide alone, then the piece that did.
  const std::string& held() const { return held_; }
  core::Slice TakeLast() { return std::exchange(last_, core::Slice()); }

 private:
  std::string held_;  // a beginning of the preface, shorter than it
  core::Slice last_;
  std::optional<core::Wire> wire_;
  bool closing_ = false;
  core::SliceQueue output_;
};

}  // namespace sluice::gateway
