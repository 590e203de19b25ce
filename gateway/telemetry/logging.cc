#include "gateway/telemetry/logging.h"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

#include "core/telemetry/log_escape.h"

namespace sluice::gateway {
namespace {

constexpr std::array<const char*, 5> kNames = {"main", "config", "admin", "net", "upstream"};
constexpr std::array<std::string_view, 7> kLevels = {"trace", "debug", "info", "warning", "error", "critical", "off"};

std::optional<spdlog::level::level_enum> ParseLevel(std::string_view text) {
  const auto* found = std::ranges::find(kLevels, text);
  if (found == kLevels.end()) return std::nullopt;
  return static_cast<spdlog::level::level_enum>(found - kLevels.begin());
}

core::Status UnknownLevel(std::string_view level) {
  return core::Fail(core::ErrorCode::kInvalidArgument, "unknown log level '" + std::string(level) + "'",
                    "use trace, debug, info, warning, error, critical or off");
}

void Log(std::string_view name, spdlog::level::level_enum level, std::string_view text) {
  std::shared_ptr<spdlog::logger> logger = spdlog::get(std::string(name));
  if (logger == nullptr) logger = spdlog::get(kNames[0]);
  if (logger == nullptr || !logger->should_log(level)) return;
  // Texts may quote what a file or a peer said; one call is one line all the same.
  constexpr std::size_t kLineMax = 4096;
  std::array<char, kLineMax> line;
  const char* end = core::EscapeForLog(text, core::LogEscape::kQuoted, line.data(), line.size());
  logger->log(level, "{}", std::string_view(line.data(), static_cast<std::size_t>(end - line.data())));
}

}  // namespace

core::Status StartLogging(std::string_view level) {
  const auto parsed = ParseLevel(level);
  if (!parsed) return UnknownLevel(level);
  // Colour only on a terminal, and never with NO_COLOR.
  const auto colour = std::getenv("NO_COLOR") != nullptr ? spdlog::color_mode::never : spdlog::color_mode::automatic;
  const auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(colour);
  for (const char* name : kNames) {
    const auto logger = std::make_shared<spdlog::logger>(name, sink);
    logger->set_level(*parsed);
    logger->flush_on(spdlog::level::trace);
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %n %v", spdlog::pattern_time_type::utc);
    spdlog::drop(name);
    spdlog::register_logger(logger);
  }
  return {};
}

core::Status SetLogLevel(std::string_view name, std::string_view level) {
  const auto parsed = ParseLevel(level);
  if (!parsed) return UnknownLevel(level);
  bool found = false;
  for (const char* known : kNames) {
    if (!name.empty() && name != known) continue;
    if (const auto logger = spdlog::get(known)) logger->set_level(*parsed);
    found = true;
  }
  if (found) return {};
  return core::Fail(core::ErrorCode::kNotFound, "no logger is called '" + std::string(name) + "'",
                    "use main, config, admin, net or upstream");
}

std::vector<std::pair<std::string, std::string>> LogLevels() {
  std::vector<std::pair<std::string, std::string>> levels;
  for (const char* name : kNames) {
    const auto logger = spdlog::get(name);
    if (logger != nullptr) levels.emplace_back(name, kLevels[static_cast<std::size_t>(logger->level())]);
  }
  std::ranges::sort(levels);
  return levels;
}

void LogInfo(std::string_view name, std::string_view text) { Log(name, spdlog::level::info, text); }
void LogWarning(std::string_view name, std::string_view text) { Log(name, spdlog::level::warn, text); }
void LogError(std::string_view name, std::string_view text) { Log(name, spdlog::level::err, text); }

}  // namespace sluice::gateway
