// Numbers as header text. Pure; one thread.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

#include "core/base/arena.h"

namespace sluice::gateway {

// Decimal digits in the arena; single digits, the usual case, are static.
inline std::string_view DecimalText(std::uint64_t value, core::Arena& arena) {
  static constexpr std::string_view kDigits = "0123456789";
  if (value < 10) return kDigits.substr(value, 1);
  char text[20];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return arena.Copy({text, static_cast<std::size_t>(end - text)});
}

}  // namespace sluice::gateway
