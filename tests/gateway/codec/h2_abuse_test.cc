// Attacks on an H2Codec in the server role: what the peer makes us do is counted, what it leaves unread is given up, and
// nothing of a stream that is gone is touched again. The budgets themselves: h2_guard_test.cc.
#include <gtest/gtest.h>

#include "tests/gateway/codec/h2_wire.h"

namespace sluice::gateway::h2 {
namespace {

constexpr int kEnds = NGHTTP2_FLAG_END_STREAM;
constexpr std::uint32_t kCalm = NGHTTP2_ENHANCE_YOUR_CALM;

// A server that has shaken hands and written its part of it.
struct Open : Server {
  explicit Open(CodecLimits given = {}) : Server(given) {
    Receive(Begin());
    Written();
  }
};

// How often `frames(id)` passes before the connection ends; with the code of its GOAWAY.
template <typename Frames>
std::pair<int, std::uint32_t> Repeat(Server& server, int most, Frames frames) {
  for (int i = 0; i < most; ++i) {
    server.Receive(frames(static_cast<std::uint32_t>(2 * i + 1)));
    if (const auto code = server.Goaway()) return {i, *code};
  }
  return {most, NGHTTP2_NO_ERROR};
}

TEST(H2Abuse, AHeadThatDribblesIsPending) {
  Open server;
  const std::string get = Get(1);

  server.Receive(std::string_view(get).substr(0, get.size() - 1));
  EXPECT_TRUE(server.codec.HeadPending());
  server.codec.FailPendingHead({});

  EXPECT_EQ(server.Goaway(), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_TRUE(server.requests.empty());
}

// MadeYouReset (CVE-2025-8671): a request that is good, and a frame that makes us reset it.
TEST(H2Abuse, OverflowingTheWindowsOfStreamsIsAFlood) {
  Open server;

  const auto [passed, code] =
      Repeat(server, 1000, [](std::uint32_t id) { return Get(id) + WindowUpdate(id, 0x7fffffff); });

  EXPECT_EQ(passed, 200);
  EXPECT_EQ(code, kCalm);
  EXPECT_EQ(server.stats.glitch_flood, 1u);
  for (const auto& request : server.requests) EXPECT_TRUE(request.reset);
}

TEST(H2Abuse, LengthsThatDisagreeAreResetsWeWereMadeToSend) {
  const Fields two = {{"content-length", "2"}};
  const auto post = [&two](std::uint32_t id) { return Head(id, 0, two, "POST"); };
  Open shorter;
  Open longer;
  Open none;

  EXPECT_EQ(Repeat(shorter, 1000, [&](auto id) { return post(id) + Frame(NGHTTP2_DATA, kEnds, id, "x"); }),
            std::pair(200, kCalm));
  EXPECT_EQ(Repeat(longer, 1000, [&](auto id) { return post(id) + Frame(NGHTTP2_DATA, 0, id, "xyz"); }),
            std::pair(200, kCalm));
  EXPECT_EQ(Repeat(none, 1000, [&](auto id) { return Head(id, kEnds, two, "POST"); }), std::pair(200, kCalm));

  for (const Server* server : {&shorter, &longer, &none}) EXPECT_EQ(server->stats.glitch_flood, 1u);
  for (const auto& request : shorter.requests) EXPECT_TRUE(request.reset && !request.ended);
}

TEST(H2Abuse, ABodyBeyondItsWindowIsAResetWeWereMadeToSend) {
  CodecLimits limits;
  limits.receive_window = 10;
  Open server(limits);

  const auto [passed, code] = Repeat(server, 1000, [](std::uint32_t id) {
    return Head(id, 0, {}, "POST") + Frame(NGHTTP2_DATA, 0, id, "elevenbytes");
  });

  EXPECT_EQ(passed, 200);
  EXPECT_EQ(code, kCalm);
}

TEST(H2Abuse, FramesOnAStreamThatHasEndedOrThatDependOnThemselvesEndTheConnection) {
  const std::vector<std::pair<std::string, std::uint32_t>> vectors = {
      {WindowUpdate(1, 0), NGHTTP2_PROTOCOL_ERROR},
      {Get(1), NGHTTP2_STREAM_CLOSED},
      {Frame(NGHTTP2_DATA, 0, 1, "x"), NGHTTP2_STREAM_CLOSED},
      {Frame(NGHTTP2_PRIORITY, 0, 1, Word(1) + "w"), NGHTTP2_PROTOCOL_ERROR},
      {Frame(NGHTTP2_PRIORITY, 0, 1, "four"), NGHTTP2_FRAME_SIZE_ERROR},
  };
  for (const auto& [frame, code] : vectors) {
    Open server;

    server.Receive(Get(1) + frame);

    EXPECT_EQ(server.Goaway(), code) << static_cast<int>(frame[3]);
    EXPECT_TRUE(server.codec.WantsClose());
  }
}

TEST(H2Abuse, AMalformedHeadCostsOneGlitch) {
  Open server;

  const auto [passed, code] = Repeat(server, 1000, [](auto id) { return Head(id, kEnds, {{"Upper", "case"}}); });

  EXPECT_EQ(passed, 200);
  EXPECT_EQ(code, kCalm);
  EXPECT_TRUE(server.requests.empty());
}

TEST(H2Abuse, WhatWeResetOnOurOwnAccountIsNobodysGlitch) {
  Open server;

  for (std::uint32_t id = 1; id < 2001; id += 2) {
    server.Receive(Get(id));
    server.streams.back()->Reset(core::ResetReason::kConnectFailure);
    ASSERT_FALSE(server.Goaway());
  }

  EXPECT_EQ(server.stats.glitch_flood, 0u);
}

TEST(H2Abuse, TheFieldThatCrossesALimitResetsItsStreamAndNothingIsKept) {
  CodecLimits limits;
  limits.header_count_max = 3;
  Open server(limits);

  server.Receive(Head(1, kEnds, {{"a", ""}, {"b", ""}, {"c", ""}}) +
                 Head(3, kEnds, {{"cookie", ""}, {"cookie", ""}, {"cookie", ""}, {"cookie", ""}}));
  const std::vector<Received> frames = server.Written();

  ASSERT_EQ(server.requests.size(), 1u);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].type, NGHTTP2_RST_STREAM);
  EXPECT_EQ(frames[0].id, 3u);
  EXPECT_EQ(frames[0].code(), kCalm);
  EXPECT_EQ(server.stats.headers_too_large, 1u);
}

// A client that takes all it can get: windows of a mebibyte.
struct Greedy : Open {
  Greedy() { Receive(Setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20) + WindowUpdate(0, 1 << 20) + Get(1)); }

  // Body until the socket would be full; a frame of it is half made then.
  void FillUp() {
    core::Arena arena;
    core::Head head(arena);
    head.status = 200;
    streams[0]->SendHead(head, Flow::kMore);
    streams[0]->SendBody(core::Slice::Copy(std::string(100'000, 'x')), Flow::kMore);
    codec.Fill();
    EXPECT_GE(codec.Output().bytes(), H2Codec::kFillMax);
  }
};

TEST(H2Abuse, AStreamThatIsResetWhileAFrameOfItWaitsForTheSocketSendsNoMoreOfIt) {
  Greedy client;
  client.FillUp();

  client.streams[0]->Reset(core::ResetReason::kConnectionReset);
  const std::vector<Received> frames = client.Written();

  EXPECT_EQ(frames.back().type, NGHTTP2_RST_STREAM);
  EXPECT_TRUE(client.codec.Idle());
  client.Receive(Get(3));
  Server::Answer(*client.streams[1], 200, "next");
  EXPECT_EQ(client.Written().back().payload, "next");
}

// Found by h2_fuzz: the user was called again after he had ended both directions.
TEST(H2Abuse, AUserWhoEndsAStreamWhoseInterimHeadCouldNotBeWrittenIsLetGo) {
  Open server;
  server.Receive(Get(1));
  core::Arena arena;
  core::Head interim(arena);
  interim.status = 103;
  interim.headers.AddBorrowed("evil", "a\r\nb");

  server.streams[0]->SendHead(interim, Flow::kMore);
  Server::Answer(*server.streams[0], 200);

  EXPECT_EQ(server.Written().back().code(), NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(server.requests[0].resets, 0);
  EXPECT_TRUE(server.codec.Idle());
}

// Found by h2_fuzz: the answer had left, the reset behind it had not.
TEST(H2Abuse, AStreamIsResetOnce) {
  Greedy client;
  client.Receive(Head(3, 0, {}, "POST"));
  core::Arena arena;
  core::Head head(arena);
  head.status = 200;
  client.streams[0]->SendHead(head, Flow::kMore);
  client.codec.Fill();
  const std::size_t room = H2Codec::kFillMax - client.codec.Output().bytes();
  constexpr std::size_t kFrames = 4 * 9;
  client.streams[0]->SendBody(core::Slice::Copy(std::string(room - kFrames - 1, 'x')), Flow::kMore);
  client.codec.Fill();
  ASSERT_EQ(client.codec.Output().bytes(), H2Codec::kFillMax - 1);

  client.streams[1]->SendHead(head, Flow::kEnd);
  client.codec.Fill();
  client.streams[1]->Reset(core::ResetReason::kConnectionReset);
  const std::vector<Received> frames = client.Written();

  EXPECT_EQ(std::ranges::count(frames, NGHTTP2_RST_STREAM, &Received::type), 1);
}

TEST(H2Abuse, AClientThatTakesNoByteIsClosed) {
  Greedy client;
  client.FillUp();
  client.streams[0]->SendBody(core::Slice(), Flow::kEnd);

  client.codec.ExpireUnread();
  EXPECT_FALSE(client.codec.WantsClose());
  client.codec.ExpireUnread();

  EXPECT_TRUE(client.codec.WantsClose());
  EXPECT_EQ(client.stats.unread_reset, 1u);
}

TEST(H2Abuse, AnAnswerThatWaitsForAWindowIsGivenUpUnlessItIsRead) {
  Open client;
  client.Receive(Setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0) + Get(1) + Get(3));
  Server::Answer(*client.streams[0], 200, "unread");
  Server::Answer(*client.streams[1], 200, "read, but slowly" + std::string(4000, 'x'));
  client.Written();

  client.codec.ExpireUnread();
  EXPECT_TRUE(client.Written().empty()) << "they may have begun to wait just now";
  client.Receive(WindowUpdate(1, 1) + WindowUpdate(3, 1024));
  client.Written();
  client.codec.ExpireUnread();
  const std::vector<Received> frames = client.Written();

  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].type, NGHTTP2_RST_STREAM);
  EXPECT_EQ(frames[0].id, 1u);
  EXPECT_TRUE(client.codec.HasUnread());
  client.codec.ExpireUnread();
  EXPECT_EQ(client.Written().at(0).id, 3u);
  EXPECT_TRUE(client.codec.Idle());
  EXPECT_EQ(client.stats.unread_reset, 2u);
}

TEST(H2Abuse, AClientThatDoesNotHearOfTheDrainIsCutOffAllTheSame) {
  Open client;
  client.codec.AnnounceDrain();
  client.Written();  // GOAWAY and PING, which it leaves unanswered
  for (std::uint32_t i = 0; i < 150; ++i) {
    client.Receive(Get(2 * i + 1));
    if (client.streams.size() > i) Server::Answer(*client.streams[i], 200, "ok");
    client.Written();
  }

  EXPECT_EQ(client.streams.size(), client.limits.streams_max);
  EXPECT_TRUE(client.codec.WantsClose());
}

}  // namespace
}  // namespace sluice::gateway::h2
