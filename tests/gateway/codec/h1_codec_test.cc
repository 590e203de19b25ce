// The receiving half of H1Codec in the server role; the client role is in h1_codec_client_test.cc.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/gateway/codec/h1_server.h"

namespace sluice::gateway {
namespace {

using test::Cut;
using test::Feed;

constexpr std::string_view kPost = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n5;a=\"b\"\r\npedia\r\n0\r\n\r\n";

TEST(H1Server, DeliversARequestHead) {
  Server server;
  Feed(server.codec, kGet);
  const auto& head = server.request().head();
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/a?b=c");
  EXPECT_EQ(head.authority, "Example.org:80");
  EXPECT_EQ(head.protocol, "HTTP/1.1");
  EXPECT_EQ(head.Find("x-thing"), "one");
  EXPECT_EQ(head.Find("host"), std::nullopt);
  EXPECT_TRUE(head.end);
}

TEST(H1Server, DeliversTheSameHoweverTheBytesAreCut) {
  for (const std::string_view bytes : {kGet, kPost, kChunked}) {
    Server whole;
    Feed(whole.codec, bytes);
    ASSERT_TRUE(whole.request().ended);
    Server single;
    Feed(single.codec, bytes, Cut::kBytes);
    EXPECT_EQ(single.request().Text(), whole.request().Text());
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Server random;
      Feed(random.codec, bytes, Cut::kRandom, seed);
      EXPECT_EQ(random.request().Text(), whole.request().Text());
    }
  }
}

TEST(H1Server, LeavesHopByHopFieldsBehind) {
  Server server;
  Feed(server.codec,
       "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Secret, x-request-id\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n"
       "X-Request-Id: 7\r\nTE: trailers, deflate\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nProxy-Connection: close\r\n"
       "X-Kept: 2\r\n\r\n");
  const auto& head = server.request().head();
  for (const char* name : {"connection", "x-secret", "keep-alive", "upgrade", "http2-settings", "proxy-connection"}) {
    EXPECT_EQ(head.Find(name), std::nullopt) << name;
  }
  EXPECT_EQ(head.Find("te"), "trailers");
  EXPECT_EQ(head.Find("x-kept"), "2");
  EXPECT_EQ(head.Find("x-request-id"), "7");
}

TEST(H1Server, ClosesWhenTheClientAsksForIt) {
  Server server;
  Feed(server.codec, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  server.Answer(200);
  EXPECT_NE(server.Written().find("connection: close"), std::string::npos);
  EXPECT_TRUE(server.codec.WantsClose());
}

TEST(H1Server, KeepsPipelinedRequestsUntilTheAnswerIsWritten) {
  Server server;
  Feed(server.codec, std::string(kGet) + std::string(kPost) + std::string(kGet));
  EXPECT_EQ(server.requests.size(), 1u);
  EXPECT_FALSE(server.codec.WantsRead());
  server.Answer(200, "1");
  EXPECT_EQ(server.requests.size(), 1u);
  server.Written();
  ASSERT_EQ(server.requests.size(), 2u);
  EXPECT_EQ(server.request().body, "hello");
  server.Answer(200, "2");
  server.Written();
  ASSERT_EQ(server.requests.size(), 3u);
  server.Answer(200, "3");
  server.Written();
  EXPECT_TRUE(server.codec.Idle());
  EXPECT_TRUE(server.codec.WantsRead());
}

TEST(H1Server, ReadsOnWhileAnAnswerIsPendingToNoticeADisconnect) {
  Server server;
  Feed(server.codec, kGet);
  EXPECT_TRUE(server.codec.WantsRead());
}

TEST(H1Server, AnswersAPeerThatHasClosedItsHalf) {
  Server server;
  Feed(server.codec, kGet);
  server.codec.ReceiveEnd();
  EXPECT_EQ(server.request().resets, 0);
  server.Answer(200, "ok");
  EXPECT_TRUE(server.Written().ends_with("ok"));
  EXPECT_TRUE(server.codec.WantsClose());
}

TEST(H1Server, ResetsARequestThatEndsInTheMiddle) {
  Server server;
  Feed(server.codec, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel");
  server.codec.ReceiveEnd();
  EXPECT_EQ(server.request().reset, core::ResetReason::kConnectionClosed);
  EXPECT_TRUE(server.codec.WantsClose());
}

TEST(H1Server, RefusesAMalformedRequestAndCloses) {
  Server server;
  Feed(server.codec, "GET / HTTP/1.1\r\nHost : h\r\n\r\n");
  ASSERT_TRUE(server.fault);
  EXPECT_EQ(server.fault->status, 400);
  EXPECT_NE(server.Written().find("connection: close"), std::string::npos);
  EXPECT_TRUE(server.codec.WantsClose());
  EXPECT_EQ(server.stats.protocol_errors, 1u);
  EXPECT_EQ(server.request().heads.size(), 0u);
}

TEST(H1Server, ReportsAMalformedBodyAfterTheHead) {
  Server server;
  Feed(server.codec, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n");
  EXPECT_EQ(server.request().heads.size(), 1u);
  ASSERT_TRUE(server.fault);
  EXPECT_EQ(server.fault->details, "http1.invalid_chunk");
  server.Written();
  EXPECT_TRUE(server.codec.WantsClose());
}

TEST(H1Server, PassesAnnouncedTrailersAndDropsTheRest) {
  Server server;
  Feed(server.codec,
       "POST / HTTP/1.1\r\nHost: h\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
       "X-Sum: 5\r\nHost: evil\r\nX-AB-Bucket: 5\r\ngrpc-status: 0\r\nX-Other: 1\r\n\r\n");
  const std::vector<std::pair<std::string, std::string>> expected = {{"x-sum", "5"}, {"grpc-status", "0"}};
  EXPECT_EQ(server.request().trailers, expected);
  EXPECT_EQ(server.stats.trailers_dropped, 3u);
  EXPECT_EQ(server.request().head().Find("x-ab-bucket"), std::nullopt);
}

TEST(H1Server, PausesReadingUntilTheReceiverHasConsumed) {
  CodecLimits limits;
  limits.receive_window = 10;
  Server server(limits);
  Feed(server.codec, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n0123456789");
  EXPECT_FALSE(server.codec.WantsRead());
  server.wakes = 0;
  server.stream->Consumed(3);
  EXPECT_TRUE(server.codec.WantsRead());
  EXPECT_EQ(server.wakes, 1);
}

TEST(H1Server, DrainClosesAnIdleConnectionAtOnceAndABusyOneAfterItsAnswer) {
  Server idle;
  idle.codec.BeginDrain();
  EXPECT_TRUE(idle.codec.WantsClose());
  Server busy;
  Feed(busy.codec, kGet);
  busy.codec.BeginDrain();
  EXPECT_FALSE(busy.codec.WantsClose());
  busy.Answer(200, "x");
  EXPECT_NE(busy.Written().find("connection: close"), std::string::npos);
  EXPECT_TRUE(busy.codec.WantsClose());
}

TEST(H1Server, AnAnnouncedDrainServesOneMoreRequestOfAnIdleConnection) {
  Server server;
  server.codec.AnnounceDrain();
  EXPECT_FALSE(server.codec.WantsClose());
  EXPECT_TRUE(server.codec.WantsRead());
  Feed(server.codec, kGet);
  server.Answer(200, "x");
  EXPECT_NE(server.Written().find("connection: close"), std::string::npos);
  EXPECT_TRUE(server.codec.WantsClose());
}

TEST(H1Server, ADrainAfterItsAnnouncementClosesWhatIsStillIdle) {
  Server server;
  server.codec.AnnounceDrain();
  server.codec.BeginDrain();
  EXPECT_TRUE(server.codec.WantsClose());
}

TEST(H1Server, GivesUpOnAPendingHead) {
  Server server;
  Feed(server.codec, "GET / HTTP/1.1\r\nHo");
  EXPECT_TRUE(server.codec.HeadPending());
  server.codec.FailPendingHead({408, "request_header_timeout"});
  EXPECT_TRUE(server.Written().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(server.codec.WantsClose());
}

TEST(H1Server, TellsWhenOnlyTheReaderOfAnAnswerIsMissing) {
  Server server;
  EXPECT_FALSE(server.codec.AwaitsReader());
  Feed(server.codec, kGet);
  server.SendHead(200, 1, Flow::kMore);
  EXPECT_FALSE(server.codec.AwaitsReader());  // the stream is open: its owner watches it
  server.stream->SendBody(core::Slice::Borrow("x"), Flow::kEnd);
  EXPECT_TRUE(server.codec.AwaitsReader());
  server.Written();
  EXPECT_FALSE(server.codec.AwaitsReader());
  Feed(server.codec, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
  server.Answer(413, "too much");  // the rest of that request is never read, but its stream is open until the close
  EXPECT_TRUE(server.codec.AwaitsReader());
}

TEST(H1Server, TurnsAbsoluteTargetsIntoOriginForm) {
  Server server;
  Feed(server.codec, "GET http://h:81?q HTTP/1.1\r\nHost: H:81\r\n\r\n");
  EXPECT_EQ(server.request().head().path, "/?q");
  Server mismatch;
  Feed(mismatch.codec, "GET http://g/ HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(mismatch.fault->details, "http1.host_mismatch");
}

TEST(H1Server, AllowsAnEmptyLineBeforeARequest) {
  Server server;
  Feed(server.codec, "\r\n" + std::string(kGet), Cut::kBytes);
  EXPECT_EQ(server.requests.size(), 1u);
}

}  // namespace
}  // namespace sluice::gateway
