#include "gateway/experiment/exposure_set.h"

#include <algorithm>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr std::size_t kSlotsMin = 1024;

// Where `key` is, or would be.
std::size_t PlaceOf(const std::vector<std::uint64_t>& slots, std::uint64_t key) {
  const std::size_t mask = slots.size() - 1;
  std::size_t at = static_cast<std::size_t>(key) & mask;
  while (slots[at] != 0 && slots[at] != key) at = (at + 1) & mask;
  return at;
}

}  // namespace

bool ExposureSet::Add(std::uint64_t key) {
  key = std::max<std::uint64_t>(1, key);
  if (Has(young_, key) || Has(old_, key)) return false;
  if (young_.count >= half_) {
    if (old_.count > 0) ++turns_;
    old_ = std::exchange(young_, Table{});
  }
  Insert(young_, key);
  return true;
}

bool ExposureSet::Has(const Table& table, std::uint64_t key) {
  return table.count > 0 && table.slots[PlaceOf(table.slots, key)] == key;
}

void ExposureSet::Insert(Table& table, std::uint64_t key) {
  if ((table.count + 1) * 2 > table.slots.size()) Grow(table);
  table.slots[PlaceOf(table.slots, key)] = key;
  ++table.count;
}

void ExposureSet::Grow(Table& table) {
  std::vector<std::uint64_t> slots(std::max(kSlotsMin, table.slots.size() * 2));
  for (const std::uint64_t key : table.slots) {
    if (key != 0) slots[PlaceOf(slots, key)] = key;
  }
  table.slots = std::move(slots);
}

}  // namespace sluice::gateway
