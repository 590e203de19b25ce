#include "gateway/codec/h2_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

namespace sluice::gateway {
namespace {

constexpr std::size_t kTooMuch = std::numeric_limits<std::size_t>::max();

TEST(H2Memory, APieceThatCameBackIsGivenOutAgain) {
  void* const first = TakePiece(100);
  ReturnPiece(first);

  void* const again = TakePiece(128);  // the same class
  void* const other = TakePiece(129);

  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
  ReturnPiece(again);
  ReturnPiece(other);
}

TEST(H2Memory, NothingIsAPieceToo) {
  void* const piece = TakePiece(0);

  EXPECT_NE(piece, nullptr);
  ReturnPiece(piece);
  ReturnPiece(nullptr);
}

TEST(H2Memory, ALargePieceTakesMemoryOnlyWhereItIsUsed) {
  nghttp2_mem memory = H2Memory();
  std::vector<void*> pieces;
  for (int i = 0; i < 64; ++i) pieces.push_back(memory.malloc(16'394, nullptr));
  for (void* const piece : pieces) {
    ASSERT_NE(piece, nullptr);
    std::memset(piece, 'x', 16'394);
  }
  void* const grown = memory.realloc(pieces.back(), 40'000, nullptr);
  ASSERT_NE(grown, nullptr);
  EXPECT_EQ(std::string_view(static_cast<char*>(grown), 16'394), std::string_view(std::string(16'394, 'x')));
  pieces.back() = grown;
  for (void* const piece : pieces) memory.free(piece, nullptr);
  void* const fresh = memory.malloc(16'394, nullptr);
  EXPECT_EQ(static_cast<char*>(fresh)[16'393], 0) << "untouched pages of the system's";
  memory.free(fresh, nullptr);
}

TEST(H2Memory, WhatCannotBeIsNull) {
  nghttp2_mem memory = H2Memory();

  EXPECT_EQ(memory.malloc(kTooMuch, nullptr), nullptr);
  EXPECT_EQ(memory.calloc(kTooMuch / 2, 3, nullptr), nullptr);
  void* const piece = memory.malloc(10, nullptr);
  EXPECT_EQ(memory.realloc(piece, kTooMuch, nullptr), nullptr);
  memory.free(piece, nullptr);  // still ours
}

TEST(H2Memory, AUsedPieceIsZeroedWhenThatIsAskedFor) {
  nghttp2_mem memory = H2Memory();
  void* const dirty = memory.malloc(256, nullptr);
  std::memset(dirty, 'x', 256);
  memory.free(dirty, nullptr);

  void* const clean = memory.calloc(64, 4, nullptr);

  EXPECT_EQ(clean, dirty);
  EXPECT_EQ(std::string_view(static_cast<char*>(clean), 256), std::string_view(std::string(256, '\0')));
  memory.free(clean, nullptr);
}

TEST(H2Memory, GrowingKeepsTheTextAndMovesOnlyWhenItMust) {
  nghttp2_mem memory = H2Memory();
  void* piece = memory.realloc(nullptr, 4, nullptr);
  std::memcpy(piece, "text", 4);

  void* const same = memory.realloc(piece, 64, nullptr);
  void* const bigger = memory.realloc(same, 3 * kPieceMax, nullptr);

  EXPECT_EQ(same, piece);
  EXPECT_EQ(std::string_view(static_cast<char*>(bigger), 4), "text");
  memory.free(bigger, nullptr);
}

// Shown by the sanitizers: what is beyond the bound is freed and not leaked.
TEST(H2Memory, MoreThanTheListsMayHoldGoesBackToTheHeap) {
  std::vector<void*> pieces;
  for (std::size_t i = 0; i < 2 * kPiecesKeptMax / kPieceMax; ++i) pieces.push_back(TakePiece(kPieceMax));

  for (void* const piece : pieces) ReturnPiece(piece);

  void* const kept = TakePiece(kPieceMax);
  EXPECT_NE(std::ranges::find(pieces, kept), pieces.end());
  ReturnPiece(kept);
}

}  // namespace
}  // namespace sluice::gateway
