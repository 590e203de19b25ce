// H1Codec once another protocol has been asked for (RFC 9110 section 7.8, RFC 6455 section 4), in both roles.
#include "tests/gateway/codec/h1_tunnel.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using core::ResetReason;
using core::Slice;
using test::Feed;

constexpr std::string_view kAsk =
    "GET /chat HTTP/1.1\r\nHost: model\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr std::string_view kAgree =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string Joined(std::string_view one, std::string_view two) { return std::string(one).append(two); }

TEST(H1Tunnel, AServerTellsWhatIsAskedForAndWaits) {
  TunnelServer server;
  Feed(server.codec, Joined(kAsk, "early"));

  ASSERT_EQ(server.requests.size(), 1U);
  EXPECT_EQ(server.request().head().upgrade, "websocket");
  EXPECT_FALSE(server.request().ended);
  EXPECT_EQ(server.request().body, "") << "nobody has agreed";
  EXPECT_FALSE(server.codec.WantsRead());
  EXPECT_FALSE(server.codec.EndsByHalves());
}

TEST(H1Tunnel, AServerThatAgreesPassesEverythingOn) {
  TunnelServer server;
  Feed(server.codec, Joined(kAsk, "early"));
  server.Agree();

  EXPECT_EQ(server.Written(),
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_EQ(server.request().body, "early");
  Feed(server.codec, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(server.request().body, "earlyGET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(server.requests.size(), 1U);
  EXPECT_TRUE(server.codec.EndsByHalves());

  server.stream->SendBody(Slice::Borrow("out"), Flow::kMore);
  EXPECT_EQ(server.Written(), "out");
}

TEST(H1Tunnel, EachDirectionEndsByItself) {
  TunnelServer server;
  Feed(server.codec, kAsk);
  server.Agree();
  server.Written();

  server.codec.ReceiveEnd();
  EXPECT_TRUE(server.request().ended);
  EXPECT_FALSE(server.codec.WantsClose());
  EXPECT_FALSE(server.codec.WantsRead());
  server.stream->SendBody(Slice::Borrow("rest"), Flow::kEnd);
  EXPECT_EQ(server.Written(), "rest");
  EXPECT_TRUE(server.codec.WantsClose());

  TunnelServer other;
  Feed(other.codec, kAsk);
  other.Agree();
  other.stream->SendBody(Slice::Borrow("all"), Flow::kEnd);
  EXPECT_TRUE(other.codec.WantsSendEnd());
  EXPECT_TRUE(other.Written().ends_with("all"));
  EXPECT_FALSE(other.codec.WantsClose());
  Feed(other.codec, "more");
  other.codec.ReceiveEnd();
  EXPECT_EQ(other.request().body, "more");
  EXPECT_TRUE(other.request().ended);
  EXPECT_TRUE(other.codec.WantsClose());
}

TEST(H1Tunnel, AServerThatDeclinesClosesAndReadsNothingMore) {
  TunnelServer server;
  Feed(server.codec, Joined(kAsk, "GET /evil HTTP/1.1\r\nHost: model\r\n\r\n"));
  server.Answer(200, "no");

  EXPECT_TRUE(server.Written().starts_with("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n"));
  EXPECT_EQ(server.requests.size(), 1U);
  EXPECT_TRUE(server.codec.WantsClose());
}

TEST(H1Tunnel, NobodyIsAskedWhereUpgradesAreOff) {
  Server server;
  Feed(server.codec, kAsk);
  EXPECT_EQ(server.request().head().upgrade, "");
  EXPECT_TRUE(server.request().ended) << "an ordinary request";
}

TEST(H1Tunnel, AnUpgradeNobodyMeansIsAnOrdinaryRequest) {
  for (const std::string_view fields :
       {"Upgrade: websocket\r\n", "Connection: upgrade\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n"}) {
    TunnelServer server;
    Feed(server.codec, Joined("GET / HTTP/1.1\r\nHost: model\r\n", fields) + "\r\n");
    EXPECT_EQ(server.request().head().upgrade, "") << fields;
    EXPECT_TRUE(server.request().ended) << fields;
  }
  TunnelServer old;
  Feed(old.codec, "GET / HTTP/1.0\r\nHost: model\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n");
  EXPECT_EQ(old.request().head().upgrade, "") << "RFC 9110 section 7.8";
}

TEST(H1Tunnel, HandshakesThatCannotBeAreRefused) {
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string ask = "HTTP/1.1\r\nHost: model\r\nConnection: upgrade\r\nUpgrade: websocket\r\n";
  for (const std::string& bytes :
       {"POST / " + ask + key + "\r\n", "GET / " + ask + "\r\n", "GET / " + ask + "Sec-WebSocket-Key: short\r\n\r\n",
        "GET / " + ask + key + key + "\r\n", "GET / " + ask + key + "Content-Length: 1\r\n\r\nx",
        "GET / " + ask + key + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    TunnelServer server;
    Feed(server.codec, bytes);
    ASSERT_TRUE(server.fault) << bytes;
    EXPECT_EQ(server.fault->status, 400) << bytes;
  }
}

TEST(H1Tunnel, AClientAsksAndIsGivenTheConnection) {
  TunnelClient client;
  EXPECT_EQ(client.asked,
            "GET /chat HTTP/1.1\r\nhost: model\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  Feed(client.codec, Joined(kAgree, "first"));

  EXPECT_EQ(client.events.head().status, 101);
  EXPECT_EQ(client.events.head().upgrade, "websocket");
  EXPECT_EQ(client.events.body, "first");
  client.stream->SendBody(Slice::Borrow("out"), Flow::kEnd);
  EXPECT_EQ(client.Written(), "out");
  EXPECT_TRUE(client.codec.WantsSendEnd());
  client.stream->Consumed(5);
  EXPECT_TRUE(client.codec.WantsRead());
  Feed(client.codec, "last");
  client.codec.ReceiveEnd();
  EXPECT_EQ(client.events.body, "firstlast");
  EXPECT_TRUE(client.events.ended);
  EXPECT_TRUE(client.codec.WantsClose());
}

TEST(H1Tunnel, AClientBelievesNoAgreementThatIsNone) {
  for (const std::string_view fields :
       {"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
        "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
        "Upgrade: foo\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"}) {
    TunnelClient client;
    Feed(client.codec, Joined("HTTP/1.1 101 Switching Protocols\r\n", fields) + "\r\n");
    EXPECT_EQ(client.events.reset, ResetReason::kProtocolError) << fields;
  }
}

TEST(H1Tunnel, AClientTakesAnotherAnswerAndNeverUsesTheConnectionAgain) {
  TunnelClient client;
  Feed(client.codec, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.events.head().status, 200);
  client.stream->SendBody(Slice(), Flow::kEnd);
  Feed(client.codec, "no");

  EXPECT_TRUE(client.events.ended);
  EXPECT_EQ(client.events.body, "no");
  EXPECT_EQ(client.codec.Capacity(), 0U);
  EXPECT_TRUE(client.codec.WantsClose());
}

TEST(H1Tunnel, AServerAgreesToNothingThatNobodyAskedFor) {
  TunnelServer server;
  Feed(server.codec, kGet);
  server.Agree();
  EXPECT_EQ(server.Written(), "");
  EXPECT_TRUE(server.codec.WantsClose());

  TunnelServer other;
  Feed(other.codec, kAsk);
  other.Agree("foo");
  EXPECT_EQ(other.Written(), "");
  EXPECT_TRUE(other.codec.WantsClose());
}

}  // namespace
}  // namespace sluice::gateway
