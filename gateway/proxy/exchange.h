// The gateway's life of one client request, from its head to its access-log line: decide, try, retry, relay, record.
// States and moves: exchange_state.h. Split by direction: exchange.cc (life, decision, failures, record),
// exchange_request.cc (towards the model), exchange_response.cc (towards the client), exchange_grpc.cc and
// exchange_tunnel.cc (what is special about a gRPC call, and about a request for another protocol).
//
// Taken from the worker's pool by the session's Accept(), returned at the end of the turn in which it is done. The
// worker's thread only. Allocates nothing on the warm path: text lives in its arena, bodies in shared blocks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/base/arena.h"
#include "core/base/deadline_wheel.h"
#include "core/http/grpc_message_counter.h"
#include "core/plan/arrival.h"
#include "core/plan/forward_plan.h"
#include "core/resilience/replay_buffer.h"
#include "core/resilience/time_budget.h"
#include "core/telemetry/record.h"
#include "core/upstream/retry_state.h"
#include "gateway/codec/codec.h"
#include "gateway/proxy/attempt.h"
#include "gateway/proxy/exchange_context.h"
#include "gateway/proxy/exchange_state.h"
#include "gateway/proxy/local_reply.h"

namespace sluice::gateway {

class ProxySession;

class Exchange final : public StreamEvents {
 public:
  explicit Exchange(ExchangeContext& context);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() override;

  // A new request on `stream`. `session` outlives the exchange: it resets its streams before it goes.
  void Begin(ProxySession& session, Stream& stream);
  // The codec refused the request (Acceptor::OnFault).
  void OnFault(const ProtocolFault& fault);

  core::Arena& HeadArena() override { return arena_; }
  void OnHead(core::Head head, Flow flow) override;
  void OnBody(core::Slice bytes, Flow flow) override;
  void OnTrailers(core::HeaderMap trailers) override;
  void OnRoom() override;
  void OnReset(core::ResetReason reason) override;

  // From the attempt.
  void OnAttemptReady();
  void OnAttemptFailed(core::ResetReason reason);
  void OnUpstreamHead(core::Head head, Flow flow);
  void OnUpstreamBody(core::Slice bytes, Flow flow);
  void OnUpstreamTrailers(core::HeaderMap trailers);
  void OnUpstreamRoom();
  // Whether a failure like this would be tried again unseen; see RetryStale.
  bool WillRetryStale(core::ResetReason reason) const;

  // From a mirror that is over before its primary.
  void ForgetMirror(const MirrorAttempt& mirror);

  bool grpc() const { return progress_.grpc; }
  ExchangeState state() const { return state_; }

 private:
  friend class MirrorAttempt;

  // What must be forgotten between two requests; everything else is overwritten by Begin or lives in the arena.
  struct Progress {
    bool head_seen = false;
    bool request_complete = false;  // the client has sent everything
    bool request_sent = false;      // the current attempt has been given everything
    bool upstream_full = false;     // the current attempt asked us to stop until OnUpstreamRoom
    bool request_trailers = false;
    bool response_started = false;  // a final head went to the client
    bool relayed = false;           // and it was the model's
    bool interim_sent = false;      // a 1xx went to the client: no retry from here
    bool stale_retry_used = false;  // one invisible retry of a stale pooled connection
    bool replay_abandoned = false;  // the body outgrew the replay buffer
    bool grpc = false;              // the client speaks gRPC
    bool grpc_answer = false;       // and so does the model: its body is made of messages
    bool tunnel = false;            // another protocol has taken over: both directions are bytes, each with its own end
    bool response_ended = false;    // of a tunnel: the model has ended its direction
    bool client_deadline = false;   // route_deadline_ is the client's, from its grpc-timeout
    std::uint32_t attempts = 0;
    std::uint32_t mirrors = 0;
    std::uint16_t response_code = 0;
    std::int32_t grpc_status = -1;
    std::uint64_t request_body_bytes = 0;
    std::uint64_t attempt_sent_bytes = 0;   // of the body, to the current attempt
    std::uint64_t credited_bytes = 0;       // of the body, to the client
    std::uint64_t response_head_bytes = 0;  // of the final head
    std::uint64_t response_body_bytes = 0;
    std::uint64_t owed_to_upstream = 0;  // answer bytes taken but not yet credited, because the client is full
    core::GrpcMessageCounter request_messages;
    core::GrpcMessageCounter response_messages;
    core::TimePoint started{};
    core::TimePoint request_done_at{};
    core::Duration upstream_service_time{-1};
  };

  // --- exchange.cc: life and decision
  void MoveTo(ExchangeState next);
  bool Prepare();
  void Refuse(core::ArrivalFault fault);
  void Decide();
  void CarryOut();
  void Answer(const core::AnswerPlan& plan);
  void Reply(LocalReply reply, core::ResponseFlag flag, std::string_view details);
  void SendLocal(LocalReply reply);
  void FailWith(core::ResetReason reason);
  void ReplyNoEndpoint();
  void ReplyReplayOverflow();
  void OnRouteTimeout();
  void OnIdle();
  void Touch();
  void Complete();
  void WriteRecord();
  void CutClient(core::ResetReason reason);
  void DropRequestBytes(std::size_t size, bool end);
  void Recycle();

  // --- exchange_request.cc: towards the model
  void StartForward();
  void StartAttempt(bool fresh);
  void PrepareUpstreamHead();
  void RequestEnded();
  void ArmTimeouts();
  // No part of the request is still to come that the model's answer has to wait for.
  bool clock_runs() const { return progress_.request_complete || asks_tunnel(); }
  void PumpRequest();
  core::Slice NextPiece();
  bool CaughtUp() const;
  void Keep(core::Slice bytes);  // may answer: the exchange is done then
  void StopReplay();
  void SentRequest();
  void CreditClient();
  void FeedMirrors(const core::Slice& bytes, Flow flow);
  core::TimeBudget Budget() const;
  void TellTimeLeft();
  void StartMirrors();
  void Retry(core::Duration delay);
  bool RetryStale(core::ResetReason reason);
  bool TryAgain();

  // --- exchange_response.cc: towards the client
  void RelayInterim(const core::Head& head);
  void FinishHead(core::Head& head);
  void ResponseEnded();

  // --- exchange_grpc.cc: what is special about a gRPC call
  void ArmClientDeadline();
  void NoteGrpcHead(const core::Head& head, Flow flow);
  void NoteGrpcStatus(const core::HeaderMap& fields);
  void CountRequestMessages(std::string_view bytes);
  void CountResponseMessages(std::string_view bytes);
  void ReportMessages();
  void FillGrpc(core::Record& record);

  // --- exchange_tunnel.cc: a request for another protocol
  bool asks_tunnel() const { return !request_.upgrade.empty(); }
  void PrepareTunnel();
  void OpenTunnel();
  void DeclineTunnel();
  void CloseTunnel();
  void AbandonTunnel();

  const core::ForwardPlan& forward() const { return std::get<core::ForwardPlan>(plan_.action); }
  const core::Cluster& cluster() const { return pin_->clusters[forward().cluster.value]; }
  core::PlanInput plan_input() const;

  ExchangeContext& context_;
  core::Arena arena_;
  ProxySession* session_ = nullptr;
  Stream* downstream_ = nullptr;
  SnapshotPin pin_;
  ExchangeState state_ = ExchangeState::kIdle;
  Progress progress_;
  core::Head request_;
  core::HeaderMap request_trailers_;
  core::Plan plan_;
  core::ResponseFlags flags_;
  std::string_view details_;
  core::Place place_;
  std::string_view original_path_;  // as received, query included
  std::string_view path_;           // normalised, without query
  std::string_view query_;
  std::string_view client_address_;
  std::string_view request_id_;
  std::string_view forwarded_for_;
  const core::Endpoint* endpoint_ = nullptr;  // last one tried
  std::optional<core::ReplayBuffer> replay_;
  core::ReplayBuffer::Cursor cursor_;  // of the current attempt
  std::size_t replay_limit_ = 0;
  bool replaying_ = false;  // bodies go through replay_, else through pending_
  core::SliceQueue pending_;
  std::optional<core::RetryState> retry_;
  Attempt attempt_;
  std::array<MirrorAttempt*, core::kMirrorsMax> mirrors_{};
  core::Deadline route_deadline_;
  core::Deadline idle_deadline_;
  core::Deadline delay_deadline_;    // injected delay, or back-off: never both
  core::Deadline message_deadline_;  // the next report of gRPC messages, while an answer is relayed
  RetireHook retire_;
};

}  // namespace sluice::gateway
