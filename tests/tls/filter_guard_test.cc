// What a peer may not do once it is connected: make us negotiate again, or change keys without end.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/tls/foreign_end.h"
#include "tests/tls/tls_support.h"
#include "tls/filter.h"

namespace sluice::tls {
namespace {

using core::TlsVersion;

struct FilterGuardTest : testing::Test {
  TlsWorld world;
  ForeignEnd client;
  ForeignEnd model{world.server.certificates.front()};

  // A server of ours that the foreign client is connected to.
  std::unique_ptr<TlsEnd> OurServer() {
    auto server = std::make_unique<TlsEnd>(world.ServerSide(), world.clock);
    client.Begin();
    client.Run(*server);
    EXPECT_EQ(server->filter().state(), State::kOpen);
    return server;
  }
  // A client of ours that is connected to the foreign model.
  std::unique_ptr<TlsEnd> OurClient() {
    auto ours = std::make_unique<TlsEnd>(world.ClientSide(), core::Wire::kHttp1, false, world.clock);
    model.Begin();
    model.Run(*ours);
    EXPECT_EQ(ours->filter().state(), State::kOpen);
    return ours;
  }

  static void UpdateKeys(ForeignEnd& from, TlsEnd& to, int answer = SSL_KEY_UPDATE_NOT_REQUESTED) {
    ASSERT_EQ(SSL_key_update(&from.ssl(), answer), 1);
    SSL_do_handshake(&from.ssl());
    from.Run(to);
  }
  // As many as are allowed, with data between them, and then one more.
  static void Flood(ForeignEnd& from, TlsEnd& to) {
    std::string said;
    for (std::uint32_t i = 0; i < Filter::kKeyUpdatesMax; ++i) {
      UpdateKeys(from, to, i % 2 == 0 ? SSL_KEY_UPDATE_NOT_REQUESTED : SSL_KEY_UPDATE_REQUESTED);
      from.Say("x");
      from.Run(to);
      said += 'x';
      ASSERT_EQ(to.filter().state(), State::kOpen) << i;
      ASSERT_EQ(to.heard(), said);
    }
    UpdateKeys(from, to);
    EXPECT_EQ(to.filter().state(), State::kFailed);
    EXPECT_EQ(to.filter().failure(), Failure::kKeyUpdateFlood);
    from.Say("behind it");
    from.Run(to);
    EXPECT_EQ(to.heard(), said);
  }
};

TEST_F(FilterGuardTest, AClientThatNegotiatesAgainLosesItsConnection) {
  world.server.max = TlsVersion::k12;
  const auto server = OurServer();
  ASSERT_EQ(SSL_renegotiate(&client.ssl()), 1);
  SSL_do_handshake(&client.ssl());
  client.Run(*server);
  EXPECT_EQ(server->filter().state(), State::kFailed);
  EXPECT_EQ(server->filter().failure(), Failure::kRenegotiation);
}

TEST_F(FilterGuardTest, AModelThatAsksToNegotiateAgainLosesItsConnection) {
  world.client.max = TlsVersion::k12;
  const auto ours = OurClient();
  ASSERT_EQ(SSL_renegotiate(&model.ssl()), 1);
  SSL_do_handshake(&model.ssl());
  model.Run(*ours);
  EXPECT_EQ(ours->filter().state(), State::kFailed);
  EXPECT_EQ(ours->filter().failure(), Failure::kRenegotiation);
}

TEST_F(FilterGuardTest, AFewKeyUpdatesOfAClientAreFineAndAFloodEndsTheConnection) { Flood(client, *OurServer()); }

TEST_F(FilterGuardTest, AFewKeyUpdatesOfAModelAreFineAndAFloodEndsTheConnection) { Flood(model, *OurClient()); }

TEST_F(FilterGuardTest, AFloodInOnePieceIsNoticed) {
  const auto server = OurServer();
  std::string flood;
  for (std::uint32_t i = 0; i <= Filter::kKeyUpdatesMax; ++i) {
    ASSERT_EQ(SSL_key_update(&client.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    SSL_do_handshake(&client.ssl());
    flood += client.Take();
  }
  client.Say("behind it");
  server->Hear(flood + client.Take());
  EXPECT_EQ(server->filter().failure(), Failure::kKeyUpdateFlood);
  EXPECT_EQ(server->heard(), "");
}

TEST_F(FilterGuardTest, KeyUpdatesNowAndThenAreNoFlood) {
  const auto server = OurServer();
  for (std::uint32_t i = 0; i < 5 * Filter::kKeyUpdatesMax; ++i) {
    world.clock.Advance(core::Seconds(7));
    UpdateKeys(client, *server);
    client.Say("x");
    client.Run(*server);
    ASSERT_EQ(server->filter().state(), State::kOpen) << i;
  }
}

TEST_F(FilterGuardTest, AKeyUpdateThatIsToBeAnsweredIs) {
  const auto server = OurServer();
  UpdateKeys(client, *server, SSL_KEY_UPDATE_REQUESTED);
  server->Say("under new keys");
  client.Run(*server);
  EXPECT_EQ(server->filter().state(), State::kOpen);
  client.Say("heard");
  client.Run(*server);
  EXPECT_EQ(server->heard(), "heard");
}

TEST_F(FilterGuardTest, WarningsWithoutEndEndTheConnection) {
  world.server.max = TlsVersion::k12;
  TlsEnd server(world.ServerSide(), world.clock);
  client.Begin();
  SSL_do_handshake(&client.ssl());
  server.Hear(client.Take());
  const std::string warning("\x15\x03\x03\x00\x02\x01\x5a", 7);  // user_canceled
  for (int i = 0; i < 10; ++i) server.Hear(warning);
  EXPECT_EQ(server.filter().state(), State::kFailed);
}

}  // namespace
}  // namespace sluice::tls
