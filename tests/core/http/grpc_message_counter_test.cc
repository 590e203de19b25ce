#include "core/http/grpc_message_counter.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/byte_feed.h"

namespace sluice::core {
namespace {

std::string Message(std::size_t size, char flag = 0) {
  std::string text(1, flag);
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(size >> shift & 0xff);
  return text + std::string(size, '\1');
}

TEST(GrpcMessageCounter, CountsTheSameHoweverTheBodyIsCut) {
  std::string body;
  for (const std::size_t size : {0u, 1u, 4u, 5u, 6u, 255u, 256u, 70000u, 0u, 0u, 3u}) body += Message(size);
  body += Message(9, 1);  // compressed

  for (const test::Cut cut : {test::Cut::kWhole, test::Cut::kBytes, test::Cut::kRandom}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      GrpcMessageCounter counter;
      for (const std::string_view piece : test::CutBytes(body, cut, seed)) counter.Feed(piece);
      EXPECT_EQ(counter.Take(), 12u) << static_cast<int>(cut) << ' ' << seed;
    }
  }
}

TEST(GrpcMessageCounter, TakesAMessageOnceItHasBegun) {
  GrpcMessageCounter counter;
  EXPECT_EQ(counter.Take(), 0u);

  counter.Feed(Message(3).substr(0, 1));
  EXPECT_EQ(counter.Take(), 1u);
  counter.Feed(Message(3).substr(1));
  EXPECT_EQ(counter.Take(), 0u) << "the rest of the same one";
  counter.Feed({});
  counter.Feed(Message(0) + Message(0));
  EXPECT_EQ(counter.Take(), 2u);
}

TEST(GrpcMessageCounter, PassesOverTheLongestMessage) {
  GrpcMessageCounter counter;
  const std::string piece(1 << 20, '\2');
  counter.Feed(std::string_view("\0\xff\xff\xff\xff", 5));
  for (int i = 0; i < 4095; ++i) counter.Feed(piece);
  counter.Feed(std::string_view(piece).substr(1));
  EXPECT_EQ(counter.Take(), 1u);

  counter.Feed("\1");
  EXPECT_EQ(counter.Take(), 1u);
}

}  // namespace
}  // namespace sluice::core
