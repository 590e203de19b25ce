// Which mirrors of a rule get a copy of a request (istio-reference.md section 1.7, sampling). Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/route/route.h"

namespace sluice::core {

inline constexpr std::size_t kMirrorsMax = 4;  // per rule; validate refuses more
inline constexpr std::uint64_t kPerMillion = 1'000'000;

using SelectedMirrors = std::array<const Mirror*, kMirrorsMax>;

// Fills `selected` and returns how many. `draw` is the number behind the split too: two mirrors of 5 % and 10 % select
// nested sets of requests. A mirror whose host or subset does not exist is never selected.
std::uint32_t SelectMirrors(std::span<const Mirror> mirrors, std::uint64_t draw, SelectedMirrors& selected);

}  // namespace sluice::core
