// Bytes travel as Slice: a reference-counted, read-only view into a Block. Copying a Slice copies no bytes, so a
// body can go to the model, to a mirror and into a replay buffer at once.
// Counts are not atomic: a Block and all its slices belong to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::core {

class BlockPool;

// A counted buffer; the bytes follow the header in the same allocation.
class Block {
 public:
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  std::size_t capacity() const { return capacity_; }
  std::uint32_t references() const { return references_; }

  void Acquire() { ++references_; }
  void Release();

  // A block with one reference, from the heap, belonging to no pool.
  static Block* New(std::size_t capacity);

 private:
  friend class BlockPool;

  BlockPool* pool_ = nullptr;  // outlives its blocks: the worker frees it last
  std::uint32_t references_ = 1;
  std::uint32_t capacity_ = 0;
};

// Recycles blocks of one size. Each worker owns one.
class BlockPool {
 public:
  static constexpr std::size_t kBlockBytes = 16 * 1024 - sizeof(Block);
  static constexpr std::size_t kKeepMax = 64;  // idle blocks kept: 1 MiB

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  Block* Take();  // one reference, kBlockBytes of room

  std::size_t idle() const { return idle_.size(); }

 private:
  friend class Block;
  void Return(Block* block);

  std::vector<Block*> idle_;
};

class Slice {
 public:
  Slice() = default;
  // Shares `block`; adds a reference.
  Slice(Block* block, std::string_view bytes) : block_(block), bytes_(bytes) {
    if (block_ != nullptr) block_->Acquire();
  }
  Slice(const Slice& other) : Slice(other.block_, other.bytes_) {}
  Slice(Slice&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), bytes_(std::exchange(other.bytes_, {})) {}
  Slice& operator=(Slice other) noexcept {
    std::swap(block_, other.block_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Slice() {
    if (block_ != nullptr) block_->Release();
  }

  // Unowned bytes that outlive every slice made from them: literals, or text of a pinned Snapshot.
  static Slice Borrow(std::string_view bytes) { return Slice(nullptr, bytes); }
  // A private copy of the bytes, on the heap.
  static Slice Copy(std::string_view bytes);

  const char* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  std::string_view view() const { return bytes_; }

  Slice Sub(std::size_t offset, std::size_t length = std::string_view::npos) const {
    return Slice(block_, bytes_.substr(offset, length));
  }
  void RemovePrefix(std::size_t count) { bytes_.remove_prefix(count); }

 private:
  Block* block_ = nullptr;
  std::string_view bytes_;
};

// Bytes waiting to go somewhere, in order. Small pieces are gathered into shared blocks of the given pool so that
// heads and chunk lines leave together; big pieces keep their slice. Capacity is reused once warm.
class SliceQueue {
 public:
  explicit SliceQueue(BlockPool* pool = nullptr) : pool_(pool) {}
  SliceQueue(const SliceQueue&) = delete;
  SliceQueue& operator=(const SliceQueue&) = delete;
  SliceQueue(SliceQueue&& other) noexcept;
  SliceQueue& operator=(SliceQueue&& other) noexcept;
  ~SliceQueue();

  // Bodies above this size are queued by reference, smaller ones are copied next to their neighbours.
  static constexpr std::size_t kGatherMax = 1024;

  void Append(Slice slice);
  void AppendCopy(std::string_view bytes);

  // Contiguous room of exactly `count` bytes at the end, for a writer that knows its size. count <= kBlockBytes.
  char* Reserve(std::size_t count);

  // Drops `count` bytes from the front.
  void Consume(std::size_t count);
  void Clear();

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

  // The pieces in order, front first, for a gathering write.
  std::size_t piece_count() const { return slices_.size() - head_; }
  std::string_view piece(std::size_t index) const { return slices_[head_ + index].view(); }

  // Takes the first piece off.
  Slice PopFront();
  // The same, but no more than `max` bytes of it.
  Slice PopFront(std::size_t max);

  // Gives back the gather block when nothing waits, so that an idle connection holds no buffer.
  void ReleaseIdle();

 private:
  BlockPool* pool_;
  std::vector<Slice> slices_;
  std::size_t head_ = 0;
  std::size_t bytes_ = 0;
  Block* tail_ = nullptr;      // gather block, owned; its bytes are shared by slices above
  std::size_t tail_used_ = 0;  // bytes of tail_ handed out
};

}  // namespace sluice::core
