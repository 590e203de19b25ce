// What is special about a request for another protocol: WebSocket and whatever else the settings let through. Until the
// model agrees with a 101 it is a request like any other, with its time-outs, retries and answers; from then on both
// directions carry bytes, each until its own end, and only the idle time-out counts (istio-reference.md sections 1.4, 5.2).
#include "core/http/upgrade.h"
#include "core/http/websocket_handshake.h"
#include "gateway/proxy/exchange.h"

namespace sluice::gateway {

using core::HeaderName;

// A client whose version has no such field says nothing that a server of the older one could answer to.
void Exchange::PrepareTunnel() {
  if (request_.upgrade != core::kWebsocket || request_.headers.Has(HeaderName::kSecWebsocketKey)) return;
  request_.headers.Set(HeaderName::kSecWebsocketKey, core::NewWebsocketKey(context_.worker.random(), arena_));
}

void Exchange::OpenTunnel() {
  progress_.tunnel = true;
  context_.worker.wheel().Disarm(route_deadline_);
  context_.metrics.downstream().cx_upgrades_total.Add();
  context_.metrics.downstream().cx_upgrades_active.Add(1);
}

// The model answers in HTTP: nothing will follow the request.
void Exchange::DeclineTunnel() {
  if (!attempt_.open() || progress_.request_sent) return;
  attempt_.stream().SendBody(core::Slice(), Flow::kEnd);
  SentRequest();
}

void Exchange::CloseTunnel() {
  progress_.response_ended = true;
  if (progress_.request_sent) Complete();
}

// The model has said everything and wants to hear nothing more: many of them end so, and nothing is wrong.
void Exchange::AbandonTunnel() {
  CutClient(core::ResetReason::kCancelled);
  Complete();
}

}  // namespace sluice::gateway
