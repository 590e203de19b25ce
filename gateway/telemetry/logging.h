// The log of the control plane: lines on stderr that ask someone to act. Workers do not log; what happens per request
// is a record or a counter. Levels can be changed while running (POST /logging). Any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace sluice::gateway {

// Creates the named loggers ("main", "config", "admin", "net", "upstream") on stderr. Call once, before any thread.
// `level` as for SetLogLevel.
core::Status StartLogging(std::string_view level);

// "trace", "debug", "info", "warning", "error", "critical" or "off". Empty `name`: all of them.
core::Status SetLogLevel(std::string_view name, std::string_view level);

// Name and level of each, sorted by name.
std::vector<std::pair<std::string, std::string>> LogLevels();

// One line to the named logger; an unknown name means "main".
void LogInfo(std::string_view name, std::string_view text);
void LogWarning(std::string_view name, std::string_view text);
void LogError(std::string_view name, std::string_view text);

}  // namespace sluice::gateway
