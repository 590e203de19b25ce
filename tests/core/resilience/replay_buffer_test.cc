#include "core/resilience/replay_buffer.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/random.h"

namespace sluice::core {
namespace {

std::string ReadAll(const ReplayBuffer& buffer, ReplayBuffer::Cursor& cursor) {
  std::string text;
  while (true) {
    const Slice piece = buffer.Read(cursor);
    if (piece.empty()) return text;
    text += piece.view();
  }
}

TEST(ReplayBuffer, EveryAttemptReadsTheWholeBody) {
  ReplayBuffer buffer(100);
  buffer.Append(Slice::Copy("hello "));
  buffer.Append(Slice::Copy("model"));
  buffer.Finish(false);
  ReplayBuffer::Cursor first;
  ReplayBuffer::Cursor second;

  EXPECT_FALSE(buffer.AtEnd(first));
  EXPECT_EQ(ReadAll(buffer, first), "hello model");
  EXPECT_EQ(ReadAll(buffer, second), "hello model");

  EXPECT_TRUE(buffer.AtEnd(first));
  EXPECT_TRUE(buffer.finished());
  EXPECT_FALSE(buffer.has_trailers());
}

TEST(ReplayBuffer, ACursorGoesOnWithWhatComesLater) {
  ReplayBuffer buffer(100);
  ReplayBuffer::Cursor cursor;
  EXPECT_TRUE(buffer.AtEnd(cursor));

  buffer.Append(Slice::Copy("one"));
  EXPECT_EQ(ReadAll(buffer, cursor), "one");
  buffer.Append(Slice::Copy("two"));
  EXPECT_EQ(ReadAll(buffer, cursor), "two");
  buffer.Finish(true);

  EXPECT_TRUE(buffer.AtEnd(cursor));
  EXPECT_TRUE(buffer.has_trailers());
}

TEST(ReplayBuffer, SharesBytesInsteadOfCopying) {
  const Slice body = Slice::Copy(std::string(5000, 'x'));
  ReplayBuffer buffer(1 << 20);
  buffer.Append(body);
  ReplayBuffer::Cursor cursor;

  EXPECT_EQ(buffer.Read(cursor).data(), body.data());
}

TEST(ReplayBuffer, TheLimitIsExactAndOverflowGivesEverythingBack) {
  Block* block = Block::New(64);
  ReplayBuffer buffer(64);
  EXPECT_TRUE(buffer.Append(Slice(block, {block->bytes(), 64})));
  EXPECT_EQ(block->references(), 2u);

  EXPECT_FALSE(buffer.Append(Slice::Copy("x")));

  EXPECT_TRUE(buffer.overflowed());
  EXPECT_EQ(buffer.bytes(), 0u);
  EXPECT_EQ(block->references(), 1u);
  EXPECT_FALSE(buffer.Append(Slice::Copy("y")));
  block->Release();
}

TEST(ReplayBuffer, ALimitOfZeroKeepsOnlyEmptyBodies) {
  ReplayBuffer buffer(0);

  EXPECT_TRUE(buffer.Append(Slice()));
  EXPECT_FALSE(buffer.Append(Slice::Copy("x")));
}

TEST(ReplayBuffer, ReleaseIsNoOverflow) {
  ReplayBuffer buffer(64);
  buffer.Append(Slice::Copy("abc"));

  buffer.Release();

  EXPECT_FALSE(buffer.overflowed());
  EXPECT_EQ(buffer.bytes(), 0u);
}

TEST(ReplayBuffer, ABodyOfTinyPiecesPinsFewBlocks) {
  BlockPool source;
  BlockPool gather;
  {
    ReplayBuffer buffer(1 << 20, &gather);
    std::size_t still_pinned = 0;
    for (int i = 0; i < 1000; ++i) {
      Block* block = source.Take();  // one byte in a block of its own: the worst sender
      block->bytes()[0] = 'x';
      buffer.Append(Slice(block, {block->bytes(), 1}));
      still_pinned += block->references() > 1 ? 1 : 0;
      block->Release();
    }
    EXPECT_LE(still_pinned, 4u);
    EXPECT_EQ(buffer.bytes(), 1000u);
  }
  EXPECT_EQ(gather.idle(), 1u) << "one gather block was enough, and it came back";
}

TEST(ReplayBuffer, AnyCutOfABodyReadsBackTheSame) {
  Random random(3);
  for (int round = 0; round < 50; ++round) {
    std::string body;
    ReplayBuffer buffer(1 << 20);
    ReplayBuffer::Cursor live;
    std::string read_live;
    while (body.size() < 60'000) {
      const std::string piece(1 + random.Below(std::uint64_t{1} << random.Below(14)),
                              static_cast<char>('a' + random.Below(26)));
      body += piece;
      ASSERT_TRUE(buffer.Append(Slice::Copy(piece)));
      if (random.Below(2) == 0) read_live += ReadAll(buffer, live);
    }
    read_live += ReadAll(buffer, live);
    ReplayBuffer::Cursor again;

    ASSERT_EQ(read_live, body);
    ASSERT_EQ(ReadAll(buffer, again), body);
    ASSERT_EQ(buffer.bytes(), body.size());
  }
}

}  // namespace
}  // namespace sluice::core
