// Which trailer fields may travel on (reliability.md B6). Trailers never join the headers; what could reframe,
// reroute or re-authenticate a message is dropped. Pure; one thread.
#pragma once

#include <string_view>

#include "core/http/header_map.h"

namespace sluice::core {

// Drops every field that is neither named in `announced` (the value of Trailer, all fields joined) nor one of
// grpc-status, grpc-message and *-bin, and every field that RFC 9110 section 6.5.1 forbids there or that a client may
// not send at all. Returns how many were dropped.
std::size_t FilterTrailers(HeaderMap& trailers, std::string_view announced);

// Drops only what is forbidden there. For wire versions whose trailers are part of every message, announced or not:
// gRPC relies on them (istio-reference.md section 5.2).
std::size_t DropForbiddenTrailers(HeaderMap& trailers);

}  // namespace sluice::core
