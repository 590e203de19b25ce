#include "tls/context.h"

#include "tests/tls/tls_world.h"

namespace sluice::tls {
namespace {

TEST(Context, KnowsTheCertificateThatItShows) {
  const World world;
  core::ServerTlsPolicy policy = world.Server();
  policy.certificates = {world.Issue("own", Named(Workload("sluice")))};

  const auto context = Ready(policy);

  EXPECT_EQ(context->name(), "server");
  EXPECT_EQ(context->facts().principal, "spiffe://cluster.local/ns/default/sa/sluice");
  EXPECT_GT(context->facts().not_after, Today());
}

TEST(Context, CiphersThatOpensslDoesNotKnowAreAnError) {
  const World world;
  core::ServerTlsPolicy policy = world.Server();
  policy.ciphers = {"NO-SUCH-CIPHER"};

  EXPECT_FALSE(ServerContext::Make(policy, Must(LoadServer(policy, Today())), nullptr));
}

TEST(Context, TwoTypesOfKeyStandBesideEachOther) {
  const World world;
  core::ServerTlsPolicy policy = world.Server();
  policy.certificates.push_back(world.Issue("second", Named("DNS:other.example")));

  EXPECT_NE(Ready(policy), nullptr);
}

TEST(Context, OldVersionsAndCompressionAreOff) {
  const World world;
  const auto server = Ready(world.Server());
  const auto client = Ready(world.Client());
  for (SSL_CTX* const context : {&server->ssl(), &client->ssl()}) {
    EXPECT_EQ(SSL_CTX_get_min_proto_version(context), TLS1_2_VERSION);
    EXPECT_EQ(SSL_CTX_get_max_proto_version(context), TLS1_3_VERSION);
    EXPECT_NE(SSL_CTX_get_options(context) & SSL_OP_NO_COMPRESSION, 0U);
  }
}

}  // namespace
}  // namespace sluice::tls
