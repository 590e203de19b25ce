// Slots that every request fills; headers and query keys that rules ask for come behind them. Shared by the builder and
// the scan of MatchProgram.
#pragma once

#include <cstdint>

namespace sluice::core {

inline constexpr std::uint32_t kPathSlot = 0;  // also stands for "no slot" in tables of names
inline constexpr std::uint32_t kMethodSlot = 1;
inline constexpr std::uint32_t kSchemeSlot = 2;
inline constexpr std::uint32_t kAuthoritySlot = 3;
inline constexpr std::uint32_t kFullPathSlot = 4;  // ":path": with its query, as sent
inline constexpr std::uint32_t kPortSlot = 5;      // listener port, two bytes of this machine's order
inline constexpr std::uint32_t kFixedSlots = 6;

}  // namespace sluice::core
