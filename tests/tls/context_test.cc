#include "tls/context.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "tests/tls/tls_support.h"

namespace sluice::tls {
namespace {

using namespace std::string_literals;
using core::TlsVersion;

struct ContextTest : testing::Test {
  TlsWorld world;
};

// A client of somebody else: OpenSSL as it comes, set up by the test, that remembers sessions.
class ForeignClient {
 public:
  ForeignClient() {
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_app_data(context_.get(), this);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
      static_cast<ForeignClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->session_.reset(session);
      return 1;
    });
  }

  SSL_CTX& context() { return *context_; }
  SSL& ssl() { return *ssl_; }
  bool has_session() const { return session_ != nullptr; }

  void Connect() {
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
    if (session_ != nullptr) SSL_set_session(ssl_.get(), session_.get());
  }

  // Talks to `server` until neither has anything to say; what is heard is dropped.
  void Run(TlsEnd& server) {
    for (bool moved = true; moved;) {
      std::string heard(4096, '\0');
      SSL_read(ssl_.get(), heard.data(), static_cast<int>(heard.size()));
      const std::string out = Take();
      server.Hear(out);
      const std::string in = server.Take();
      BIO_write(SSL_get_rbio(ssl_.get()), in.data(), static_cast<int>(in.size()));
      moved = !out.empty() || !in.empty();
    }
  }

  std::string Take() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes);
    std::string taken(bytes, static_cast<std::size_t>(size));
    BIO_reset(SSL_get_wbio(ssl_.get()));
    return taken;
  }

 private:
  SslCtxPtr context_{SSL_CTX_new(TLS_client_method())};
  OpensslPtr<SSL_SESSION, SSL_SESSION_free> session_;
  SslPtr ssl_;
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
  ForeignClient client;
  SSL_CTX_set_security_level(&client.context(), 0);
  SSL_CTX_set_min_proto_version(&client.context(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(&client.context(), TLS1_1_VERSION);
  client.Connect();
  TlsEnd server(world.ServerSide(), world.clock);
  client.Run(server);
  EXPECT_EQ(server.filter().failure(), Failure::kVersion);
}

TEST_F(ContextTest, CiphersWithoutForwardSecrecyOrAeadAreNotSpoken) {
  for (const char* list : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256"}) {
    ForeignClient client;
    SSL_CTX_set_max_proto_version(&client.context(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_CTX_set_cipher_list(&client.context(), list), 1);
    client.Connect();
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
    ForeignClient client;
    SSL_CTX_set_max_proto_version(&client.context(), TLS1_2_VERSION);
    std::string list = algorithms;
    SSL_CTX_ctrl(&client.context(), SSL_CTRL_SET_SIGALGS_LIST, 0, list.data());
    client.Connect();
    TlsEnd server(world.ServerSide(), world.clock);
    client.Run(server);
    EXPECT_EQ(server.filter().cipher(), cipher);
  }
}

std::optional<std::string> Chosen(TlsEnd& server, const std::string& offer) {
  ForeignClient client;
  SSL_CTX_set_alpn_protos(&client.context(), reinterpret_cast<const unsigned char*>(offer.data()),
                          static_cast<unsigned int>(offer.size()));
  client.Connect();
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
  ForeignClient client;
  client.Connect();
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
  ForeignClient client;
  client.Connect();
  TlsEnd server(world.ServerSide(), world.clock);
  client.Run(server);
  const STACK_OF(X509_NAME)* names = SSL_get_client_CA_list(&client.ssl());
  EXPECT_EQ(names == nullptr ? 0 : sk_X509_NAME_num(names), 1);
}

// --- Resumption -----------------------------------------------------------------------------------------------------

// Two connections of one client; whether the second was resumed.
bool Resumes(TlsWorld& world, ForeignClient& client, const std::shared_ptr<const ServerContext>& second = nullptr) {
  const auto context = world.ServerSide();
  client.Connect();
  TlsEnd first(context, world.clock);
  client.Run(first);
  EXPECT_EQ(first.filter().state(), State::kOpen);
  EXPECT_FALSE(first.filter().resumed());
  SSL_shutdown(&client.ssl());
  client.Connect();
  TlsEnd again(second == nullptr ? context : second, world.clock);
  client.Run(again);
  EXPECT_EQ(again.filter().state(), State::kOpen);
  return again.filter().resumed();
}

constexpr TlsVersion kVersions[] = {TlsVersion::k12, TlsVersion::k13};

TEST_F(ContextTest, AClientComesBackWithItsTicket) {
  for (const TlsVersion version : kVersions) {
    world.server.min = world.server.max = version;
    ForeignClient client;
    EXPECT_TRUE(Resumes(world, client));
  }
}

TEST_F(ContextTest, ATicketOutlivesAContextThatKeepsTheRingAndNotAnotherRing) {
  for (const TlsVersion version : kVersions) {
    world.server.min = world.server.max = version;
    ForeignClient client;
    EXPECT_TRUE(Resumes(world, client, world.ServerSide()));
    TlsWorld changed;
    changed.server = world.server;
    ForeignClient other;
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
    ForeignClient client;
    EXPECT_FALSE(Resumes(world, client, another));
  }
}

TEST_F(ContextTest, ClientsWithCertificatesAreNeverResumed) {
  for (const auto asked : {ClientCertificate::kOptional, ClientCertificate::kRequired}) {
    for (const TlsVersion version : kVersions) {
      world.server.client = asked;
      world.server.min = world.server.max = version;
      const auto files = world.pki.Write("client", Pki::Leaf("", kClientId));
      ForeignClient client;
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
    ForeignClient client;
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

// --- What a client may not do afterwards ------------------------------------------------------------------------------

TEST_F(ContextTest, RenegotiationEndsTheConnection) {
  world.server.max = TlsVersion::k12;
  ForeignClient client;
  client.Connect();
  TlsEnd server(world.ServerSide(), world.clock);
  client.Run(server);
  ASSERT_EQ(server.filter().state(), State::kOpen);
  ASSERT_EQ(SSL_renegotiate(&client.ssl()), 1);
  SSL_do_handshake(&client.ssl());
  client.Run(server);
  EXPECT_EQ(server.filter().state(), State::kFailed);
  EXPECT_EQ(server.filter().failure(), Failure::kRenegotiation);
}

// Changes the client's keys, and hears no more than the bytes of that.
void UpdateKeys(ForeignClient& client, TlsEnd& server) {
  ASSERT_EQ(SSL_key_update(&client.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
  SSL_do_handshake(&client.ssl());
  client.Run(server);
}

TEST_F(ContextTest, AFewKeyUpdatesAreFineAndAFloodEndsTheConnection) {
  ForeignClient client;
  client.Connect();
  TlsEnd server(world.ServerSide(), world.clock);
  client.Run(server);
  for (std::uint32_t i = 0; i < Filter::kKeyUpdatesMax; ++i) {
    UpdateKeys(client, server);
    ASSERT_EQ(server.filter().state(), State::kOpen) << i;
  }
  SSL_write(&client.ssl(), "x", 1);
  client.Run(server);
  EXPECT_EQ(server.heard(), "x");
  UpdateKeys(client, server);
  EXPECT_EQ(server.filter().state(), State::kFailed);
  EXPECT_EQ(server.filter().failure(), Failure::kKeyUpdateFlood);
}

TEST_F(ContextTest, KeyUpdatesNowAndThenAreNoFlood) {
  ForeignClient client;
  client.Connect();
  TlsEnd server(world.ServerSide(), world.clock);
  client.Run(server);
  for (std::uint32_t i = 0; i < 5 * Filter::kKeyUpdatesMax; ++i) {
    world.clock.Advance(core::Seconds(7));
    UpdateKeys(client, server);
    SSL_write(&client.ssl(), "x", 1);
    client.Run(server);
    ASSERT_EQ(server.filter().state(), State::kOpen) << i;
  }
}

TEST_F(ContextTest, EarlyDataIsNotTaken) {
  ForeignClient client;
  EXPECT_TRUE(Resumes(world, client));
  client.Connect();
  std::size_t written = 0;
  EXPECT_EQ(SSL_write_early_data(&client.ssl(), "replay me", 9, &written), 0) << "the ticket does not allow it";
}

}  // namespace
}  // namespace sluice::tls
