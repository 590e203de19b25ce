#include "gateway/codec/input_buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::gateway {
namespace {

using core::Slice;

TEST(InputBuffer, PassesFreshBytesThroughWithoutACopyWhenNothingIsKept) {
  core::BlockPool pool;
  InputBuffer buffer(pool);
  const Slice fresh = Slice::Copy("abc");
  EXPECT_EQ(buffer.Join(fresh).data(), fresh.data());
  EXPECT_TRUE(buffer.empty());
}

TEST(InputBuffer, JoinsWhatWasKeptInOnePiece) {
  core::BlockPool pool;
  InputBuffer buffer(pool);
  std::string expected;
  for (int i = 0; i < 50'000; ++i) {
    const char c = static_cast<char>('a' + i % 26);
    expected += c;
    const Slice all = buffer.Join(Slice::Copy({&c, 1}));
    ASSERT_EQ(all.size(), expected.size());
    buffer.Keep(all);
  }
  EXPECT_EQ(buffer.Join(Slice()).view(), expected);
}

TEST(InputBuffer, KeepsTheEndOfWhatItGaveOutWithoutMovingIt) {
  core::BlockPool pool;
  InputBuffer buffer(pool);
  buffer.Keep(Slice::Copy("abcdef"));
  Slice all = buffer.Join(Slice());
  all.RemovePrefix(4);
  buffer.Keep(all);
  EXPECT_EQ(buffer.Join(Slice()).data(), all.data());
  EXPECT_EQ(buffer.size(), 2u);
}

TEST(InputBuffer, LeavesSlicesAloneThatItHasGivenOut) {
  core::BlockPool pool;
  InputBuffer buffer(pool);
  buffer.Keep(Slice::Copy("abc"));
  const Slice given = buffer.Join(Slice::Copy("def"));
  buffer.Keep(given.Sub(5));
  buffer.Keep(buffer.Join(Slice::Copy(std::string(3000, 'x'))));
  EXPECT_EQ(given.view(), "abcdef");
  EXPECT_EQ(buffer.size(), 3001u);
}

TEST(InputBuffer, HoldsNoMemoryWhenEmpty) {
  core::BlockPool pool;
  InputBuffer buffer(pool);
  buffer.Keep(Slice::Copy(std::string(5000, 'x')));
  EXPECT_EQ(pool.idle(), 0u);
  buffer.Keep(Slice());
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(pool.idle(), 1u);
}

}  // namespace
}  // namespace sluice::gateway
