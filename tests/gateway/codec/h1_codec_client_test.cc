// H1Codec in the client role.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "gateway/codec/h1_codec.h"
#include "tests/support/byte_feed.h"
#include "tests/support/recording_events.h"

namespace sluice::gateway {
namespace {

using core::ResetReason;
using test::Cut;
using test::Feed;
using test::RecordingEvents;

class Client {
 public:
  explicit Client(CodecLimits given = {}) : limits(given), codec(Role::kClient, limits, stats, pool, nullptr, {}) {}

  void Open() { stream = codec.Open(events); }

  // Opens a stream and asks; `length` absent: no body.
  void Ask(std::string_view method = "GET", std::optional<std::uint64_t> length = std::nullopt,
           Flow flow = Flow::kEnd) {
    Open();
    core::Arena arena;
    core::Head head(arena);
    head.method = method;
    head.authority = "model:80";
    head.path = "/v1?x=1";
    head.content_length = length;
    head.headers.AddBorrowed("x-id", "7");
    stream->SendHead(head, flow);
  }

  std::string Written() { return test::TakeOutput(codec); }

  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  RecordingEvents events;
  Stream* stream = nullptr;
  H1Codec codec;
};

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Model: v47\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\ngrpc-status: 0\r\n\r\n";

TEST(H1Client, WritesARequest) {
  Client client;
  client.Ask();
  EXPECT_EQ(client.Written(), "GET /v1?x=1 HTTP/1.1\r\nhost: model:80\r\nx-id: 7\r\n\r\n");
}

TEST(H1Client, FramesABodyByItsLengthOrByChunks) {
  Client length;
  length.Ask("POST", 3, Flow::kMore);
  length.stream->SendBody(core::Slice::Copy("abc"), Flow::kEnd);
  EXPECT_EQ(length.Written(), "POST /v1?x=1 HTTP/1.1\r\nhost: model:80\r\ncontent-length: 3\r\nx-id: 7\r\n\r\nabc");
  Client chunked;
  chunked.Ask("POST", std::nullopt, Flow::kMore);
  chunked.stream->SendBody(core::Slice::Copy("abc"), Flow::kEnd);
  EXPECT_EQ(chunked.Written(),
            "POST /v1?x=1 HTTP/1.1\r\nhost: model:80\r\ntransfer-encoding: chunked\r\nx-id: 7\r\n\r\n"
            "3\r\nabc\r\n0\r\n\r\n");
  Client empty;
  empty.Ask("POST");
  EXPECT_NE(empty.Written().find("content-length: 0"), std::string::npos);
}

TEST(H1Client, DeliversAnAnswerAndIsReadyForTheNext) {
  Client client;
  client.Ask();
  EXPECT_EQ(client.codec.Capacity(), 0u);
  EXPECT_EQ(client.codec.Open(client.events), nullptr);
  client.Written();
  Feed(client.codec, kOk);
  EXPECT_EQ(client.events.head().status, 200);
  EXPECT_EQ(client.events.head().content_length, 5u);
  EXPECT_EQ(client.events.head().Find("x-model"), "v47");
  EXPECT_EQ(client.events.body, "hello");
  EXPECT_TRUE(client.events.ended);
  EXPECT_EQ(client.codec.Capacity(), 1u);
  EXPECT_TRUE(client.codec.Idle());
}

TEST(H1Client, DeliversTheSameHoweverTheBytesAreCut) {
  for (const std::string_view bytes : {kOk, kChunked}) {
    Client whole;
    whole.Ask();
    whole.Written();
    Feed(whole.codec, bytes);
    ASSERT_TRUE(whole.events.ended);
    for (std::uint64_t seed = 0; seed <= 20; ++seed) {
      Client cut;
      cut.Ask();
      cut.Written();
      Feed(cut.codec, bytes, seed == 0 ? Cut::kBytes : Cut::kRandom, seed);
      EXPECT_EQ(cut.events.Text(), whole.events.Text());
      EXPECT_EQ(cut.codec.Capacity(), 1u);
    }
  }
}

TEST(H1Client, MayBeOpenedAgainFromInsideTheLastEvent) {
  Client client;
  RecordingEvents next;
  client.events.on_end = [&](RecordingEvents&) { EXPECT_NE(client.codec.Open(next), nullptr); };
  client.Ask();
  client.Written();
  Feed(client.codec, kOk);
  EXPECT_FALSE(client.codec.Idle());
  client.codec.Abort(ResetReason::kConnectionClosed);
  EXPECT_EQ(next.resets, 1);
  EXPECT_EQ(client.events.resets, 0);
}

TEST(H1Client, ReadsAnAnswerWithoutLengthToTheClose) {
  Client client;
  client.Ask();
  client.Written();
  Feed(client.codec, "HTTP/1.1 200 OK\r\n\r\nabc");
  EXPECT_FALSE(client.events.ended);
  client.codec.ReceiveEnd();
  EXPECT_TRUE(client.events.ended);
  EXPECT_EQ(client.events.body, "abc");
  EXPECT_TRUE(client.codec.WantsClose());
}

TEST(H1Client, ResetsWhenAnAnswerEndsTooSoon) {
  for (const std::string_view bytes : {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
                                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"}) {
    Client client;
    client.Ask();
    client.Written();
    Feed(client.codec, bytes);
    client.codec.ReceiveEnd();
    EXPECT_EQ(client.events.reset, ResetReason::kConnectionClosed);
    EXPECT_FALSE(client.events.ended);
    EXPECT_TRUE(client.codec.WantsClose());
  }
}

TEST(H1Client, TellsATornHeadFromNoAnswerAtAll) {
  Client end;
  end.Ask();
  end.Written();
  Feed(end.codec, "HTTP/1.1 200 O");
  end.codec.ReceiveEnd();
  EXPECT_EQ(end.events.reset, ResetReason::kProtocolError);
  Client torn;
  torn.Ask();
  torn.Written();
  Feed(torn.codec, "HTTP/1.1 200 O");
  torn.codec.Abort(ResetReason::kConnectionReset);
  EXPECT_EQ(torn.events.reset, ResetReason::kRemoteReset);
  Client nothing;
  nothing.Ask();
  nothing.Written();
  nothing.codec.Abort(ResetReason::kConnectionReset);
  EXPECT_EQ(nothing.events.reset, ResetReason::kConnectionReset);
}

TEST(H1Client, KnowsGarbageFromItsFirstBytes) {
  Client client;
  client.Ask();
  client.Written();
  Feed(client.codec, std::string_view("\0\1\2", 3));
  EXPECT_EQ(client.events.reset, ResetReason::kProtocolError);
  EXPECT_EQ(client.stats.protocol_errors, 1u);
}

TEST(H1Client, PassesInterimAnswersUpToALimit) {
  Client client;
  client.Ask();
  client.Written();
  Feed(client.codec, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + std::string(kOk));
  ASSERT_EQ(client.events.heads.size(), 3u);
  EXPECT_EQ(client.events.heads[1].status, 103);
  EXPECT_TRUE(client.events.ended);

  Client storm;
  storm.Ask();
  storm.Written();
  for (int i = 0; i < 50; ++i) Feed(storm.codec, "HTTP/1.1 102 Processing\r\n\r\n");
  EXPECT_EQ(storm.events.heads.size(), 8u);
  EXPECT_EQ(storm.events.reset, ResetReason::kProtocolError);
  EXPECT_EQ(storm.stats.interim_overflow, 1u);
}

TEST(H1Client, RefusesAnUpgradeThatNobodyAskedFor) {
  Client client;
  client.Ask();
  client.Written();
  Feed(client.codec, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
  EXPECT_EQ(client.events.reset, ResetReason::kProtocolError);
}

TEST(H1Client, ExpectsNoBodyWhereNoneCanBe) {
  for (const auto& [method, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
           {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
           {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"},
           {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"}}) {
    Client client;
    client.Ask(method);
    client.Written();
    Feed(client.codec, bytes);
    EXPECT_TRUE(client.events.ended) << bytes;
    EXPECT_EQ(client.codec.Capacity(), 1u) << bytes;
  }
}

TEST(H1Client, GivesTheConnectionUpWhenBytesFollowTheAnswer) {
  Client client;
  client.Ask();
  client.Written();
  Feed(client.codec, std::string(kOk) + "x");
  EXPECT_TRUE(client.events.ended);
  EXPECT_EQ(client.events.body, "hello");
  EXPECT_EQ(client.stats.desync, 1u);
  EXPECT_TRUE(client.codec.Desynced());
  EXPECT_EQ(client.codec.Capacity(), 0u);
  EXPECT_TRUE(client.codec.WantsClose());
}

TEST(H1Client, GivesTheConnectionUpWhenBytesComeWhileIdle) {
  Client client;
  Feed(client.codec, "HTTP/1.1 408 Request Timeout\r\n\r\n");
  EXPECT_EQ(client.stats.desync, 1u);
  EXPECT_TRUE(client.codec.Desynced());
  EXPECT_TRUE(client.codec.WantsClose());
  EXPECT_EQ(client.codec.Capacity(), 0u);
}

TEST(H1Client, BytesThatCameBeforeTheRequestLeftAreNotItsAnswer) {
  Client opened;
  opened.Open();
  Feed(opened.codec, kOk);
  EXPECT_EQ(opened.events.reset, ResetReason::kConnectionClosed);
  Client asked;
  asked.Ask();
  Feed(asked.codec, kOk);
  EXPECT_EQ(asked.events.reset, ResetReason::kConnectionClosed);
  EXPECT_EQ(asked.stats.desync, 1u);
  EXPECT_TRUE(asked.events.heads.empty());
  EXPECT_TRUE(asked.codec.WantsClose());
}

TEST(H1Client, IsNotReusedWhenTheAnswerOvertakesTheRequest) {
  Client client;
  client.Ask("POST", 100, Flow::kMore);
  client.stream->SendBody(core::Slice::Copy("abc"), Flow::kMore);
  client.Written();
  Feed(client.codec, kOk);
  EXPECT_TRUE(client.events.ended);
  EXPECT_TRUE(client.codec.WantsClose());
  client.stream->SendBody(core::Slice::Copy("more"), Flow::kMore);
  EXPECT_TRUE(client.codec.Output().empty());
  client.stream->Reset(ResetReason::kCancelled);
  client.codec.Abort(ResetReason::kConnectionClosed);
  EXPECT_EQ(client.events.resets, 0);
}

TEST(H1Client, IsNotReusedWhenThePeerCloses) {
  for (const std::string_view head : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                                      "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    Client client;
    client.Ask();
    client.Written();
    Feed(client.codec, head);
    EXPECT_TRUE(client.events.ended);
    EXPECT_TRUE(client.codec.WantsClose());
  }
}

TEST(H1Client, CancelsByClosing) {
  Client client;
  client.Ask();
  client.stream->Reset(ResetReason::kCancelled);
  EXPECT_TRUE(client.codec.WantsClose());
  Feed(client.codec, kOk);
  EXPECT_EQ(client.events.heads.size(), 0u);
  EXPECT_EQ(client.events.resets, 0);
}

TEST(H1Client, KeepsFramingFieldsFromAboveOffTheWire) {
  Client client;
  client.Open();
  core::Arena arena;
  core::Head head(arena);
  head.method = "GET";
  head.authority = "h";
  head.path = "/";
  head.headers.AddBorrowed(core::HeaderName::kContentLength, "5");
  head.headers.AddBorrowed(core::HeaderName::kTransferEncoding, "chunked");
  head.headers.AddBorrowed(core::HeaderName::kHost, "evil");
  client.stream->SendHead(head, Flow::kEnd);
  EXPECT_EQ(client.Written(), "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
}

TEST(H1Client, WritesHeadsBeyondAPooledBlock) {
  Client client;
  client.Open();
  core::Arena arena;
  core::Head head(arena);
  head.method = "GET";
  head.authority = "h";
  head.path = "/";
  head.headers.AddCopy("x-big", std::string(40000, 'x'));
  client.stream->SendHead(head, Flow::kEnd);
  EXPECT_EQ(client.Written().size(), 40000 + std::string_view("GET / HTTP/1.1\r\nhost: h\r\nx-big: \r\n\r\n").size());
}

TEST(H1Client, ReadsNoMoreOfAnAnswerThatItsReaderDoesNotTake) {
  Client client;
  client.Ask();
  client.Written();
  Feed(client.codec, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(client.codec.WantsRead());

  Feed(client.codec, "he");
  EXPECT_FALSE(client.codec.WantsRead());
  client.stream->Consumed(2);

  EXPECT_TRUE(client.codec.WantsRead());
}

TEST(H1Client, DrainsAfterTheRunningRequest) {
  Client client;
  client.Ask();
  client.Written();
  client.codec.BeginDrain();
  EXPECT_FALSE(client.codec.WantsClose());
  Feed(client.codec, kOk);
  EXPECT_TRUE(client.events.ended);
  EXPECT_TRUE(client.codec.WantsClose());
}

}  // namespace
}  // namespace sluice::gateway
