#include "gateway/net/sniffer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/byte_feed.h"

namespace sluice::gateway {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Feeds until the sniffer has decided, as a connection does; what it holds then, and what was left for the codec.
std::string Feed(Sniffer& sniffer, std::string_view bytes, test::Cut cut) {
  std::string rest;
  for (const std::string_view piece : test::CutBytes(bytes, cut, 3)) {
    if (sniffer.wire()) {
      rest += piece;
    } else {
      sniffer.Receive(core::Slice::Copy(piece));
    }
  }
  std::string all = sniffer.held();
  all += sniffer.TakeLast().view();
  return all + rest;
}

TEST(Sniffer, KnowsThePrefaceHoweverItIsCutAndLosesNothing) {
  constexpr std::string_view bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nand frames";
  for (const test::Cut cut : {test::Cut::kWhole, test::Cut::kBytes, test::Cut::kRandom}) {
    Sniffer sniffer;

    EXPECT_EQ(Feed(sniffer, bytes, cut), bytes);

    EXPECT_EQ(sniffer.wire(), core::Wire::kHttp2);
    EXPECT_FALSE(sniffer.WantsRead());
  }
}

TEST(Sniffer, WhateverIsNoPrefaceIsTheOlderVersion) {
  for (std::size_t same = 0; same < kPreface.size(); ++same) {
    for (const test::Cut cut : {test::Cut::kWhole, test::Cut::kBytes, test::Cut::kRandom}) {
      const std::string bytes = std::string(kPreface.substr(0, same)) + "?" + std::string(kPreface.substr(same));
      Sniffer sniffer;

      EXPECT_EQ(Feed(sniffer, bytes, cut), bytes);

      EXPECT_EQ(sniffer.wire(), core::Wire::kHttp1) << same;
    }
  }
}

TEST(Sniffer, APrefaceWithoutItsEndDecidesNothingAndIsAPendingHead) {
  Sniffer sniffer;
  EXPECT_TRUE(sniffer.Idle());
  EXPECT_FALSE(sniffer.HeadPending());

  sniffer.Receive(core::Slice::Copy(kPreface.substr(0, kPreface.size() - 1)));

  EXPECT_FALSE(sniffer.wire());
  EXPECT_TRUE(sniffer.HeadPending());
  EXPECT_FALSE(sniffer.Idle());
  EXPECT_FALSE(sniffer.WantsClose());
  sniffer.FailPendingHead({});
  EXPECT_TRUE(sniffer.WantsClose());
}

TEST(Sniffer, ADrainEndsAConnectionThatHasNotSaidAnything) {
  Sniffer sniffer;

  sniffer.BeginDrain();

  EXPECT_TRUE(sniffer.WantsClose());
}

}  // namespace
}  // namespace sluice::gateway
