#include "tls/credentials.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/pki.h"

namespace sluice::tls {
namespace {

using Policy = core::ServerTlsPolicy;

struct CredentialsTest : testing::Test {
  Pki pki;

  core::Result<Credentials> Load(const core::TlsKeyPair& pair) {
    Policy policy;
    policy.certificates = {pair};
    return LoadServer(policy, Pki::Now());
  }
  core::Result<Credentials> LoadTrust(const std::string& ca, const std::string& crl = "", bool optional = false) {
    core::ClientTlsPolicy policy;
    policy.ca = ca;
    policy.crl = crl;
    policy.crl_optional = optional;
    return LoadClient(policy, Pki::Now());
  }
  std::string Refused(const core::Result<Credentials>& loaded) { return loaded ? "" : loaded.error().cause; }
};

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(CredentialsTest, APairIsReadWithItsChainAndFacts) {
  const auto middle = Pki::Made(pki.root().MakeIntermediate({.common_name = "middle", .validity = Pki::Valid()}));
  const auto issued = Pki::Made(middle.Issue(Pki::Leaf("", "spiffe://cluster.local/ns/a/sa/b")));
  const auto loaded = Load(pki.Write("leaf", issued));
  ASSERT_TRUE(loaded) << loaded.error().Text();
  ASSERT_EQ(loaded->pairs.size(), 1U);
  EXPECT_EQ(loaded->pairs[0].chain.size(), 1U);
  EXPECT_EQ(loaded->serial, issued.serial);
  EXPECT_EQ(loaded->principal, "spiffe://cluster.local/ns/a/sa/b");
  EXPECT_NEAR(static_cast<double>(loaded->not_after), static_cast<double>(Pki::Valid().not_after), 5);
  EXPECT_TRUE(loaded->warnings.empty());
  EXPECT_EQ(loaded->trust, nullptr);
}

TEST_F(CredentialsTest, OfSeveralPairsTheSoonestEndCounts) {
  LeafRequest soon = Pki::Leaf();
  soon.validity.not_after = Pki::Now() + 60;
  soon.key = KeyType::kRsa2048;
  Policy policy;
  policy.certificates = {pki.Write("a", Pki::Leaf()), pki.Write("b", soon)};
  const auto loaded = LoadServer(policy, Pki::Now());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->pairs.size(), 2U);
  EXPECT_EQ(loaded->not_after, soon.validity.not_after);
}

TEST_F(CredentialsTest, AMissingFileIsNamed) {
  core::TlsKeyPair pair = pki.Write("leaf", Pki::Leaf());
  pair.private_key += ".gone";
  EXPECT_EQ(Refused(Load(pair)), pair.private_key + ": No such file or directory");
}

TEST_F(CredentialsTest, WhatIsNoFileIsRefusedAndNotWaitedFor) {
  core::TlsKeyPair pair = pki.Write("leaf", Pki::Leaf());
  pair.certificate = pki.path();
  EXPECT_EQ(Refused(Load(pair)), pair.certificate + ": not a file");
  pair.certificate = pki.path() / "pipe";
  ASSERT_EQ(::mkfifo(pair.certificate.c_str(), 0600), 0);
  EXPECT_EQ(Refused(Load(pair)), pair.certificate + ": not a file");
}

TEST_F(CredentialsTest, ATooLargeFileIsRefused) {
  core::TlsKeyPair pair = pki.Write("leaf", Pki::Leaf());
  std::filesystem::resize_file(pair.certificate, kPemBytesMax + 1);
  EXPECT_EQ(Refused(Load(pair)), pair.certificate + ": larger than 4 MiB");
}

TEST_F(CredentialsTest, TextThatIsNoPemIsRefused) {
  core::TlsKeyPair pair = pki.Write("leaf", Pki::Leaf());
  for (const std::string text : {"", "hello", "-----BEGIN CERTIFICATE-----\n"}) {
    pair.certificate = pki.Write("text", text);
    EXPECT_TRUE(Contains(Refused(Load(pair)), "text: ")) << text;
  }
  pair.certificate = pki.Write("text", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_TRUE(Contains(Refused(Load(pair)), "a certificate cannot be read"));
}

TEST_F(CredentialsTest, ABrokenCertificateBehindAGoodOneIsNotOverlooked) {
  const auto issued = Pki::Made(pki.root().Issue(Pki::Leaf()));
  const core::TlsKeyPair pair = pki.Write("leaf", issued);
  pki.Write("leaf.crt", issued.certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_TRUE(Contains(Refused(Load(pair)), "a certificate cannot be read"));
}

TEST_F(CredentialsTest, AKeyOfAnotherCertificateIsRefused) {
  core::TlsKeyPair pair = pki.Write("leaf", Pki::Leaf());
  pair.private_key = pki.Write("other", Pki::Leaf()).private_key;
  EXPECT_TRUE(Contains(Refused(Load(pair)), "is not the key of the certificate in " + pair.certificate));
  pair.private_key = pair.certificate;
  EXPECT_TRUE(Contains(Refused(Load(pair)), "holds no private key"));
}

TEST_F(CredentialsTest, AnEncryptedKeyIsRefusedWithoutAskingAnybody) {
  core::TlsKeyPair pair = pki.Write("leaf", Pki::Leaf());
  const EvpPkeyPtr key(EVP_EC_gen("P-256"));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char secret[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_256_cbc(), secret, 6, nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  pair.private_key = pki.Write("locked.key", std::string(bytes, static_cast<std::size_t>(size)));
  EXPECT_TRUE(Contains(Refused(Load(pair)), "holds no private key that can be read"));
}

TEST_F(CredentialsTest, AnExpiredLeafIsRefusedAndOneWhoseTimeHasNotComeIsAWarning) {
  LeafRequest request = Pki::Leaf();
  request.validity = Pki::Expired();
  EXPECT_TRUE(Contains(Refused(Load(pki.Write("old", request))), "old.crt: the certificate has expired"));
  request.validity = Pki::NotYet();
  const auto loaded = Load(pki.Write("new", request));
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->warnings.size(), 1U);
  EXPECT_TRUE(Contains(loaded->warnings[0], "new.crt: the certificate is not valid yet"));
}

TEST_F(CredentialsTest, AKeyThatEverybodyMayReadIsAWarning) {
  const core::TlsKeyPair pair = pki.Write("leaf", Pki::Leaf());
  std::filesystem::permissions(pair.private_key, std::filesystem::perms(0644));
  const auto loaded = Load(pair);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->warnings.size(), 1U);
  EXPECT_TRUE(Contains(loaded->warnings[0], "chmod 600"));
  std::filesystem::permissions(pair.private_key, std::filesystem::perms(0640));
  EXPECT_TRUE(Load(pair)->warnings.empty()) << "a group is how Kubernetes does it";
}

TEST_F(CredentialsTest, AChainIsBounded) {
  const auto issued = Pki::Made(pki.root().Issue(Pki::Leaf()));
  const core::TlsKeyPair pair = pki.Write("leaf", issued);
  std::string many;
  for (std::size_t i = 0; i <= kChainMax; ++i) many += issued.certificate;
  pki.Write("leaf.crt", many);
  EXPECT_TRUE(Contains(Refused(Load(pair)), "more than 10 certificates"));
}

TEST_F(CredentialsTest, TrustIsReadWithTheNamesOfItsAuthorities) {
  const auto loaded = LoadTrust(pki.Write("bundle", pki.root().certificate() + Pki::Authority("other").certificate()));
  ASSERT_TRUE(loaded) << loaded.error().Text();
  EXPECT_NE(loaded->trust, nullptr);
  EXPECT_EQ(sk_X509_NAME_num(loaded->authorities.get()), 2);
  EXPECT_EQ(loaded->not_after, 0);
}

TEST_F(CredentialsTest, ABundleThatHoldsAnAuthorityTwiceIsFine) {
  EXPECT_TRUE(LoadTrust(pki.Write("bundle", pki.root().certificate() + pki.root().certificate())));
}

TEST_F(CredentialsTest, AnEmptyOrMissingBundleIsRefused) {
  EXPECT_TRUE(Contains(Refused(LoadTrust(pki.Write("bundle", ""))), "holds no certificate"));
  EXPECT_TRUE(Contains(Refused(LoadTrust(pki.path() / "gone")), "No such file"));
}

TEST_F(CredentialsTest, WithoutABundleTheSystemIsTrusted) {
  const auto loaded = LoadTrust("");
  ASSERT_TRUE(loaded);
  EXPECT_NE(loaded->trust, nullptr);
}

TEST_F(CredentialsTest, AServerThatAsksForNoCertificateNeedsNoTrust) {
  Policy policy;
  policy.ca = pki.path() / "gone";
  EXPECT_TRUE(LoadServer(policy, Pki::Now()));
  policy.client = Policy::ClientCertificate::kOptional;
  EXPECT_FALSE(LoadServer(policy, Pki::Now()));
}

TEST_F(CredentialsTest, ARevocationListMayBeMissingOnlyWhereItIsOptional) {
  const std::string crl = pki.path() / "ca.crl";
  EXPECT_FALSE(LoadTrust(pki.ca(), crl));
  EXPECT_TRUE(LoadTrust(pki.ca(), crl, true));
  pki.Write("ca.crl", "no list");
  EXPECT_TRUE(Contains(Refused(LoadTrust(pki.ca(), crl, true)), "ca.crl: holds no list of revoked certificates"));
  pki.Write("ca.crl", Pki::Made(pki.root().MakeRevocationList({}, Pki::Valid())));
  EXPECT_TRUE(LoadTrust(pki.ca(), crl));
}

TEST_F(CredentialsTest, EveryFileOfAPolicyIsNamed) {
  Policy server;
  server.certificates = {{"a.crt", "a.key"}, {"b.crt", "b.key"}};
  server.ca = "ca.crt";
  server.crl = "ca.crl";
  EXPECT_EQ(FilesOf(server), (std::vector<std::string>{"a.crt", "a.key", "b.crt", "b.key", "ca.crt", "ca.crl"}));
  core::ClientTlsPolicy client;
  EXPECT_TRUE(FilesOf(client).empty());
  client.certificate = {"c.crt", "c.key"};
  EXPECT_EQ(FilesOf(client), (std::vector<std::string>{"c.crt", "c.key"}));
}

}  // namespace
}  // namespace sluice::tls
