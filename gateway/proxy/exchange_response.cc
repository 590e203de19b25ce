// The half of an exchange that faces the client: the answer's head, body and end.
#include "gateway/proxy/decimal_text.h"
#include "gateway/proxy/exchange.h"
#include "gateway/proxy/proxy_session.h"

namespace sluice::gateway {

using core::HeaderName;

void Exchange::OnUpstreamHead(core::Head head, Flow flow) {
  if (state_ == ExchangeState::kDone) return;
  Touch();
  if (head.is_informational()) return RelayInterim(head);
  attempt_.outcome().response_started = progress_.interim_sent;
  if (TryAgain()) return;
  if (asks_tunnel()) head.status == 101 ? OpenTunnel() : DeclineTunnel();
  FinishHead(head);
  MoveTo(ExchangeState::kRelaying);
  progress_.response_started = true;
  progress_.relayed = true;
  StopReplay();
  progress_.response_code = head.status;
  progress_.response_head_bytes = head.headers.ByteSize();
  details_ = "via_upstream";
  NoteGrpcHead(head, flow);
  const std::size_t status_class = head.status / 100;
  if (status_class >= 1 && status_class <= 5) {
    cluster().state->counters.upstream_rq_class[status_class - 1].fetch_add(1, std::memory_order_relaxed);
  }
  downstream_->SendHead(head, flow);
  if (flow == Flow::kEnd) ResponseEnded();
  if (progress_.tunnel) PumpRequest();
}

// 100 and 103 go to the client as they come; after that nothing can be tried again (section 5.2).
void Exchange::RelayInterim(const core::Head& head) {
  progress_.interim_sent = true;
  downstream_->SendHead(head, Flow::kMore);
}

void Exchange::FinishHead(core::Head& head) {
  const core::Settings::Forwarding& settings = pin_->settings.forwarding;
  const core::TimePoint now = context_.worker.now();
  if (clock_runs()) {
    progress_.upstream_service_time = now - progress_.request_done_at;
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(progress_.upstream_service_time).count();
    head.headers.Set(HeaderName::kXEnvoyUpstreamServiceTime, DecimalText(static_cast<std::uint64_t>(whole), arena_));
  }
  if (!settings.server_header.empty()) head.headers.Set(HeaderName::kServer, settings.server_header);
  if (!head.headers.Has(HeaderName::kDate)) head.headers.AddBorrowed(HeaderName::kDate, context_.date.Text(now));
  core::ApplyResponseHeaders(plan_, request_, head, plan_input(), arena_);
}

void Exchange::OnUpstreamBody(core::Slice bytes, Flow flow) {
  // Bytes of an answer that a retry has superseded: on the way to its end, see Retry.
  if (state_ == ExchangeState::kBackingOff && attempt_.open()) attempt_.stream().Consumed(bytes.size());
  if (state_ != ExchangeState::kRelaying) return;
  Touch();
  const std::size_t size = bytes.size();
  progress_.response_body_bytes += size;
  CountResponseMessages(bytes.view());
  const Room room = downstream_->SendBody(std::move(bytes), flow);
  if (flow == Flow::kEnd) return ResponseEnded();
  if (room == Room::kOpen) {
    attempt_.stream().Consumed(size);
  } else {
    progress_.owed_to_upstream += size;  // credited when the client has drained: OnRoom
  }
}

void Exchange::OnUpstreamTrailers(core::HeaderMap trailers) {
  if (state_ != ExchangeState::kRelaying) return;
  NoteGrpcStatus(trailers);
  downstream_->SendTrailers(trailers);
  ResponseEnded();
}

void Exchange::OnRoom() {
  if (state_ != ExchangeState::kRelaying || progress_.owed_to_upstream == 0) return;
  Touch();
  const std::uint64_t owed = std::exchange(progress_.owed_to_upstream, 0);
  if (attempt_.open()) attempt_.stream().Consumed(owed);
}

// The client has been given the whole answer. If its request is still coming it is dropped, see Complete().
void Exchange::ResponseEnded() {
  if (progress_.tunnel) return CloseTunnel();
  Complete();
}

}  // namespace sluice::gateway
