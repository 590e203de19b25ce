#include "core/base/slice.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::core {
namespace {

std::string Text(SliceQueue& queue) {
  std::string text;
  for (std::size_t i = 0; i < queue.piece_count(); ++i) text += queue.piece(i);
  return text;
}

TEST(Slice, SharesItsBlock) {
  Slice first = Slice::Copy("hello");
  const Slice second = first.Sub(1, 3);
  first = Slice();
  EXPECT_EQ(second.view(), "ell");
  EXPECT_EQ(Slice::Borrow("x").view(), "x");
  EXPECT_TRUE(Slice::Copy("").empty());
}

TEST(Slice, AssigningToItselfKeepsTheBytes) {
  Slice slice = Slice::Copy("hello");
  const Slice& alias = slice;
  slice = alias;
  EXPECT_EQ(slice.view(), "hello");
}

TEST(BlockPool, TakesBackWhatIsReleased) {
  BlockPool pool;
  Block* const block = pool.Take();
  block->Acquire();
  block->Release();
  EXPECT_EQ(pool.idle(), 0u);
  block->Release();
  EXPECT_EQ(pool.idle(), 1u);
  EXPECT_EQ(pool.Take(), block);
  block->Release();
}

TEST(BlockPool, KeepsABoundedNumber) {
  BlockPool pool;
  std::vector<Block*> blocks;
  for (std::size_t i = 0; i < BlockPool::kKeepMax + 5; ++i) blocks.push_back(pool.Take());
  for (Block* const block : blocks) block->Release();
  EXPECT_EQ(pool.idle(), BlockPool::kKeepMax);
}

TEST(SliceQueue, GathersSmallPiecesAndKeepsBigOnes) {
  BlockPool pool;
  SliceQueue queue(&pool);
  const Slice big = Slice::Copy(std::string(SliceQueue::kGatherMax + 1, 'x'));
  queue.AppendCopy("head ");
  queue.Append(Slice::Copy("small "));
  queue.Append(big);
  queue.AppendCopy(" tail");
  EXPECT_EQ(queue.piece_count(), 3u);
  EXPECT_EQ(queue.piece(1).data(), big.data());
  EXPECT_EQ(Text(queue), "head small " + std::string(big.view()) + " tail");
  EXPECT_EQ(queue.bytes(), 16 + big.size());
}

TEST(SliceQueue, ConsumesAcrossPieces) {
  SliceQueue queue;
  queue.Append(Slice::Copy(std::string(2000, 'a')));
  queue.Append(Slice::Copy(std::string(2000, 'b')));
  queue.Consume(2500);
  EXPECT_EQ(queue.bytes(), 1500u);
  EXPECT_EQ(Text(queue), std::string(1500, 'b'));
  EXPECT_EQ(queue.PopFront().size(), 1500u);
  EXPECT_TRUE(queue.empty());
}

TEST(SliceQueue, SplitsCopiesThatPassABlock) {
  BlockPool pool;
  SliceQueue queue(&pool);
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += static_cast<char>('a' + i % 26);
  queue.AppendCopy("x");
  queue.AppendCopy(text);
  EXPECT_EQ(Text(queue), "x" + text);
}

TEST(SliceQueue, ReservedBytesAreWrittenInPlace) {
  SliceQueue queue;
  std::string_view("abc").copy(queue.Reserve(3), 3);
  std::string_view("def").copy(queue.Reserve(3), 3);
  EXPECT_EQ(queue.piece_count(), 1u);
  EXPECT_EQ(Text(queue), "abcdef");
}

TEST(SliceQueue, GivesItsBlockBackWhenIdle) {
  BlockPool pool;
  SliceQueue queue(&pool);
  queue.AppendCopy("x");
  queue.ReleaseIdle();
  EXPECT_EQ(pool.idle(), 0u);
  queue.Consume(1);
  queue.ReleaseIdle();
  EXPECT_EQ(pool.idle(), 1u);
}

TEST(SliceQueue, BytesTakenOutSurviveWhatIsWrittenLater) {
  BlockPool pool;
  SliceQueue queue(&pool);
  queue.AppendCopy("first");
  const Slice taken = queue.PopFront();
  queue.AppendCopy("second");
  EXPECT_EQ(taken.view(), "first");
  EXPECT_EQ(Text(queue), "second");
}

TEST(SliceQueue, MovesEverything) {
  BlockPool pool;
  SliceQueue queue(&pool);
  queue.AppendCopy("abc");
  SliceQueue moved(std::move(queue));
  moved.AppendCopy("def");
  EXPECT_EQ(Text(moved), "abcdef");
  SliceQueue assigned(&pool);
  assigned.AppendCopy("old");
  assigned = std::move(moved);
  EXPECT_EQ(Text(assigned), "abcdef");
}

}  // namespace
}  // namespace sluice::core
