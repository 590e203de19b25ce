// The parts of an explanation that say who was chosen: rules, experiments, split, mirrors; as JSON, for
// explanation_json. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/resource_json.h"
#include "core/plan/explanation.h"

namespace sluice::gateway {

config::Json RulesJson(const core::Explanation& explanation);
config::Json ExperimentsJson(const core::Explanation& explanation);
// `draw_given`: by whoever asks; else it is one of many.
config::Json SplitJson(const core::SplitTrace& split, const core::Plan& plan, bool draw_given);
config::Json MirrorsJson(const core::Explanation& explanation, const core::Plan& plan);

config::Json TextOrNull(std::string_view text);
double Percent(std::uint64_t part, std::uint64_t whole);

}  // namespace sluice::gateway
