#include "gateway/proxy/exchange.h"

#include "core/base/check.h"
#include "core/http/grpc_status.h"
#include "gateway/proxy/mirror_attempt.h"
#include "gateway/proxy/proxy_session.h"
#include "gateway/telemetry/version_observer.h"

namespace sluice::gateway {

using core::HeaderName;
using core::ResetReason;
using core::ResponseFlag;

Exchange::Exchange(ExchangeContext& context)
    : context_(context),
      request_(arena_),
      request_trailers_(arena_),
      pending_(&context.worker.blocks()),
      attempt_(*this, context.worker),
      route_deadline_([](void* self) { static_cast<Exchange*>(self)->OnRouteTimeout(); }, this),
      idle_deadline_([](void* self) { static_cast<Exchange*>(self)->OnIdle(); }, this),
      delay_deadline_([](void* self) { static_cast<Exchange*>(self)->CarryOut(); }, this),
      message_deadline_([](void* self) { static_cast<Exchange*>(self)->ReportMessages(); }, this),
      retire_([](void* self) { static_cast<Exchange*>(self)->Recycle(); }, this) {}

Exchange::~Exchange() = default;

void Exchange::Begin(ProxySession& session, Stream& stream) {
  CHECK(state_ == ExchangeState::kIdle);
  session_ = &session;
  downstream_ = &stream;
  pin_ = context_.current;
  progress_ = Progress{};
  progress_.started = context_.worker.now();
  context_.metrics.OnRequest();
}

void Exchange::MoveTo(ExchangeState next) {
  DCHECK(LegalMove(state_, next));
  state_ = next;
}

core::PlanInput Exchange::plan_input() const {
  return {.path = path_,
          .query = query_,
          .listener_port = session_->listener_port(),
          .client_address = client_address_,
          .request_id = request_id_,
          .entry = place_.entry,
          .server = place_.server,
          .peer = session_->peer_identity(),
          .peer_address = session_->peer_address(),
          .local_address = session_->local_address(),
          .sni = session_->server_name()};
}

// --- Arrival of a request -----------------------------------------------------------------------------------------

void Exchange::OnHead(core::Head head, Flow flow) {
  request_ = std::move(head);
  progress_.head_seen = true;
  original_path_ = request_.path;
  Touch();
  if (flow == Flow::kEnd) {
    progress_.request_complete = true;
    progress_.request_done_at = progress_.started;
  } else if (!asks_tunnel()) {
    replay_limit_ = pin_->settings.limits.replay_buffer;
    replay_.emplace(replay_limit_, &context_.worker.blocks());
    replaying_ = true;
  }
  if (asks_tunnel()) progress_.request_done_at = progress_.started;
  if (!Prepare()) return;
  Decide();
}

// One form of the request for everything that follows: sanitised, normalised, with its origin written down. False when
// the request was answered instead.
bool Exchange::Prepare() {
  const core::Settings& settings = pin_->settings;
  const bool tell_certificate = settings.forwarding.set_client_certificate && session_->peer_identity() != nullptr;
  const core::ArrivalContext arrived{
      .forwarding = {.peer_address = session_->peer_address(),
                     .scheme = session_->secured() ? "https" : "http",
                     .trusted_hops = settings.forwarding.trusted_hops,
                     .trusted_cidrs = context_.trusted_cidrs},
      .client_certificate = tell_certificate ? session_->ClientCertificateHeader() : std::string_view()};
  const core::Arrival arrival = core::PrepareArrival(request_, settings, arrived, context_.worker.random(), arena_);
  client_address_ = arrival.client_address;
  request_id_ = arrival.request_id;
  forwarded_for_ = arrival.forwarded_for;
  path_ = arrival.path;
  query_ = arrival.query;
  progress_.grpc = core::IsGrpcContentType(request_.headers.Find(HeaderName::kContentType).value_or(""));
  if (arrival.fault == core::ArrivalFault::kNone) return true;
  Refuse(arrival.fault);
  return false;
}

void Exchange::Refuse(core::ArrivalFault fault) {
  MoveTo(ExchangeState::kAnswering);
  details_ = core::ArrivalDetails(fault);
  LocalReply reply{.status = core::ArrivalStatus(fault)};
  switch (fault) {
    case core::ArrivalFault::kNone: return;
    case core::ArrivalFault::kBadPath:
      context_.metrics.downstream().rq_path_refused.Add();
      flags_.Set(ResponseFlag::kDPE);
      reply.cause = "the request path could be read in more than one way";
      break;
    case core::ArrivalFault::kNoPath:
      flags_.Set(ResponseFlag::kNR);
      reply.cause = "the request target is not an absolute path";
      break;
    case core::ArrivalFault::kUpgrade:
      reply.cause = "the protocol that the request asks to upgrade to is not allowed here";
      break;
  }
  SendLocal(reply);
}

void Exchange::Decide() {
  place_ = session_->PlaceOf(*pin_, request_.authority);
  plan_ = core::MakePlan(*pin_, request_, plan_input(), context_.hasher, context_.worker.random(), arena_);
  if (plan_.dry_run_denied) context_.metrics.downstream().rq_dry_run_denied.Add();
  if (plan_.fault_delay > core::Duration::zero()) {
    flags_.Set(ResponseFlag::kDI);
    MoveTo(ExchangeState::kDelayed);
    context_.worker.wheel().Arm(delay_deadline_, context_.worker.now() + plan_.fault_delay);
    return;
  }
  CarryOut();
}

// Also what follows an injected delay, and a back-off.
void Exchange::CarryOut() {
  if (state_ == ExchangeState::kBackingOff) return StartAttempt(false);
  if (const auto* answer = std::get_if<core::AnswerPlan>(&plan_.action)) return Answer(*answer);
  StartForward();
}

void Exchange::Answer(const core::AnswerPlan& answer) {
  using Kind = core::AnswerPlan::Kind;
  MoveTo(ExchangeState::kAnswering);
  details_ = answer.details;
  LocalReply reply{.status = answer.status, .cause = answer.body, .location = answer.location};
  switch (answer.kind) {
    case Kind::kNoRoute:
      flags_.Set(ResponseFlag::kNR);
      reply.cause = plan_.host == nullptr ? "no virtual host covers the requested host"
                                          : "no rule of the virtual host matches the request";
      break;
    case Kind::kNoCluster:
      flags_.Set(ResponseFlag::kNC);
      reply.cause = "the rule names a host or subset that is not defined";
      break;
    case Kind::kDenied:
      context_.metrics.downstream().rq_denied.Add();
      reply.plain = true;  // the words of Istio, and not whose policy it was
      break;
    case Kind::kMisdirected: reply.cause = "this connection was not made for the requested host"; break;
    case Kind::kUriTooLong: reply.cause = "the rewritten path is too long"; break;
    case Kind::kFaultAbort:
      flags_.Set(ResponseFlag::kFI);
      reply.cause = "fault filter abort";
      if (answer.has_grpc_status) reply.grpc_status = static_cast<std::int32_t>(answer.grpc_status);
      break;
    case Kind::kRedirect:
    case Kind::kHttpsRedirect:
    case Kind::kDirectResponse:
    case Kind::kCorsPreflight: reply.plain = true; break;
  }
  SendLocal(reply);
}

void Exchange::OnFault(const ProtocolFault& fault) {
  if (state_ == ExchangeState::kDone) return;
  flags_.Set(ResponseFlag::kDPE);
  DownstreamCounters& counters = context_.metrics.downstream();
  counters.cx_protocol_error.Add();
  if (fault.ambiguous) counters.rq_ambiguous.Add();
  if (fault.status == 414 || fault.status == 431 || fault.status == 413) counters.rq_too_large.Add();
  details_ = fault.details;
  if (progress_.response_started) {
    CutClient(ResetReason::kProtocolError);
    return Complete();
  }
  if (attempt_.running()) attempt_.Cancel(ResetReason::kCancelled);
  progress_.request_complete = true;  // nothing more will come
  if (state_ != ExchangeState::kAnswering) MoveTo(ExchangeState::kAnswering);
  SendLocal({.status = fault.status, .flags = "DPE", .cause = "the request is malformed or exceeds a limit"});
}

// --- Ways to fail -------------------------------------------------------------------------------------------------

void Exchange::Reply(LocalReply reply, ResponseFlag flag, std::string_view details) {
  flags_.Set(flag);
  details_ = details;
  if (state_ != ExchangeState::kAnswering) MoveTo(ExchangeState::kAnswering);
  SendLocal(reply);
}

void Exchange::SendLocal(LocalReply reply) {
  context_.worker.wheel().Disarm(route_deadline_);
  context_.worker.wheel().Disarm(delay_deadline_);
  char* buffer = arena_.AllocateArray<char>(80);
  reply.flags = flags_.Text(buffer);
  reply.request_id = request_id_;
  reply.grpc = progress_.grpc;
  LocalAnswer answer = MakeLocalAnswer(reply, arena_);
  if (progress_.head_seen && plan_.route != nullptr) {
    core::ApplyResponseHeaders(plan_, request_, answer.head, plan_input(), arena_);
  }
  const core::Settings& settings = pin_->settings;
  if (!settings.forwarding.server_header.empty()) {
    answer.head.headers.Set(HeaderName::kServer, settings.forwarding.server_header);
  }
  answer.head.headers.AddBorrowed(HeaderName::kDate, context_.date.Text(context_.worker.now()));
  progress_.response_started = true;
  progress_.response_code = answer.head.status;
  progress_.response_head_bytes = answer.head.headers.ByteSize();
  NoteGrpcStatus(answer.head.headers);
  const bool bodiless = answer.body.empty() || request_.method == "HEAD";
  downstream_->SendHead(answer.head, bodiless ? Flow::kEnd : Flow::kMore);
  if (!bodiless) {
    progress_.response_body_bytes = answer.body.size();
    downstream_->SendBody(std::move(answer.body), Flow::kEnd);
  }
  Complete();
}

// An attempt ended without an answer and there is no other try. Status, flag and details of section 5.4.
void Exchange::FailWith(ResetReason reason) {
  const std::string_view text = core::ResetReasonText(reason);
  const std::string_view details = arena_.Concat("upstream_reset_before_response_started{", text, "}");
  LocalReply reply{.status = 503};
  ResponseFlag flag = ResponseFlag::kUC;
  switch (reason) {
    case ResetReason::kConnectFailure:
    case ResetReason::kConnectTimeout:
      flag = ResponseFlag::kUF;
      reply.cause = reason == ResetReason::kConnectTimeout ? "the connection to the model server timed out"
                                                           : "no connection to the model server could be made";
      break;
    case ResetReason::kOverflow:
      flag = ResponseFlag::kUO;
      reply.overloaded = true;
      reply.cause = "a connection or request limit of the destination is reached";
      break;
    case ResetReason::kProtocolError:
      flag = ResponseFlag::kUPE;
      reply.status = 502;
      reply.cause = "the model server's answer is not valid HTTP";
      break;
    case ResetReason::kRemoteReset:
    case ResetReason::kRefused:
    case ResetReason::kConnectionReset:
      flag = ResponseFlag::kUR;
      reply.cause = "the model server reset the request";
      break;
    case ResetReason::kNoUpgrade:
      flag = ResponseFlag::kUPE;
      reply.status = 502;
      reply.cause =
          "the model server's HTTP/2 takes no upgrades (RFC 8441); a port with protocol HTTP is asked in HTTP/1.1";
      break;
    case ResetReason::kTimeout:
      return Reply({.status = 504, .cause = "upstream request timeout"}, ResponseFlag::kUT, "upstream_per_try_timeout");
    case ResetReason::kConnectionClosed:
      flag = ResponseFlag::kUC;
      reply.cause = "the model server closed the connection before it answered";
      break;
    default:
      flag = ResponseFlag::kLR;
      reply.cause = "the request to the model server was ended by the gateway";
      break;
  }
  Reply(reply, flag, details);
}

void Exchange::ReplyNoEndpoint() {
  cluster().state->counters.upstream_cx_none_healthy.fetch_add(1, std::memory_order_relaxed);
  Reply({.status = 503, .cause = "no healthy upstream"}, ResponseFlag::kUH, "no_healthy_upstream");
}

void Exchange::ReplyReplayOverflow() {
  MoveTo(ExchangeState::kAnswering);
  details_ = "request_payload_exceeded_retry_buffer_limit";
  SendLocal({.status = 507, .cause = "the request body outgrew the replay buffer between two tries"});
}

void Exchange::OnRouteTimeout() {
  cluster().state->counters.upstream_rq_timeout.fetch_add(1, std::memory_order_relaxed);
  if (attempt_.running()) {
    // A client in a hurry says nothing about the model (reliability.md D10).
    if (progress_.client_deadline || state_ == ExchangeState::kBackingOff) {
      attempt_.Cancel(ResetReason::kTimeout);
    } else {
      attempt_.TimeOut();
    }
  }
  if (progress_.response_started) {
    flags_.Set(ResponseFlag::kUT);
    details_ = "upstream_reset_after_response_started{timeout}";
    CutClient(ResetReason::kTimeout);
    return Complete();
  }
  LocalReply reply{.status = 504, .cause = "upstream request timeout"};
  // The client's own deadline is told in gRPC's word for it; a 504 of a proxy would read as UNAVAILABLE.
  if (progress_.client_deadline) reply.grpc_status = core::kGrpcDeadlineExceeded;
  Reply(reply, ResponseFlag::kUT, "response_timeout");
}

// Any byte in either direction pushes the idle deadline on.
void Exchange::Touch() {
  const core::Duration idle = pin_->settings.timeouts.stream_idle;
  if (idle > core::Duration::zero()) context_.worker.wheel().Arm(idle_deadline_, context_.worker.now() + idle);
}

void Exchange::OnIdle() {
  context_.metrics.downstream().rq_idle_timeout.Add();
  if (attempt_.running()) attempt_.Cancel(ResetReason::kStreamIdle);
  if (progress_.response_started) {
    flags_.Set(ResponseFlag::kSI);
    details_ = "stream_idle_timeout";
    CutClient(ResetReason::kStreamIdle);
    return Complete();
  }
  const std::uint16_t status = progress_.request_complete ? 504 : 408;
  Reply({.status = status, .cause = "stream timeout"}, ResponseFlag::kSI, "stream_idle_timeout");
}

// The client left, or its connection broke.
void Exchange::OnReset(ResetReason reason) {
  downstream_ = nullptr;
  if (state_ == ExchangeState::kDone) return context_.worker.Retire(retire_);
  context_.metrics.downstream().rq_rx_reset.Add();
  if (reason == ResetReason::kProtocolError) {
    flags_.Set(ResponseFlag::kDPE);
    details_ = "codec_error";
  } else {
    flags_.Set(reason == ResetReason::kRemoteReset ? ResponseFlag::kDR : ResponseFlag::kDC);
    details_ = "downstream_remote_disconnect";
  }
  if (attempt_.running() && state_ != ExchangeState::kBackingOff) {
    cluster().state->counters.upstream_rq_cancelled.fetch_add(1, std::memory_order_relaxed);
    attempt_.Cancel(ResetReason::kCancelled);
  }
  Complete();
}

// --- The end ------------------------------------------------------------------------------------------------------

void Exchange::Complete() {
  if (state_ == ExchangeState::kDone) return;
  state_ = ExchangeState::kDone;
  if (progress_.tunnel) context_.metrics.downstream().cx_upgrades_active.Add(-1);
  if (attempt_.running()) attempt_.Cancel(ResetReason::kCancelled);
  for (std::uint32_t i = 0; i < progress_.mirrors; ++i) {
    if (mirrors_[i] != nullptr) mirrors_[i]->PrimaryGone();
  }
  core::DeadlineWheel& wheel = context_.worker.wheel();
  wheel.Disarm(route_deadline_);
  wheel.Disarm(idle_deadline_);
  wheel.Disarm(delay_deadline_);
  wheel.Disarm(message_deadline_);
  retry_.reset();
  WriteRecord();
  // A request that is still coming after its answer: the codec delivers what is at hand and then ends the connection
  // (reliability.md B11, F19). Its stream lives until then, and so do we.
  if (downstream_ != nullptr && progress_.head_seen && !progress_.request_complete) return;
  context_.worker.Retire(retire_);
}

void Exchange::CutClient(ResetReason reason) {
  context_.metrics.downstream().rq_tx_reset.Add();
  downstream_->Reset(reason);
  downstream_ = nullptr;
}

void Exchange::DropRequestBytes(std::size_t size, bool end) {
  if (downstream_ == nullptr) return;
  if (end) return context_.worker.Retire(retire_);
  downstream_->Consumed(size);
}

void Exchange::WriteRecord() {
  core::Record record;
  record.snapshot = &*pin_;
  if (progress_.head_seen) {
    record.plan = &plan_;
    record.request = &request_;
    if (plan_.route != nullptr && plan_.forwards()) record.cluster = &cluster();
  }
  record.endpoint = endpoint_;
  record.duration = context_.worker.now() - progress_.started;
  record.upstream_service_time = progress_.upstream_service_time;
  record.response_code = progress_.response_code;
  record.relayed = progress_.relayed;
  record.flags = flags_;
  record.details = details_;
  record.transport_failure = attempt_.transport_failure();
  if (progress_.grpc) FillGrpc(record);
  record.request_body_bytes = progress_.request_body_bytes;
  record.response_body_bytes = progress_.response_body_bytes;
  record.request_wire_bytes = progress_.request_body_bytes + request_.headers.ByteSize();
  record.response_wire_bytes = progress_.response_body_bytes + progress_.response_head_bytes;
  record.attempts = progress_.attempts;
  record.mirrors = progress_.mirrors;
  record.original_path = original_path_;
  record.request_id = request_id_;
  record.x_forwarded_for = forwarded_for_;
  record.downstream_remote_address = session_->peer();
  record.downstream_local_address = session_->local();
  record.upstream_local_address = attempt_.local_address();
  record.requested_server_name = session_->server_name();
  record.mutual_tls = session_->peer_identity() != nullptr;
  record.downstream = {session_->own_principal(), session_->peer_principal()};
  record.upstream = {attempt_.own_principal(), attempt_.peer_principal()};
  const core::Settings::AccessLog& log = pin_->settings.access_log;
  if (!log.path.empty()) {
    record.start_unix_us =
        UnixMicros() - std::chrono::duration_cast<std::chrono::microseconds>(record.duration).count();
  }
  context_.metrics.OnExchange(record);
  ObserveVersion(record, context_.worker.index() - 1);
  if (!plan_.assignments.all.empty()) context_.exposures.call(context_.exposures.feed, record);
  if (!log.path.empty()) context_.access_log.Write(record, log, context_.worker.random());
}

void Exchange::Recycle() {
  MoveTo(ExchangeState::kIdle);
  retire_.Renew();
  downstream_ = nullptr;
  session_ = nullptr;
  endpoint_ = nullptr;
  mirrors_ = {};
  flags_ = {};
  details_ = {};
  original_path_ = path_ = query_ = client_address_ = request_id_ = forwarded_for_ = {};
  plan_ = core::Plan{};
  replay_.reset();
  replaying_ = false;
  cursor_ = {};
  pending_.Clear();
  attempt_.Forget();
  request_ = core::Head(arena_);
  request_trailers_ = core::HeaderMap(arena_);
  arena_.Reset();
  pin_ = SnapshotPin();
  context_.exchanges.Return(this);
}

}  // namespace sluice::gateway
