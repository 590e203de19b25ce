#include "core/base/slice.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/base/check.h"

namespace sluice::core {

Block* Block::New(std::size_t capacity) {
  auto* block = new (::operator new(sizeof(Block) + capacity)) Block;
  block->capacity_ = static_cast<std::uint32_t>(capacity);
  return block;
}

void Block::Release() {
  DCHECK(references_ > 0);
  if (--references_ > 0) return;
  if (pool_ != nullptr) {
    pool_->Return(this);
  } else {
    ::operator delete(this);
  }
}

BlockPool::~BlockPool() {
  for (Block* block : idle_) ::operator delete(block);
}

Block* BlockPool::Take() {
  if (idle_.empty()) {
    // Room for every block that may come back, so that Return never allocates.
    idle_.reserve(kKeepMax);
    Block* block = Block::New(kBlockBytes);
    block->pool_ = this;
    return block;
  }
  Block* block = idle_.back();
  idle_.pop_back();
  block->references_ = 1;
  return block;
}

void BlockPool::Return(Block* block) {
  if (idle_.size() < kKeepMax) {
    idle_.push_back(block);
  } else {
    ::operator delete(block);
  }
}

Slice Slice::Copy(std::string_view bytes) {
  if (bytes.empty()) return {};
  Block* block = Block::New(bytes.size());
  std::memcpy(block->bytes(), bytes.data(), bytes.size());
  Slice slice(block, std::string_view(block->bytes(), bytes.size()));
  block->Release();
  return slice;
}

SliceQueue::SliceQueue(SliceQueue&& other) noexcept
    : pool_(other.pool_),
      slices_(std::move(other.slices_)),
      head_(std::exchange(other.head_, 0)),
      bytes_(std::exchange(other.bytes_, 0)),
      tail_(std::exchange(other.tail_, nullptr)),
      tail_used_(std::exchange(other.tail_used_, 0)) {
  other.slices_.clear();
}

SliceQueue& SliceQueue::operator=(SliceQueue&& other) noexcept {
  if (this == &other) return *this;
  Clear();
  pool_ = other.pool_;
  slices_.swap(other.slices_);
  std::swap(head_, other.head_);
  std::swap(bytes_, other.bytes_);
  std::swap(tail_, other.tail_);
  std::swap(tail_used_, other.tail_used_);
  return *this;
}

SliceQueue::~SliceQueue() {
  if (tail_ != nullptr) tail_->Release();
}

void SliceQueue::Append(Slice slice) {
  if (slice.empty()) return;
  if (slice.size() <= kGatherMax) return AppendCopy(slice.view());  // copy: one piece fewer for writev
  bytes_ += slice.size();
  slices_.push_back(std::move(slice));
}

void SliceQueue::AppendCopy(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), BlockPool::kBlockBytes);
    std::memcpy(Reserve(count), bytes.data(), count);
    bytes.remove_prefix(count);
  }
}

char* SliceQueue::Reserve(std::size_t count) {
  CHECK(count <= BlockPool::kBlockBytes);
  if (tail_ != nullptr && tail_->capacity() - tail_used_ < count) {
    tail_->Release();
    tail_ = nullptr;
  }
  if (tail_ == nullptr) {
    tail_ = pool_ != nullptr ? pool_->Take() : Block::New(BlockPool::kBlockBytes);
    tail_used_ = 0;
  }
  char* room = tail_->bytes() + tail_used_;
  const bool adjacent = piece_count() > 0 && slices_.back().data() + slices_.back().size() == room && tail_used_ > 0;
  if (adjacent) {
    const std::string_view last = slices_.back().view();
    slices_.back() = Slice(tail_, std::string_view(last.data(), last.size() + count));
  } else {
    slices_.emplace_back(tail_, std::string_view(room, count));
  }
  tail_used_ += count;
  bytes_ += count;
  return room;
}

void SliceQueue::Consume(std::size_t count) {
  CHECK(count <= bytes_);
  bytes_ -= count;
  while (count > 0) {
    Slice& front = slices_[head_];
    if (count < front.size()) {
      front.RemovePrefix(count);
      return;
    }
    count -= front.size();
    front = Slice();
    ++head_;
  }
  if (head_ == slices_.size()) {
    slices_.clear();
    head_ = 0;
    // Everything in the gather block is gone: start it afresh if nobody else looks at it.
    if (tail_ != nullptr && tail_->references() == 1) tail_used_ = 0;
  } else if (head_ >= 64) {
    slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void SliceQueue::Clear() {
  slices_.clear();
  head_ = 0;
  bytes_ = 0;
  ReleaseIdle();
}

Slice SliceQueue::PopFront() {
  CHECK(piece_count() > 0);
  Slice front = slices_[head_];
  Consume(front.size());
  return front;
}

Slice SliceQueue::PopFront(std::size_t max) {
  CHECK(piece_count() > 0);
  Slice front = slices_[head_].Sub(0, max);
  Consume(front.size());
  return front;
}

void SliceQueue::ReleaseIdle() {
  if (bytes_ == 0 && tail_ != nullptr) {
    tail_->Release();
    tail_ = nullptr;
    tail_used_ = 0;
  }
}

}  // namespace sluice::core
