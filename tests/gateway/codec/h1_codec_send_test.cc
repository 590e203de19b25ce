// The sending half of H1Codec in the server role.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/gateway/codec/h1_server.h"

namespace sluice::gateway {
namespace {

using test::Feed;

constexpr std::string_view kPost = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

TEST(H1CodecSend, AnswersInOnePieceAndKeepsTheConnection) {
  Server server;
  Feed(server.codec, kGet);
  server.Answer(200, "ok");
  EXPECT_EQ(server.codec.Output().piece_count(), 1u);
  EXPECT_EQ(server.Written(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_FALSE(server.codec.WantsClose());
  EXPECT_TRUE(server.codec.Idle());
  EXPECT_EQ(server.pool.idle(), 1u);
}

TEST(H1CodecSend, ChunksAnAnswerOfUnknownLength) {
  Server server;
  Feed(server.codec, kGet);
  server.SendHead(200, std::nullopt, Flow::kMore);
  server.stream->SendBody(core::Slice::Copy("hello"), Flow::kMore);
  server.stream->SendBody(core::Slice::Copy("!"), Flow::kEnd);
  EXPECT_EQ(server.Written(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
}

TEST(H1CodecSend, WritesTrailersBehindChunks) {
  Server server;
  Feed(server.codec, kGet);
  server.SendHead(200, std::nullopt, Flow::kMore);
  server.stream->SendBody(core::Slice::Copy("x"), Flow::kMore);
  core::Arena arena;
  core::HeaderMap trailers(arena);
  trailers.AddBorrowed(core::HeaderName::kGrpcStatus, "0");
  server.stream->SendTrailers(trailers);
  EXPECT_TRUE(server.Written().ends_with("1\r\nx\r\n0\r\ngrpc-status: 0\r\n\r\n"));
  EXPECT_TRUE(server.codec.Idle());
}

TEST(H1CodecSend, SendsNoBodyToHeadNor204Nor304) {
  Server head;
  Feed(head.codec, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  head.Answer(200, "body");
  EXPECT_EQ(head.Written(), "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n");
  for (const int status : {204, 304}) {
    Server server;
    Feed(server.codec, kGet);
    server.SendHead(status, std::nullopt, Flow::kEnd);
    EXPECT_EQ(server.Written().find("content-length"), std::string::npos);
    EXPECT_TRUE(server.codec.Idle());
  }
}

TEST(H1CodecSend, SpeaksTheOldVersion) {
  Server close;
  Feed(close.codec, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(close.request().head().authority, "");
  close.Answer(200, "x");
  EXPECT_EQ(close.Written(), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx");
  EXPECT_TRUE(close.codec.WantsClose());

  Server keep;
  Feed(keep.codec, "GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
  keep.Answer(200, "x");
  EXPECT_EQ(keep.Written(), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\nx");
  EXPECT_FALSE(keep.codec.WantsClose());

  Server streamed;
  Feed(streamed.codec, "GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
  streamed.SendHead(200, std::nullopt, Flow::kMore);
  streamed.stream->SendBody(core::Slice::Copy("abc"), Flow::kEnd);
  EXPECT_EQ(streamed.Written(), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc");
  EXPECT_TRUE(streamed.codec.WantsClose());
}

TEST(H1CodecSend, ClosesAfterAnEarlyAnswer) {
  Server server;
  Feed(server.codec, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\nhel");
  server.Answer(413, "no");
  EXPECT_FALSE(server.codec.WantsRead());
  EXPECT_EQ(server.Written(), "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
  EXPECT_TRUE(server.codec.WantsClose());
  server.codec.Abort(core::ResetReason::kConnectionClosed);
  EXPECT_EQ(server.request().resets, 1);
}

TEST(H1CodecSend, KeepsTheConnectionWhenTheUnreadBodyHasArrived) {
  Server server;
  server.on_head = [&](test::RecordingEvents&) { server.Answer(404); };
  Feed(server.codec, kPost);
  EXPECT_EQ(server.request().body, "hello");
  EXPECT_TRUE(server.request().ended);
  EXPECT_EQ(server.Written().find("close"), std::string::npos);
  EXPECT_TRUE(server.codec.Idle());
}

TEST(H1CodecSend, PassesContinueOnceAndNeverToTheOldVersion) {
  Server server;
  Feed(server.codec, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(server.request().head().Find("expect"), "100-Continue");
  server.SendHead(100, std::nullopt, Flow::kMore);
  server.SendHead(100, std::nullopt, Flow::kMore);
  EXPECT_EQ(server.Written(), "HTTP/1.1 100 Continue\r\n\r\n");
  Feed(server.codec, "hello");
  server.Answer(200);
  EXPECT_EQ(server.Written(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");

  Server old;
  Feed(old.codec, "POST / HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(old.request().head().Find("expect"), std::nullopt);
  old.SendHead(100, std::nullopt, Flow::kMore);
  EXPECT_EQ(old.Written(), "");
}

TEST(H1CodecSend, SaysFullAndThenRoom) {
  CodecLimits limits;
  limits.output_high = 100;
  limits.output_low = 10;
  Server server(limits);
  Feed(server.codec, kGet);
  server.SendHead(200, std::nullopt, Flow::kMore);
  EXPECT_EQ(server.stream->SendBody(core::Slice::Copy(std::string(50, 'x')), Flow::kMore), Room::kFull);
  server.codec.Output().Consume(20);
  server.codec.OnWritten();
  EXPECT_EQ(server.request().rooms, 0);
  server.Written();
  EXPECT_EQ(server.request().rooms, 1);
}

TEST(H1CodecSend, CutsTheConnectionWhenTheAnswerIsShorterOrLongerThanDeclared) {
  for (const std::string_view text : {"abc", "abcdef"}) {
    Server server;
    Feed(server.codec, kGet);
    server.SendHead(200, 5, Flow::kMore);
    server.stream->SendBody(core::Slice::Copy(text), Flow::kEnd);
    EXPECT_TRUE(server.codec.WantsClose());
    server.codec.Abort(core::ResetReason::kConnectionClosed);
    EXPECT_EQ(server.request().resets, 0);
  }
}

TEST(H1CodecSend, ResetCutsWithoutAnEvent) {
  Server server;
  Feed(server.codec, kGet);
  server.SendHead(200, std::nullopt, Flow::kMore);
  server.stream->Reset(core::ResetReason::kRemoteReset);
  EXPECT_TRUE(server.codec.WantsClose());
  server.codec.Abort(core::ResetReason::kConnectionClosed);
  EXPECT_EQ(server.request().resets, 0);
}

TEST(H1CodecSend, RefusesToWriteASplitAnswer) {
  Server server;
  Feed(server.codec, kGet);
  core::Arena arena;
  core::Head head(arena);
  head.status = 200;
  head.headers.AddBorrowed("x-bad", "a\r\nset-cookie: b");
  server.stream->SendHead(head, Flow::kEnd);
  EXPECT_TRUE(server.codec.Output().empty());
  EXPECT_TRUE(server.codec.WantsClose());
}

}  // namespace
}  // namespace sluice::gateway
