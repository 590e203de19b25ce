// The fields that tell a backend where a request came from, and the one answer to "who is the client"
// (istio-reference.md section 4.7). Applied once per request, after removal of hop-by-hop fields. Pure; one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/arena.h"
#include "core/base/random.h"
#include "core/http/cidr.h"
#include "core/http/head.h"

namespace sluice::core {

struct ForwardingContext {
  std::string_view peer_address = {};        // the socket's peer: address alone, no port; must outlive the head
  std::string_view scheme = "http";          // of the listener; static storage
  std::uint32_t trusted_hops = 0;            // our own proxies in front of us, counted from the right
  std::span<const Cidr> trusted_cidrs = {};  // peers that are our own proxies
};

struct ForwardedClient {
  std::string_view address;   // trusted client address, text
  bool peer_trusted = false;  // the peer is one of ours, so what it says of the request's past was believed
};

// Removes what a client may not say (RemoveProtected), appends the peer to x-forwarded-for, sets x-forwarded-proto and
// head.scheme, x-envoy-external-address and x-request-id. A peer is trusted when `trusted_hops` > 0 or it lies in one
// of `trusted_cidrs`; from such a peer x-forwarded-proto and x-request-id are kept when well formed. x-forwarded-host
// and x-forwarded-port pass from a trusted peer and are removed otherwise.
ForwardedClient ApplyForwarding(Head& head, const ForwardingContext& context, Random& random, Arena& arena);

// A version 4 UUID (RFC 9562 section 5.4) of 36 characters in the arena.
std::string_view MakeUuid(Random& random, Arena& arena);

}  // namespace sluice::core
