// What happens to a request whatever it travels in: every test runs for both versions on both sides.
#include "tests/gateway/proxy/wire_pair_fixture.h"

namespace sluice::gateway {
namespace {

using core::ResetReason;
using core::Slice;
using core::Wire;
using test::WireModel;
using test::WireRequest;

using ExchangePairs = WirePairTest;

TEST_P(ExchangePairs, RelaysRequestAnswerAndFields) {
  WireModel& model = OneModel();
  WireRequest& request = Client().Send("POST", "/predict?x=1", {{"x-user-id", "42"}}, "hello");

  WireModel::Request& asked = Asked(model, 0);
  ASSERT_TRUE(Reach([&] { return asked.events.ended; }));
  model.Answer(asked, 200, "world", {{"x-model-version", "v47"}});

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(asked.events.head().path, "/predict?x=1");
  EXPECT_EQ(asked.events.head().authority, "model");
  EXPECT_EQ(asked.events.head().Find("x-user-id"), "42");
  EXPECT_EQ(asked.events.head().Find("x-envoy-attempt-count"), "1");
  EXPECT_EQ(asked.events.head().Find("x-forwarded-for"), "127.0.0.1");
  EXPECT_EQ(asked.events.body, "hello");
  EXPECT_EQ(request.answer.head().status, 200);
  EXPECT_EQ(request.answer.head().Find("x-model-version"), "v47");
  EXPECT_EQ(request.answer.head().Find("server"), "sluice");
  EXPECT_TRUE(request.answer.head().Find("x-envoy-upstream-service-time"));
  EXPECT_EQ(request.answer.body, "world");
}

TEST_P(ExchangePairs, UsesItsConnectionsAgain) {
  WireModel& model = OneModel();
  for (std::size_t i = 0; i < 5; ++i) {
    WireRequest& request = Client().Send("GET", "/" + std::to_string(i));
    model.Answer(Asked(model, i), 200, "ok");
    ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
    EXPECT_EQ(model.requests()[i].events.head().path, "/" + std::to_string(i));
  }

  EXPECT_EQ(model.connections(), 1U);
}

TEST_P(ExchangePairs, StreamsABodyOfUnknownLengthBothWays) {
  WireModel& model = OneModel();
  WireRequest& request = Client().Send("POST", "/", {}, "one", Flow::kMore);
  WireModel::Request& asked = Asked(model, 0);
  ASSERT_TRUE(Reach([&] { return asked.events.body == "one"; })) << "before the end is known";
  model.Begin(asked, 200);
  asked.stream->SendBody(Slice::Borrow("first"), Flow::kMore);
  ASSERT_TRUE(Reach([&] { return request.answer.body == "first"; }));

  request.stream->SendBody(Slice::Borrow("two"), Flow::kEnd);
  ASSERT_TRUE(Reach([&] { return asked.events.ended; }));
  asked.stream->SendBody(Slice::Borrow("last"), Flow::kEnd);

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(asked.events.body, "onetwo");
  EXPECT_EQ(request.answer.body, "firstlast");
}

TEST_P(ExchangePairs, CarriesGrpcTrailers) {
  WireModel& model = OneModel();
  WireRequest& request =
      Client().Send("POST", "/svc/Call", {{"content-type", "application/grpc"}, {"te", "trailers"}}, "12345");
  WireModel::Request& asked = Asked(model, 0);
  core::Arena arena;
  core::HeaderMap trailers(arena);
  trailers.AddBorrowed("grpc-status", "0");
  model.Begin(asked, 200, {{"content-type", "application/grpc"}});
  asked.stream->SendBody(Slice::Borrow("abc"), Flow::kMore);
  asked.stream->SendTrailers(trailers);

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(asked.events.head().Find("te"), "trailers");
  ASSERT_EQ(request.answer.trailers.size(), 1U);
  EXPECT_EQ(request.answer.trailers[0].second, "0");
}

TEST_P(ExchangePairs, TriesAnotherEndpointWithTheWholeBody) {
  WireModel& first = AddModel();
  WireModel& second = AddModel();
  Load({first.port(), second.port()},
       "  - route: [{destination: {host: model}}]\n    retries: {attempts: 1, retryOn: 5xx}\n");
  WireRequest& request = Client().Send("POST", "/", {}, "body");
  ASSERT_TRUE(Reach([&] { return first.requests().size() + second.requests().size() == 1; }));
  WireModel& failing = first.requests().empty() ? second : first;
  WireModel& other = first.requests().empty() ? first : second;
  failing.Answer(Asked(failing, 0), 500, "");
  Pass(core::Milliseconds(30));

  WireModel::Request& again = Asked(other, 0);
  ASSERT_TRUE(Reach([&] { return again.events.ended; }));
  other.Answer(again, 200, "ok");

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(again.events.body, "body");
  EXPECT_EQ(again.events.head().Find("x-envoy-attempt-count"), "2");
  EXPECT_EQ(request.answer.head().status, 200);
}

TEST_P(ExchangePairs, AnAnswerThatIsTriedAgainIsReadToItsEnd) {
  WireModel& model = OneModel("    retries: {attempts: 3, retryOn: 5xx}\n");
  WireRequest& request = Client().Send("POST", "/", {}, "body");
  for (std::size_t attempt = 0; attempt < 3; ++attempt) {
    WireModel::Request& asked = Asked(model, attempt);
    ASSERT_TRUE(Reach([&] { return asked.events.ended; }));
    model.Begin(asked, 500);
    asked.stream->SendBody(Slice::Borrow("so"), Flow::kMore);
    asked.stream->SendBody(Slice::Borrow("rry"), Flow::kEnd);
    Pass(core::Milliseconds(250));
  }
  model.Answer(Asked(model, 3), 200, "ok");

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(request.answer.head().status, 200);
  EXPECT_EQ(model.connections(), 1U);
  EXPECT_EQ(ClusterOf("v0").state->counters.upstream_rq_tx_reset, 0U);
  for (const WireModel::Request& asked : model.requests()) EXPECT_FALSE(asked.events.reset);
}

TEST_P(ExchangePairs, AnAnswerThatIsTriedAgainAndDoesNotEndIsGivenUp) {
  WireModel& model = OneModel("    retries: {attempts: 1, retryOn: 5xx}\n");
  WireRequest& request = Client().Send("GET", "/");
  WireModel::Request& first = Asked(model, 0);
  model.Begin(first, 500);
  first.stream->SendBody(Slice::Borrow("so"), Flow::kMore);
  Pass(core::Milliseconds(250));

  model.Answer(Asked(model, 1), 200, "ok");

  ASSERT_TRUE(Reach([&] { return request.answer.ended && first.events.reset; }));
  EXPECT_EQ(request.answer.head().status, 200);
  EXPECT_EQ(request.answer.body, "ok");
}

TEST_P(ExchangePairs, ARouteTimeoutAnswers504AndCancelsTheModelsWork) {
  WireModel& model = OneModel("    timeout: 200ms\n");
  WireRequest& request = Client().Send("GET", "/");
  WireModel::Request& asked = Asked(model, 0);

  Pass(core::Milliseconds(201));

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(request.answer.head().status, 504);
  EXPECT_NE(request.answer.body.find("\"flags\":\"UT\""), std::string::npos);
  EXPECT_TRUE(Reach([&] { return asked.events.reset.has_value(); }));
}

TEST_P(ExchangePairs, ThreeTriesAreSeenWhenTwoRetriesAreConfigured) {
  WireModel& model = OneModel("    timeout: 10s\n    retries: {attempts: 2, perTryTimeout: 80ms, retryOn: 5xx}\n");
  WireRequest& request = Client().Send("GET", "/");

  for (std::size_t attempt = 0; attempt < 3; ++attempt) {
    EXPECT_EQ(Asked(model, attempt).events.head().Find("x-envoy-attempt-count"), std::to_string(attempt + 1));
    Pass(core::Milliseconds(81));
    Pass(core::Milliseconds(50));
  }

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(request.answer.head().status, 504);
  EXPECT_NE(request.answer.body.find("\"flags\":\"UT,URX\""), std::string::npos);
}

TEST_P(ExchangePairs, AModelThatCannotBeReachedIsAnswered503UF) {
  WireModel& model = OneModel();
  model.listener().Close();

  WireRequest& request = Client().Send("GET", "/");

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(request.answer.head().status, 503);
  EXPECT_NE(request.answer.body.find("\"flags\":\"UF\""), std::string::npos);
}

TEST_P(ExchangePairs, AModelThatBreaksItsConnectionBeforeItAnswersIsA503) {
  WireModel& model = OneModel();
  WireRequest& request = Client().Send("GET", "/");

  Asked(model, 0).connection->Reset();

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(request.answer.head().status, 503);
  EXPECT_NE(request.answer.body.find("\"flags\":\"UR\""), std::string::npos) << request.answer.body;
}

TEST_P(ExchangePairs, AnAnswerThatBreaksInTheMiddleIsShownAsBroken) {
  WireModel& model = OneModel();
  WireRequest& request = Client().Send("GET", "/");
  WireModel::Request& asked = Asked(model, 0);
  model.Begin(asked, 200, {});
  asked.stream->SendBody(Slice::Borrow("half"), Flow::kMore);
  ASSERT_TRUE(Reach([&] { return request.answer.body == "half"; }));

  asked.connection->Reset();

  EXPECT_TRUE(Reach([&] { return request.answer.reset.has_value(); }));
  EXPECT_FALSE(request.answer.ended);
}

TEST_P(ExchangePairs, AClientThatLeavesCancelsTheModelsWork) {
  WireModel& model = OneModel();
  WireRequest& request = Client().Send("GET", "/");
  WireModel::Request& asked = Asked(model, 0);

  request.stream->Reset(ResetReason::kCancelled);

  EXPECT_TRUE(Reach([&] { return asked.events.reset.has_value(); }));
  EXPECT_EQ(ClusterOf("v0").state->counters.upstream_rq_cancelled, 1U);
}

TEST_P(ExchangePairs, AnEarlyAnswerReachesAClientThatIsStillSending) {
  WireModel& model = OneModel();
  WireRequest& request = Client().Send("POST", "/", {}, "begin", Flow::kMore);

  model.Answer(Asked(model, 0), 413, "too much");

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(request.answer.head().status, 413);
  EXPECT_EQ(request.answer.body, "too much");
}

TEST_P(ExchangePairs, ASlowModelHoldsItsClientBack) {
  WireModel& model = OneModel();
  WireRequest& request = Client().Send("POST", "/", {}, "x", Flow::kMore);
  WireModel::Request& asked = Asked(model, 0);
  asked.events.credit = nullptr;  // it reads no further

  // Socket buffers and windows on the way, the replay buffer, and not 40 MB.
  EXPECT_LT(SendUntilHeld(Client().connection(), *request.stream), 20'000'000U);
}

INSTANTIATE_TEST_SUITE_P(All, ExchangePairs,
                         testing::Combine(testing::Values(Wire::kHttp1, Wire::kHttp2),
                                          testing::Values(Wire::kHttp1, Wire::kHttp2)),
                         WirePairName);

}  // namespace
}  // namespace sluice::gateway
