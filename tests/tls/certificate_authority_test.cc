#include "tls/certificate_authority.h"

#include "tests/tls/tls_world.h"

namespace sluice::tls {
namespace {

TEST(CertificateAuthority, IssuesWhatVerifies) {
  const World world;
  const core::TlsKeyPair pair = world.Issue("a", Named("DNS:a.example"));
  core::ServerTlsPolicy policy = world.MutualServer();
  policy.certificates = {pair};

  const Credentials loaded = Must(LoadServer(policy, Today()));
  X509_STORE_CTX* const chain = X509_STORE_CTX_new();
  X509_STORE_CTX_init(chain, loaded.trust.get(), loaded.pairs.front().leaf.get(), nullptr);
  EXPECT_EQ(X509_verify_cert(chain), 1) << X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain));
  X509_STORE_CTX_free(chain);
}

TEST(CertificateAuthority, SerialsDiffer) {
  const World world;
  const auto load = [&](const std::string& name) {
    core::ServerTlsPolicy policy = world.Server();
    policy.certificates = {world.Issue(name, Named("DNS:a.example"))};
    return Must(LoadServer(policy, Today())).serial;
  };
  EXPECT_NE(load("one"), load("two"));
}

TEST(CertificateAuthority, NamesThatMakeNoSenseAreAnError) {
  const World world;
  const auto issued = world.authority().Issue(Named("NONSENSE:a"));
  ASSERT_FALSE(issued);
  EXPECT_NE(issued.error().cause.find("cannot be made"), std::string::npos);
}

}  // namespace
}  // namespace sluice::tls
