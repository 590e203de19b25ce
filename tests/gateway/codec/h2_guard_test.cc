// The budgets one by one, on frame headers alone: what a peer may do for free, what pays for more, and that cutting the
// bytes changes nothing.
#include "gateway/codec/h2_guard.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <string>
#include <string_view>

#include "tests/gateway/codec/h2_wire.h"
#include "tests/support/byte_feed.h"
#include "tests/support/manual_clock.h"

namespace sluice::gateway {
namespace {

using h2::Frame;

struct Guarded {
  explicit Guarded(Role role = Role::kServer) : guard(role, limits, stats, clock) {
    if (role == Role::kServer) guard.Scan(h2::kPreface);
  }

  // How many times `frame` passes, `most` at most.
  int Passes(std::string_view frame, int most = 100'000) {
    int count = 0;
    while (count < most && guard.Scan(frame)) ++count;
    return count;
  }

  CodecLimits limits;
  CodecStats stats;
  ManualClock clock;
  H2Guard guard;
};

const std::string kPing = Frame(NGHTTP2_PING, 0, 0, std::string(8, 'p'));
std::string Headers(std::uint32_t id) { return Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, "block"); }
const std::string kHeaders = Headers(1);

TEST(H2Guard, PingsBeyondTheBurstEndTheConnection) {
  Guarded peer;

  EXPECT_EQ(peer.Passes(kPing), 50);

  EXPECT_EQ(peer.stats.ping_flood, 1u);
}

TEST(H2Guard, PingsAtTheSteadyRateAreFine) {
  Guarded peer;
  peer.Passes(kPing, 50);

  for (int i = 0; i < 1000; ++i) {
    peer.clock.Advance(core::Milliseconds(100));
    ASSERT_TRUE(peer.guard.Scan(kPing)) << i;
  }

  EXPECT_EQ(peer.stats.ping_flood, 0u);
}

// grpc-go measures its window with a PING for each round trip in which data came.
TEST(H2Guard, MessagesInEitherDirectionPayForAPingEach) {
  Guarded reader;
  Guarded writer;

  for (int i = 0; i < 1000; ++i) {
    reader.guard.OnDataSent();
    ASSERT_TRUE(reader.guard.Scan(kPing)) << i;
    ASSERT_TRUE(writer.guard.Scan(Frame(NGHTTP2_DATA, 0, 1, "x") + kPing)) << i;
  }

  EXPECT_EQ(reader.Passes(kPing), 50);
}

TEST(H2Guard, WhatMessagesPaidForCannotBeSavedUp) {
  Guarded peer;
  for (int i = 0; i < 10'000; ++i) peer.guard.OnDataSent();

  EXPECT_EQ(peer.Passes(kPing), 100);
}

TEST(H2Guard, AnswersThatNobodyAskedForAreGlitches) {
  Guarded peer;

  EXPECT_EQ(peer.Passes(Frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, std::string(8, 'p'))), 200);

  EXPECT_EQ(peer.stats.glitch_flood, 1u);
}

TEST(H2Guard, SettingsBeyondTheBurstEndTheConnectionAndTheirAnswersDoNot) {
  Guarded peer;

  EXPECT_EQ(peer.Passes(Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, {}), 100), 100);
  EXPECT_EQ(peer.Passes(Frame(NGHTTP2_SETTINGS, 0, 0, {})), 20);

  EXPECT_EQ(peer.stats.settings_flood, 1u);
}

TEST(H2Guard, RequestsMadeAndResetSpendTheBudgetOfResets) {
  Guarded peer;

  for (std::uint32_t id = 1; id < 401; id += 2) {
    ASSERT_TRUE(peer.guard.Scan(Headers(id) + Frame(NGHTTP2_RST_STREAM, 0, id, h2::Word(NGHTTP2_CANCEL)))) << id;
  }
  peer.clock.Advance(core::Seconds(1));
  EXPECT_EQ(peer.Passes(Frame(NGHTTP2_RST_STREAM, 0, 1, h2::Word(NGHTTP2_CANCEL))), 20);

  EXPECT_EQ(peer.stats.reset_flood, 1u);
}

TEST(H2Guard, AServerMayResetWhatWeAskedFor) {
  Guarded server(Role::kClient);

  EXPECT_EQ(server.Passes(Frame(NGHTTP2_RST_STREAM, 0, 1, h2::Word(NGHTTP2_CANCEL)), 1000), 1000);
}

TEST(H2Guard, PrioritiesAreAHundredForEachStreamAndOneMoreTime) {
  const std::string priority = Frame(NGHTTP2_PRIORITY, 0, 3, std::string(5, 0));
  Guarded without;
  Guarded with;
  with.guard.Scan(kHeaders);

  EXPECT_EQ(without.Passes(priority), 100);
  EXPECT_EQ(with.Passes(priority), 200);

  EXPECT_EQ(without.stats.priority_flood, 1u);
}

TEST(H2Guard, WindowUpdatesFollowWhatWasSentToTheirSender) {
  const std::string update = h2::WindowUpdate(0, 1);
  Guarded idle;
  Guarded asking;
  asking.guard.Scan(kHeaders);
  Guarded reading;
  for (int i = 0; i < 3; ++i) reading.guard.OnDataSent();

  EXPECT_EQ(idle.Passes(update), 5);
  EXPECT_EQ(asking.Passes(update), 7);
  EXPECT_EQ(reading.Passes(update), 65);

  EXPECT_EQ(idle.stats.window_update_flood, 1u);
}

TEST(H2Guard, DataWithoutDataMayComeTenTimesInARow) {
  const std::string empty = Frame(NGHTTP2_DATA, 0, 1, {});
  Guarded peer;

  EXPECT_EQ(peer.Passes(empty, 10), 10);
  EXPECT_TRUE(peer.guard.Scan(Frame(NGHTTP2_DATA, 0, 1, "x")));
  EXPECT_EQ(peer.Passes(empty), 10);

  EXPECT_EQ(peer.stats.empty_frame_flood, 1u);
}

TEST(H2Guard, DataOfPaddingAloneIsDataWithoutData) {
  for (const std::size_t padding : {0u, 1u, 255u}) {
    Guarded peer;
    const std::string payload = static_cast<char>(padding) + std::string(padding, 0);

    EXPECT_EQ(peer.Passes(Frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, payload)), 10) << padding;
    EXPECT_EQ(peer.stats.empty_frame_flood, 1u);
  }
}

TEST(H2Guard, DataWithPaddingIsData) {
  Guarded peer;

  EXPECT_EQ(peer.Passes(Frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string("\1x\0", 3)), 1000), 1000);
}

// nghttp2 says nothing of frames that come for a stream that is gone.
TEST(H2Guard, AStreamEndsOnceHoweverOftenItIsSaid) {
  const std::string end = Frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, {});
  Guarded one;
  Guarded many;
  one.guard.Scan(Headers(1));

  EXPECT_EQ(one.Passes(end), 1);
  for (std::uint32_t id = 1; id < 2001; id += 2) ASSERT_TRUE(many.guard.Scan(Headers(id) + end)) << id;

  EXPECT_EQ(one.stats.empty_frame_flood, 1u);
}

TEST(H2Guard, AStreamHasTrailersOnce) {
  Guarded one;
  Guarded many;
  one.guard.Scan(Headers(1));

  EXPECT_EQ(one.Passes(Headers(1)), 1);
  for (std::uint32_t id = 1; id < 2001; id += 2) ASSERT_TRUE(many.guard.Scan(Headers(id) + Headers(id))) << id;

  EXPECT_EQ(one.stats.glitch_flood, 1u);
}

TEST(H2Guard, AnAnswerMayHaveInterimHeadsAndComeInAnyOrder) {
  Guarded server(Role::kClient);

  for (std::uint32_t id = 2001; id > 1; id -= 2) ASSERT_TRUE(server.guard.Scan(Headers(id) + Headers(id))) << id;
  EXPECT_EQ(server.Passes(Headers(1), 1000), 1000);
}

TEST(H2Guard, ABlockHasEightContinuationsEmptyOnesIncluded) {
  const std::string begin = Frame(NGHTTP2_HEADERS, 0, 1, "block");
  for (const std::string_view payload : {"", "more"}) {
    Guarded peer;
    ASSERT_TRUE(peer.guard.Scan(begin));

    EXPECT_EQ(peer.Passes(Frame(NGHTTP2_CONTINUATION, 0, 1, payload)), 8);
    EXPECT_EQ(peer.stats.continuation_flood, 1u);
  }
}

TEST(H2Guard, ABlockIsNoLongerThanItsLimitHoweverManyFramesItHas) {
  Guarded peer;
  peer.limits.header_block_max = 1000;

  EXPECT_TRUE(peer.guard.Scan(Frame(NGHTTP2_HEADERS, 0, 1, std::string(500, 'x'))));
  EXPECT_TRUE(peer.guard.Scan(Frame(NGHTTP2_CONTINUATION, 0, 1, std::string(500, 'x'))));
  EXPECT_FALSE(peer.guard.Scan(Frame(NGHTTP2_CONTINUATION, 0, 1, "x")));

  EXPECT_EQ(peer.stats.continuation_flood, 1u);
}

TEST(H2Guard, FramesThatMeanNothingAreGlitches) {
  Guarded unknown;
  Guarded goodbyes;

  EXPECT_EQ(unknown.Passes(Frame(0x42, 0, 0, "what?")), 200);
  EXPECT_EQ(goodbyes.Passes(Frame(NGHTTP2_GOAWAY, 0, 0, std::string(8, 0))), 200);

  EXPECT_EQ(unknown.stats.glitch_flood, 1u);
  EXPECT_EQ(goodbyes.stats.glitch_flood, 1u);
}

TEST(H2Guard, AHeadIsPendingUntilTheLastByteOfItsLastFrame) {
  Guarded peer;
  const std::string begin = Frame(NGHTTP2_HEADERS, 0, 1, "block");
  const std::string end = Frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, "more");
  std::string_view bytes = begin;

  peer.guard.Scan(bytes.substr(0, 3));
  EXPECT_TRUE(peer.guard.mid_block());  // any frame that does not go on: it could become a head
  peer.guard.Scan(bytes.substr(3));
  EXPECT_TRUE(peer.guard.mid_block());
  peer.guard.Scan(std::string_view(end).substr(0, end.size() - 1));
  EXPECT_TRUE(peer.guard.mid_block());
  peer.guard.Scan(std::string_view(end).substr(end.size() - 1));
  EXPECT_FALSE(peer.guard.mid_block());
}

TEST(H2Guard, AHeadInOneFrameIsPendingWhileItDribbles) {
  Guarded peer;

  peer.guard.Scan(std::string_view(kHeaders).substr(0, kHeaders.size() - 1));
  EXPECT_TRUE(peer.guard.mid_block());
  peer.guard.Scan(std::string_view(kHeaders).substr(kHeaders.size() - 1));
  EXPECT_FALSE(peer.guard.mid_block());
}

TEST(H2Guard, ABodyThatDribblesIsNoHead) {
  Guarded peer;

  peer.guard.Scan(std::string_view(Frame(NGHTTP2_DATA, 0, 1, "data")).substr(0, 11));

  EXPECT_FALSE(peer.guard.mid_block());
}

TEST(H2Guard, CutsChangeNothing) {
  std::string bytes(h2::kPreface);
  for (std::uint32_t id = 1; id < 81; id += 2) {
    bytes += Headers(id) + kPing + Frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, id, "\3data");
  }
  for (const test::Cut cut : {test::Cut::kWhole, test::Cut::kBytes, test::Cut::kRandom}) {
    Guarded peer;
    H2Guard guard(Role::kServer, peer.limits, peer.stats, peer.clock);  // has not seen the preface: that is cut too
    for (const std::string_view piece : test::CutBytes(bytes, cut, 7)) ASSERT_TRUE(guard.Scan(piece));
    int left = 0;
    while (left < 1000 && guard.Scan(kPing)) ++left;
    EXPECT_EQ(left, 90);  // the burst, and one for each piece of data; the requests have paid for theirs
    EXPECT_EQ(peer.stats.ping_flood, 1u);
  }
}

}  // namespace
}  // namespace sluice::gateway
