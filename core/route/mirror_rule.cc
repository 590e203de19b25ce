#include "core/route/mirror_rule.h"

namespace sluice::core {

std::uint32_t SelectMirrors(std::span<const Mirror> mirrors, std::uint64_t draw, SelectedMirrors& selected) {
  const std::uint64_t point = draw % kPerMillion;
  std::uint32_t count = 0;
  for (const Mirror& mirror : mirrors) {
    if (count == kMirrorsMax) break;
    if (mirror.cluster.valid() && point < mirror.per_million) selected[count++] = &mirror;
  }
  return count;
}

}  // namespace sluice::core
