// The life of a request, end to end over real sockets and a clock moved by hand.
#include "tests/gateway/proxy/exchange_fixture.h"

namespace sluice::gateway {
namespace {

constexpr std::string_view kPlainRule =
    "  - route: [{destination: {host: model, subset: v0}}]\n"
    "    retries: {attempts: 0}\n";

TEST_F(ExchangeTest, RelaysRequestAndAnswer) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();

  client.Write("POST /predict?x=1 HTTP/1.1\r\nhost: model\r\ncontent-length: 5\r\n\r\nhello");
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\nhello"));
  server.Write(kOk);

  ASSERT_TRUE(UntilReceived(client, "\r\n\r\nok"));
  EXPECT_TRUE(server.Received("POST /predict?x=1 HTTP/1.1\r\n"));
  EXPECT_TRUE(server.Received("x-envoy-attempt-count: 1"));
  EXPECT_TRUE(server.Received("x-forwarded-for: 127.0.0.1"));
  EXPECT_TRUE(client.Received("HTTP/1.1 200 OK"));
  EXPECT_TRUE(client.Received("x-envoy-upstream-service-time: "));
  EXPECT_TRUE(client.Received("server: sluice"));
}

TEST_F(ExchangeTest, KeepsBothConnectionsForTheNextRequest) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();
  client.Write(kGet);
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));
  server.Write(kOk);
  ASSERT_TRUE(UntilReceived(client, "ok"));
  server.Forget();
  client.Forget();

  client.Write(kGet);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));
  server.Write(kOk);

  EXPECT_TRUE(UntilReceived(client, "ok"));
  EXPECT_FALSE(model.Accept().open());
}

TEST_F(ExchangeTest, TriesAnotherEndpointAndCountsTheAttempt) {
  LoopbackListener first;
  LoopbackListener second;
  Load({first.port(), second.port()},
       "  - route: [{destination: {host: model}}]\n    retries: {attempts: 1, retryOn: 5xx}\n");
  LoopbackPeer client = Connect();

  client.Write("POST / HTTP/1.1\r\nhost: model\r\ncontent-length: 4\r\n\r\nbody");
  LoopbackPeer server;
  ASSERT_TRUE(Until([&] { return (server = first.Accept()).open() || (server = second.Accept()).open(); }));
  ASSERT_TRUE(UntilReceived(server, "body"));
  server.Write("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n");
  Settle();
  Advance(core::Milliseconds(30));  // the back-off is below 25 ms
  LoopbackPeer other;
  ASSERT_TRUE(Until([&] { return (other = first.Accept()).open() || (other = second.Accept()).open(); }));
  ASSERT_TRUE(UntilReceived(other, "body"));
  other.Write(kOk);

  EXPECT_TRUE(UntilReceived(client, "ok"));
  EXPECT_TRUE(other.Received("x-envoy-attempt-count: 2"));
  EXPECT_FALSE(client.Received("500"));
}

TEST_F(ExchangeTest, RouteTimeoutAnswers504) {
  LoopbackListener model;
  Load({model.port()}, "  - route: [{destination: {host: model, subset: v0}}]\n    timeout: 200ms\n");
  LoopbackPeer client = Connect();
  client.Write(kGet);
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));

  Advance(core::Milliseconds(199));
  client.Read();
  EXPECT_TRUE(client.received().empty());
  Advance(core::Milliseconds(2));

  ASSERT_TRUE(UntilReceived(client, "upstream request timeout"));
  EXPECT_TRUE(client.Received("HTTP/1.1 504 Gateway Timeout"));
  EXPECT_TRUE(client.Received("\"flags\":\"UT\""));
  EXPECT_TRUE(UntilEnded(server));
}

TEST_F(ExchangeTest, ThreeTriesWithTwoRetriesAndPerTryTimeout) {
  LoopbackListener model;
  Load({model.port()},
       "  - route: [{destination: {host: model, subset: v0}}]\n    timeout: 10s\n"
       "    retries: {attempts: 2, perTryTimeout: 80ms, retryOn: 5xx}\n");
  LoopbackPeer client = Connect();
  client.Write(kGet);

  for (int attempt = 1; attempt <= 3; ++attempt) {
    LoopbackPeer server = UntilAccepted(model);
    ASSERT_TRUE(UntilReceived(server, "x-envoy-attempt-count: " + std::to_string(attempt)));
    Advance(core::Milliseconds(81));  // the try
    Advance(core::Milliseconds(50));  // the back-off
  }

  ASSERT_TRUE(UntilReceived(client, "504"));
  EXPECT_TRUE(client.Received("\"flags\":\"UT,URX\""));
  EXPECT_EQ(ClusterOf("v0").state->counters.upstream_rq_per_try_timeout, 3U);
}

TEST_F(ExchangeTest, RefusedConnectionIsAnswered503UF) {
  LoopbackListener model;
  const std::uint16_t port = model.port();
  model.Close();
  Load({port}, std::string(kPlainRule));
  LoopbackPeer client = Connect();

  client.Write(kGet);

  ASSERT_TRUE(UntilReceived(client, "\"flags\":\"UF\""));
  EXPECT_TRUE(client.Received("HTTP/1.1 503"));
  EXPECT_TRUE(client.Received("application/problem+json"));
  EXPECT_FALSE(client.Received(std::to_string(port)));  // no addresses
}

TEST_F(ExchangeTest, CloseBeforeTheAnswerIsUCAndGarbageIsUPE) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();
  client.Write(kGet);
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));
  server.Close();
  ASSERT_TRUE(UntilReceived(client, "\"flags\":\"UC\""));
  client.Forget();

  client.Write(kGet);
  LoopbackPeer garbled = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(garbled, "\r\n\r\n"));
  garbled.Write(std::string_view("\0\1\2\r\n\r\n", 7));

  ASSERT_TRUE(UntilReceived(client, "\"flags\":\"UPE\""));
  EXPECT_TRUE(client.Received("HTTP/1.1 502"));
}

TEST_F(ExchangeTest, StalePooledConnectionIsReplacedUnseen) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();
  client.Write(kGet);
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));
  server.Write(kOk);
  ASSERT_TRUE(UntilReceived(client, "ok"));
  client.Forget();
  server.Forget();

  client.Write(kGet);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));  // on the pooled connection,
  server.Close();                                  // which its server gives up without a byte
  LoopbackPeer fresh = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(fresh, "x-envoy-attempt-count: 1"));
  fresh.Write(kOk);

  ASSERT_TRUE(UntilReceived(client, "ok"));
  EXPECT_TRUE(client.Received("200"));
  EXPECT_EQ(ClusterOf("v0").state->counters.upstream_rq_retry, 0U);
}

TEST_F(ExchangeTest, HalfAnAnswerIsNeverAWholeOne) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();
  client.Write(kGet);
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));

  server.Write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
  ASSERT_TRUE(UntilReceived(client, "half"));
  server.Close();

  EXPECT_TRUE(UntilEnded(client));
}

TEST_F(ExchangeTest, ClientThatLeavesEndsTheWorkAtOnce) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();
  client.Write(kGet);
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));

  client.Close();

  EXPECT_TRUE(UntilEnded(server));
  EXPECT_EQ(ClusterOf("v0").state->counters.upstream_rq_cancelled, 1U);
  EXPECT_EQ(ClusterOf("v0").state->requests.in_use(), 0U);
}

TEST_F(ExchangeTest, PendingLimitAnswers503UOAtOnce) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule),
       "  trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1}}}\n");
  LoopbackPeer running = Connect();
  running.Write(kGet);
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));
  LoopbackPeer waiting = Connect();
  waiting.Write(kGet);
  Settle();

  LoopbackPeer refused = Connect();
  refused.Write(kGet);

  ASSERT_TRUE(UntilReceived(refused, "\"flags\":\"UO\""));
  EXPECT_TRUE(refused.Received("x-envoy-overloaded: true"));
  server.Forget();
  server.Write(kOk);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));  // the waiting one gets the connection
  server.Write(kOk);
  EXPECT_TRUE(UntilReceived(waiting, "ok"));
}

TEST_F(ExchangeTest, EarlyAnswerReachesTheClientAndEndsItsConnection) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();
  client.Write("POST / HTTP/1.1\r\nhost: model\r\ncontent-length: 1000\r\n\r\npart");
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "part"));

  server.Write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n");

  ASSERT_TRUE(UntilReceived(client, "413"));
  EXPECT_TRUE(client.Received("connection: close"));
  EXPECT_TRUE(UntilEnded(client));
  EXPECT_TRUE(UntilEnded(server));
}

TEST_F(ExchangeTest, ModelThatDoesNotReadStopsTheClientWithinBounds) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();
  client.Write("POST / HTTP/1.1\r\nhost: model\r\ncontent-length: 1000000000\r\n\r\n");
  LoopbackPeer server = UntilAccepted(model);
  const std::string piece(64 * 1024, 'x');

  // The kernel's buffers on four socket ends take some megabytes; then it must stop.
  std::size_t sent = 0;
  int idle = 0;
  for (; idle < 200 && sent < 200u * 1024 * 1024; ++idle) {
    const std::size_t taken = client.Write(piece);
    sent += taken;
    if (taken > 0) idle = 0;
    Settle();
  }

  EXPECT_GE(idle, 200);
  EXPECT_LT(sent, 100u * 1024 * 1024);
}

TEST_F(ExchangeTest, MirrorGetsACopyAndItsFailureIsNotSeen) {
  LoopbackListener model;
  LoopbackListener shadow;
  Load({model.port(), shadow.port()},
       "  - route: [{destination: {host: model, subset: v0}}]\n"
       "    mirror: {host: model, subset: v1}\n    retries: {attempts: 0}\n");
  LoopbackPeer client = Connect();
  client.Write("POST / HTTP/1.1\r\nhost: model\r\ncontent-length: 4\r\n\r\ncopy");
  LoopbackPeer copy = UntilAccepted(shadow);
  ASSERT_TRUE(UntilReceived(copy, "copy"));
  copy.Reset();
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "copy"));
  server.Write(kOk);

  EXPECT_TRUE(UntilReceived(client, "ok"));
  EXPECT_FALSE(server.Received("x-sluice-mirror"));
  EXPECT_EQ(ClusterOf("v1").state->counters.mirror_total, 1U);
  Settle();
  EXPECT_EQ(ClusterOf("v1").state->counters.mirror_failure, 1U);
  EXPECT_EQ(ClusterOf("v1").state->mirrors_in_flight.in_use(), 0U);
}

TEST_F(ExchangeTest, EjectionClosesTheIdleConnectionsToTheEndpoint) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule),
       "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}\n");
  LoopbackPeer first = Connect();
  LoopbackPeer second = Connect();
  first.Write(kGet);
  LoopbackPeer idle = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(idle, "\r\n\r\n"));
  second.Write(kGet);
  LoopbackPeer failing = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(failing, "\r\n\r\n"));
  idle.Write(kOk);
  ASSERT_TRUE(UntilReceived(first, "ok"));

  failing.Write("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\nno");

  EXPECT_TRUE(UntilReceived(second, "no"));
  EXPECT_TRUE(UntilEnded(idle));
  EXPECT_TRUE(UntilEnded(failing));
}

TEST_F(ExchangeTest, AnEndpointThatIsRemovedWhileItConnectsStillServesThoseWhoWait) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();
  client.Write(kGet);
  // The request has been decided and waits for its connection when the rules change.
  world_.worker().Poll();
  LoopbackListener other;
  Load({other.port()}, std::string(kPlainRule));

  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));
  server.Write(kOk);

  EXPECT_TRUE(UntilReceived(client, "ok"));
  Advance(core::Seconds(2));
  EXPECT_TRUE(UntilEnded(server));
}

TEST_F(ExchangeTest, NothingMatchesIs404NR) {
  LoopbackListener model;
  Load({model.port()}, "  - match: [{uri: {exact: /only}}]\n    route: [{destination: {host: model}}]\n");
  LoopbackPeer client = Connect();

  client.Write(kGet);

  ASSERT_TRUE(UntilReceived(client, "\"flags\":\"NR\""));
  EXPECT_TRUE(client.Received("HTTP/1.1 404"));
}

TEST_F(ExchangeTest, IdleStreamIsEndedWithSI) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule), "",
       "---\napiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: s}\n"
       "spec: {timeouts: {streamIdle: 5s}}\n");
  LoopbackPeer client = Connect();
  client.Write(kGet);
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));

  Advance(core::Milliseconds(5001));

  ASSERT_TRUE(UntilReceived(client, "\"flags\":\"SI\""));
  EXPECT_TRUE(client.Received("504"));
}

TEST_F(ExchangeTest, DribbledHeadIsAnswered408AfterItsDeadline) {
  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));
  LoopbackPeer client = Connect();
  client.Write("GET / HT");
  Advance(core::Seconds(9));
  client.Write("TP/1.1\r\n");
  Advance(core::Milliseconds(1001));

  ASSERT_TRUE(UntilReceived(client, "408"));
  EXPECT_TRUE(UntilEnded(client));
}

}  // namespace
}  // namespace sluice::gateway
