#include "tls/credentials.h"

#include "tests/tls/tls_world.h"

namespace sluice::tls {
namespace {

class CredentialsTest : public testing::Test {
 protected:
  std::string Cause(const core::ServerTlsPolicy& policy) {
    const auto loaded = LoadServer(policy, Today());
    return loaded ? "" : loaded.error().cause;
  }
  World world;
};

TEST_F(CredentialsTest, AreReadAsASet) {
  core::ServerTlsPolicy policy = world.MutualServer();
  policy.certificates = {world.Issue("own", Named(Workload("sluice")))};

  const Credentials loaded = Must(LoadServer(policy, Today()));

  ASSERT_EQ(loaded.pairs.size(), 1U);
  EXPECT_NE(loaded.trust, nullptr);
  EXPECT_EQ(loaded.principal, "spiffe://cluster.local/ns/default/sa/sluice");
  EXPECT_NEAR(static_cast<double>(loaded.not_after), static_cast<double>(Today() + 30 * kDay), kDay);
  EXPECT_FALSE(loaded.serial.empty());
  EXPECT_TRUE(loaded.warnings.empty());
  EXPECT_EQ(FilesOf(policy).size(), 3U);
}

TEST_F(CredentialsTest, AnIntermediateIsPartOfTheChain) {
  const auto below = Must(world.authority().MakeIntermediate("Below", ThisMonth()));
  core::ServerTlsPolicy policy = world.Server();
  policy.certificates = {world.Put("deep", Must(below.Issue(Named("DNS:a.example"))))};
  EXPECT_EQ(Must(LoadServer(policy, Today())).pairs.front().chain.size(), 1U);
}

TEST_F(CredentialsTest, WhatIsWrongWithAFileIsSaidWithItsName) {
  core::ServerTlsPolicy policy = world.MutualServer();
  const auto good = policy;
  policy.certificates[0].certificate = world.Path("none.crt");
  EXPECT_NE(Cause(policy).find("none.crt: No such file"), std::string::npos) << Cause(policy);
  policy = good;
  policy.certificates[0].certificate = world.Write("text.crt", "hello");
  EXPECT_NE(Cause(policy).find("text.crt: holds no certificate"), std::string::npos) << Cause(policy);
  policy = good;
  policy.certificates[0].private_key = world.Write("text.key", "hello");
  EXPECT_NE(Cause(policy).find("text.key: holds no private key"), std::string::npos) << Cause(policy);
  policy = good;
  policy.certificates[0].private_key = world.Issue("other", Named("DNS:b.example")).private_key;
  EXPECT_NE(Cause(policy).find("is not the key of the certificate"), std::string::npos) << Cause(policy);
  policy = good;
  policy.ca = world.Write("empty.crt", "");
  EXPECT_NE(Cause(policy).find("empty.crt: holds no certificate"), std::string::npos) << Cause(policy);
  policy = good;
  policy.crl = world.ca();
  EXPECT_NE(Cause(policy).find("holds no list of revoked certificates"), std::string::npos) << Cause(policy);
  policy = good;
  policy.ca = world.Write("large.crt", std::string(kPemBytesMax + 1, 'x'));
  EXPECT_NE(Cause(policy).find("larger than 4 MiB"), std::string::npos) << Cause(policy);
  policy = good;
  policy.ca = world.Path("");
  EXPECT_NE(Cause(policy).find("not a file"), std::string::npos) << Cause(policy);
}

TEST_F(CredentialsTest, AnExpiredLeafIsRefusedAndOneThatIsNotValidYetIsAWarning) {
  core::ServerTlsPolicy policy = world.Server();
  LeafRequest request = Named("DNS:a.example");
  request.validity = {Today() - 3 * kDay, Today() - kDay};
  policy.certificates = {world.Issue("late", request)};
  EXPECT_NE(Cause(policy).find("late.crt: the certificate has expired"), std::string::npos);
  request.validity = {Today() + kDay, Today() + 3 * kDay};
  policy.certificates = {world.Issue("early", request)};
  const Credentials loaded = Must(LoadServer(policy, Today()));
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_NE(loaded.warnings[0].find("not valid yet"), std::string::npos);
}

TEST_F(CredentialsTest, AKeyThatEverybodyMayReadIsAWarning) {
  core::ServerTlsPolicy policy = world.Server();
  std::filesystem::permissions(policy.certificates[0].private_key, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const Credentials loaded = Must(LoadServer(policy, Today()));
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_NE(loaded.warnings[0].find("every user of this machine may read the private key"), std::string::npos);
}

TEST_F(CredentialsTest, AListThatMayBeMissingMayBeMissing) {
  core::ServerTlsPolicy policy = world.MutualServer();
  policy.crl = world.Path("ca.crl");
  EXPECT_NE(Cause(policy), "");
  policy.crl_optional = true;
  EXPECT_EQ(Cause(policy), "");
}

TEST_F(CredentialsTest, AClientWithoutAuthorityTrustsTheSystem) {
  core::ClientTlsPolicy policy = world.Client();
  policy.ca.clear();
  EXPECT_NE(Must(LoadClient(policy, Today())).trust, nullptr);
  policy.verify = false;
  EXPECT_EQ(Must(LoadClient(policy, Today())).trust, nullptr);
  EXPECT_TRUE(FilesOf(policy).empty());
}

}  // namespace
}  // namespace sluice::tls
