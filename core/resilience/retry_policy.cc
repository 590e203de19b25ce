#include "core/resilience/retry_policy.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "core/base/text.h"

namespace sluice::core {
namespace {

struct Token {
  std::string_view text;
  RetryOn bit;
};

constexpr std::array<Token, 16> kTokens = {{
    {"5xx", RetryOn::k5xx},
    {"gateway-error", RetryOn::kGatewayError},
    {"reset", RetryOn::kReset},
    {"reset-before-request", RetryOn::kResetBeforeRequest},
    {"connect-failure", RetryOn::kConnectFailure},
    {"refused-stream", RetryOn::kRefusedStream},
    {"envoy-ratelimited", RetryOn::kEnvoyRatelimited},
    {"retriable-4xx", RetryOn::kRetriable4xx},
    {"retriable-status-codes", RetryOn::kRetriableStatusCodes},
    {"retriable-headers", RetryOn::kRetriableHeaders},
    {"http3-post-connect-failure", RetryOn::kHttp3PostConnectFailure},
    {"cancelled", RetryOn::kCancelled},
    {"deadline-exceeded", RetryOn::kDeadlineExceeded},
    {"internal", RetryOn::kInternal},
    {"resource-exhausted", RetryOn::kResourceExhausted},
    {"unavailable", RetryOn::kUnavailable},
}};

constexpr std::uint16_t kTooEarly = 425;  // RFC 8470 section 5.2

// The statuses with a name in Go's net/http, which is what Istio's validation asks.
bool IsKnownHttpStatus(std::uint64_t code) {
  static constexpr std::uint16_t kKnown[] = {
      100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307,
      308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421,
      422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511};
  return std::ranges::binary_search(kKnown, code);
}

// Far enough for a transposition or two in the longest token, near enough not to guess wildly.
constexpr std::size_t kNearBound = 6;

std::string_view NearestToken(std::string_view text) {
  std::string_view nearest;
  std::size_t best = kNearBound + 1;
  for (const Token& token : kTokens) {
    const std::size_t distance = EditDistance(text, token.text, kNearBound);
    // A word most of whose letters differ is no near miss.
    if (distance < best && distance * 2 <= token.text.size()) {
      best = distance;
      nearest = token.text;
    }
  }
  return nearest;
}

Status UnknownToken(std::string_view token) {
  if (token.size() != Trim(token).size()) {
    return Fail(ErrorCode::kInvalidArgument, "retryOn token \"" + std::string(token) + "\" has blanks around it",
                "write the list without blanks, as in \"5xx,reset\"");
  }
  if (token.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "retryOn has an empty token",
                "write tokens separated by single commas, as in \"5xx,reset\"");
  }
  const std::string_view nearest = NearestToken(token);
  std::string cure = nearest.empty() ? "known tokens:" : "did you mean \"" + std::string(nearest) + "\"?";
  if (nearest.empty()) {
    for (const Token& known : kTokens) cure += (known.bit == RetryOn::k5xx ? " " : ", ") + std::string(known.text);
  }
  return Fail(ErrorCode::kInvalidArgument, "unknown retryOn token \"" + std::string(token) + "\"", std::move(cure));
}

Status ParseToken(std::string_view token, std::uint32_t& bits, std::vector<std::uint16_t>& codes) {
  const auto* known = std::ranges::find(kTokens, token, &Token::text);
  if (known != kTokens.end()) {
    bits |= static_cast<std::uint32_t>(known->bit);
    return {};
  }
  const std::optional<std::uint64_t> number = ParseDecimal(token);
  if (!number) return UnknownToken(token);
  if (!IsKnownHttpStatus(*number)) {
    return Fail(ErrorCode::kInvalidArgument, "retryOn number " + std::string(token) + " is not an HTTP status",
                "write a registered status such as 503");
  }
  bits |= static_cast<std::uint32_t>(RetryOn::kRetriableStatusCodes);
  const auto code = static_cast<std::uint16_t>(*number);
  if (std::ranges::find(codes, code) == codes.end()) codes.push_back(code);
  return {};
}

bool GrpcStatusMatches(const RetryPolicy& policy, std::int32_t status) {
  switch (status) {
    case 1: return policy.Has(RetryOn::kCancelled);
    case 4: return policy.Has(RetryOn::kDeadlineExceeded);
    case 8: return policy.Has(RetryOn::kResourceExhausted);
    case 13: return policy.Has(RetryOn::kInternal);
    case 14: return policy.Has(RetryOn::kUnavailable);
    default: return false;
  }
}

bool StatusListed(const RetryPolicy& policy, std::uint16_t status) {
  return policy.Has(RetryOn::kRetriableStatusCodes) &&
         std::ranges::find(policy.status_codes, status) != policy.status_codes.end();
}

bool ShouldRetryAnswer(const RetryPolicy& policy, const Outcome& outcome) {
  if (outcome.ratelimited) return policy.Has(RetryOn::kEnvoyRatelimited);
  if (policy.Has(RetryOn::k5xx) && outcome.Is5xx()) return true;
  if (policy.Has(RetryOn::kGatewayError) && outcome.IsGatewayError()) return true;
  if (policy.Has(RetryOn::kRetriable4xx) && outcome.status == 409) return true;
  return StatusListed(policy, outcome.status) || GrpcStatusMatches(policy, outcome.grpc_status);
}

bool ShouldRetryReset(const RetryPolicy& policy, const Outcome& outcome) {
  if (!outcome.IsUpstreamReset()) return false;
  if (policy.Has(RetryOn::k5xx) || policy.Has(RetryOn::kGatewayError) || policy.Has(RetryOn::kReset)) return true;
  if (policy.Has(RetryOn::kResetBeforeRequest) && !outcome.request_byte_sent) return true;
  if (policy.Has(RetryOn::kConnectFailure) && outcome.IsConnectFailure()) return true;
  return policy.Has(RetryOn::kRefusedStream) && outcome.reset == ResetReason::kRefused;
}

}  // namespace

Status ParseRetryOn(std::string_view list, RetryPolicy& policy) {
  std::uint32_t bits = 0;
  std::vector<std::uint16_t> codes;
  std::string_view rest = list;
  while (true) {
    const std::size_t comma = rest.find(',');
    if (Status parsed = ParseToken(rest.substr(0, comma), bits, codes); !parsed) return parsed;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  policy.on = bits;
  policy.status_codes = std::move(codes);
  return {};
}

std::string FormatRetryOn(const RetryPolicy& policy) {
  std::string list;
  const auto add = [&list](std::string_view item) {
    if (!list.empty()) list += ',';
    list += item;
  };
  for (const Token& token : kTokens) {
    // Numbers bring their token along.
    const bool implied = token.bit == RetryOn::kRetriableStatusCodes && !policy.status_codes.empty();
    if (policy.Has(token.bit) && !implied) add(token.text);
  }
  for (const std::uint16_t code : policy.status_codes) add(std::to_string(code));
  return list;
}

bool ShouldRetry(const RetryPolicy& policy, const Outcome& outcome) {
  if (outcome.response_started) return false;
  if (outcome.reset) return ShouldRetryReset(policy, outcome);
  return outcome.status != 0 && ShouldRetryAnswer(policy, outcome);
}

bool RetriesAtOnce(const RetryPolicy& policy, const Outcome& outcome) {
  return !outcome.reset && outcome.status == kTooEarly && StatusListed(policy, kTooEarly);
}

}  // namespace sluice::core
