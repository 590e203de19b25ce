// A finished exchange as one line of the access log: JSON (one object) or Istio's default text (istio-reference.md
// section 4.4), always ending in the only '\n' of the line. Pure; any thread.
//
// Whatever a client or an upstream wrote is escaped: quotes, backslashes, control characters (C1 and the Unicode line
// separators too) and bytes that are not UTF-8, which appear as \xHH. Escaped fields are cut at kLogFieldMax bytes.
#pragma once

#include <cstddef>
#include <span>

#include "core/snapshot/settings.h"
#include "core/telemetry/record.h"

namespace sluice::core {

inline constexpr std::size_t kLogFieldMax = 1024;  // per field, after escaping (reliability.md D5)
// Room that every line fits into: 30 text fields at their limit, names and numbers.
inline constexpr std::size_t kAccessLineMax = 36 * 1024;

// Writes one line into `out`, which has room for kAccessLineMax bytes; returns its length.
std::size_t WriteAccessLine(const Record& record, Settings::AccessLog::Format format, std::span<char> out);

}  // namespace sluice::core
