#include "bench/stub/behaviour.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/base/text.h"

namespace sluice::bench {
namespace {

using std::chrono::microseconds;

std::optional<double> ParseNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0)) return std::nullopt;
  return value;
}

// "5ms", "200us", "1.5s"; a plain number is milliseconds. At most an hour.
std::optional<microseconds> ParseTime(std::string_view text) {
  double unit = 1000;
  if (text.ends_with("us")) {
    unit = 1;
    text.remove_suffix(2);
  } else if (text.ends_with("ms")) {
    text.remove_suffix(2);
  } else if (text.ends_with("s")) {
    unit = 1'000'000;
    text.remove_suffix(1);
  }
  const auto number = ParseNumber(text);
  if (!number || *number * unit > 3.6e9) return std::nullopt;
  return microseconds(static_cast<std::int64_t>(std::llround(*number * unit)));
}

std::optional<std::uint16_t> ParseStatus(std::string_view text) {
  const auto status = core::ParseDecimal(text);
  if (!status || *status < 200 || *status > 599) return std::nullopt;
  return static_cast<std::uint16_t>(*status);
}

std::optional<Failure> ParseFailure(std::string_view text) {
  if (text == "status") return Failure::kStatus;
  if (text == "reset") return Failure::kReset;
  if (text == "close") return Failure::kClose;
  if (text == "half") return Failure::kHalf;
  if (text == "stall") return Failure::kStall;
  return std::nullopt;
}

std::optional<std::uint64_t> ParseBodyBytes(std::string_view text) {
  const auto bytes = core::ParseDecimal(text);
  return bytes && *bytes <= Behaviour::kBodyMax ? bytes : std::nullopt;
}

template <typename T>
bool Store(T& member, const std::optional<T>& value) {
  if (value) member = *value;
  return value.has_value();
}

// The answer is whether the value fits; nullopt when the name is unknown.
std::optional<bool> TrySet(Behaviour& b, std::string_view name, std::string_view value) {
  if (name == "version") {
    // It becomes a header value and part of a JSON string.
    if (!core::IsToken(value)) return false;
    b.version = value;
    return true;
  }
  if (name == "latency" || name == "latency_ms") return Store(b.latency, ParseTime(value));
  if (name == "jitter" || name == "jitter_ms") return Store(b.jitter, ParseTime(value));
  if (name == "latency_p99" || name == "latency_p99_ms") return Store(b.latency_p99, ParseTime(value));
  if (name == "status") return Store(b.status, ParseStatus(value));
  if (name == "fail_first") return Store(b.fail_first, core::ParseDecimal(value));
  if (name == "failure") return Store(b.failure, ParseFailure(value));
  if (name == "body_bytes") return Store(b.body_bytes, ParseBodyBytes(value));
  if (name == "failure_rate") {
    const auto rate = ParseNumber(value);
    return Store(b.failure_rate, rate && *rate <= 1 ? rate : std::nullopt);
  }
  return std::nullopt;
}

microseconds DrawDelay(const Behaviour& behaviour, core::Random& random) {
  microseconds delay = behaviour.latency;
  if (behaviour.jitter.count() > 0) {
    delay += microseconds(random.Below(static_cast<std::uint64_t>(behaviour.jitter.count())));
  }
  if (behaviour.latency_p99 > behaviour.latency) {
    // An exponential tail: P(X > t) = exp(-t / mean), so its 99th percentile lies at mean * ln(100).
    const double mean = static_cast<double>((behaviour.latency_p99 - behaviour.latency).count()) / std::log(100.0);
    delay += microseconds(static_cast<std::int64_t>(-mean * std::log(1.0 - random.Fraction())));
  }
  return delay;
}

void Override(Reply& reply, const MessageReader& request) {
  if (const auto value = request.Field("x-stub-status")) {
    if (const auto status = ParseStatus(*value)) {
      reply.status = *status;
      reply.fails = false;
    }
  }
  if (const auto value = request.Field("x-stub-failure")) {
    if (const auto failure = ParseFailure(*value)) {
      reply.fails = true;
      reply.failure = *failure;
    }
  }
  if (const auto value = request.Field("x-stub-delay-ms")) reply.delay = ParseTime(*value).value_or(reply.delay);
  if (const auto value = request.Field("x-stub-body-bytes")) {
    reply.body_bytes = ParseBodyBytes(*value).value_or(reply.body_bytes);
  }
  reply.chunked = request.Field("x-stub-chunked").has_value();
  reply.echo = request.Field("x-stub-echo").has_value();
}

}  // namespace

core::Status Set(Behaviour& behaviour, std::string_view name, std::string_view value) {
  std::string key(name);
  std::ranges::replace(key, '-', '_');
  const auto fits = TrySet(behaviour, key, value);
  if (!fits) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "no setting '" + key + "'",
                      "use version, latency, jitter, latency_p99, status, failure, failure_rate, fail_first "
                      "or body_bytes");
  }
  if (!*fits) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "'" + std::string(value) + "' does not fit " + key);
  }
  return {};
}

core::Status SetAll(Behaviour& behaviour, std::string_view query) {
  Behaviour changed = behaviour;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return core::Fail(core::ErrorCode::kInvalidArgument, "'" + std::string(pair) + "' has no value");
    }
    if (auto set = Set(changed, pair.substr(0, equals), pair.substr(equals + 1)); !set) return set;
  }
  behaviour = std::move(changed);
  return {};
}

Reply Decide(Behaviour& behaviour, const MessageReader& request, core::Random& random) {
  Reply reply;
  reply.body_bytes = behaviour.body_bytes;
  reply.delay = DrawDelay(behaviour, random);
  if (behaviour.fail_first > 0) {
    --behaviour.fail_first;
    reply.fails = true;
  } else if (behaviour.failure_rate > 0) {
    reply.fails = random.Fraction() < behaviour.failure_rate;
  }
  reply.failure = behaviour.failure;
  if (request.has_stub_fields()) Override(reply, request);
  if (reply.fails && reply.failure == Failure::kStatus) reply.status = behaviour.status;
  return reply;
}

}  // namespace sluice::bench
