// Keeps the bytes that a codec could not use yet, in one piece, so that a head can be looked at as a whole. Empty (and
// without memory) whenever heads arrive complete. Bounded by its user: a head limit, or one read beyond the current
// message. Owned by a codec; one thread.
#pragma once

#include <cstddef>

#include "core/base/slice.h"

namespace sluice::gateway {

class InputBuffer {
 public:
  explicit InputBuffer(core::BlockPool& pool) : pool_(pool) {}
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;
  ~InputBuffer() { Clear(); }

  // Everything kept, followed by `fresh`, as one slice. Copies `fresh` only when something is kept.
  core::Slice Join(core::Slice fresh);

  // Keeps `rest`, which is the end of the last Join() or anything else; replaces what was kept.
  void Keep(const core::Slice& rest);

  void Clear();

  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }

 private:
  void Append(std::string_view bytes);
  void Grow(std::size_t more);

  core::BlockPool& pool_;
  core::Block* block_ = nullptr;  // owned; earlier bytes may be shared with slices given out
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace sluice::gateway
