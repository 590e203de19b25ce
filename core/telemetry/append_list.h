// A list that only grows: one thread appends, any thread may read what was published, nobody waits. Elements never
// move, so the writer can keep pointers to them.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

namespace sluice::core {

template <typename T>
class AppendList {
 public:
  AppendList() = default;
  AppendList(const AppendList&) = delete;
  AppendList& operator=(const AppendList&) = delete;
  ~AppendList() {
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i) std::destroy_at(&At(i));
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      if (T* items = blocks_[block].load(std::memory_order_relaxed)) {
        std::allocator<T>().deallocate(items, kFirst << block);
      }
    }
  }

  // Writer only. Allocates when a block is full; blocks double.
  template <typename... Arguments>
  T& Append(Arguments&&... arguments) {
    const std::size_t index = size_.load(std::memory_order_relaxed);
    const std::size_t block = BlockOf(index);
    T* items = blocks_[block].load(std::memory_order_relaxed);
    if (items == nullptr) {
      items = std::allocator<T>().allocate(kFirst << block);
      blocks_[block].store(items, std::memory_order_relaxed);
    }
    T* item = std::construct_at(items + OffsetOf(index, block), std::forward<Arguments>(arguments)...);
    // Publishes the element and its block to readers, who load the size with acquire.
    size_.store(index + 1, std::memory_order_release);
    return *item;
  }

  // Any thread; elements below size() are complete.
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  const T& operator[](std::size_t index) const {
    const std::size_t block = BlockOf(index);
    return blocks_[block].load(std::memory_order_relaxed)[OffsetOf(index, block)];
  }
  // Writer only.
  T& At(std::size_t index) {
    const std::size_t block = BlockOf(index);
    return blocks_[block].load(std::memory_order_relaxed)[OffsetOf(index, block)];
  }

 private:
  static constexpr std::size_t kFirst = 16;  // elements of block 0; block n has kFirst << n
  static std::size_t BlockOf(std::size_t index) {
    return static_cast<std::size_t>(std::bit_width(index / kFirst + 1)) - 1;
  }
  static std::size_t OffsetOf(std::size_t index, std::size_t block) {
    return index - kFirst * ((std::size_t{1} << block) - 1);
  }

  std::array<std::atomic<T*>, 28> blocks_{};
  std::atomic<std::size_t> size_{0};
};

}  // namespace sluice::core
