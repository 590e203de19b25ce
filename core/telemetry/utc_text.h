// The wall clock as the logs tell it: RFC 3339 in UTC with milliseconds. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::core {

inline constexpr std::size_t kUtcTextMax = 32;

// "2026-02-11T09:30:00.123Z"; `out` has room for kUtcTextMax bytes. Times before 1970 are 1970.
std::string_view UtcText(std::int64_t unix_us, char* out);

}  // namespace sluice::core
