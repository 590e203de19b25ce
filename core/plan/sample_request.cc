#include "core/plan/sample_request.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/http/cidr.h"
#include "core/http/field_text.h"
#include "core/http/framing.h"
#include "core/http/hop_headers.h"
#include "core/http/host_port.h"
#include "core/http/upgrade.h"
#include "core/http/websocket_handshake.h"
#include "core/identity/client_certificate_header.h"
#include "core/plan/arrival.h"

namespace sluice::core {
namespace {

std::vector<Cidr> TrustedCidrs(const Settings& settings) {
  std::vector<Cidr> cidrs;
  for (const std::string& text : settings.forwarding.trusted_cidrs) {
    if (const auto cidr = Cidr::Parse(text)) cidrs.push_back(*cidr);
  }
  return cidrs;
}

bool HasKey(const Head& head) {
  const auto key = head.headers.Find(HeaderName::kSecWebsocketKey);
  return head.headers.Count(HeaderName::kSecWebsocketKey) == 1 && key->size() == kWebsocketKeySize;
}

}  // namespace

SampleDecision::SampleDecision(const Snapshot& snapshot, const SampleRequest& request,
                               std::optional<std::uint64_t> draw, BucketHasher& hasher, Random& random)
    : request_(request), head_(arena_) {
  if (!ReadHead()) return;
  FindListener(snapshot);
  input_.draw = draw;
  input_.peer = request_.peer ? &*request_.peer : nullptr;
  input_.peer_address = request_.client_address;
  input_.local_address = request_.local_address;
  const Settings& settings = snapshot.settings;
  if (settings.forwarding.set_client_certificate && input_.peer != nullptr) {
    client_certificate_ = FormatClientCertificate(*input_.peer, {});
  }
  const std::vector<Cidr> cidrs = TrustedCidrs(settings);
  const Arrival arrival = PrepareArrival(head_, settings,
                                         {.forwarding = {.peer_address = request_.client_address,
                                                         .scheme = head_.scheme,
                                                         .trusted_hops = settings.forwarding.trusted_hops,
                                                         .trusted_cidrs = cidrs},
                                          .client_certificate = client_certificate_},
                                         random, arena_);
  input_.client_address = arrival.client_address;
  input_.request_id = arrival.request_id;
  if (!request_.request_id.empty()) {
    head_.headers.Set(HeaderName::kXRequestId, request_.request_id);
    input_.request_id = request_.request_id;
  }
  if (arrival.fault != ArrivalFault::kNone) {
    Refuse(ArrivalStatus(arrival.fault), ArrivalDetails(arrival.fault));
    return;
  }
  input_.path = arrival.path;
  input_.query = arrival.query;
  const Place place = FindPlace(listener_, head_.authority, input_.sni);
  input_.entry = place.entry;
  input_.server = place.server;
  plan_ = MakePlan(snapshot, head_, input_, hasher, random, arena_);
}

bool SampleDecision::Refuse(std::uint16_t status, std::string_view details) {
  refused_status_ = status;
  refused_details_ = details;
  return false;
}

bool SampleDecision::ReadHead() {
  head_.method = request_.method;
  head_.path = request_.target;
  head_.scheme = EqualsIgnoreCase(request_.scheme, "https") ? "https" : "http";
  head_.authority = request_.authority;
  head_.protocol = "HTTP/1.1";
  for (const auto& [name, value] : request_.headers) {
    if (!IsToken(name) || !IsFieldText(value)) return Refuse(400, "http1.codec_error");
    head_.headers.AddCopy(name, Trim(value));
  }
  if (!IsToken(head_.method) || head_.path.empty() || !IsVisibleText(head_.path)) {
    return Refuse(400, "http1.codec_error");
  }
  if (head_.method == "CONNECT" || head_.method == "TRACE") return Refuse(405, "http1.method_not_allowed");
  if (head_.headers.Count(HeaderName::kHost) > 1) return Refuse(400, "http1.multiple_hosts");
  head_.authority = head_.headers.Find(HeaderName::kHost).value_or(head_.authority);
  if (!ParseHostPort(head_.authority)) return Refuse(400, "http1.invalid_authority");

  const auto length = ReadContentLength(head_.headers);
  if (!length) return Refuse(FramingStatus(length.error()), FramingDetails(length.error()));
  head_.content_length = *length;
  const ConnectionOptions options = ReadConnectionOptions(head_.headers);
  if (options.upgrade) head_.upgrade = ReadUpgrade(head_.headers);
  if (head_.upgrade == kWebsocket && (head_.method != "GET" || !HasKey(head_))) {
    return Refuse(400, "http1.invalid_websocket_handshake");
  }
  return RemoveHopByHop(head_.headers, options) || Refuse(400, "http1.connection_header_rejected");
}

// The listener, its port as the rules see it, and the name that the handshake says.
void SampleDecision::FindListener(const Snapshot& snapshot) {
  const auto& listeners = snapshot.listeners;
  const bool secured = head_.scheme == "https";
  const auto covers = [&](const Listener& listener) {
    return (listener.transport == Listener::Transport::kTls) == secured &&
           listener.FindServer(head_.authority) != nullptr;
  };
  const auto find = [&](const auto& holds) { return std::ranges::find_if(listeners, holds); };
  auto found = find([&](const Listener& listener) { return listener.port == request_.listener_port; });
  // The configuration does not know which number the process's own port has.
  if (found == listeners.end()) found = find([](const Listener& listener) { return listener.port == 0; });
  if (found == listeners.end() && request_.listener_port == 0) {
    found = find(covers);
    if (found == listeners.end()) found = listeners.begin();
  }
  listener_ = found == listeners.end() ? nullptr : &*found;
  input_.listener_port = request_.listener_port != 0 || listener_ == nullptr ? request_.listener_port : listener_->port;
  input_.sni = request_.sni;
  if (input_.sni.empty() && listener_ != nullptr && listener_->transport == Listener::Transport::kTls) {
    input_.sni = arena_.Copy(Fold(RoutedHost(head_.authority)));
  }
}

}  // namespace sluice::core
