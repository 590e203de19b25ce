#include "bench/loadgen/version_table.h"

#include <algorithm>
#include <numeric>

namespace sluice::bench {

std::uint8_t VersionTable::Number(std::string_view name) {
  if (last_ < names_.size() && names_[last_] == name) return last_;
  const auto found = std::ranges::find(names_, name);
  if (found == names_.end()) {
    if (names_.size() == kMax) return kOther;
    names_.emplace_back(name);
    last_ = static_cast<std::uint8_t>(names_.size() - 1);
  } else {
    last_ = static_cast<std::uint8_t>(found - names_.begin());
  }
  return last_;
}

std::string_view VersionTable::Name(std::uint8_t number) const {
  return number < names_.size() ? std::string_view(names_[number]) : "(other)";
}

VersionTable::Mapping VersionTable::Same() {
  Mapping mapping;
  std::iota(mapping.begin(), mapping.end(), std::uint8_t{0});
  return mapping;
}

VersionTable::Mapping VersionTable::TakeIn(const VersionTable& other) {
  Mapping mapping;
  mapping.fill(kOther);
  for (std::size_t i = 0; i < other.names_.size(); ++i) mapping[i] = Number(other.names_[i]);
  return mapping;
}

}  // namespace sluice::bench
