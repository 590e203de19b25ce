#include "bench/support/alloc_counter.h"

#include <cstdlib>
#include <new>

namespace sluice::bench {
namespace {

thread_local std::uint64_t allocations = 0;

void* CountedAllocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  if (size == 0) size = 1;
  void* memory = nullptr;
  if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
    memory = std::malloc(size);
  } else {
    // aligned_alloc wants a whole number of alignments.
    memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  }
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

std::uint64_t Allocations() { return allocations; }

}  // namespace sluice::bench

// The remaining forms (nothrow, array) fall back on these in libstdc++.
void* operator new(std::size_t size) { return sluice::bench::CountedAllocate(size, 0); }
void* operator new[](std::size_t size) { return sluice::bench::CountedAllocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return sluice::bench::CountedAllocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return sluice::bench::CountedAllocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
