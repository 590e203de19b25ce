// Keeps the body of a request so that another attempt can send it again, up to a cap. Every
// attempt reads it through a cursor of its own; the bytes are shared slices. Owned by the exchange;
// one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/slice.h"

namespace sluice::core {

class ReplayBuffer {
 public:
  // A position in the body; a default one stands at the beginning.
  struct Cursor {
    std::size_t piece = 0;
    std::size_t offset = 0;  // in that piece
  };

  // Keeps at most `limit` bytes; 0 keeps no body at all. Blocks for gathered pieces come from
  // `pool`, which may be null (heap).
  explicit ReplayBuffer(std::size_t limit, BlockPool* pool = nullptr);
  ReplayBuffer(const ReplayBuffer&) = delete;
  ReplayBuffer& operator=(const ReplayBuffer&) = delete;
  ~ReplayBuffer();

  // Keeps the next bytes of the body. False when the limit is passed, now or before: then nothing
  // is kept any more, no further attempt is possible, and what was kept is given back.
  bool Append(Slice bytes);
  // The body has ended, with trailers or without. The trailers themselves stay with the exchange.
  void Finish(bool with_trailers);

  // Gives the kept bytes back before their time: the answer has begun, no retry can come.
  void Release();

  bool overflowed() const { return overflowed_; }
  bool finished() const { return finished_; }
  bool has_trailers() const { return has_trailers_; }
  std::size_t bytes() const { return bytes_; }

  // The next piece after the cursor, which moves behind it; empty when it has caught up. Valid
  // until overflow or Release.
  Slice Read(Cursor& cursor) const;
  // Whether the cursor has read all that is kept; with finished(): the whole body.
  bool AtEnd(const Cursor& cursor) const;

 private:
  // Most bodies arrive in few pieces: no heap for those.
  static constexpr std::size_t kInlinePieces = 4;
  // Smaller pieces are gathered once there are kInlinePieces, so that a body of many tiny pieces
  // pins at most four times its size: each pins a block of BlockPool::kBlockBytes.
  static constexpr std::size_t kGatherMax = BlockPool::kBlockBytes / 4;

  const Slice& Piece(std::size_t index) const;
  Slice& Last();
  void Push(Slice bytes);
  void Gather(std::string_view bytes);
  void DropTail();

  std::size_t limit_;
  BlockPool* pool_;
  std::array<Slice, kInlinePieces> inline_;
  std::vector<Slice> more_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  Block* tail_ = nullptr;  // gather block, owned; shared by pieces above
  std::size_t tail_used_ = 0;
  bool overflowed_ = false;
  bool released_ = false;
  bool finished_ = false;
  bool has_trailers_ = false;
};

}  // namespace sluice::core
