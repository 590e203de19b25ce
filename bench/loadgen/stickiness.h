// Watches whether every unit (a user) is answered by one version. Bounded: units from kUnitsMax up are not watched, and
// it is told how many answers that were. Owned by a report; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bench/loadgen/version_table.h"

namespace sluice::bench {

class Stickiness {
 public:
  static constexpr std::uint64_t kUnitsMax = 1ULL << 20;  // 16 MB for each thread

  struct Result {
    std::uint64_t units = 0;           // that were answered and watched
    std::uint64_t units_split = 0;     // answered by more than one version
    std::uint64_t answers_astray = 0;  // by another version than the one that answers their unit most
    std::uint64_t answers_unwatched = 0;
    bool apart = false;  // of several processes: units that two of them saw differently are not found
    std::array<std::uint64_t, VersionTable::kSlots> units_of = {};  // by the version that answers them most
  };

  void Count(std::uint64_t unit, std::uint8_t version);
  // `mapping` tells the numbers here of the versions there.
  void Merge(const Stickiness& other, const VersionTable::Mapping& mapping);
  // A result without its units, of a process that has ended.
  void MergeResult(const Result& result, const VersionTable::Mapping& mapping);
  Result Tell() const;

 private:
  // The two versions a unit was first answered by; answers of a third are only counted.
  struct Unit {
    std::uint32_t first_count = 0;
    std::uint32_t second_count = 0;
    std::uint32_t further_count = 0;
    std::uint8_t first = 0;
    std::uint8_t second = 0;

    void Add(std::uint8_t version, std::uint32_t count);
  };

  std::vector<Unit> units_;
  Result ended_;  // of other processes, and the answers that were not watched
};

}  // namespace sluice::bench
