#include "core/http/grpc_status.h"

#include <algorithm>
#include <optional>

#include "core/base/text.h"

namespace sluice::core {

std::uint32_t GrpcStatusFromHttp(std::uint16_t status) {
  switch (status) {
    case 400: return 13;
    case 401: return 16;
    case 403: return 7;
    case 404: return 12;
    case 429:
    case 502:
    case 503:
    case 504: return 14;
    default: return static_cast<std::uint32_t>(kGrpcUnknown);
  }
}

std::uint16_t HttpFromGrpcStatus(std::int64_t status) {
  // google/rpc/code.proto, in the order of the codes.
  static constexpr std::uint16_t kHttp[] = {
      200,  // OK
      499,  // CANCELLED
      500,  // UNKNOWN
      400,  // INVALID_ARGUMENT
      504,  // DEADLINE_EXCEEDED
      404,  // NOT_FOUND
      409,  // ALREADY_EXISTS
      403,  // PERMISSION_DENIED
      429,  // RESOURCE_EXHAUSTED
      400,  // FAILED_PRECONDITION
      409,  // ABORTED
      400,  // OUT_OF_RANGE
      501,  // UNIMPLEMENTED
      500,  // INTERNAL
      503,  // UNAVAILABLE
      500,  // DATA_LOSS
      401,  // UNAUTHENTICATED
  };
  return status >= 0 && status < std::ssize(kHttp) ? kHttp[status] : std::uint16_t{500};
}

std::int32_t FindGrpcStatus(const HeaderMap& fields) {
  const std::optional<std::string_view> value = fields.Find(HeaderName::kGrpcStatus);
  if (!value) return -1;
  const std::optional<std::uint64_t> number = ParseDecimal(*value);
  return number && *number <= INT32_MAX ? static_cast<std::int32_t>(*number) : kGrpcUnknown;
}

std::string_view EncodeGrpcMessage(std::string_view message, Arena& arena) {
  const auto plain = [](char c) { return c >= 0x20 && c <= 0x7e && c != '%'; };
  const auto escapes = static_cast<std::size_t>(std::ranges::count_if(message, [&](char c) { return !plain(c); }));
  if (escapes == 0) return message;
  const std::size_t size = message.size() + 2 * escapes;
  char* const bytes = arena.AllocateArray<char>(size);
  char* out = bytes;
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : message) {
    if (plain(c)) {
      *out++ = c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    *out++ = '%';
    *out++ = kHex[byte >> 4];
    *out++ = kHex[byte & 15];
  }
  return {bytes, size};
}

bool IsGrpcContentType(std::string_view content_type) {
  static constexpr std::string_view kGrpc = "application/grpc";
  if (!StartsWithIgnoreCase(content_type, kGrpc)) return false;
  if (content_type.size() == kGrpc.size()) return true;
  const char next = content_type[kGrpc.size()];
  return next == '+' || next == ';' || next == ' ';
}

}  // namespace sluice::core
