#include "core/resilience/replay_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace sluice::core {

ReplayBuffer::ReplayBuffer(std::size_t limit, BlockPool* pool) : limit_(limit), pool_(pool) {}

ReplayBuffer::~ReplayBuffer() { DropTail(); }

bool ReplayBuffer::Append(Slice bytes) {
  if (overflowed_ || released_) return false;
  if (bytes.size() > limit_ - bytes_) {
    Release();
    overflowed_ = true;
    return false;
  }
  if (bytes.empty()) return true;
  bytes_ += bytes.size();
  if (count_ >= kInlinePieces && bytes.size() < kGatherMax) {
    Gather(bytes.view());
  } else {
    Push(std::move(bytes));
  }
  return true;
}

void ReplayBuffer::Finish(bool with_trailers) {
  finished_ = true;
  has_trailers_ = with_trailers;
}

void ReplayBuffer::Release() {
  released_ = true;
  std::ranges::fill(inline_, Slice());
  more_.clear();
  more_.shrink_to_fit();
  DropTail();
  count_ = 0;
  bytes_ = 0;
}

Slice ReplayBuffer::Read(Cursor& cursor) const {
  // A gathered piece may have grown since the cursor read it.
  while (cursor.piece < count_) {
    const Slice& piece = Piece(cursor.piece);
    if (cursor.offset < piece.size()) {
      Slice rest = piece.Sub(cursor.offset);
      cursor.offset = piece.size();
      return rest;
    }
    if (cursor.piece + 1 == count_) break;
    ++cursor.piece;
    cursor.offset = 0;
  }
  return {};
}

bool ReplayBuffer::AtEnd(const Cursor& cursor) const {
  if (count_ == 0) return true;
  return cursor.piece + 1 == count_ && cursor.offset == Piece(cursor.piece).size();
}

const Slice& ReplayBuffer::Piece(std::size_t index) const {
  DCHECK(index < count_);
  return index < kInlinePieces ? inline_[index] : more_[index - kInlinePieces];
}

Slice& ReplayBuffer::Last() { return count_ <= kInlinePieces ? inline_[count_ - 1] : more_.back(); }

void ReplayBuffer::Push(Slice bytes) {
  if (count_ < kInlinePieces) {
    inline_[count_] = std::move(bytes);
  } else {
    more_.push_back(std::move(bytes));
  }
  ++count_;
}

// Copies: a small piece by reference would pin a whole block of the connection it came from.
void ReplayBuffer::Gather(std::string_view bytes) {
  while (!bytes.empty()) {
    if (tail_ != nullptr && tail_used_ == tail_->capacity()) DropTail();
    if (tail_ == nullptr) {
      tail_ = pool_ != nullptr ? pool_->Take() : Block::New(BlockPool::kBlockBytes);
      tail_used_ = 0;
    }
    const std::size_t size = std::min(bytes.size(), tail_->capacity() - tail_used_);
    char* const room = tail_->bytes() + tail_used_;
    std::memcpy(room, bytes.data(), size);
    Slice& last = Last();
    if (tail_used_ > 0 && last.data() + last.size() == room) {
      last = Slice(tail_, std::string_view(last.data(), last.size() + size));
    } else {
      Push(Slice(tail_, std::string_view(room, size)));
    }
    tail_used_ += size;
    bytes.remove_prefix(size);
  }
}

void ReplayBuffer::DropTail() {
  if (tail_ == nullptr) return;
  tail_->Release();
  tail_ = nullptr;
  tail_used_ = 0;
}

}  // namespace sluice::core
