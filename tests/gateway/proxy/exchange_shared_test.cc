// Model connections that carry several requests at once, as requests meet them: what the peer allows, takes back, or does
// not speak at all.
#include <set>

#include "tests/gateway/proxy/exchange_fixture.h"
#include "tests/support/wire_peer.h"

namespace sluice::gateway {
namespace {

using core::Wire;
using test::WireClient;
using test::WireModel;
using test::WireRequest;

class ExchangeShared : public ExchangeTest {
 protected:
  void Begin(WireModel& model, const std::string& policy = "", const std::string& protocol = "HTTP2") {
    protocol_ = protocol;
    model_ = &model;
    Load({model.port()}, "  - route: [{destination: {host: model, subset: v0}}]\n    retries: {attempts: 0}\n", policy);
    client_.emplace(Connect(), Wire::kHttp2);
  }
  bool Reach(const std::function<bool()>& done) {
    return Until([&] {
      client_->Turn();
      model_->Turn();
      return done();
    });
  }
  std::vector<WireRequest*> Ask(std::size_t count) {
    std::vector<WireRequest*> requests;
    for (std::size_t i = 0; i < count; ++i) requests.push_back(&client_->Send("GET", "/" + std::to_string(i)));
    return requests;
  }
  bool AllAnswered(const std::vector<WireRequest*>& requests, int status) {
    return Reach([&] {
      return std::ranges::all_of(requests, [status](const WireRequest* request) {
        return request->answer.ended && request->answer.head().status == status;
      });
    });
  }
  void AnswerAll() {
    for (WireModel::Request& request : model_->requests()) {
      if (request.events.ended && answered_.insert(&request).second) model_->Answer(request, 200, "ok");
    }
  }

  WireModel* model_ = nullptr;
  // In the model's place: takes a connection and what it is asked by, and ends it without a word.
  void HangUpOnTheQuestion(WireModel& model) {
    LoopbackPeer silent;
    ASSERT_TRUE(Until([&] {
      client_->Turn();
      return (silent = model.listener().Accept()).open();
    }));
    ASSERT_TRUE(Until([&] {
      silent.Read();
      return silent.Received("PRI * HTTP/2.0");
    }));
    while (!silent.received().empty()) {  // all of the question, so that the end is no reset
      silent.Forget();
      Settle();
      silent.Read();
    }
    silent.Close();
  }

  std::optional<WireClient> client_;
  std::set<const WireModel::Request*> answered_;
};

TEST_F(ExchangeShared, ManyRequestsShareOneConnection) {
  WireModel model(Wire::kHttp2);
  Begin(model);

  const auto requests = Ask(50);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 50; }));
  AnswerAll();

  EXPECT_TRUE(AllAnswered(requests, 200));
  EXPECT_EQ(model.connections(), 1U);
}

TEST_F(ExchangeShared, MaxConcurrentStreamsOpensMoreConnections) {
  WireModel model(Wire::kHttp2);
  Begin(model, "  trafficPolicy: {connectionPool: {http: {maxConcurrentStreams: 2}}}\n");

  const auto requests = Ask(6);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 6; }));
  AnswerAll();

  EXPECT_TRUE(AllAnswered(requests, 200));
  EXPECT_EQ(model.connections(), 3U);
}

TEST_F(ExchangeShared, WhatAServerAllowsIsKeptToOnceItHasSaidSo) {
  WireModel model(Wire::kHttp2);
  model.limits().streams_max = 1;
  Begin(model, "  trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}\n");
  WireRequest& first = client_->Send("GET", "/first");
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 1; }));

  const auto requests = Ask(2);
  for (int i = 0; i < 50; ++i) Reach([] { return true; });
  EXPECT_EQ(model.requests().size(), 1U);
  EXPECT_TRUE(Reach([&] {
    AnswerAll();
    return first.answer.ended && requests[0]->answer.ended && requests[1]->answer.ended;
  }));

  EXPECT_EQ(model.connections(), 1U);
}

TEST_F(ExchangeShared, AGoawayLetsWhatRunsFinishAndSendsTheRestElsewhere) {
  WireModel model(Wire::kHttp2);
  Begin(model);
  const auto running = Ask(2);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 2; }));

  model.requests()[0].connection->codec().BeginDrain();
  for (int i = 0; i < 50; ++i) Reach([] { return true; });
  const auto later = Ask(2);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 4; }));
  AnswerAll();

  EXPECT_TRUE(AllAnswered(running, 200));
  EXPECT_TRUE(AllAnswered(later, 200));
  EXPECT_EQ(model.connections(), 2U);
}

TEST_F(ExchangeShared, AnUpgradeThatTheServerDoesNotSpeakFailsNoRequestAndIsRemembered) {
  WireModel model(Wire::kHttp1);
  Begin(model, "  trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}\n", "HTTP");

  const auto requests = Ask(5);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 5; }));
  AnswerAll();

  EXPECT_TRUE(AllAnswered(requests, 200));
  EXPECT_TRUE(ClusterOf("v0").endpoints[0].state->http1_only);
  EXPECT_EQ(model.connections(), 6U) << "one to find out";
  EXPECT_EQ(ClusterOf("v0").state->counters.upstream_cx_connect_fail, 0U);
}

TEST_F(ExchangeShared, AServerThatIsRestartedWhenItIsAskedIsAskedAgain) {
  WireModel model(Wire::kHttp2);
  Begin(model, "  trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}\n", "HTTP");

  const auto requests = Ask(1);
  HangUpOnTheQuestion(model);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 1; }));
  AnswerAll();

  EXPECT_TRUE(AllAnswered(requests, 200));
  EXPECT_FALSE(ClusterOf("v0").endpoints[0].state->http1_only);
}

TEST_F(ExchangeShared, AServerThatClosesOnEveryQuestionIsTakenForAnOldOne) {
  WireModel model(Wire::kHttp1);
  Begin(model, "  trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}\n", "HTTP");

  const auto requests = Ask(1);
  HangUpOnTheQuestion(model);
  HangUpOnTheQuestion(model);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 1; }));
  AnswerAll();

  EXPECT_TRUE(AllAnswered(requests, 200));
  EXPECT_TRUE(ClusterOf("v0").endpoints[0].state->http1_only);
}

TEST_F(ExchangeShared, AnUpgradeThatTheServerSpeaksWaitsForItsSignOnly) {
  WireModel model(Wire::kHttp2);
  Begin(model, "  trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}\n", "HTTP");

  const auto requests = Ask(5);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 5; }));
  AnswerAll();

  EXPECT_TRUE(AllAnswered(requests, 200));
  EXPECT_FALSE(ClusterOf("v0").endpoints[0].state->http1_only);
  EXPECT_EQ(model.connections(), 1U);
}

TEST_F(ExchangeShared, UseClientProtocolSpeaksWhatTheClientSpeaks) {
  WireModel model(Wire::kHttp2);
  Begin(model, "  trafficPolicy: {connectionPool: {http: {useClientProtocol: true}}}\n", "HTTP");

  const auto requests = Ask(1);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 1; }));
  AnswerAll();

  EXPECT_TRUE(AllAnswered(requests, 200));
  EXPECT_EQ(model.requests()[0].events.head().protocol, "HTTP/2");
}

TEST_F(ExchangeShared, ASilentServerIsNoticedByItsMissingPong) {
  WireModel model(Wire::kHttp2);
  Begin(model, "  trafficPolicy: {connectionPool: {http: {http2KeepAlive: {interval: 10s, timeout: 2s}}}}\n");
  const auto requests = Ask(1);
  ASSERT_TRUE(Reach([&] { return model.requests().size() == 1; }));
  Advance(core::Seconds(11));
  for (int i = 0; i < 50; ++i) Reach([] { return true; });  // this ping is answered
  Advance(core::Seconds(3));
  EXPECT_FALSE(requests[0]->answer.ended);

  Advance(core::Seconds(11));  // and this one is not: the model does not turn any more
  Advance(core::Seconds(3));

  ASSERT_TRUE(Until([&] {
    client_->Turn();
    return requests[0]->answer.ended;
  }));
  EXPECT_EQ(requests[0]->answer.head().status, 503);
}

}  // namespace
}  // namespace sluice::gateway
