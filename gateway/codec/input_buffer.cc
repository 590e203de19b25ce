#include "gateway/codec/input_buffer.h"

#include <algorithm>
#include <cstring>

namespace sluice::gateway {
namespace {

// A peer that dribbles a head pins this much, not a pooled block.
constexpr std::size_t kSmallBytes = 1024;

}  // namespace

core::Slice InputBuffer::Join(core::Slice fresh) {
  if (empty()) return fresh;
  Append(fresh.view());
  return core::Slice(block_, std::string_view(block_->bytes() + begin_, size()));
}

void InputBuffer::Keep(const core::Slice& rest) {
  if (rest.empty()) return Clear();
  const bool ours =
      block_ != nullptr && rest.data() >= block_->bytes() && rest.data() + rest.size() == block_->bytes() + end_;
  if (ours) {
    begin_ = static_cast<std::size_t>(rest.data() - block_->bytes());
    return;
  }
  Clear();
  Append(rest.view());  // copied: the slice may pin a big block of the reader's for a few bytes
}

void InputBuffer::Clear() {
  if (block_ != nullptr) block_->Release();
  block_ = nullptr;
  begin_ = end_ = 0;
}

void InputBuffer::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (block_ == nullptr || block_->capacity() - end_ < bytes.size()) Grow(bytes.size());
  std::memcpy(block_->bytes() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

// Doubles, so that a head which comes byte by byte is moved a constant number of times per byte.
void InputBuffer::Grow(std::size_t more) {
  const std::size_t want = std::max(size() * 2, size() + more);
  core::Block* block = nullptr;
  if (want > kSmallBytes && want <= core::BlockPool::kBlockBytes) {
    block = pool_.Take();
  } else {
    block = core::Block::New(std::max(want, kSmallBytes));
  }
  const std::size_t kept = size();
  if (kept > 0) std::memcpy(block->bytes(), block_->bytes() + begin_, kept);
  Clear();
  block_ = block;
  end_ = kept;
}

}  // namespace sluice::gateway
