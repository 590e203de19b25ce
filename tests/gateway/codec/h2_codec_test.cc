#include "gateway/codec/h2_codec.h"

#include "tests/gateway/codec/h2_pair.h"

namespace sluice::gateway {
namespace {

using core::ResetReason;
using core::Slice;
using test::RecordingEvents;

TEST(H2Codec, CarriesARequestAndItsAnswer) {
  H2Pair pair;
  RecordingEvents answer;
  Stream* const stream = pair.client.Open(answer);
  answer.credit = stream;
  core::Head head = pair.RequestHead("POST", "/v1?x=1");
  head.content_length = 5;
  head.headers.AddBorrowed("x-user-id", "42");
  stream->SendHead(head, Flow::kMore);
  stream->SendBody(Slice::Borrow("hel"), Flow::kMore);
  stream->SendBody(Slice::Borrow("lo"), Flow::kEnd);
  pair.Pump();

  ASSERT_EQ(pair.requests.size(), 1u);
  H2Pair::Request& request = pair.requests[0];
  EXPECT_EQ(request.events.Text(), "POST http model /v1?x=1 HTTP/2 0\nx-user-id=42\n[hello]\nended");
  EXPECT_EQ(request.events.head().content_length, 5u);

  core::Head reply = pair.AnswerHead();
  reply.headers.AddBorrowed("x-model-version", "v47");
  request.stream->SendHead(reply, Flow::kMore);
  request.stream->SendBody(Slice::Borrow("world"), Flow::kEnd);
  pair.Pump();

  EXPECT_EQ(answer.Text(), "    HTTP/2 200\nx-model-version=v47\n[world]\nended");
  EXPECT_TRUE(pair.client.Idle());
  EXPECT_TRUE(pair.server.Idle());
}

class H2Cuts : public testing::TestWithParam<test::Cut> {};

TEST_P(H2Cuts, TheSameBytesMeanTheSameHoweverTheyAreCut) {
  H2Pair writer;
  RecordingEvents unused;
  for (int i = 0; i < 3; ++i) {
    Stream* const stream = writer.client.Open(unused);
    core::Head head = writer.RequestHead("POST", "/cut");
    stream->SendHead(head, Flow::kMore);
    stream->SendBody(Slice::Copy(std::string(1000, static_cast<char>('a' + i))), Flow::kMore);
    core::HeaderMap trailers(writer.arena);
    trailers.AddBorrowed("x-checksum", "7");
    stream->SendTrailers(trailers);
  }
  const std::string bytes = H2Pair::Take(writer.client);

  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    H2Pair reader;
    test::Feed(reader.server, bytes, GetParam(), seed);

    ASSERT_EQ(reader.requests.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(reader.requests[i].events.Text(), "POST http model /cut HTTP/2 0\n[" +
                                                      std::string(1000, static_cast<char>('a' + i)) +
                                                      "]\n+x-checksum=7\nended");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, H2Cuts, testing::Values(test::Cut::kWhole, test::Cut::kBytes, test::Cut::kRandom));

TEST(H2Codec, PassesInterimHeadsAndTrailers) {
  H2Pair pair;
  RecordingEvents answer;
  pair.Get(answer);
  pair.Pump();
  Stream& stream = *pair.requests.at(0).stream;
  core::Head hints = pair.AnswerHead(103);
  hints.headers.AddBorrowed("link", "<a>");
  core::HeaderMap trailers(pair.arena);
  trailers.AddBorrowed("grpc-status", "0");
  trailers.AddBorrowed("host", "evil");

  stream.SendHead(hints, Flow::kMore);
  stream.SendHead(pair.AnswerHead(), Flow::kMore);
  stream.SendBody(Slice::Borrow("x"), Flow::kMore);
  stream.SendTrailers(trailers);
  pair.Pump();

  EXPECT_EQ(answer.Text(), "    HTTP/2 103\nlink=<a>\n    HTTP/2 200\n[x]\n+grpc-status=0\nended");
  EXPECT_EQ(pair.client_stats.trailers_dropped, 0u) << "host is not even written";
}

TEST(H2Codec, PassesAnAnswerThatIsTrailersOnly) {
  H2Pair pair;
  RecordingEvents answer;
  pair.Get(answer);
  pair.Pump();
  core::Head head = pair.AnswerHead();
  head.headers.AddBorrowed("grpc-status", "5");

  pair.requests.at(0).stream->SendHead(head, Flow::kEnd);
  pair.Pump();

  EXPECT_EQ(answer.Text(), "    HTTP/2 200\ngrpc-status=5\n[]\nended");
}

TEST(H2Codec, JoinsTheCrumbsOfACookie) {
  H2Pair pair;
  RecordingEvents answer;
  core::Head head = pair.RequestHead();
  head.headers.AddBorrowed("cookie", "a=1");
  head.headers.AddBorrowed("cookie", "b=2");

  pair.client.Open(answer)->SendHead(head, Flow::kEnd);
  pair.Pump();

  EXPECT_EQ(pair.requests.at(0).events.head().Find("cookie"), "a=1; b=2");
}

TEST(H2Codec, RefusesTwoNamesForOneRequestAndLetsTheOwnerAnswer) {
  H2Pair pair;
  RecordingEvents answer;
  Stream* const stream = pair.client.Open(answer);
  core::Head head = pair.RequestHead("GET", "no-slash is bad");
  head.path = "/x#y";
  head.method = "TRACE";
  stream->SendHead(head, Flow::kEnd);
  pair.Pump();

  H2Pair::Request& request = pair.requests.at(0);
  ASSERT_TRUE(request.fault);
  EXPECT_EQ(request.fault->status, 405);
  request.stream->SendHead(pair.AnswerHead(405), Flow::kEnd);
  pair.Pump();

  EXPECT_EQ(answer.head().status, 405);
  EXPECT_TRUE(request.events.heads.empty());
  EXPECT_FALSE(pair.server.WantsClose()) << "the other streams go on";
  EXPECT_TRUE(pair.server.Idle());
}

TEST(H2Codec, ResetsTheStreamWhoseHeadIsTooBigAndKeepsNothingOfIt) {
  CodecLimits limits;
  limits.header_count_max = 3;
  H2Pair pair(limits);
  RecordingEvents answer;
  core::Head head = pair.RequestHead();
  for (const char* name : {"a", "b", "c", "d"}) head.headers.AddBorrowed(name, "1");

  pair.client.Open(answer)->SendHead(head, Flow::kEnd);
  pair.Pump();

  EXPECT_TRUE(pair.requests.empty());
  EXPECT_EQ(pair.stats.headers_too_large, 1u);
  EXPECT_EQ(answer.reset, ResetReason::kRemoteReset);
  EXPECT_TRUE(pair.server.Idle());
}

TEST(H2Codec, EndsARequestWhoseBodyIsNotAsLongAsItSaid) {
  for (const std::string_view body : {"ab", "abcd"}) {
    H2Pair pair;
    RecordingEvents answer;
    Stream* const stream = pair.client.Open(answer);
    core::Head head = pair.RequestHead("POST");
    head.content_length = 3;
    stream->SendHead(head, Flow::kMore);
    stream->SendBody(Slice::Borrow(body), Flow::kEnd);
    pair.Pump();

    EXPECT_FALSE(pair.requests.at(0).events.ended) << body;
    EXPECT_EQ(pair.requests.at(0).events.reset, ResetReason::kProtocolError) << body;
    EXPECT_EQ(pair.requests.at(0).events.resets, 1) << body;
  }
}

TEST(H2Codec, TellsBothUsersOfAReset) {
  H2Pair pair;
  RecordingEvents answer;
  Stream& stream = pair.Get(answer);
  pair.Pump();

  stream.Reset(ResetReason::kCancelled);
  pair.Pump();

  EXPECT_EQ(pair.requests.at(0).events.reset, ResetReason::kRemoteReset);
  EXPECT_FALSE(answer.reset) << "who resets is not told";
  EXPECT_TRUE(pair.server.Idle());
  EXPECT_EQ(pair.client.Capacity(), 100u);
}

TEST(H2Codec, AStreamThatIsResetBeforeItsHeadLeftIsGone) {
  H2Pair pair;
  RecordingEvents answer;
  pair.Pump();

  pair.Get(answer).Reset(ResetReason::kCancelled);
  pair.client.Open(answer)->Reset(ResetReason::kCancelled);
  pair.Pump();

  EXPECT_TRUE(pair.requests.empty());
  EXPECT_TRUE(pair.client.Idle());
  EXPECT_FALSE(answer.reset);
}

TEST(H2Codec, StopsAnUploadWhoseAnswerIsComplete) {
  H2Pair pair;
  RecordingEvents answer;
  Stream* const stream = pair.client.Open(answer);
  stream->SendHead(pair.RequestHead("POST"), Flow::kMore);
  pair.Pump();

  pair.requests.at(0).stream->SendHead(pair.AnswerHead(413), Flow::kEnd);
  pair.Pump();

  EXPECT_EQ(answer.head().status, 413);
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(pair.requests.at(0).events.reset, ResetReason::kConnectionClosed);
  EXPECT_TRUE(pair.server.Idle());
}

TEST(H2Codec, DrainsWithoutLosingWhatIsRunning) {
  H2Pair pair;
  RecordingEvents first;
  pair.Get(first);
  pair.Pump();

  pair.server.AnnounceDrain();
  pair.Pump();
  EXPECT_EQ(pair.client.Capacity(), 0u);
  EXPECT_TRUE(pair.client.Retiring());
  EXPECT_FALSE(pair.server.WantsClose());

  pair.requests.at(0).stream->SendHead(pair.AnswerHead(), Flow::kEnd);
  pair.Pump();
  EXPECT_TRUE(first.ended);
  EXPECT_TRUE(pair.server.WantsClose());
}

TEST(H2Codec, ServesARequestThatWasOnItsWayWhenTheDrainWasAnnounced) {
  H2Pair pair;
  RecordingEvents first;
  RecordingEvents late;
  pair.Get(first);
  pair.Pump();
  pair.Get(late);
  const std::string on_its_way = H2Pair::Take(pair.client);

  pair.server.AnnounceDrain();
  const std::string notice = H2Pair::Take(pair.server);
  test::Feed(pair.server, on_its_way);
  test::Feed(pair.client, notice);
  pair.Pump();

  ASSERT_EQ(pair.requests.size(), 2u);
  EXPECT_FALSE(late.reset);
}

TEST(H2Codec, SaysThatARequestBeyondTheLastOneWasRefused) {
  H2Pair pair;
  RecordingEvents first;
  RecordingEvents late;
  pair.Get(first);
  pair.Pump();

  pair.server.BeginDrain();
  const std::string goaway = H2Pair::Take(pair.server);
  pair.Get(late);
  test::Feed(pair.client, goaway);
  pair.Pump();

  EXPECT_EQ(late.reset, ResetReason::kRefused);
  EXPECT_FALSE(first.reset);
}

TEST(H2Codec, AbortTellsEveryStreamOnce) {
  H2Pair pair;
  RecordingEvents first;
  RecordingEvents second;
  pair.Get(first);
  pair.Get(second);
  pair.Pump();

  pair.client.Abort(ResetReason::kConnectionClosed);
  pair.client.Abort(ResetReason::kConnectionClosed);

  EXPECT_EQ(first.resets, 1);
  EXPECT_EQ(second.reset, ResetReason::kConnectionClosed);
}

TEST(H2Codec, NoticesAServerOfTheOlderVersionHoweverItsAnswerIsCut) {
  for (const test::Cut cut : {test::Cut::kWhole, test::Cut::kBytes}) {
    H2Pair pair;
    EXPECT_FALSE(pair.client.Opened());

    test::Feed(pair.client, "HTTP/1.1 400 Bad Request\r\n\r\n", cut);

    EXPECT_TRUE(pair.client.SpeaksOlder());
    EXPECT_FALSE(pair.client.Opened());
    EXPECT_TRUE(pair.client.WantsClose());
  }
}

TEST(H2Codec, EndsAConnectionThatFloods) {
  H2Pair pair;
  pair.Pump();
  const std::string ping = Frame(NGHTTP2_PING, 0, 0, std::string(8, 'p'));

  for (int i = 0; i < 60 && pair.server.WantsRead(); ++i) test::Feed(pair.server, ping);

  EXPECT_EQ(GoawayCode(H2Pair::Take(pair.server)), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_TRUE(pair.server.WantsClose());
  EXPECT_EQ(pair.stats.ping_flood, 1u);
}

TEST(H2Codec, EndsAConnectionWhosePeerNeverAcknowledgesOurSettings) {
  H2Pair pair;
  test::Feed(pair.server, H2Pair::Take(pair.client));
  EXPECT_TRUE(pair.server.HeadPending());
  H2Pair::Take(pair.server);

  pair.server.FailPendingHead({});

  EXPECT_EQ(GoawayCode(H2Pair::Take(pair.server)), NGHTTP2_SETTINGS_TIMEOUT);
  EXPECT_TRUE(pair.server.WantsClose());
}

TEST(H2Codec, EndsAConnectionThatIsNotHttp2) {
  H2Pair pair;

  test::Feed(pair.server, std::string(NGHTTP2_CLIENT_MAGIC) + "GET / HTTP/1.1\r\n\r\n and more of that kind");

  EXPECT_TRUE(GoawayCode(H2Pair::Take(pair.server)));
  EXPECT_EQ(pair.stats.protocol_errors, 1u);
  EXPECT_TRUE(pair.server.WantsClose());
}

}  // namespace
}  // namespace sluice::gateway
