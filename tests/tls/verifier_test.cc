#include "tls/verifier.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/tls/tls_support.h"
#include "tls/peer_certificate.h"

// Whom either side refuses, each seen in a handshake, with the cause that is counted and the alert that the peer gets.
namespace sluice::tls {
namespace {

using namespace std::string_literals;
using core::TlsVersion;

struct VerifierTest : testing::Test {
  TlsWorld world;

  // What the server makes of the client in both versions; kNone if it takes it.
  Failure OfClient() {
    Failure failure = Failure::kNone;
    for (const TlsVersion version : {TlsVersion::k12, TlsVersion::k13}) {
      world.server.min = world.server.max = version;
      Connection link(world);
      link.Run();
      failure = link.server.filter().failure();
      EXPECT_EQ(link.client.filter().failure(), failure == Failure::kNone ? Failure::kNone : Failure::kPeerAlert);
      EXPECT_EQ(link.server.filter().peer() != nullptr && failure == Failure::kNone, failure == Failure::kNone);
    }
    return failure;
  }
  // What the client makes of the server.
  Failure OfServer() {
    Connection link(world);
    link.Run();
    const Failure failure = link.client.filter().failure();
    EXPECT_EQ(link.server.filter().failure(), failure == Failure::kNone ? Failure::kNone : Failure::kPeerAlert);
    return failure;
  }

  LeafRequest Client() { return Pki::Leaf("", kClientId); }
  std::string Crl(const CertificateAuthority& authority, const std::vector<std::string>& serials,
                  const Validity& validity = Pki::Valid()) {
    return Pki::Made(authority.MakeRevocationList(serials, validity));
  }
};

TEST_F(VerifierTest, AClientWithoutACertificateIsRefusedWhereOneIsRequired) {
  world.server.client = ClientCertificate::kRequired;
  EXPECT_EQ(OfClient(), Failure::kNoCertificate);
}

TEST_F(VerifierTest, AClientOfTheAuthorityIsTaken) {
  world.ClientShows(Client());
  EXPECT_EQ(OfClient(), Failure::kNone);
  world.server.trust_domain = "cluster.local";
  EXPECT_EQ(OfClient(), Failure::kNone);
}

TEST_F(VerifierTest, DatesOfAClientCount) {
  LeafRequest request = Client();
  request.validity = Pki::Expired();
  world.ClientShows(request);
  EXPECT_EQ(OfClient(), Failure::kExpired);
  request.validity = Pki::NotYet();
  world.ClientShows(request);
  EXPECT_EQ(OfClient(), Failure::kNotYetValid);
}

TEST_F(VerifierTest, DatesOfAServerCount) {
  LeafRequest request = Pki::Leaf();
  request.validity = Pki::Expired();
  world.ServerShows(request);
  EXPECT_EQ(OfServer(), Failure::kExpired);
  request.validity = Pki::NotYet();
  world.ServerShows(request);
  EXPECT_EQ(OfServer(), Failure::kNotYetValid);
}

TEST_F(VerifierTest, AChangedSignatureIsFoundOut) {
  IssuedCertificate issued = Pki::Made(world.pki.root().Issue(Client()));
  const X509Ptr certificate = Pki::Parse(issued.certificate);
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, certificate.get());
  signature->data[signature->length - 1] ^= 1;
  const BioPtr bio(BIO_new(BIO_s_mem()));
  ASSERT_EQ(PEM_write_bio_X509(bio.get(), certificate.get()), 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  issued.certificate.assign(bytes, static_cast<std::size_t>(size));
  world.ClientShows(issued);
  EXPECT_EQ(OfClient(), Failure::kBadSignature);
}

TEST_F(VerifierTest, AnotherAuthorityIsNotTrustedWhateverItsName) {
  const CertificateAuthority other = Pki::Authority("root");
  world.ClientShows(Pki::Made(other.Issue(Client())));
  EXPECT_EQ(OfClient(), Failure::kUnknownCa);
  world.client.ca = world.pki.Write("other.crt", other.certificate());
  EXPECT_EQ(OfServer(), Failure::kUnknownCa);
}

TEST_F(VerifierTest, AnOptionalCertificateIsVerifiedWhenItIsShown) {
  world.ClientShows(Pki::Made(Pki::Authority("other").Issue(Client())));
  world.server.client = ClientCertificate::kOptional;
  // A client does not show what the server cannot use: OpenSSL's does, as it has only one.
  EXPECT_EQ(OfClient(), Failure::kUnknownCa);
}

TEST_F(VerifierTest, ASelfSignedCertificateIsNoAuthority) {
  const CertificateAuthority self = Pki::Authority("self");
  world.ClientShows(IssuedCertificate{self.certificate(), "", Pki::Made(self.KeyPem()), ""});
  const Failure failure = OfClient();
  EXPECT_TRUE(failure == Failure::kUnknownCa || failure == Failure::kPurpose) << core::TlsFailureText(failure);
}

TEST_F(VerifierTest, UsageCountsForEitherRole) {
  for (const std::string& wrong : {"serverAuth"s, "codeSigning"s}) {
    LeafRequest request = Client();
    request.extended_key_usage = wrong;
    world.ClientShows(request);
    EXPECT_EQ(OfClient(), Failure::kPurpose);
  }
  world.client.certificate.reset();
  world.server.client = ClientCertificate::kNone;
  LeafRequest request = Pki::Leaf();
  request.extended_key_usage = "clientAuth";
  world.ServerShows(request);
  EXPECT_EQ(OfServer(), Failure::kPurpose);
}

TEST_F(VerifierTest, ALeafIssuesNothing) {
  const auto leaf = Pki::Made(world.pki.root().Issue(Client()));
  IssuedCertificate below = Pki::Made(Pki::Authority("leaf").Issue(Client()));
  below.chain = leaf.certificate;  // its subject is what the other calls its issuer
  world.ClientShows(below);
  const Failure failure = OfClient();
  EXPECT_TRUE(failure == Failure::kUnknownCa || failure == Failure::kPurpose) << core::TlsFailureText(failure);
}

TEST_F(VerifierTest, ChainsAreFollowedAndBounded) {
  const auto middle = Pki::Made(world.pki.root().MakeIntermediate({.common_name = "m", .validity = Pki::Valid()}));
  world.ClientShows(Pki::Made(middle.Issue(Client())));
  EXPECT_EQ(OfClient(), Failure::kNone);
  IssuedCertificate alone = Pki::Made(middle.Issue(Client()));
  alone.chain.clear();
  world.ClientShows(alone);
  EXPECT_EQ(OfClient(), Failure::kUnknownCa) << "the intermediate is missing";
  CertificateAuthority deep = Pki::Made(middle.MakeIntermediate({.common_name = "1", .validity = Pki::Valid()}));
  for (const std::string name : {"2", "3", "4"}) {
    deep = Pki::Made(deep.MakeIntermediate({.common_name = name, .validity = Pki::Valid()}));
  }
  world.ClientShows(Pki::Made(deep.Issue(Client())));
  EXPECT_EQ(OfClient(), Failure::kChainTooLong);
}

TEST_F(VerifierTest, PathLengthsCount) {
  const auto bounded =
      Pki::Made(world.pki.root().MakeIntermediate({.common_name = "m", .validity = Pki::Valid(), .path_length = 0}));
  const auto below = Pki::Made(bounded.MakeIntermediate({.common_name = "n", .validity = Pki::Valid()}));
  world.ClientShows(Pki::Made(below.Issue(Client())));
  EXPECT_EQ(OfClient(), Failure::kChainTooLong);
}

TEST_F(VerifierTest, RevokedCertificatesAreRefused) {
  const auto issued = Pki::Made(world.pki.root().Issue(Client()));
  world.ClientShows(issued);
  world.server.crl = world.pki.Write("crl", Crl(world.pki.root(), {}));
  EXPECT_EQ(OfClient(), Failure::kNone);
  world.pki.Write("crl", Crl(world.pki.root(), {issued.serial}));
  EXPECT_EQ(OfClient(), Failure::kRevoked);
}

TEST_F(VerifierTest, WithListsEveryIssuerNeedsOneThatIsUpToDate) {
  const auto middle = Pki::Made(world.pki.root().MakeIntermediate({.common_name = "m", .validity = Pki::Valid()}));
  world.ClientShows(Pki::Made(middle.Issue(Client())));
  const std::string of_root = Crl(world.pki.root(), {});
  world.server.crl = world.pki.Write("crl", of_root);
  EXPECT_EQ(OfClient(), Failure::kNoCrl) << "none of the intermediate";
  world.pki.Write("crl", of_root + Crl(middle, {}));
  EXPECT_EQ(OfClient(), Failure::kNone);
  world.pki.Write("crl", Crl(world.pki.root(), {middle.serial()}) + Crl(middle, {}));
  EXPECT_EQ(OfClient(), Failure::kRevoked) << "the intermediate";
  world.pki.Write("crl", of_root + Crl(middle, {}, Pki::Expired()));
  EXPECT_EQ(OfClient(), Failure::kNoCrl) << "out of date";
  world.pki.Write("crl", of_root + Crl(middle, {}, Pki::NotYet()));
  EXPECT_EQ(OfClient(), Failure::kNoCrl);
}

TEST_F(VerifierTest, ARevokedServerIsRefusedByTheClient) {
  const auto issued = Pki::Made(world.pki.root().Issue(Pki::Leaf()));
  world.server.certificates = {world.pki.Write("server", issued)};
  world.client.crl = world.pki.Write("crl", Crl(world.pki.root(), {issued.serial}));
  EXPECT_EQ(OfServer(), Failure::kRevoked);
}

TEST_F(VerifierTest, AuthoritiesVouchOnlyForTheNamesTheyMay) {
  const auto bounded = Pki::Made(world.pki.root().MakeIntermediate(
      {.common_name = "m", .validity = Pki::Valid(), .permitted_dns = {"example.com"}}));
  world.server.certificates = {world.pki.Write("server", Pki::Made(bounded.Issue(Pki::Leaf("localhost"))))};
  EXPECT_EQ(OfServer(), Failure::kNameConstraint);
  world.client.server_names = {"a.example.com"};
  world.server.certificates = {world.pki.Write("server", Pki::Made(bounded.Issue(Pki::Leaf("a.example.com"))))};
  EXPECT_EQ(OfServer(), Failure::kNone);
}

TEST_F(VerifierTest, NamesWithForeignBytesAreRefused) {
  LeafRequest request = Client();
  request.raw_names = {{RawName::Kind::kDns, "good.example\0.evil.example"s}};
  world.ClientShows(request);
  EXPECT_EQ(OfClient(), Failure::kNames);
  world.client.certificate.reset();
  world.server.client = ClientCertificate::kNone;
  request = Pki::Leaf("");
  request.raw_names = {{RawName::Kind::kDns, "localhost\0.evil.example"s}};
  world.ServerShows(request);
  EXPECT_EQ(OfServer(), Failure::kNames);
}

TEST_F(VerifierTest, WorkloadsOfTheTrustDomainOnlyWhereWorkloadsAreRequired) {
  world.server.trust_domain = "cluster.local";
  world.ClientShows(Pki::Leaf("client.example"));
  EXPECT_EQ(OfClient(), Failure::kNoIdentity);
  world.ClientShows(Pki::Leaf("", "https://cluster.local/ns/a/sa/b"));
  EXPECT_EQ(OfClient(), Failure::kNoIdentity);
  for (const std::string domain : {"other.local", "cluster.local.evil", "xcluster.local"}) {
    world.ClientShows(Pki::Leaf("", "spiffe://" + domain + "/ns/a/sa/b"));
    EXPECT_EQ(OfClient(), Failure::kTrustDomain) << domain;
  }
  LeafRequest two = Client();
  two.uris.push_back("spiffe://cluster.local/ns/a/sa/admin");
  world.ClientShows(two);
  EXPECT_EQ(OfClient(), Failure::kNames);
}

TEST_F(VerifierTest, AMeshClientTakesWorkloadsOfItsTrustDomainOnly) {
  world.client.istio = true;
  world.client.trust_domain = "cluster.local";
  world.client.server_names = {"elsewhere"};  // the name does not matter then
  EXPECT_EQ(OfServer(), Failure::kNone);
  world.client.trust_domain = "other.local";
  EXPECT_EQ(OfServer(), Failure::kTrustDomain);
  world.ServerShows(Pki::Leaf());
  EXPECT_EQ(OfServer(), Failure::kNoIdentity);
}

TEST_F(VerifierTest, OneOfTheAskedForNamesIsThere) {
  world.ClientShows(Client());
  world.server.subject_alt_names = {"other", kClientId};
  EXPECT_EQ(OfClient(), Failure::kNone);
  world.server.subject_alt_names = {"other"};
  EXPECT_EQ(OfClient(), Failure::kSan);
  world.client.subject_alt_names = {kServerId};
  world.client.server_names = {"elsewhere"};
  world.server.subject_alt_names = {};
  EXPECT_EQ(OfServer(), Failure::kNone) << "the names that are asked for replace the server's";
  world.client.subject_alt_names = {kClientId};
  EXPECT_EQ(OfServer(), Failure::kSan);
}

TEST_F(VerifierTest, AServerIsCalledWhatTheClientWants) {
  world.client.server_names = {"elsewhere", "localhost"};
  EXPECT_EQ(OfServer(), Failure::kNone);
  world.client.trust_domain = "other.local";
  EXPECT_EQ(OfServer(), Failure::kNone) << "which matters in a mesh only";
  world.client.server_names = {"elsewhere"};
  EXPECT_EQ(OfServer(), Failure::kSan);
  LeafRequest request = Pki::Leaf("*.example.com");
  request.common_name = "elsewhere";
  world.ServerShows(request);
  EXPECT_EQ(OfServer(), Failure::kSan) << "the common name is no name";
  world.client.server_names = {"a.example.com"};
  EXPECT_EQ(OfServer(), Failure::kNone);
}

TEST_F(VerifierTest, PinsHoldTheKeyOrTheCertificate) {
  const auto issued = Pki::Made(world.pki.root().Issue(Client()));
  const X509Ptr certificate = Pki::Parse(issued.certificate);
  world.ClientShows(issued);
  world.server.spki_sha256 = {KeySha256(*certificate)};
  EXPECT_EQ(OfClient(), Failure::kNone);
  world.server.certificate_sha256 = {std::string(64, '0')};
  EXPECT_EQ(OfClient(), Failure::kNone) << "either will do";
  world.server.spki_sha256.clear();
  EXPECT_EQ(OfClient(), Failure::kPin);
  world.server.certificate_sha256.push_back(CertificateSha256(*certificate));
  EXPECT_EQ(OfClient(), Failure::kNone);
  world.ClientShows(Client());
  EXPECT_EQ(OfClient(), Failure::kPin) << "another certificate of the same name";
}

TEST_F(VerifierTest, WithoutVerificationAnythingGoes) {
  LeafRequest request = Pki::Leaf("elsewhere");
  request.validity = Pki::Expired();
  world.server.certificates = {world.pki.Write("server", Pki::Made(Pki::Authority("other").Issue(request)))};
  world.client.verify = false;
  EXPECT_EQ(OfServer(), Failure::kNone);
}

}  // namespace
}  // namespace sluice::tls
