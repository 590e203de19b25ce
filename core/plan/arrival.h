// What is done with a request between its codec and the decision: one sanitised, normalised form of it, and the place it
// has come in by. The gateway does it with what a socket brought, `sluice explain` and `sluice test` with what somebody
// wrote down. Pure; one thread. Views point into the head, the context and the arena.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/arena.h"
#include "core/base/random.h"
#include "core/http/forwarding.h"
#include "core/http/head.h"
#include "core/plan/forward_plan.h"
#include "core/snapshot/listener.h"
#include "core/snapshot/settings.h"

namespace sluice::core {

struct ArrivalContext {
  ForwardingContext forwarding = {};
  std::string_view client_certificate = {};  // x-forwarded-client-cert to add; empty: none
};

enum class ArrivalFault : std::uint8_t {
  kNone,
  kBadPath,  // 400: could be read in more than one way
  kNoPath,   // 404: the target is not an absolute path
  kUpgrade,  // 403: asks for a protocol that the settings do not let through
};

struct Arrival {
  std::string_view client_address;
  std::string_view request_id;
  std::string_view forwarded_for;
  std::string_view path;  // normalised, without query
  std::string_view query;
  ArrivalFault fault = ArrivalFault::kNone;  // else path and query are empty and head.path is as received
};

// `request` is as a codec gives it: without hop-by-hop fields. Its path becomes the normalised one.
Arrival PrepareArrival(Head& request, const Settings& settings, const ArrivalContext& context, Random& random,
                       Arena& arena);

std::uint16_t ArrivalStatus(ArrivalFault fault);
// For the access log. Static storage.
std::string_view ArrivalDetails(ArrivalFault fault);

// Where a request has come in; `server` lives in the snapshot.
struct Place {
  Entry entry = Entry::kOwnPort;
  const GatewayServer* server = nullptr;
};

// `listener` null: its port is no longer one of ours. `sni` as the handshake said it, lower case.
Place FindPlace(const Listener* listener, std::string_view authority, std::string_view sni);

}  // namespace sluice::core
