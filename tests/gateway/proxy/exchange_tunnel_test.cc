// Requests for another protocol, whatever they travel in: every test runs for both versions on both sides.
#include "tests/gateway/proxy/wire_pair_fixture.h"

namespace sluice::gateway {
namespace {

using core::ResetReason;
using core::Slice;
using core::Wire;
using test::WireModel;
using test::WireRequest;

class ExchangeTunnel : public WirePairTest {
 protected:
  // A tunnel that stands; `asked` is the model's end of it.
  WireRequest& Open(WireModel& model, std::string_view protocol = "websocket") {
    WireRequest& request = Client().Upgrade(protocol);
    WireModel::Request& asked = Asked(model, 0);
    model.Agree(asked);
    EXPECT_TRUE(Reach([&] { return !request.answer.heads.empty(); }));
    EXPECT_EQ(request.answer.head().status, 101);
    return request;
  }
};

TEST_P(ExchangeTunnel, CarriesBytesBothWays) {
  WireModel& model = OneModel();
  WireRequest& request = Open(model);
  WireModel::Request& asked = model.requests()[0];

  request.stream->SendBody(Slice::Borrow("ping"), Flow::kMore);
  ASSERT_TRUE(Reach([&] { return asked.events.body == "ping"; }));
  asked.stream->SendBody(Slice::Borrow("pong"), Flow::kMore);
  ASSERT_TRUE(Reach([&] { return request.answer.body == "pong"; }));
  request.stream->SendBody(Slice::Borrow("!"), Flow::kMore);
  ASSERT_TRUE(Reach([&] { return asked.events.body == "ping!"; }));

  EXPECT_EQ(asked.events.head().upgrade, "websocket");
  EXPECT_EQ(asked.events.head().method, "GET");
  EXPECT_EQ(asked.events.head().path, "/chat");
  EXPECT_EQ(request.answer.head().upgrade, "websocket");
}

TEST_P(ExchangeTunnel, TheClientMayEndItsDirectionFirst) {
  WireModel& model = OneModel();
  WireRequest& request = Open(model);
  WireModel::Request& asked = model.requests()[0];

  request.stream->SendBody(Slice::Borrow("all"), Flow::kEnd);
  ASSERT_TRUE(Reach([&] { return asked.events.ended; }));
  EXPECT_FALSE(request.answer.ended);
  asked.stream->SendBody(Slice::Borrow("late"), Flow::kMore);
  ASSERT_TRUE(Reach([&] { return request.answer.body == "late"; }));
  asked.stream->SendBody(Slice::Borrow("r"), Flow::kEnd);

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(asked.events.body, "all");
  EXPECT_EQ(request.answer.body, "later");
}

TEST_P(ExchangeTunnel, TheModelMayEndItsDirectionFirst) {
  WireModel& model = OneModel();
  WireRequest& request = Open(model);
  WireModel::Request& asked = model.requests()[0];

  asked.stream->SendBody(Slice::Borrow("all"), Flow::kEnd);
  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_FALSE(asked.events.ended);
  request.stream->SendBody(Slice::Borrow("late"), Flow::kMore);
  ASSERT_TRUE(Reach([&] { return asked.events.body == "late"; }));
  request.stream->SendBody(Slice::Borrow("r"), Flow::kEnd);

  ASSERT_TRUE(Reach([&] { return asked.events.ended; }));
  EXPECT_EQ(request.answer.body, "all");
  EXPECT_EQ(asked.events.body, "later");
}

TEST_P(ExchangeTunnel, IsGivenUpTogether) {
  WireModel& model = OneModel();
  WireRequest& request = Open(model);

  request.stream->Reset(ResetReason::kCancelled);

  EXPECT_TRUE(Reach([&] { return model.requests()[0].events.reset || model.requests()[0].events.ended; }));
}

TEST_P(ExchangeTunnel, AModelMayEndAndThenWantNothingMore) {
  WireModel& model = OneModel();
  WireRequest& request = Open(model);
  model.requests()[0].stream->SendBody(Slice::Borrow("all"), Flow::kEnd);
  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));

  model.requests()[0].connection->Reset();

  ASSERT_TRUE(Reach([&] { return world_.metrics().downstream().cx_upgrades_active.value() == 0; }));
  EXPECT_EQ(request.answer.body, "all");
}

TEST_P(ExchangeTunnel, AModelThatBreaksBreaksItsClientsToo) {
  WireModel& model = OneModel();
  WireRequest& request = Open(model);

  model.requests()[0].connection->Reset();

  EXPECT_TRUE(Reach([&] { return request.answer.reset || request.answer.ended; }));
  EXPECT_EQ(world_.metrics().downstream().cx_upgrades_total.value(), 1U);
  EXPECT_EQ(world_.metrics().downstream().cx_upgrades_active.value(), 0);
}

TEST_P(ExchangeTunnel, TheRoutesTimeOutCountsUntilItIsOpen) {
  WireModel& model = OneModel("    timeout: 200ms\n    retries: {attempts: 0}\n");
  WireRequest& request = Client().Upgrade("websocket");
  Asked(model, 0);

  Pass(core::Milliseconds(201));

  ASSERT_TRUE(Reach([&] { return !request.answer.heads.empty(); }));
  EXPECT_EQ(request.answer.head().status, 504);
}

TEST_P(ExchangeTunnel, OnlyTheIdleTimeOutCountsOnceItIsOpen) {
  WireModel& model = AddModel();
  Load({model.port()},
       "  - route: [{destination: {host: model, subset: v0}}]\n    timeout: 200ms\n    retries: {attempts: 0}\n", "",
       "---\napiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: s}\nspec:\n"
       "  timeouts: {streamIdle: 10s}\n");
  WireRequest& request = Open(model);
  WireModel::Request& asked = model.requests()[0];

  for (int i = 0; i < 3; ++i) {
    Pass(core::Seconds(8));
    (i % 2 == 0 ? request.stream : asked.stream)->SendBody(Slice::Borrow("x"), Flow::kMore);
    Pass(core::Milliseconds(1));
  }
  EXPECT_EQ(asked.events.body, "xx");
  EXPECT_EQ(request.answer.body, "x");

  Pass(core::Seconds(11));

  EXPECT_TRUE(Reach([&] { return request.answer.reset || request.answer.ended; }));
  EXPECT_TRUE(Reach([&] { return asked.events.reset || asked.events.ended; }));
}

TEST_P(ExchangeTunnel, IsTriedElsewhereWhileNobodyHasAgreed) {
  WireModel& first = AddModel();
  WireModel& second = AddModel();
  Load({first.port(), second.port()},
       "  - route: [{destination: {host: model}}]\n    retries: {attempts: 1, retryOn: 5xx}\n");
  WireRequest& request = Client().Upgrade("websocket");
  ASSERT_TRUE(Reach([&] { return first.requests().size() + second.requests().size() == 1; }));
  WireModel& failing = first.requests().empty() ? second : first;
  WireModel& other = first.requests().empty() ? first : second;
  failing.Answer(Asked(failing, 0), 503, "");
  Pass(core::Milliseconds(30));

  other.Agree(Asked(other, 0));

  ASSERT_TRUE(Reach([&] { return !request.answer.heads.empty(); }));
  EXPECT_EQ(request.answer.head().status, 101);
  EXPECT_EQ(other.requests()[0].events.head().Find("x-envoy-attempt-count"), "2");
}

TEST_P(ExchangeTunnel, AModelMayAnswerInHttpInstead) {
  WireModel& model = OneModel();
  WireRequest& request = Client().Upgrade("websocket");

  model.Answer(Asked(model, 0), 426, "not here", {{"x-reason", "policy"}});

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(request.answer.head().status, 426);
  EXPECT_EQ(request.answer.head().Find("x-reason"), "policy");
  EXPECT_EQ(request.answer.body, "not here");
  EXPECT_EQ(world_.metrics().downstream().cx_upgrades_total.value(), 0U);
  EXPECT_EQ(ClusterOf("v0").state->counters.upstream_rq_tx_reset, 0U) << "the exchange ended as it should";
}

TEST_P(ExchangeTunnel, IsNotMirrored) {
  WireModel& model = AddModel();
  WireModel& shadow = AddModel();
  Load({model.port(), shadow.port()},
       "  - route: [{destination: {host: model, subset: v0}}]\n    mirror: {host: model, subset: v1}\n");
  Open(model);
  Pass(core::Milliseconds(10));

  EXPECT_TRUE(shadow.requests().empty());
}

TEST_P(ExchangeTunnel, ProtocolsThatAreNotAllowedAreRefused) {
  WireModel& model = OneModel();

  WireRequest& request = Client().Upgrade("foo");

  ASSERT_TRUE(Reach([&] { return request.answer.ended; }));
  EXPECT_EQ(request.answer.head().status, 403);
  EXPECT_TRUE(model.requests().empty());
}

TEST_P(ExchangeTunnel, ProtocolsThatAreAllowedAreCarried) {
  WireModel& model = AddModel();
  Load({model.port()}, "  - route: [{destination: {host: model, subset: v0}}]\n", "",
       "---\napiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: s}\nspec:\n"
       "  forwarding: {upgrades: [foo/2]}\n");
  WireRequest& request = Open(model, "foo/2");

  request.stream->SendBody(Slice::Borrow("x"), Flow::kEnd);

  EXPECT_TRUE(Reach([&] { return model.requests()[0].events.ended; }));
  EXPECT_EQ(model.requests()[0].events.body, "x");
}

TEST_P(ExchangeTunnel, AReaderThatStandsStillHoldsTheSenderBack) {
  WireModel& model = OneModel();
  WireRequest& request = Open(model);
  WireModel::Request& asked = model.requests()[0];
  request.answer.credit = nullptr;  // it reads no further

  EXPECT_LT(SendUntilHeld(*asked.connection, *asked.stream), 20'000'000U);
}

INSTANTIATE_TEST_SUITE_P(All, ExchangeTunnel,
                         testing::Combine(testing::Values(Wire::kHttp1, Wire::kHttp2),
                                          testing::Values(Wire::kHttp1, Wire::kHttp2)),
                         WirePairName);

// Between the versions: what only one of them has.

class ExchangeTunnelHandshake : public ExchangeTest {
 protected:
  std::deque<test::WireClient> clients_;
};

TEST_F(ExchangeTunnelHandshake, BytesBehindTheRequestWaitForTheModelsWord) {
  LoopbackListener model;
  Load({model.port()}, "  - route: [{destination: {host: model, subset: v0}}]\n");
  LoopbackPeer client = Connect();
  client.Write(
      "GET /chat HTTP/1.1\r\nhost: model\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nGET /evil HTTP/1.1\r\nhost: model\r\n\r\n");
  LoopbackPeer peer = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(peer, "\r\n\r\n"));
  Settle();
  peer.Read();
  EXPECT_FALSE(peer.Received("evil"));
  peer.Forget();

  peer.Write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno");

  ASSERT_TRUE(UntilEnded(client));
  EXPECT_TRUE(client.Received("\r\n\r\nno"));
  EXPECT_EQ(client.received().find("HTTP/1.1", 1), std::string::npos) << "one answer, and then the end";
  peer.Read();
  EXPECT_EQ(peer.received(), "");
}

TEST_F(ExchangeTunnelHandshake, BytesBehindTheRequestAreTheFirstOfTheTunnel) {
  LoopbackListener model;
  Load({model.port()}, "  - route: [{destination: {host: model, subset: v0}}]\n");
  LoopbackPeer client = Connect();
  client.Write(
      "GET /chat HTTP/1.1\r\nhost: model\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nearly");
  LoopbackPeer peer = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(peer, "\r\n\r\n"));

  peer.Write(
      "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
      "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nfirst");

  ASSERT_TRUE(UntilReceived(peer, "early"));
  ASSERT_TRUE(UntilReceived(client, "\r\n\r\nfirst"));
  EXPECT_TRUE(client.Received("upgrade: websocket\r\n"));
  EXPECT_TRUE(client.Received("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
}

TEST_F(ExchangeTunnelHandshake, AModelOfHttp2ThatTakesNoUpgradesIsSaidToTakeNone) {
  protocol_ = "HTTP2";
  WireModel model(Wire::kHttp2);
  model.limits().upgrades = false;
  Load({model.port()}, "  - route: [{destination: {host: model, subset: v0}}]\n");
  for (int round = 0; round < 2; ++round) {  // before the model's SETTINGS, and after
    test::WireClient& asking = clients_.emplace_back(Connect(), Wire::kHttp1);
    WireRequest& request = asking.Upgrade("websocket");

    ASSERT_TRUE(Until([&] {
      asking.Turn();
      model.Turn();
      return request.answer.ended;
    }));
    EXPECT_EQ(request.answer.head().status, 502);
    EXPECT_NE(request.answer.body.find("RFC 8441"), std::string::npos) << request.answer.body;
  }
  EXPECT_TRUE(model.requests().empty());
}

}  // namespace
}  // namespace sluice::gateway
