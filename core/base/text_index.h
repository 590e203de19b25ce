// An immutable map from text to a number, for names that come from the configuration and are looked up with bytes that
// come from a client: hosts, header names, query keys. Built once, then read by any thread without allocation.
//
// Flooding (reliability.md D14): clients cannot insert, and the seed is chosen while building so that no look-up,
// whatever the key, inspects more than kProbesMax slots.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::core {

// A 64-bit hash of short text; multiply-and-fold over 8 bytes at a time. Stable over runs and machines of the same
// byte order: positions of users (core/route/traffic_split) depend on it.
inline std::uint64_t HashText(std::string_view text, std::uint64_t seed) {
  constexpr std::uint64_t kOdd1 = 0x9fb21c651e98df25ULL;
  constexpr std::uint64_t kOdd2 = 0xd6e8feb86659fd93ULL;
  const auto fold = [](std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  std::uint64_t hash = seed ^ (text.size() * kOdd1);
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    hash = fold(hash ^ word ^ kOdd2, kOdd1);
  }
  if (left > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    hash = fold(hash ^ word ^ kOdd2, kOdd1);
  }
  return fold(hash ^ kOdd1, kOdd2);
}

class TextIndex {
 public:
  static constexpr std::uint32_t kProbesMax = 12;

  struct Entry {
    std::string_view text;
    std::uint32_t value = 0;
  };

  TextIndex() = default;
  // Copies the texts. Of two equal texts the first wins.
  explicit TextIndex(const std::vector<Entry>& entries);

  std::optional<std::uint32_t> Find(std::string_view text) const {
    if (size_ == 0) return std::nullopt;
    const std::uint64_t hash = HashText(text, seed_);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t i = hash & mask_;; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.size == kFree) return std::nullopt;
      if (slot.tag == tag && slot.size == text.size() &&
          std::memcmp(text_.data() + slot.offset, text.data(), text.size()) == 0) {
        return slot.value;
      }
    }
  }

  std::size_t size() const { return size_; }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;

  // Everything one comparison needs, four to a cache line.
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t size = kFree;
    std::uint32_t offset = 0;  // into text_
    std::uint32_t value = 0;
  };

  bool Place(const std::vector<Entry>& entries, std::size_t slots, std::uint64_t seed);

  std::vector<Slot> slots_;
  std::string text_;
  std::uint64_t seed_ = 0;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace sluice::core
