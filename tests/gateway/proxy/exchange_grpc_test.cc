// What is special about gRPC calls. Over HTTP/1.1, because none of it depends on the wire.
#include "core/base/text.h"
#include "tests/gateway/proxy/exchange_fixture.h"

namespace sluice::gateway {
namespace {

constexpr std::string_view kEnd = "0\r\n\r\n";

// One chunk that holds one message of two bytes.
constexpr std::string_view kMessage{"7\r\n\0\0\0\0\2hi\r\n", 12};

class ExchangeGrpc : public ExchangeTest {
 protected:
  static constexpr std::string_view kEjectAtOnce =
      "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}\n";

  void Load(const std::string& limits = "", std::string_view policy = "") {
    ExchangeTest::Load({model_.port()}, "  - route: [{destination: {host: model, subset: v0}}]\n" + limits,
                       std::string(policy));
    client_ = Connect();
  }

  // The head of a call; its messages are to follow in chunks.
  void Call(const std::string& fields = "") {
    client_.Write("POST /svc/Method HTTP/1.1\r\nhost: model\r\ncontent-type: application/grpc\r\nte: trailers\r\n" +
                  fields + "transfer-encoding: chunked\r\n\r\n");
  }
  // A unary one, whole.
  void CallOnce(const std::string& fields = "") {
    Call(fields);
    client_.Write(kMessage);
    client_.Write(kEnd);
  }
  LoopbackPeer UntilCalled(std::string_view part = "\r\n\r\n") {
    LoopbackPeer server = UntilAccepted(model_);
    EXPECT_TRUE(UntilReceived(server, part));
    return server;
  }
  static std::string Answer(const std::string& fields = "") {
    return "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\n" + fields + "transfer-encoding: chunked\r\n\r\n";
  }
  static std::string TrailersOnly(int status) {
    return "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: " + std::to_string(status) +
           "\r\ncontent-length: 0\r\n\r\n";
  }

  // Of the exchange that has just ended.
  std::int32_t StatusInMetrics() {
    const auto& series = world_.metrics().series();
    return series_.Read().series[series[series.size() - 1].number].grpc_status();
  }
  std::pair<std::uint64_t, std::uint64_t> Messages() {
    std::pair<std::uint64_t, std::uint64_t> sum;
    const auto& peers = world_.metrics().peers();
    for (std::size_t i = 0; i < peers.size(); ++i) {
      sum.first += peers[i].request_messages.value();
      sum.second += peers[i].response_messages.value();
    }
    return sum;
  }
  bool Ejected() { return ClusterOf("v0").endpoints[0].state->ejected; }

  LoopbackListener model_;
  LoopbackPeer client_;
};

TEST_F(ExchangeGrpc, TrailersPassUntouchedAndSayTheStatus) {
  Load();
  CallOnce();
  LoopbackPeer server = UntilCalled(kEnd);

  server.Write(Answer("grpc-status: 0\r\n") + std::string(kMessage) +
               "0\r\ngrpc-status: 13\r\ngrpc-message: 100%25\r\nx-bin: AAE=\r\n\r\n");

  ASSERT_TRUE(UntilReceived(client_, "0\r\ngrpc-status: 13\r\ngrpc-message: 100%25\r\n"));
  EXPECT_EQ(StatusInMetrics(), 13) << "trailers have the last word";
}

TEST_F(ExchangeGrpc, ATrailersOnlyAnswerPassesUntouchedAndSaysTheStatus) {
  Load();
  CallOnce();
  LoopbackPeer server = UntilCalled(kEnd);

  server.Write(TrailersOnly(5));

  ASSERT_TRUE(UntilReceived(client_, "\r\n\r\n"));
  EXPECT_TRUE(client_.Received("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(client_.Received("grpc-status: 5\r\n"));
  EXPECT_EQ(StatusInMetrics(), 5);
}

TEST_F(ExchangeGrpc, AnAnswerWithoutAStatusIsCountedByItsHttpStatus) {
  Load("    retries: {attempts: 0}\n");
  CallOnce();
  LoopbackPeer server = UntilCalled(kEnd);
  server.Write("HTTP/1.1 503 No\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\nsorr");
  ASSERT_TRUE(UntilReceived(client_, "sorr"));
  EXPECT_EQ(StatusInMetrics(), 14);
  EXPECT_EQ(Messages().second, 0U) << "a page is no message";

  CallOnce();
  server.Forget();
  ASSERT_TRUE(UntilReceived(server, kEnd));
  server.Write(Answer() + std::string(kEnd));

  ASSERT_TRUE(UntilReceived(client_, kEnd));
  EXPECT_EQ(StatusInMetrics(), 2) << "200 alone is no OK";
}

TEST_F(ExchangeGrpc, TheClientsDeadlineRunsFromTheHeadAndChargesNoModel) {
  Load("", kEjectAtOnce);
  Call("grpc-timeout: 100m\r\n");
  LoopbackPeer server = UntilCalled();
  Advance(core::Milliseconds(60));
  client_.Write(kEnd);
  Advance(core::Milliseconds(39));
  client_.Read();
  EXPECT_TRUE(client_.received().empty());

  Advance(core::Milliseconds(2));

  ASSERT_TRUE(UntilReceived(client_, "grpc-message: upstream request timeout"));
  EXPECT_TRUE(client_.Received("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(client_.Received("grpc-status: 4\r\n"));
  EXPECT_TRUE(UntilEnded(server));
  EXPECT_EQ(ClusterOf("v0").state->counters.upstream_rq_timeout, 1U);
  EXPECT_FALSE(Ejected());
}

TEST_F(ExchangeGrpc, TheClientsDeadlineEndsARequestThatIsStillBeingSent) {
  Load();
  Call("grpc-timeout: 100m\r\n");
  LoopbackPeer server = UntilCalled();

  Advance(core::Milliseconds(101));

  ASSERT_TRUE(UntilReceived(client_, "grpc-status: 4\r\n"));
  EXPECT_TRUE(UntilEnded(server));
}

TEST_F(ExchangeGrpc, TheRoutesTimeoutCapsTheClientsAndChargesTheModel) {
  Load("    timeout: 50ms\n", kEjectAtOnce);
  CallOnce("grpc-timeout: 10S\r\n");
  LoopbackPeer server = UntilCalled(kEnd);
  EXPECT_TRUE(server.Received("grpc-timeout: 50m\r\n"));
  EXPECT_FALSE(server.Received("10S"));

  Advance(core::Milliseconds(51));

  ASSERT_TRUE(UntilReceived(client_, "grpc-status: 14\r\n"));
  EXPECT_TRUE(Ejected());
}

TEST_F(ExchangeGrpc, ATimeoutOfZeroDoesNotEscapeTheRoutes) {
  Load("    timeout: 50ms\n");
  CallOnce("grpc-timeout: 0S\r\n");
  LoopbackPeer server = UntilCalled("grpc-timeout: 50m\r\n");

  Advance(core::Milliseconds(51));

  EXPECT_TRUE(UntilReceived(client_, "grpc-status: 14\r\n"));
}

TEST_F(ExchangeGrpc, ADeadlineAfterTheHeadCutsTheStream) {
  Load();
  CallOnce("grpc-timeout: 100m\r\n");
  LoopbackPeer server = UntilCalled(kEnd);
  server.Write(Answer() + std::string(kMessage));
  ASSERT_TRUE(UntilReceived(client_, "hi"));

  Advance(core::Milliseconds(101));

  EXPECT_TRUE(UntilEnded(client_));
  EXPECT_EQ(StatusInMetrics(), 2);
}

TEST_F(ExchangeGrpc, NobodyElseHasAGrpcTimeout) {
  Load();
  client_.Write("GET / HTTP/1.1\r\nhost: model\r\ncontent-type: application/json\r\ngrpc-timeout: 10m\r\n\r\n");
  LoopbackPeer server = UntilCalled("grpc-timeout: 10m\r\n");

  Advance(core::Seconds(1));
  server.Write(kOk);

  ASSERT_TRUE(UntilReceived(client_, "ok"));
  EXPECT_TRUE(client_.Received("HTTP/1.1 200 OK"));
}

TEST_F(ExchangeGrpc, EveryTryIsToldWhatTimeIsLeft) {
  Load("    retries: {attempts: 1, retryOn: unavailable}\n");
  CallOnce("grpc-timeout: 1S\r\n");
  LoopbackPeer server = UntilCalled(kEnd);
  EXPECT_TRUE(server.Received("grpc-timeout: 1000m\r\n"));
  EXPECT_TRUE(server.Received("x-envoy-expected-rq-timeout-ms: 1000\r\n"));
  server.Forget();

  Advance(core::Milliseconds(400));
  server.Write(TrailersOnly(14));
  Settle();
  Advance(core::Milliseconds(26));  // the back-off

  ASSERT_TRUE(UntilReceived(server, kEnd));
  EXPECT_TRUE(server.Received("x-envoy-attempt-count: 2\r\n"));
  EXPECT_TRUE(server.Received("grpc-timeout: 574m\r\n"));
}

TEST_F(ExchangeGrpc, RetryTokensLookAtHeadsOnly) {
  Load("    retries: {attempts: 1, retryOn: \"cancelled,deadline-exceeded,internal,resource-exhausted,unavailable\"}\n",
       kEjectAtOnce);
  for (const char* status : {"1", "4", "8", "13", "14"}) {
    CallOnce();
    LoopbackPeer server = UntilCalled(kEnd);
    server.Write(Answer() + "0\r\ngrpc-status: " + status + "\r\n\r\n");

    EXPECT_TRUE(UntilReceived(client_, std::string("grpc-status: ") + status)) << "final";
    EXPECT_EQ(StatusInMetrics(), static_cast<std::int32_t>(*core::ParseDecimal(status)));
    client_.Forget();
    server.Close();
    Settle();
  }
  EXPECT_EQ(ClusterOf("v0").state->counters.upstream_rq_retry, 0U);
  EXPECT_FALSE(Ejected()) << "neither does outlier detection";
}

TEST_F(ExchangeGrpc, AStatusInTheHeadEjectsLikeItsHttpStatus) {
  Load("    retries: {attempts: 0}\n", kEjectAtOnce);
  CallOnce();
  LoopbackPeer server = UntilCalled(kEnd);

  server.Write(TrailersOnly(14));

  ASSERT_TRUE(UntilReceived(client_, "grpc-status: 14"));
  EXPECT_TRUE(Ejected());
}

TEST_F(ExchangeGrpc, AnEndpointIsShownWithTheStatusOfItsLastWords) {
  Load();
  const core::EndpointState& state = *ClusterOf("v0").endpoints[0].state;
  CallOnce();
  LoopbackPeer server = UntilCalled(kEnd);
  for (const std::string& end : {Answer() + "0\r\ngrpc-status: 0\r\n\r\n", Answer() + "0\r\ngrpc-status: 13\r\n\r\n",
                                 Answer() + "0\r\n\r\n", TrailersOnly(2), TrailersOnly(5)}) {
    server.Forget();
    server.Write(end);
    ASSERT_TRUE(UntilReceived(client_, "HTTP/1.1 200 OK"));
    Settle();
    client_.Forget();
    CallOnce();
    ASSERT_TRUE(UntilReceived(server, kEnd));
  }

  EXPECT_EQ(state.requests_success, 2U) << "OK, NOT_FOUND";
  EXPECT_EQ(state.requests_error, 3U) << "INTERNAL, none, UNKNOWN";
}

TEST_F(ExchangeGrpc, MessagesAreReportedEveryFiveSecondsAndAtTheEnd) {
  Load();
  Call();
  client_.Write(kMessage);
  client_.Write(kMessage);
  LoopbackPeer server = UntilCalled("hi\r\n");
  server.Write(Answer() + std::string(kMessage));
  ASSERT_TRUE(UntilReceived(client_, "hi"));
  EXPECT_EQ(Messages(), std::pair(0UL, 0UL));

  Advance(core::Milliseconds(5001));
  EXPECT_EQ(Messages(), std::pair(2UL, 1UL));
  client_.Write(kMessage);
  client_.Write(kEnd);
  Advance(core::Milliseconds(5001));
  EXPECT_EQ(Messages(), std::pair(3UL, 1UL));
  server.Write(std::string(kMessage) + "0\r\ngrpc-status: 0\r\n\r\n");
  ASSERT_TRUE(UntilReceived(client_, "grpc-status: 0"));

  EXPECT_EQ(Messages(), std::pair(3UL, 2UL));
}

TEST_F(ExchangeGrpc, ARetriedRequestIsCountedOnce) {
  Load("    retries: {attempts: 1, retryOn: internal}\n");
  CallOnce();
  LoopbackPeer server = UntilCalled(kEnd);
  server.Write(TrailersOnly(13));
  server.Forget();
  Settle();
  Advance(core::Milliseconds(26));
  ASSERT_TRUE(UntilReceived(server, kEnd));

  server.Write(Answer() + std::string(kMessage) + "0\r\ngrpc-status: 0\r\n\r\n");

  ASSERT_TRUE(UntilReceived(client_, "grpc-status: 0"));
  EXPECT_EQ(Messages(), std::pair(1UL, 1UL));
}

TEST_F(ExchangeGrpc, AnswersOfTheGatewayAreTrailersOnly) {
  ExchangeTest::Load(
      {model_.port()},
      "  - match: [{uri: {exact: /gone}}]\n    directResponse: {status: 403, body: {string: \"50% off\\n\"}}\n"
      "  - match: [{uri: {exact: /moved}}]\n    redirect: {uri: /there}\n"
      "  - match: [{uri: {exact: /abort}}]\n    route: [{destination: {host: model}}]\n"
      "    fault: {abort: {httpStatus: 401, percentage: {value: 100}}}\n");
  struct Case {
    std::string_view target;
    std::string_view status;
    std::string_view message;
  };
  for (const Case& c : {Case{"/none", "12", "no rule of the virtual host matches the request"},
                        {"/gone", "7", "50%25 off%0A"},
                        {"/moved", "2", ""},
                        {"/abort", "16", "fault filter abort"},
                        {"/a%2fb/../%00", "13", "the request path could be read in more than one way"}}) {
    client_ = Connect();
    client_.Write("POST " + std::string(c.target) +
                  " HTTP/1.1\r\nhost: model\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\n\r\n");

    ASSERT_TRUE(UntilReceived(client_, "\r\n\r\n")) << c.target;
    EXPECT_TRUE(client_.Received("HTTP/1.1 200 OK\r\n")) << client_.received();
    EXPECT_TRUE(client_.Received("content-type: application/grpc\r\n")) << c.target;
    EXPECT_TRUE(client_.Received("grpc-status: " + std::string(c.status) + "\r\n")) << client_.received();
    EXPECT_TRUE(client_.Received("grpc-message: " + std::string(c.message)) || c.message.empty()) << client_.received();
    EXPECT_TRUE(client_.received().ends_with("\r\n\r\n")) << "no body";
  }
}

TEST_F(ExchangeGrpc, AMalformedBodyIsAnsweredInGrpcToo) {
  Load();
  Call();
  LoopbackPeer server = UntilCalled();

  client_.Write("nonsense\r\n");

  ASSERT_TRUE(UntilReceived(client_, "\r\n\r\n"));
  EXPECT_TRUE(client_.Received("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(client_.Received("grpc-status: 13\r\n"));
}

}  // namespace
}  // namespace sluice::gateway
