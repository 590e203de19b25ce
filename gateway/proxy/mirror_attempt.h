// A detached copy of a request to another cluster, whose answer is thrown away. It has its own memory, limits and
// deadline and is never retried; whatever becomes of it, the primary notices nothing (design.md section 3). Taken from
// the worker's pool, returns itself. The worker's thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/arena.h"
#include "core/base/deadline_wheel.h"
#include "core/plan/forward_plan.h"
#include "gateway/proxy/exchange_context.h"
#include "gateway/upstream/lease.h"

namespace sluice::gateway {

class Exchange;

class MirrorAttempt final : public StreamEvents {
 public:
  explicit MirrorAttempt(ExchangeContext& context);
  MirrorAttempt(const MirrorAttempt&) = delete;
  MirrorAttempt& operator=(const MirrorAttempt&) = delete;
  ~MirrorAttempt() override;

  // Sends a copy of the primary's request as it goes upstream. Null when the copy was dropped: no endpoint, too many
  // copies in flight, or a body declared larger than the limit; counted in the mirrored cluster.
  static MirrorAttempt* Start(ExchangeContext& context, Exchange& primary, const core::Mirror& mirror);

  // The same slices as the primary's body; shared, not copied.
  void OnPrimaryBody(const core::Slice& bytes, Flow flow);
  // The primary is over. A copy that has all of its request goes on alone, any other is given up.
  void PrimaryGone();

  core::Arena& HeadArena() override { return arena_; }
  void OnHead(core::Head head, Flow flow) override;
  void OnBody(core::Slice bytes, Flow flow) override;
  void OnTrailers(core::HeaderMap trailers) override;
  void OnRoom() override;
  void OnReset(core::ResetReason reason) override;

 private:
  bool Begin(Exchange& primary, const core::Mirror& mirror);
  void CopyHead(const core::Head& head, std::string_view client_address);
  void OnReady();
  void Pump();
  void GiveUp(core::ResetReason reason);
  void Finish(bool success);
  void Recycle();

  ExchangeContext& context_;
  core::Arena arena_;
  Exchange* primary_ = nullptr;
  SnapshotPin pin_;
  const core::Cluster* cluster_ = nullptr;
  Pool* pool_ = nullptr;
  Lease lease_;
  core::Head request_;
  std::vector<core::Slice> body_;  // waiting to be sent
  std::size_t body_next_ = 0;
  std::uint64_t body_bytes_ = 0;  // received from the primary
  bool request_complete_ = false;
  bool sent_end_ = false;
  bool received_end_ = false;
  bool active_ = false;
  bool success_ = false;
  core::Deadline deadline_;
  RetireHook retire_;
};

}  // namespace sluice::gateway
