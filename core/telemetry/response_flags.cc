#include "core/telemetry/response_flags.h"

#include <algorithm>
#include <array>
#include <bit>

namespace sluice::core {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(ResponseFlag::kCount)> kNames = {
    "UH", "UF", "UO",  "UC", "UR", "LR",    "UT", "URX", "UPE", "NR",   "NC",
    "DC", "DR", "DPE", "DT", "SI", "UMSDR", "DI", "FI",  "RL",  "UAEX", "OM",
};

}  // namespace

std::string_view ResponseFlagText(ResponseFlag flag) { return kNames[static_cast<std::size_t>(flag)]; }

std::string_view ResponseFlags::Text(char* buffer) const {
  if (bits_ == 0) return "-";
  if (std::has_single_bit(bits_)) return kNames[static_cast<std::size_t>(std::countr_zero(bits_))];
  char* out = buffer;
  for (std::uint32_t left = bits_; left != 0; left &= left - 1) {
    if (out != buffer) *out++ = ',';
    out = std::ranges::copy(kNames[static_cast<std::size_t>(std::countr_zero(left))], out).out;
  }
  return {buffer, static_cast<std::size_t>(out - buffer)};
}

}  // namespace sluice::core
