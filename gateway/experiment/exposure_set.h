// Which users were counted, in bounded memory: a set of 64-bit keys in two generations. The first `keys_max` keys are all
// remembered; with more than that, the older half is dropped whenever the younger one is full, and those users may be
// counted a second time: turns() says how often that happened. Owned by the monitor; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::gateway {

class ExposureSet {
 public:
  // 16 bytes of memory for each key at most.
  explicit ExposureSet(std::size_t keys_max) : half_(keys_max / 2) {}

  // True when `key` was not there.
  bool Add(std::uint64_t key);

  std::size_t size() const { return young_.count + old_.count; }
  std::uint64_t turns() const { return turns_; }

 private:
  struct Table {
    std::vector<std::uint64_t> slots;  // open addressing, a power of two; 0: free
    std::size_t count = 0;
  };

  static bool Has(const Table& table, std::uint64_t key);
  static void Insert(Table& table, std::uint64_t key);
  static void Grow(Table& table);

  std::size_t half_;  // keys of one generation
  Table young_;
  Table old_;
  std::uint64_t turns_ = 0;
};

}  // namespace sluice::gateway
