#include "tls/filter.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/tls/tls_world.h"

namespace sluice::tls {
namespace {

using State = Filter::State;

// A client that can do what a filter never does: OpenSSL over memory, with the context of a policy.
class RawClient {
 public:
  explicit RawClient(const ClientContext& context, SSL_SESSION* session = nullptr)
      : ssl_(SSL_new(&context.ssl())), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
    if (session != nullptr) SSL_set_session(ssl_.get(), session);
  }

  // OpenSSL takes a session for bad whose connection has not said goodbye.
  ~RawClient() { SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  SSL& ssl() { return *ssl_; }

  // Carries bytes both ways until nobody has any.
  void Talk(Pair& pair) {
    for (bool more = true; more;) {
      SSL_do_handshake(ssl_.get());
      char byte = 0;
      SSL_read(ssl_.get(), &byte, 1);
      ERR_clear_error();
      std::string bytes(static_cast<std::size_t>(BIO_pending(out_)), '\0');
      if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
      pair.Deliver(pair.server, bytes, pair.at_server);
      const std::string back = Pair::Take(pair.server.Output());
      if (!back.empty()) BIO_write(in_, back.data(), static_cast<int>(back.size()));
      more = !bytes.empty() || !back.empty();
    }
  }

 private:
  SslPtr ssl_;
  BIO* in_;   // owned by ssl_
  BIO* out_;  // the same
};

using SessionPtr = OpensslPtr<SSL_SESSION, SSL_SESSION_free>;

class FilterTest : public testing::Test {
 protected:
  // Both sides of a handshake that must fail, and why it did at the server.
  Failure Refused(const core::ServerTlsPolicy& server, const core::ClientTlsPolicy& client) {
    Pair pair(Ready(server), Ready(client));
    pair.Talk();
    EXPECT_EQ(pair.server.state(), State::kFailed);
    EXPECT_EQ(pair.server.peer(), nullptr);
    EXPECT_EQ(pair.at_server, "");
    EXPECT_NE(pair.client.state(), State::kOpen) << "the alert has not arrived";
    return pair.server.failure();
  }
  Failure RefusedByClient(const core::ServerTlsPolicy& server, const core::ClientTlsPolicy& client) {
    Pair pair(Ready(server), Ready(client));
    pair.Talk();
    EXPECT_EQ(pair.client.state(), State::kFailed);
    return pair.client.failure();
  }

  World world;
};

TEST_F(FilterTest, BothSidesAreOpenAndAgreeOnTheProtocol) {
  for (const auto& [wire, either, spoken] : {std::tuple(core::Wire::kHttp2, false, core::Wire::kHttp2),
                                             std::tuple(core::Wire::kHttp2, true, core::Wire::kHttp2),
                                             std::tuple(core::Wire::kHttp1, false, core::Wire::kHttp1)}) {
    Pair pair(Ready(world.Server()), Ready(world.Client()), wire, either);

    pair.Talk();

    ASSERT_EQ(pair.server.state(), State::kOpen);
    ASSERT_EQ(pair.client.state(), State::kOpen);
    EXPECT_TRUE(pair.client.has_protocol());
    EXPECT_EQ(pair.client.wire(), spoken);
    EXPECT_EQ(pair.server.wire(), spoken);
    EXPECT_EQ(pair.server.server_name(), "server.example");
    EXPECT_EQ(pair.server.version(), "TLSv1.3");
    EXPECT_FALSE(pair.server.cipher().empty());
    EXPECT_EQ(pair.server.peer(), nullptr);
    ASSERT_NE(pair.client.peer(), nullptr);
    EXPECT_EQ(pair.client.peer()->dns_sans, std::vector<std::string>{"server.example"});
  }
}

TEST_F(FilterTest, MutualTlsTellsWhoTheClientIs) {
  for (const bool istio : {false, true}) {
    core::ServerTlsPolicy server = world.MutualServer();
    server.certificates = {world.Issue("own", Named(Workload("sluice") + ",DNS:server.example"))};
    server.trust_domain = "cluster.local";
    core::ClientTlsPolicy client = world.MutualClient();
    client.istio = istio;
    client.trust_domain = "cluster.local";
    Pair pair(Ready(server), Ready(client));

    pair.Talk();

    ASSERT_NE(pair.server.peer(), nullptr);
    EXPECT_EQ(pair.server.peer()->name(), "spiffe://cluster.local/ns/default/sa/client");
    EXPECT_EQ(pair.server.own_principal(), "spiffe://cluster.local/ns/default/sa/sluice");
    EXPECT_EQ(pair.client.peer()->name(), "spiffe://cluster.local/ns/default/sa/sluice");
    EXPECT_EQ(pair.client.own_principal(), "spiffe://cluster.local/ns/default/sa/client");
  }
}

TEST_F(FilterTest, BytesArriveHoweverTheyAreCut) {
  for (const std::size_t cut : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    Pair pair(Ready(world.MutualServer()), Ready(world.MutualClient()), core::Wire::kHttp1, false, cut);
    pair.Talk();
    ASSERT_EQ(pair.server.state(), State::kOpen) << cut;

    pair.Send(pair.client, "a request");
    pair.Send(pair.server, "an answer");
    pair.Talk();

    EXPECT_EQ(pair.at_server, "a request");
    EXPECT_EQ(pair.at_client, "an answer");
  }
}

TEST_F(FilterTest, MuchIsTakenOnlyAsFastAsItLeaves) {
  Pair pair(Ready(world.Server()), Ready(world.Client()));
  pair.Talk();
  const std::string much(1'000'000, 'x');

  pair.Send(pair.server, much);

  EXPECT_GE(pair.server.Output().bytes(), Filter::kOutputMax);
  EXPECT_LT(pair.server.Output().bytes(), Filter::kOutputMax + 20'000);
  EXPECT_GT(pair.left(), 900'000U);
  pair.Talk();
  EXPECT_EQ(pair.at_client.size() + pair.left(), much.size());
}

TEST_F(FilterTest, TheEndIsSaidAndATruncationIsNone) {
  Pair pair(Ready(world.Server()), Ready(world.Client()));
  pair.Talk();
  pair.Send(pair.client, "all");

  pair.client.End();
  pair.Talk();

  EXPECT_EQ(pair.at_server, "all");
  EXPECT_EQ(pair.server.state(), State::kPeerEnded);
  EXPECT_EQ(pair.client.state(), State::kOpen) << "it still reads";
  pair.Send(pair.server, "bye");
  pair.Talk();
  EXPECT_EQ(pair.at_client, "bye");
}

TEST_F(FilterTest, ClientCertificatesThatAreWrongInOneWay) {
  const core::ServerTlsPolicy server = world.MutualServer();
  LeafRequest request = Named("DNS:a.example");
  EXPECT_EQ(Refused(server, world.Client()), Failure::kNoCertificate);

  request.validity = {Today() - 3 * kDay, Today() - kDay};
  core::ClientTlsPolicy late = world.MutualClient();
  const auto expired = world.Issue("expired", request);
  // Nobody loads an expired certificate of his own: the filter's context is made with yesterday's eyes.
  late.certificate = expired;
  const auto old = Must(ClientContext::Make(late, Must(LoadClient(late, Today() - 2 * kDay))));
  Pair pair(Ready(server), old);
  pair.Talk();
  EXPECT_EQ(pair.server.failure(), Failure::kExpired);

  request.validity = {Today() + kDay, Today() + 3 * kDay};
  EXPECT_EQ(Refused(server, world.MutualClient(request)), Failure::kNotYetValid);
  request = Named("DNS:a.example");
  request.usages = "serverAuth";
  EXPECT_EQ(Refused(server, world.MutualClient(request)), Failure::kPurpose);

  core::ClientTlsPolicy foreign = world.MutualClient();
  foreign.certificate = world.Put(
      "foreign", Must(Must(CertificateAuthority::Make("Foreign", ThisMonth())).Issue(Named("DNS:a.example"))));
  EXPECT_EQ(Refused(server, foreign), Failure::kUnknownCa);
}

TEST_F(FilterTest, ChainsThatTheirAuthoritiesMayNotHaveMade) {
  const core::ServerTlsPolicy server = world.MutualServer();
  const auto shallow = Must(world.authority().MakeIntermediate("Shallow", ThisMonth(), 0));
  const auto below = Must(shallow.MakeIntermediate("Below", ThisMonth()));
  core::ClientTlsPolicy client = world.MutualClient();
  client.certificate = world.Put("deep", Must(below.Issue(Named("DNS:a.example"))));
  EXPECT_EQ(Refused(server, client), Failure::kChainTooLong);
  client.certificate = world.Put("one", Must(shallow.Issue(Named("DNS:a.example"))));
  Pair pair(Ready(server), Ready(client));
  pair.Talk();
  EXPECT_EQ(pair.server.state(), State::kOpen);

  const auto narrow = Must(CertificateAuthority::Make("Narrow", ThisMonth(), "inside.example"));
  core::ServerTlsPolicy trusting = server;
  trusting.ca = world.Write("narrow.crt", narrow.certificate());
  client.certificate = world.Put("outside", Must(narrow.Issue(Named("DNS:outside.example"))));
  EXPECT_EQ(Refused(trusting, client), Failure::kNameConstraint);
}

TEST_F(FilterTest, NamesThatCouldBeReadInTwoWaysAreRefused) {
  // SEQUENCE { [2] "a.example\0.evil" }: a DNS name with a NUL in it.
  const std::string name("a.example\0.evil", 15);
  LeafRequest request = Named("");
  request.raw_names = std::string("\x30\x11\x82\x0f", 4) + name;
  EXPECT_EQ(Refused(world.MutualServer(), world.MutualClient(request)), Failure::kNames);
  core::ServerTlsPolicy wanting = world.MutualServer();
  wanting.subject_alt_names = {"a.example"};
  EXPECT_EQ(Refused(wanting, world.MutualClient(request)), Failure::kNames);
}

TEST_F(FilterTest, RevokedCertificatesAndMissingLists) {
  core::ServerTlsPolicy server = world.MutualServer();
  const Issued revoked = Must(world.authority().Issue(Named("DNS:revoked.example")));
  server.crl = world.Write("list.crl", Must(world.authority().Revoke({revoked}, ThisMonth())));
  core::ClientTlsPolicy client = world.MutualClient();
  Pair good(Ready(server), Ready(client));
  good.Talk();
  EXPECT_EQ(good.server.state(), State::kOpen);
  client.certificate = world.Put("revoked", revoked);
  EXPECT_EQ(Refused(server, client), Failure::kRevoked);

  server.crl = world.Write("old.crl", Must(world.authority().Revoke({}, {Today() - 3 * kDay, Today() - kDay})));
  EXPECT_EQ(Refused(server, world.MutualClient()), Failure::kNoCrl);
}

TEST_F(FilterTest, WhoTheClientMustBe) {
  core::ServerTlsPolicy server = world.MutualServer();
  server.trust_domain = "cluster.local";
  EXPECT_EQ(Refused(server, world.MutualClient(Named("DNS:a.example"))), Failure::kNoIdentity);
  EXPECT_EQ(Refused(server, world.MutualClient(Named(Workload("x", "elsewhere")))), Failure::kTrustDomain);

  server = world.MutualServer();
  server.subject_alt_names = {"wanted.example"};
  EXPECT_EQ(Refused(server, world.MutualClient(Named("DNS:*.example"))), Failure::kSan);

  server = world.MutualServer();
  server.certificate_sha256 = {std::string(64, '0')};
  EXPECT_EQ(Refused(server, world.MutualClient()), Failure::kPin);
}

TEST_F(FilterTest, ServersThatAreNotWhoTheyShouldBe) {
  core::ServerTlsPolicy server = world.Server();
  for (const auto& [names, failure] :
       {std::pair("DNS:other.example", Failure::kSan), std::pair("DNS:*.server.example", Failure::kSan),
        std::pair("DNS:*.example", Failure::kSan),  // a suffix of one label is too wide
        std::pair("URI:urn:x", Failure::kSan)}) {
    server.certificates = {world.Issue("bad", Named(names))};
    EXPECT_EQ(RefusedByClient(server, world.Client()), failure) << names;
  }
  LeafRequest request = Named("DNS:server.example");
  request.usages = "clientAuth";
  server.certificates = {world.Issue("bad", request)};
  EXPECT_EQ(RefusedByClient(server, world.Client()), Failure::kPurpose);

  core::ClientTlsPolicy careless = world.Client();
  careless.verify = false;
  Pair pair(Ready(server), Ready(careless));
  pair.Talk();
  EXPECT_EQ(pair.client.state(), State::kOpen);
  EXPECT_EQ(pair.client.peer(), nullptr) << "nobody has verified it";
}

TEST_F(FilterTest, VersionsAndCiphersThatTheyDoNotShare) {
  core::ServerTlsPolicy server = world.Server();
  core::ClientTlsPolicy client = world.Client();
  server.max = core::TlsVersion::k12;
  client.min = core::TlsVersion::k13;
  EXPECT_EQ(Refused(server, client), Failure::kVersion);
  client.min = client.max = core::TlsVersion::k12;
  server.ciphers = {"AES128-GCM-SHA256"};  // for RSA keys, and there is none
  EXPECT_EQ(Refused(server, client), Failure::kCipher);
  server.ciphers = {"ECDHE-ECDSA-AES256-GCM-SHA384"};
  Pair pair(Ready(server), Ready(client));
  pair.Talk();
  EXPECT_EQ(pair.server.version(), "TLSv1.2");
  EXPECT_EQ(pair.server.cipher(), "ECDHE-ECDSA-AES256-GCM-SHA384");
}

TEST_F(FilterTest, AnAnonymousClientResumesAndOneWithACertificateNever) {
  const auto tickets = std::make_shared<TicketKeys>();
  const auto server = Ready(world.Server(), tickets);
  const auto client = Ready(world.Client());
  SessionPtr session;
  {
    Pair pair(server, client);
    RawClient raw(*client);
    raw.Talk(pair);
    EXPECT_FALSE(pair.server.resumed());
    session.reset(SSL_get1_session(&raw.ssl()));
    ASSERT_EQ(SSL_SESSION_is_resumable(session.get()), 1);
  }
  const auto resumes = [&](std::shared_ptr<const ServerContext> with) {
    Pair pair(std::move(with), client);
    RawClient raw(*client, session.get());
    raw.Talk(pair);
    EXPECT_EQ(pair.server.state(), State::kOpen);
    return pair.server.resumed();
  };
  EXPECT_TRUE(resumes(server));
  EXPECT_TRUE(resumes(Ready(world.Server(), tickets))) << "a renewed leaf keeps sessions";
  EXPECT_FALSE(resumes(Ready(world.Server(), std::make_shared<TicketKeys>()))) << "a change of trust ends them";
  EXPECT_FALSE(resumes(Ready(world.Server())));

  const auto asking = Ready(world.MutualServer(), nullptr);
  const auto known = Ready(world.MutualClient());
  Pair pair(asking, known);
  RawClient raw(*known);
  raw.Talk(pair);
  EXPECT_EQ(pair.server.state(), State::kOpen);
  session.reset(SSL_get1_session(&raw.ssl()));
  EXPECT_EQ(SSL_SESSION_is_resumable(session.get()), 0) << "no ticket is given to who has shown a certificate";
}

TEST_F(FilterTest, GarbageAndTheGoingAwayOfThePeer) {
  Pair pair(Ready(world.Server()), Ready(world.Client()));
  pair.Deliver(pair.server, std::string("\x16\x03\x01\0\5", 5) + "hello and more that is no TLS", pair.at_server);
  EXPECT_EQ(pair.server.state(), State::kFailed);
  EXPECT_EQ(pair.server.failure(), Failure::kProtocol);

  Pair gone(Ready(world.Server()), Ready(world.Client()));
  gone.server.Fail(Failure::kPeerClosed);
  gone.server.Fail(Failure::kTimeout);
  EXPECT_EQ(gone.server.failure(), Failure::kPeerClosed) << "the first cause stays";
}

TEST_F(FilterTest, TamperedRecordsAreNotHandedOn) {
  Pair pair(Ready(world.Server()), Ready(world.Client()));
  pair.Talk();
  pair.Send(pair.client, "first");
  std::string bytes = Pair::Take(pair.client.Output());
  pair.Send(pair.client, "second");
  std::string second = Pair::Take(pair.client.Output());
  second.back() = static_cast<char>(second.back() ^ 1);

  pair.Deliver(pair.server, bytes + second, pair.at_server);

  EXPECT_EQ(pair.at_server, "");
  EXPECT_EQ(pair.server.state(), State::kFailed);
}

TEST_F(FilterTest, KeysMayBeChangedNowAndThenButNotWithoutEnd) {
  const auto client = Ready(world.Client());
  Pair pair(Ready(world.Server()), client);
  RawClient raw(*client);
  raw.Talk(pair);
  const auto change = [&] {
    SSL_key_update(&raw.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_write(&raw.ssl(), "x", 1);
    raw.Talk(pair);
  };
  for (std::uint32_t i = 0; i < Filter::kKeyUpdatesMax; ++i) change();
  EXPECT_EQ(pair.server.state(), State::kOpen);
  pair.clock.Advance(Filter::kKeyUpdatesPer + core::Seconds(1));
  for (std::uint32_t i = 0; i < Filter::kKeyUpdatesMax; ++i) change();
  EXPECT_EQ(pair.server.state(), State::kOpen) << "the window has moved on";
  change();
  EXPECT_EQ(pair.server.state(), State::kFailed);
  EXPECT_EQ(pair.server.failure(), Failure::kKeyUpdateFlood);
}

TEST_F(FilterTest, RenegotiationIsRefused) {
  core::ClientTlsPolicy policy = world.Client();
  policy.max = core::TlsVersion::k12;
  const auto client = Ready(policy);
  Pair pair(Ready(world.Server()), client);
  RawClient raw(*client);
  raw.Talk(pair);
  ASSERT_EQ(pair.server.version(), "TLSv1.2");

  SSL_clear_options(&raw.ssl(), SSL_OP_NO_RENEGOTIATION);
  ASSERT_EQ(SSL_renegotiate(&raw.ssl()), 1);
  raw.Talk(pair);

  EXPECT_EQ(pair.server.state(), State::kFailed);
  EXPECT_EQ(pair.server.failure(), Failure::kRenegotiation);
}

}  // namespace
}  // namespace sluice::tls
