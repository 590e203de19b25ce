#include "core/plan/arrival.h"

#include <algorithm>

#include "core/http/path_normalizer.h"

namespace sluice::core {

Arrival PrepareArrival(Head& request, const Settings& settings, const ArrivalContext& context, Random& random,
                       Arena& arena) {
  Arrival arrival;
  arrival.client_address = ApplyForwarding(request, context.forwarding, random, arena).address;
  arrival.request_id = request.headers.Find(HeaderName::kXRequestId).value_or("");
  if (!context.client_certificate.empty()) {
    request.headers.AddBorrowed("x-forwarded-client-cert", context.client_certificate);
  }
  arrival.forwarded_for = request.headers.Find(HeaderName::kXForwardedFor).value_or("");

  const NormalizedPath path =
      NormalizePath(request.method, request.path, static_cast<PathMode>(settings.paths.normalization), arena);
  if (path.verdict != PathVerdict::kOk) {
    arrival.fault = path.verdict == PathVerdict::kBad ? ArrivalFault::kBadPath : ArrivalFault::kNoPath;
    return arrival;
  }
  const auto& upgrades = settings.forwarding.upgrades;
  if (!request.upgrade.empty() && std::ranges::find(upgrades, request.upgrade) == upgrades.end()) {
    arrival.fault = ArrivalFault::kUpgrade;
    return arrival;
  }
  request.path = path.target;
  const std::size_t question = path.target.find('?');
  arrival.path = path.target.substr(0, question);
  if (question != std::string_view::npos) arrival.query = path.target.substr(question + 1);
  return arrival;
}

std::uint16_t ArrivalStatus(ArrivalFault fault) {
  switch (fault) {
    case ArrivalFault::kNone: return 0;
    case ArrivalFault::kBadPath: return 400;
    case ArrivalFault::kNoPath: return 404;
    case ArrivalFault::kUpgrade: return 403;
  }
  return 0;
}

std::string_view ArrivalDetails(ArrivalFault fault) {
  switch (fault) {
    case ArrivalFault::kNone: return "";
    case ArrivalFault::kBadPath: return kPathFaultDetails;
    case ArrivalFault::kNoPath: return "route_not_found";
    case ArrivalFault::kUpgrade: return "upgrade_failed";
  }
  return "";
}

Place FindPlace(const Listener* listener, std::string_view authority, std::string_view sni) {
  if (listener == nullptr) return {Entry::kNoServer, nullptr};
  if (listener->servers.empty()) return {};
  const GatewayServer* const server = listener->FindServer(authority);
  if (server == nullptr) return {Entry::kNoServer, nullptr};
  // What the handshake has asked of the client holds for the names of its server only (reliability.md C11).
  const bool by_name = listener->transport == Listener::Transport::kTls;
  if (by_name && listener->FindServer(sni) != server) return {Entry::kOtherServer, nullptr};
  return {Entry::kServer, server};
}

}  // namespace sluice::core
