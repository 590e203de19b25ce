#include "core/http/header_name.h"

#include <array>

namespace sluice::core {
namespace {

constexpr std::size_t kNames = static_cast<std::size_t>(HeaderName::kCount);

// In the order of the enumeration.
constexpr std::array<std::string_view, kNames> kText = {
    "",
    "accept",
    "accept-encoding",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "grpc-message",
    "grpc-status",
    "grpc-timeout",
    "host",
    "http2-settings",
    "keep-alive",
    "location",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "referer",
    "sec-websocket-accept",
    "sec-websocket-key",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "x-ab-arm",
    "x-ab-bucket",
    "x-ab-experiment",
    "x-envoy-attempt-count",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-envoy-overloaded",
    "x-envoy-ratelimited",
    "x-envoy-upstream-service-time",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-request-id",
    "x-sluice-mirror",
};

// Length, first, last and middle character tell the known names apart well enough for a table of 256 slots; the
// compiler proves below that no bucket overflows.
constexpr std::size_t Hash(std::string_view name) {
  const auto at = [name](std::size_t i) { return static_cast<unsigned char>(name[i]); };
  const std::size_t size = name.size();
  return (size * 7 + at(0) * 31u + at(size - 1) * 17u + at(size / 2) * 5u) & 255u;
}

constexpr std::size_t kWays = 4;
using Bucket = std::array<std::uint8_t, kWays>;

consteval std::array<Bucket, 256> BuildTable() {
  std::array<Bucket, 256> table{};
  for (std::size_t code = 1; code < kNames; ++code) {
    Bucket& bucket = table[Hash(kText[code])];
    std::size_t way = 0;
    while (bucket[way] != 0) ++way;  // past the end: not a constant expression, so the build stops
    bucket[way] = static_cast<std::uint8_t>(code);
  }
  return table;
}

constexpr std::array<Bucket, 256> kTable = BuildTable();

}  // namespace

HeaderName LookupHeaderName(std::string_view lower_name) {
  if (lower_name.empty()) return HeaderName::kOther;
  for (const std::uint8_t code : kTable[Hash(lower_name)]) {
    if (code == 0) break;
    if (kText[code] == lower_name) return static_cast<HeaderName>(code);
  }
  return HeaderName::kOther;
}

std::string_view HeaderText(HeaderName name) { return kText[static_cast<std::size_t>(name)]; }

}  // namespace sluice::core
