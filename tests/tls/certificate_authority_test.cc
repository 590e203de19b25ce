#include "tls/certificate_authority.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <set>
#include <string>
#include <vector>

#include "tests/support/pki.h"
#include "tls/names.h"
#include "tls/peer_certificate.h"

namespace sluice::tls {
namespace {

constexpr std::int64_t kFrom = 1'700'000'000;
constexpr std::int64_t kUntil = 4'000'000'000;  // past 2050: GeneralizedTime

// What OpenSSL thinks of `leaf` for a peer in that role, trusting `root` only.
int Verify(const CertificateAuthority& root, const IssuedCertificate& leaf, int purpose,
           const std::vector<std::string>& between = {}, const std::string& crl = "") {
  const X509StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), Pki::Parse(root.certificate()).get());
  if (!crl.empty()) {
    const BioPtr bio(BIO_new_mem_buf(crl.data(), static_cast<int>(crl.size())));
    X509_STORE_add_crl(store.get(), X509CrlPtr(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)).get());
    X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK);
  }
  STACK_OF(X509)* chain = sk_X509_new_null();
  for (const std::string& pem : between) sk_X509_push(chain, Pki::Parse(pem).release());
  const X509Ptr certificate = Pki::Parse(leaf.certificate);
  const OpensslPtr<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), chain);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  X509_STORE_CTX_set_time(context.get(), 0, kFrom + 10);
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_X509_STRICT);
  const int result = X509_verify_cert(context.get()) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context.get());
  sk_X509_pop_free(chain, X509_free);
  return result;
}

CertificateAuthority Root(AuthorityRequest request = {.common_name = "root", .validity = {kFrom, kUntil}}) {
  return Pki::Made(CertificateAuthority::Make(request));
}

LeafRequest Leaf() { return {.common_name = "leaf", .validity = {kFrom, kUntil}, .dns = {"model.example.com"}}; }

TEST(CertificateAuthority, ALeafLeadsToItsAuthorityForBothPurposes) {
  const CertificateAuthority root = Root();
  const IssuedCertificate leaf = Pki::Made(root.Issue(Leaf()));
  EXPECT_EQ(Verify(root, leaf, X509_PURPOSE_SSL_SERVER), X509_V_OK);
  EXPECT_EQ(Verify(root, leaf, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
  EXPECT_EQ(leaf.chain, "");
  EXPECT_EQ(Verify(Root(), leaf, X509_PURPOSE_SSL_SERVER), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST(CertificateAuthority, AnAuthorityBelowAnotherIssuesWithItsChain) {
  const CertificateAuthority root = Root();
  const auto middle = Pki::Made(root.MakeIntermediate({.common_name = "middle", .validity = {kFrom, kUntil}}));
  const auto lower = Pki::Made(middle.MakeIntermediate({.common_name = "lower", .validity = {kFrom, kUntil}}));
  const IssuedCertificate leaf = Pki::Made(lower.Issue(Leaf()));
  EXPECT_EQ(leaf.chain, lower.certificate() + middle.certificate());
  const std::vector<std::string> between{middle.certificate(), lower.certificate()};
  EXPECT_EQ(Verify(root, leaf, X509_PURPOSE_SSL_SERVER, between), X509_V_OK);
}

TEST(CertificateAuthority, PathLengthBoundsTheAuthoritiesBelow) {
  const CertificateAuthority root = Root({.common_name = "root", .validity = {kFrom, kUntil}, .path_length = 0});
  const auto middle = Pki::Made(root.MakeIntermediate({.common_name = "middle", .validity = {kFrom, kUntil}}));
  const IssuedCertificate leaf = Pki::Made(middle.Issue(Leaf()));
  EXPECT_EQ(Verify(root, leaf, X509_PURPOSE_SSL_SERVER, {middle.certificate()}), X509_V_ERR_PATH_LENGTH_EXCEEDED);
}

TEST(CertificateAuthority, NameConstraintsBindWhatIsIssuedBelow) {
  const CertificateAuthority inside =
      Root({.common_name = "root", .validity = {kFrom, kUntil}, .permitted_dns = {"example.com"}});
  EXPECT_EQ(Verify(inside, Pki::Made(inside.Issue(Leaf())), X509_PURPOSE_SSL_SERVER), X509_V_OK);
  const CertificateAuthority elsewhere =
      Root({.common_name = "root", .validity = {kFrom, kUntil}, .permitted_dns = {"example.org", "example.net"}});
  EXPECT_EQ(Verify(elsewhere, Pki::Made(elsewhere.Issue(Leaf())), X509_PURPOSE_SSL_SERVER),
            X509_V_ERR_PERMITTED_VIOLATION);
  const CertificateAuthority without =
      Root({.common_name = "root", .validity = {kFrom, kUntil}, .excluded_dns = {"example.com"}});
  EXPECT_EQ(Verify(without, Pki::Made(without.Issue(Leaf())), X509_PURPOSE_SSL_SERVER), X509_V_ERR_EXCLUDED_VIOLATION);
}

TEST(CertificateAuthority, UsageIsWhatWasAskedFor) {
  const CertificateAuthority root = Root();
  LeafRequest request = Leaf();
  request.extended_key_usage = "serverAuth";
  EXPECT_EQ(Verify(root, Pki::Made(root.Issue(request)), X509_PURPOSE_SSL_CLIENT), X509_V_ERR_INVALID_PURPOSE);
  request.extended_key_usage = "";
  EXPECT_EQ(Verify(root, Pki::Made(root.Issue(request)), X509_PURPOSE_SSL_CLIENT), X509_V_OK);
  request.extended_key_usage = "luck";
  EXPECT_FALSE(root.Issue(request));
}

TEST(CertificateAuthority, ValidityIsWhatWasAskedForToTheSecond) {
  const X509Ptr leaf = Pki::Parse(Pki::Made(Root().Issue(Leaf())).certificate);
  EXPECT_EQ(UnixTime(*X509_get0_notBefore(leaf.get())), kFrom);
  EXPECT_EQ(UnixTime(*X509_get0_notAfter(leaf.get())), kUntil);
  LeafRequest early = Leaf();
  early.validity = {kFrom + 20, kUntil};
  const CertificateAuthority root = Root();
  EXPECT_EQ(Verify(root, Pki::Made(root.Issue(early)), X509_PURPOSE_SSL_SERVER), X509_V_ERR_CERT_NOT_YET_VALID);
}

TEST(CertificateAuthority, NamesOfEveryKindAreInTheCertificate) {
  LeafRequest request = Leaf();
  request.uris = {"spiffe://cluster.local/ns/a/sa/b"};
  request.addresses = {"10.0.0.1", "fd00::1", "::ffff:10.0.0.2"};
  request.raw_names = {{RawName::Kind::kMail, "a@example.com"}, {RawName::Kind::kDns, "raw.example.com"}};
  const auto names = ReadNames(*Pki::Parse(Pki::Made(Root().Issue(request)).certificate));
  ASSERT_TRUE(names) << names.error().Text();
  EXPECT_EQ(names->dns, (std::vector<std::string>{"model.example.com", "raw.example.com"}));
  EXPECT_EQ(names->uris, request.uris);
  ASSERT_EQ(names->addresses.size(), 3U);
  EXPECT_EQ(names->addresses[1], core::ParseIp("fd00::1"));
}

TEST(CertificateAuthority, RawNamesKeepTheirBytes) {
  LeafRequest request = Leaf();
  request.raw_names = {{RawName::Kind::kDns, std::string("good.example\0.evil.example", 26)}};
  const X509Ptr leaf = Pki::Parse(Pki::Made(Root().Issue(request)).certificate);
  EXPECT_FALSE(ReadNames(*leaf));
}

TEST(CertificateAuthority, WhatNoCertificateCanHoldIsAnError) {
  LeafRequest request = Leaf();
  request.addresses = {"10.0.0"};
  const auto address = Root().Issue(request);
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().cause, "'10.0.0' is not an IP address");
  request = Leaf();
  request.common_name = std::string(65, 'a');
  const auto name = Root().Issue(request);
  ASSERT_FALSE(name);
  EXPECT_NE(name.error().cause.find("string too long"), std::string::npos) << name.error().cause;
  EXPECT_FALSE(CertificateAuthority::Make({.common_name = std::string(65, 'a'), .validity = {kFrom, kUntil}}));
}

TEST(CertificateAuthority, SerialsAreRandomAndLong) {
  const CertificateAuthority root = Root();
  std::set<std::string> serials{root.serial()};
  for (int i = 0; i < 8; ++i) {
    const IssuedCertificate leaf = Pki::Made(root.Issue(Leaf()));
    EXPECT_EQ(leaf.serial.size(), 32U);
    EXPECT_EQ(leaf.serial, SerialText(*Pki::Parse(leaf.certificate)));
    EXPECT_TRUE(serials.insert(leaf.serial).second);
  }
}

TEST(CertificateAuthority, KeysBelongToTheirCertificates) {
  for (const KeyType type : {KeyType::kP256, KeyType::kRsa2048}) {
    const CertificateAuthority root = Root({.common_name = "root", .validity = {kFrom, kUntil}, .key = type});
    LeafRequest request = Leaf();
    request.key = type;
    const IssuedCertificate leaf = Pki::Made(root.Issue(request));
    for (const auto& [certificate, key] :
         {std::pair{leaf.certificate, leaf.key}, std::pair{root.certificate(), Pki::Made(root.KeyPem())}}) {
      EXPECT_TRUE(key.starts_with("-----BEGIN PRIVATE KEY-----"));
      const BioPtr bio(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
      const EvpPkeyPtr parsed(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
      EXPECT_EQ(X509_check_private_key(Pki::Parse(certificate).get(), parsed.get()), 1);
    }
    EXPECT_EQ(Verify(root, leaf, X509_PURPOSE_SSL_SERVER), X509_V_OK);
  }
}

TEST(CertificateAuthority, ARevocationListNamesTheRevoked) {
  const CertificateAuthority root = Root();
  const IssuedCertificate good = Pki::Made(root.Issue(Leaf()));
  const IssuedCertificate bad = Pki::Made(root.Issue(Leaf()));
  const std::vector<std::string> serials{"01", bad.serial};
  const std::string list = Pki::Made(root.MakeRevocationList(serials, {kFrom, kUntil}));
  EXPECT_EQ(Verify(root, good, X509_PURPOSE_SSL_SERVER, {}, list), X509_V_OK);
  EXPECT_EQ(Verify(root, bad, X509_PURPOSE_SSL_SERVER, {}, list), X509_V_ERR_CERT_REVOKED);
  const std::string old = Pki::Made(root.MakeRevocationList({}, {kFrom, kFrom + 1}));
  EXPECT_EQ(Verify(root, good, X509_PURPOSE_SSL_SERVER, {}, old), X509_V_ERR_CRL_HAS_EXPIRED);
  EXPECT_FALSE(root.MakeRevocationList(std::vector<std::string>{"not hex"}, {kFrom, kUntil}));
}

}  // namespace
}  // namespace sluice::tls
