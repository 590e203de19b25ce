// gRPC status codes beside HTTP's, and the text form of grpc-message. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/arena.h"
#include "core/http/header_map.h"

namespace sluice::core {

inline constexpr std::int32_t kGrpcUnknown = 2;
inline constexpr std::int32_t kGrpcDeadlineExceeded = 4;

// The grpc-status of an answer made by the gateway, from its HTTP status (istio-reference.md section 5.4): 400 -> 13,
// 401 -> 16, 403 -> 7, 404 -> 12, 429/502/503/504 -> 14, else 2. Also what an answer of the model without a
// grpc-status counts as: a 200 that does not say OK is UNKNOWN.
std::uint32_t GrpcStatusFromHttp(std::uint16_t status);

// The HTTP status a grpc-status stands for, as outlier detection counts it (section 2.4): 14 -> 503, 4 -> 504,
// 2/13/15 -> 500, 8 -> 429, 12 -> 501, 0 -> 200 ...; unknown codes are 500.
std::uint16_t HttpFromGrpcStatus(std::int64_t status);

// The grpc-status among the fields of a head or of trailers: -1 when there is none, 2 (UNKNOWN) when it is not a decimal
// number that fits.
std::int32_t FindGrpcStatus(const HeaderMap& fields);

// Percent-encodes what may not stand in grpc-message: bytes outside 0x20..0x7e and '%' (gRPC over HTTP/2, "Responses").
// Text that needs nothing is returned as it is; the rest lies in `arena`.
std::string_view EncodeGrpcMessage(std::string_view message, Arena& arena);

// Whether a content-type says gRPC: application/grpc, alone or followed by '+', ';' or ' '.
bool IsGrpcContentType(std::string_view content_type);

}  // namespace sluice::core
