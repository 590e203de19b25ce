// Answers made by the gateway itself: Envoy's status and flag with an application/problem+json body (RFC 9457), or a
// trailers-only answer for gRPC callers. No addresses ever (design.md section 3; istio-reference.md section 5.4).
// Pure; one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/arena.h"
#include "core/base/slice.h"
#include "core/http/head.h"

namespace sluice::gateway {

struct LocalReply {
  std::uint16_t status = 503;
  std::string_view flags = "-";  // response flags, for the body
  std::string_view cause = {};   // one sentence; "no healthy upstream"
  std::string_view request_id = {};
  std::string_view location = {};  // redirects
  bool overloaded = false;         // x-envoy-overloaded: true
  bool grpc = false;               // the caller speaks gRPC
  std::int32_t grpc_status = -1;   // overrides what the HTTP status maps to
  bool plain = false;              // send `cause` alone as the body, as configured (direct responses); may be empty
};

struct LocalAnswer {
  explicit LocalAnswer(core::Arena& arena) : head(arena) {}
  core::Head head;
  core::Slice body;  // empty: the head ends the answer
};

// Head text lies in `arena`; the body owns its bytes, because it may still wait in a socket's queue when the arena goes.
LocalAnswer MakeLocalAnswer(const LocalReply& reply, core::Arena& arena);

// "Service Unavailable" and the like; empty for a code without a phrase. Static storage.
std::string_view ReasonPhrase(std::uint16_t status);

}  // namespace sluice::gateway
