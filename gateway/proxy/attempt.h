// One try of an exchange against one endpoint: claims a stream, sends, arms the per-try deadline, reports its outcome
// to the outlier detector and hands what arrives to the exchange. A member of the exchange, used again for every try.
// The worker's thread only.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/deadline_wheel.h"
#include "core/resilience/outcome.h"
#include "core/upstream/cluster.h"
#include "gateway/codec/stream.h"
#include "gateway/upstream/lease.h"
#include "gateway/upstream/upstream_set.h"

namespace sluice::gateway {

class Exchange;

class Attempt final : public StreamEvents {
 public:
  Attempt(Exchange& exchange, Worker& worker);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() override;

  // Claims a stream. OnAttemptReady or OnAttemptFailed of the exchange follows, perhaps from inside this call.
  // `client` is how the request came. `fresh`: not a connection that has been used before.
  void Start(ClusterView& view, const core::Endpoint& endpoint, core::Wire client, bool fresh);

  // The whole request is here: the per-try deadline may run once a stream is held too.
  void RequestComplete(core::Duration per_try_timeout);

  bool running() const { return running_; }
  bool open() const { return running_ && lease_.held(); }
  Stream& stream() { return lease_.stream(); }
  const core::Endpoint* endpoint() const { return endpoint_; }
  const core::Outcome& outcome() const { return outcome_; }
  core::Outcome& outcome() { return outcome_; }
  bool reused() const { return reused_; }
  const std::string& transport_failure() const { return transport_failure_; }
  const std::string& local_address() const { return local_address_; }
  // Both ends' names, as shown in the handshake with the model; empty where none was.
  std::string_view own_principal() const { return own_principal_; }
  std::string_view peer_principal() const { return peer_principal_; }

  // Both directions have ended: gives the stream back. Called by the exchange when it has sent the last byte and by
  // the attempt itself when the answer ends.
  void SentEnd();
  // Gives up: resets the stream or leaves the queue. No call to the exchange follows.
  void Cancel(core::ResetReason reason);
  // The per-try or route deadline ended it: as Cancel, but the endpoint is charged with a time-out.
  void TimeOut();

  // Drops what the last request left behind; for reuse by another one.
  void Forget();

  core::Arena& HeadArena() override;
  void OnHead(core::Head head, Flow flow) override;
  void OnBody(core::Slice bytes, Flow flow) override;
  void OnTrailers(core::HeaderMap trailers) override;
  void OnRoom() override;
  void OnReset(core::ResetReason reason) override;

 private:
  void OnReady();
  void OnLeaseFailed(core::ResetReason reason, const std::string& text);
  void OnPerTryTimeout();
  void ReceivedEnd();
  void Release();
  void CountAnswer(std::int32_t grpc_status);
  void ReportReset(core::ResetReason reason);
  void ReportOutcome();
  void ArmPerTry();

  Exchange& exchange_;
  Worker& worker_;
  Lease lease_;
  core::Deadline per_try_;
  ClusterView* view_ = nullptr;
  const core::Endpoint* endpoint_ = nullptr;
  Pool* pool_ = nullptr;  // of both
  core::Outcome outcome_;
  core::Duration per_try_timeout_{0};
  bool running_ = false;
  bool reused_ = false;
  bool request_complete_ = false;
  bool sent_end_ = false;
  bool received_end_ = false;
  bool status_to_come_ = false;  // of a gRPC call: success or error is still open
  std::string transport_failure_;
  std::string local_address_;
  std::string own_principal_;
  std::string peer_principal_;
};

}  // namespace sluice::gateway
