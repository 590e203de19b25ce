#include "core/http/grpc_timeout.h"

#include <charconv>
#include <chrono>

#include "core/base/text.h"
#include "core/http/grpc_status.h"

namespace sluice::core {
namespace {

constexpr std::size_t kDigitsMax = 8;
constexpr std::uint64_t kCountMax = 99'999'999;

std::optional<Duration> UnitOf(char unit) {
  switch (unit) {
    case 'H': return std::chrono::hours(1);
    case 'M': return std::chrono::minutes(1);
    case 'S': return std::chrono::seconds(1);
    case 'm': return std::chrono::milliseconds(1);
    case 'u': return std::chrono::microseconds(1);
    case 'n': return std::chrono::nanoseconds(1);
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<Duration> ParseGrpcTimeout(std::string_view value) {
  if (value.size() < 2 || value.size() > kDigitsMax + 1) return std::nullopt;
  const std::optional<Duration> unit = UnitOf(value.back());
  value.remove_suffix(1);
  const std::optional<std::uint64_t> count = ParseDecimal(value);
  if (!unit || !count) return std::nullopt;
  if (*count > static_cast<std::uint64_t>(kGrpcTimeoutMax / *unit)) return kGrpcTimeoutMax;
  return *unit * static_cast<Duration::rep>(*count);
}

std::string_view FormatGrpcTimeout(std::uint64_t milliseconds, Arena& arena) {
  struct Unit {
    char letter;
    std::uint64_t milliseconds;
  };
  static constexpr Unit kUnits[] = {{'m', 1}, {'S', 1'000}, {'M', 60'000}, {'H', 3'600'000}};
  for (const Unit& unit : kUnits) {
    const std::uint64_t count = milliseconds / unit.milliseconds;
    if (count > kCountMax) continue;
    char text[kDigitsMax + 1];
    char* const end = std::to_chars(text, text + kDigitsMax, count).ptr;
    *end = unit.letter;
    return arena.Copy({text, static_cast<std::size_t>(end - text) + 1});
  }
  return "99999999H";
}

Duration AskedGrpcTimeout(const Head& request) {
  const auto value = request.headers.Find(HeaderName::kGrpcTimeout);
  if (!value || !IsGrpcContentType(request.headers.Find(HeaderName::kContentType).value_or(""))) {
    return Duration::zero();
  }
  return ParseGrpcTimeout(*value).value_or(Duration::zero());
}

}  // namespace sluice::core
