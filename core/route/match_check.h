// Whether one match item holds, condition by condition as they are written: for the few that are tried alone (experiments)
// and for explanations. The rules of a host are scanned by MatchProgram instead; tests hold the two together. Pure; no
// allocation outside `scratch`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/arena.h"
#include "core/route/match_program.h"
#include "core/route/route.h"

namespace sluice::core {

struct FailedCondition {
  enum class Field : std::uint8_t { kUri, kScheme, kMethod, kAuthority, kHeader, kWithoutHeader, kQuery, kPort };
  Field field = Field::kUri;
  std::string_view name{};                // of the header or query parameter
  const StringMatch* wanted = nullptr;    // null: the port
  std::optional<std::string_view> saw{};  // absent: the request has none
};

// The first condition that does not hold; absent when all do.
std::optional<FailedCondition> FirstFailedCondition(const RouteMatch& match, const RouteInput& input, Arena& scratch);

}  // namespace sluice::core
