#include "bench/loadgen/options.h"

#include <charconv>

namespace sluice::bench {

core::Result<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = error == std::errc() ? text.substr(static_cast<std::size_t>(end - text.data())) : "?";
  double factor = 0;
  if (unit == "us") factor = 1e3;
  if (unit == "ms") factor = 1e6;
  if (unit == "s") factor = 1e9;
  if (unit == "m") factor = 60e9;
  if (factor == 0 || !(value > 0) || value * factor > 86400e9) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "'" + std::string(text) + "' is not a duration",
                      "write for example 10s, 500ms or 2m, up to a day");
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(value * factor));
}

}  // namespace sluice::bench
