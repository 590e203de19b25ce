#include "bench/loadgen/stickiness.h"

#include <algorithm>

namespace sluice::bench {

void Stickiness::Unit::Add(std::uint8_t version, std::uint32_t count) {
  if (count == 0) return;
  if (first_count == 0 || first == version) {
    first = version;
    first_count += count;
  } else if (second_count == 0 || second == version) {
    second = version;
    second_count += count;
  } else {
    further_count += count;
  }
}

void Stickiness::Count(std::uint64_t unit, std::uint8_t version) {
  if (unit >= kUnitsMax) {
    ++ended_.answers_unwatched;
    return;
  }
  if (unit >= units_.size()) {
    // In powers of two, so that a unit that is one greater than the last does not move them all.
    std::uint64_t size = std::max<std::uint64_t>(units_.size(), 1024);
    while (size <= unit) size *= 2;
    units_.resize(size);
  }
  units_[unit].Add(version, 1);
}

void Stickiness::Merge(const Stickiness& other, const VersionTable::Mapping& mapping) {
  if (other.units_.size() > units_.size()) units_.resize(other.units_.size());
  for (std::size_t i = 0; i < other.units_.size(); ++i) {
    const Unit& theirs = other.units_[i];
    if (theirs.first_count == 0) continue;
    units_[i].Add(mapping[theirs.first], theirs.first_count);
    units_[i].Add(mapping[theirs.second], theirs.second_count);
    units_[i].further_count += theirs.further_count;
  }
  MergeResult(other.ended_, mapping);
}

void Stickiness::MergeResult(const Result& result, const VersionTable::Mapping& mapping) {
  ended_.units += result.units;
  ended_.units_split += result.units_split;
  ended_.answers_astray += result.answers_astray;
  ended_.answers_unwatched += result.answers_unwatched;
  ended_.apart = ended_.apart || result.apart;
  for (std::size_t i = 0; i < mapping.size(); ++i) ended_.units_of[mapping[i]] += result.units_of[i];
}

Stickiness::Result Stickiness::Tell() const {
  Result result = ended_;
  for (const Unit& unit : units_) {
    if (unit.first_count == 0) continue;
    const bool first_leads = unit.first_count >= unit.second_count;
    ++result.units;
    ++result.units_of[first_leads ? unit.first : unit.second];
    if (unit.second_count == 0) continue;
    ++result.units_split;
    result.answers_astray += std::min(unit.first_count, unit.second_count) + std::uint64_t{unit.further_count};
  }
  return result;
}

}  // namespace sluice::bench
