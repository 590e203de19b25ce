#include "gateway/codec/h2_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = kPieceMax / kStep;
constexpr std::size_t kPagesFrom = 16 * 1024;
static_assert(kPagesFrom > kPieceMax, "what is kept for others is of the heap");

// In front of every piece.
struct alignas(std::max_align_t) Header {
  std::size_t room = 0;  // bytes behind the header
  Header* next = nullptr;
  bool pages = false;  // of its own, not of the heap
};

class FreeLists {
 public:
  FreeLists() = default;
  FreeLists(const FreeLists&) = delete;
  FreeLists& operator=(const FreeLists&) = delete;
  ~FreeLists() {
    for (Header* head : heads_) {
      while (head != nullptr) std::free(std::exchange(head, head->next));
    }
    heads_ = {};
    kept_ = kPiecesKeptMax;  // what is freed after us goes to the heap
  }

  Header* Take(std::size_t index) {
    Header*& head = heads_[index];
    if (head == nullptr) return nullptr;
    kept_ -= head->room;
    return std::exchange(head, head->next);
  }

  bool Keep(Header* header) {
    if (kept_ + header->room > kPiecesKeptMax) return false;
    kept_ += header->room;
    Header*& head = heads_[header->room / kStep - 1];
    header->next = std::exchange(head, header);
    return true;
  }

 private:
  std::array<Header*, kClasses> heads_{};
  std::size_t kept_ = 0;
};

thread_local FreeLists free_lists;

// nghttp2 keeps one buffer of a whole frame for each session, of which an idle connection has used the first bytes. In
// pages of its own the rest of it takes no memory until a large frame is packed.
Header* NewPages(std::size_t room) {
  void* const pages =
      ::mmap(nullptr, sizeof(Header) + room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : new (pages) Header{room, nullptr, true};
}

Header* NewHeader(std::size_t room) {
  // The system allows so many mappings and no more: then the heap has to do.
  if (Header* const pages = room >= kPagesFrom ? NewPages(room) : nullptr) return pages;
  void* const piece = std::malloc(sizeof(Header) + room);
  return piece == nullptr ? nullptr : new (piece) Header{room, nullptr, false};
}

void FreeHeader(Header* header) {
  if (header->pages) {
    ::munmap(header, sizeof(Header) + header->room);
  } else {
    std::free(header);
  }
}

void* Zeroed(std::size_t count, std::size_t size) {
  if (size != 0 && count > std::numeric_limits<std::size_t>::max() / size) return nullptr;
  void* const piece = TakePiece(count * size);
  if (piece != nullptr) std::memset(piece, 0, count * size);
  return piece;
}

void* Resized(void* piece, std::size_t size) {
  if (piece == nullptr) return TakePiece(size);
  const std::size_t room = (static_cast<Header*>(piece) - 1)->room;
  if (size <= room) return piece;
  void* const bigger = TakePiece(size);
  if (bigger == nullptr) return nullptr;
  std::memcpy(bigger, piece, room);
  ReturnPiece(piece);
  return bigger;
}

}  // namespace

void* TakePiece(std::size_t size) {
  const std::size_t room = (std::max<std::size_t>(size, 1) + kStep - 1) / kStep * kStep;
  if (room < size) return nullptr;
  Header* header = room <= kPieceMax ? free_lists.Take(room / kStep - 1) : nullptr;
  if (header == nullptr) header = NewHeader(room);
  return header == nullptr ? nullptr : header + 1;
}

void ReturnPiece(void* piece) {
  if (piece == nullptr) return;
  Header* const header = static_cast<Header*>(piece) - 1;
  if (header->room > kPieceMax || !free_lists.Keep(header)) FreeHeader(header);
}

nghttp2_mem H2Memory() {
  return {.mem_user_data = nullptr,
          .malloc = [](std::size_t size, void*) { return TakePiece(size); },
          .free = [](void* piece, void*) { ReturnPiece(piece); },
          .calloc = [](std::size_t count, std::size_t size, void*) { return Zeroed(count, size); },
          .realloc = [](void* piece, std::size_t size, void*) { return Resized(piece, size); }};
}

}  // namespace sluice::gateway
