#include "tls/context.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/tls/foreign_end.h"
#include "tests/tls/tls_support.h"

namespace sluice::tls {
namespace {

using namespace std::string_literals;
using core::TlsVersion;

struct ContextTest : testing::Test {
  TlsWorld world;
};

// --- Versions, ciphers, protocols -----------------------------------------------------------------------------------

TEST_F(ContextTest, VersionsWithoutOverlapAreRefused) {
  world.server.min = TlsVersion::k13;
  world.client.max = TlsVersion::k12;
  Connection old(world);
  old.Run();
  EXPECT_EQ(old.server.filter().failure(), Failure::kVersion);
  EXPECT_EQ(old.client.filter().failure(), Failure::kPeerAlert);
  world.server.min = world.server.max = TlsVersion::k12;
  world.client.min = world.client.max = TlsVersion::k13;
  Connection fresh(world);
  fresh.Run();
  EXPECT_EQ(fresh.server.filter().failure(), Failure::kVersion);
}

TEST_F(ContextTest, VersionsBefore12AreNotSpoken) {
  ForeignEnd client;
  SSL_CTX_set_security_level(&client.context(), 0);
  SSL_CTX_set_min_proto_version(&client.context(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(&client.context(), TLS1_1_VERSION);
  client.Begin();
  TlsEnd server(world.ServerSide(), world.clock);
  client.Run(server);
  EXPECT_EQ(server.filter().failure(), Failure::kVersion);
}

TEST_F(ContextTest, CiphersWithoutForwardSecrecyOrAeadAreNotSpoken) {
  for (const char* list : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256"}) {
    ForeignEnd client;
    SSL_CTX_set_max_proto_version(&client.context(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_CTX_set_cipher_list(&client.context(), list), 1);
    client.Begin();
    TlsEnd server(world.ServerSide(), world.clock);
    client.Run(server);
    EXPECT_EQ(server.filter().failure(), Failure::kCipher) << list;
  }
}

TEST_F(ContextTest, ThePolicysCiphersAreUsedAndOnlyThose) {
  world.server.max = TlsVersion::k12;
  world.server.ciphers = {"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"};
  Connection link(world);
  ASSERT_TRUE(link.Run().open());
  EXPECT_EQ(link.server.filter().cipher(), "ECDHE-ECDSA-CHACHA20-POLY1305");
  world.server.ciphers = {"ECDHE-RSA-CHACHA20-POLY1305"};
  Connection none(world);
  none.Run();
  EXPECT_EQ(none.server.filter().failure(), Failure::kCipher) << "the certificate has no RSA key";
}

TEST_F(ContextTest, TheCheapestSuiteIsPreferredAndTheOthersAreSpoken) {
  struct Case {
    const char* offered;
    std::string_view chosen;
  };
  for (const Case& c :
       {Case{"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
        Case{"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
        Case{"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"}}) {
    ForeignEnd client;
    ASSERT_EQ(SSL_CTX_set_ciphersuites(&client.context(), c.offered), 1);
    client.Begin();
    TlsEnd server(world.ServerSide(), world.clock);
    client.Run(server);
    ASSERT_EQ(server.filter().state(), State::kOpen) << c.offered;
    EXPECT_EQ(server.filter().cipher(), c.chosen);
  }
}

TEST_F(ContextTest, ModelsAreOfferedTheCheapestSuiteFirst) {
  ForeignEnd model(world.server.certificates.front());  // takes what the client likes best
  model.Begin();
  TlsEnd ours(world.ClientSide(), core::Wire::kHttp1, false, world.clock);
  model.Run(ours);
  ASSERT_EQ(ours.filter().state(), State::kOpen);
  EXPECT_EQ(ours.filter().cipher(), "TLS_AES_128_GCM_SHA256");
}

TEST_F(ContextTest, ARecordIsReadAsAWhole) {
  EXPECT_EQ(SSL_CTX_get_read_ahead(&world.ServerSide()->ssl()), 1);
  EXPECT_EQ(SSL_CTX_get_read_ahead(&world.ClientSide()->ssl()), 1);
}

TEST_F(ContextTest, UnknownCiphersAreAnError) {
  world.server.ciphers = {"NO-SUCH-CIPHER"};
  const auto made = ServerContext::Make(world.server, Pki::Made(LoadServer(world.server, Pki::Now())), nullptr);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().cause, "the TLS versions or ciphers are refused: no cipher match");
}

TEST_F(ContextTest, TheKeyThatTheClientCanUseIsShown) {
  LeafRequest rsa = Pki::Leaf();
  rsa.key = KeyType::kRsa2048;
  world.server.certificates.push_back(world.pki.Write("rsa", rsa));
  for (const auto& [algorithms, cipher] : {std::pair{"ECDSA+SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
                                           std::pair{"RSA+SHA256", "ECDHE-RSA-AES128-GCM-SHA256"}}) {
    ForeignEnd client;
    SSL_CTX_set_max_proto_version(&client.context(), TLS1_2_VERSION);
    std::string list = algorithms;
    SSL_CTX_ctrl(&client.context(), SSL_CTRL_SET_SIGALGS_LIST, 0, list.data());
    client.Begin();
    TlsEnd server(world.ServerSide(), world.clock);
    client.Run(server);
    EXPECT_EQ(server.filter().cipher(), cipher);
  }
}

std::optional<std::string> Chosen(TlsEnd& server, const std::string& offer) {
  ForeignEnd client;
  SSL_CTX_set_alpn_protos(&client.context(), reinterpret_cast<const unsigned char*>(offer.data()),
                          static_cast<unsigned int>(offer.size()));
  client.Begin();
  client.Run(server);
  if (server.filter().state() != State::kOpen) return std::nullopt;
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(&client.ssl(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

TEST_F(ContextTest, TheNewerProtocolIsChosenWhateverTheOrder) {
  const std::pair<std::string, std::string> cases[] = {{"\x08http/1.1\x02h2", "h2"},
                                                       {"\x08http/1.1", "http/1.1"},
                                                       {"\x08istio-h2\x05istio\x02h2", "h2"},
                                                       {"\x08http/1.0\x03\x66oo", ""}};
  for (const auto& [offer, chosen] : cases) {
    TlsEnd server(world.ServerSide(), world.clock);
    EXPECT_EQ(Chosen(server, offer), chosen);
    EXPECT_EQ(server.filter().has_protocol(), !chosen.empty());
  }
}

TEST_F(ContextTest, AClientThatAsksForNoProtocolIsServed) {
  ForeignEnd client;
  client.Begin();
  TlsEnd server(world.ServerSide(), world.clock);
  client.Run(server);
  EXPECT_EQ(server.filter().state(), State::kOpen);
  EXPECT_FALSE(server.filter().has_protocol());
}

// --- Facts ----------------------------------------------------------------------------------------------------------

TEST_F(ContextTest, FactsAreThoseOfTheCertificate) {
  const auto server = world.ServerSide();
  EXPECT_EQ(server->name(), "server");
  EXPECT_EQ(server->facts().principal, kServerId);
  EXPECT_EQ(server->facts().serial.size(), 32U);
  EXPECT_GT(server->facts().not_after, Pki::Now());
  const auto client = world.ClientSide();
  EXPECT_EQ(client->name(), "client");
  EXPECT_EQ(client->sni(), "localhost");
  EXPECT_EQ(client->facts().not_after, 0) << "it has none";
}

TEST_F(ContextTest, NoServerNameIsSentUnlessThereIsOne) {
  world.client.sni.clear();
  Connection link(world);
  ASSERT_TRUE(link.Run().open());
  EXPECT_EQ(link.server.filter().server_name(), "");
}

TEST_F(ContextTest, TheServerTellsWhichAuthoritiesItTrusts) {
  world.server.client = ClientCertificate::kOptional;
  ForeignEnd client;
  client.Begin();
  TlsEnd server(world.ServerSide(), world.clock);
  client.Run(server);
  const STACK_OF(X509_NAME)* names = SSL_get_client_CA_list(&client.ssl());
  EXPECT_EQ(names == nullptr ? 0 : sk_X509_NAME_num(names), 1);
}

// --- Resumption -----------------------------------------------------------------------------------------------------

// Two connections of one client; whether the second was resumed.
bool Resumes(TlsWorld& world, ForeignEnd& client, const std::shared_ptr<const ServerContext>& second = nullptr) {
  const auto context = world.ServerSide();
  client.Begin();
  TlsEnd first(context, world.clock);
  client.Run(first);
  EXPECT_EQ(first.filter().state(), State::kOpen);
  EXPECT_FALSE(first.filter().resumed());
  SSL_shutdown(&client.ssl());
  client.Begin();
  TlsEnd again(second == nullptr ? context : second, world.clock);
  client.Run(again);
  EXPECT_EQ(again.filter().state(), State::kOpen);
  return again.filter().resumed();
}

constexpr TlsVersion kVersions[] = {TlsVersion::k12, TlsVersion::k13};

TEST_F(ContextTest, AClientComesBackWithItsTicket) {
  for (const TlsVersion version : kVersions) {
    world.server.min = world.server.max = version;
    ForeignEnd client;
    EXPECT_TRUE(Resumes(world, client));
  }
}

TEST_F(ContextTest, TheTicketWaitsForTheAnswerToARequestThatIsThere) {
  for (const bool answered : {true, false}) {
    TlsEnd server(world.ServerSide(), world.clock);
    TlsEnd client(world.ClientSide(), core::Wire::kHttp1, false, world.clock);
    server.Hear(client.Take());
    client.Hear(server.Take());
    client.Say("request");
    server.Hear(client.Take());
    ASSERT_EQ(server.filter().state(), State::kOpen);
    EXPECT_EQ(server.heard(), "request");
    EXPECT_TRUE(server.filter().Output().empty()) << "nothing worth a write of its own";
    if (answered) server.Say("answer");
    if (!answered) server.filter().End();
    const std::string bytes = server.Take();
    EXPECT_GT(bytes.size(), 200U) << "the ticket is with it";
    client.Hear(bytes);
    EXPECT_EQ(client.heard(), answered ? "answer" : "");
    EXPECT_EQ(client.filter().state(), answered ? State::kOpen : State::kPeerEnded);
    if (answered) server.Say("another");
    EXPECT_LT(server.Take().size(), 100U) << "once";
  }
}

// Its client may be waiting for an acknowledgement before it sends its request.
TEST_F(ContextTest, TheTicketLeavesAtOnceWhenNoRequestIsThere) {
  TlsEnd server(world.ServerSide(), world.clock);
  TlsEnd client(world.ClientSide(), core::Wire::kHttp1, false, world.clock);
  server.Hear(client.Take());
  client.Hear(server.Take());
  server.Hear(client.Take());
  EXPECT_GT(server.filter().Output().bytes(), 200U);
}

TEST_F(ContextTest, ATicketOutlivesAContextThatKeepsTheRingAndNotAnotherRing) {
  for (const TlsVersion version : kVersions) {
    world.server.min = world.server.max = version;
    ForeignEnd client;
    EXPECT_TRUE(Resumes(world, client, world.ServerSide()));
    TlsWorld changed;
    changed.server = world.server;
    ForeignEnd other;
    EXPECT_FALSE(Resumes(world, other, changed.ServerSide()));
  }
}

TEST_F(ContextTest, ATicketOfAnotherServerIsNotTaken) {
  const auto tickets = world.tickets;
  world.server.name = "another server";
  const auto another = world.ServerSide();
  world.server.name = "server";
  for (const TlsVersion version : kVersions) {
    world.server.min = world.server.max = version;
    ForeignEnd client;
    EXPECT_FALSE(Resumes(world, client, another));
  }
}

TEST_F(ContextTest, ClientsWithCertificatesAreNeverResumed) {
  for (const auto asked : {ClientCertificate::kOptional, ClientCertificate::kRequired}) {
    for (const TlsVersion version : kVersions) {
      world.server.client = asked;
      world.server.min = world.server.max = version;
      const auto files = world.pki.Write("client", Pki::Leaf("", kClientId));
      ForeignEnd client;
      SSL_CTX_use_certificate_file(&client.context(), files.certificate.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(&client.context(), files.private_key.c_str(), SSL_FILETYPE_PEM);
      EXPECT_FALSE(Resumes(world, client));
    }
  }
}

TEST_F(ContextTest, WithoutKeysThereAreNoTickets) {
  world.tickets = nullptr;
  for (const TlsVersion version : kVersions) {
    world.server.min = world.server.max = version;
    ForeignEnd client;
    EXPECT_FALSE(Resumes(world, client));
  }
}

TEST_F(ContextTest, OurOwnClientsRememberNothing) {
  const auto server = world.ServerSide();
  const auto client = world.ClientSide();
  for (int i = 0; i < 2; ++i) {
    TlsEnd from(client, core::Wire::kHttp2, true, world.clock);
    TlsEnd to(server, world.clock);
    TlsLink{from, to}.Run();
    EXPECT_EQ(to.filter().state(), State::kOpen);
    EXPECT_FALSE(to.filter().resumed());
  }
}

TEST_F(ContextTest, EarlyDataIsNotTaken) {
  ForeignEnd client;
  EXPECT_TRUE(Resumes(world, client));
  client.Begin();
  std::size_t written = 0;
  EXPECT_EQ(SSL_write_early_data(&client.ssl(), "replay me", 9, &written), 0) << "the ticket does not allow it";
}

}  // namespace
}  // namespace sluice::tls
