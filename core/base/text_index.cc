#include "core/base/text_index.h"

namespace sluice::core {
namespace {

constexpr std::uint64_t kSeedsPerSize = 8;

}  // namespace

TextIndex::TextIndex(const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  // A quarter full, runs of kProbesMax are rare: nearly always the first seed will do.
  std::size_t slots = std::bit_ceil(entries.size() * 4);
  for (std::uint64_t attempt = 1; !Place(entries, slots, attempt); ++attempt) {
    if (attempt % kSeedsPerSize == 0) slots *= 2;
  }
}

bool TextIndex::Place(const std::vector<Entry>& entries, std::size_t slots, std::uint64_t seed) {
  slots_.assign(slots, Slot{});
  text_.clear();
  seed_ = seed;
  mask_ = slots - 1;
  size_ = 0;
  for (const Entry& entry : entries) {
    if (Find(entry.text)) continue;
    const std::uint64_t hash = HashText(entry.text, seed_);
    std::size_t i = hash & mask_;
    while (slots_[i].size != kFree) i = (i + 1) & mask_;
    slots_[i] = Slot{static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(entry.text.size()),
                     static_cast<std::uint32_t>(text_.size()), entry.value};
    text_.append(entry.text);
    ++size_;
  }
  // Slots a look-up may walk: the longest run of taken slots (it may wrap around) and the free one behind it.
  std::size_t run = 0;
  for (std::size_t i = 0; i < 2 * slots; ++i) {
    run = slots_[i & mask_].size == kFree ? 0 : run + 1;
    if (run + 1 > kProbesMax) return false;
  }
  return true;
}

}  // namespace sluice::core
