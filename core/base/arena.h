// A bump allocator for the bytes of one message or one exchange: header text, rewritten paths, small arrays.
// Nothing is freed one by one; Reset() gives everything back at once and keeps the inline buffer.
// Owned by the object whose lifetime the bytes share; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <string_view>
#include <type_traits>

namespace sluice::core {

class Arena {
 public:
  // Enough for a typical request and its answer, so the warm path asks the heap for nothing.
  static constexpr std::size_t kInlineBytes = 6 * 1024;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* Allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
    return resource_.allocate(bytes, alignment);
  }

  // Uninitialised room for `count` trivial objects.
  template <typename T>
  T* AllocateArray(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(Allocate(count * sizeof(T), alignof(T)));
  }

  // A copy that lives as long as the arena's content.
  std::string_view Copy(std::string_view text) {
    if (text.empty()) return {};
    char* bytes = AllocateArray<char>(text.size());
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }

  // The parts one after the other, in one piece.
  template <typename... Parts>
  std::string_view Concat(const Parts&... parts) {
    const std::size_t size = (std::string_view(parts).size() + ... + 0);
    if (size == 0) return {};
    char* const bytes = AllocateArray<char>(size);
    char* out = bytes;
    const auto append = [&out](std::string_view part) {
      if (part.empty()) return;
      std::memcpy(out, part.data(), part.size());
      out += part.size();
    };
    (append(std::string_view(parts)), ...);
    return {bytes, size};
  }

  // Forgets everything allocated so far. Views into the arena are dead afterwards.
  void Reset() { resource_.release(); }

  std::pmr::memory_resource* resource() { return &resource_; }

 private:
  alignas(std::max_align_t) std::array<std::byte, kInlineBytes> inline_;
  std::pmr::monotonic_buffer_resource resource_{inline_.data(), inline_.size()};
};

}  // namespace sluice::core
