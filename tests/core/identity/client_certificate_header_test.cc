#include "core/identity/client_certificate_header.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

PeerIdentity Peer() {
  PeerIdentity peer;
  peer.subject = "CN=client";
  peer.uri_sans = {"spiffe://cluster.local/ns/a/sa/b"};
  peer.dns_sans = {"client.example"};
  peer.sha256 = std::string(64, 'a');
  return peer;
}

TEST(ClientCertificateHeader, SaysWhatEnvoySays) {
  EXPECT_EQ(FormatClientCertificate(Peer(), "spiffe://cluster.local/ns/a/sa/us"),
            "By=spiffe://cluster.local/ns/a/sa/us;Hash=" + std::string(64, 'a') +
                ";Subject=\"CN=client\";URI=spiffe://cluster.local/ns/a/sa/b;DNS=client.example");
}

TEST(ClientCertificateHeader, NamesCannotAddToIt) {
  PeerIdentity peer = Peer();
  peer.subject = "CN=a\",URI=spiffe://evil\r\nx: y";
  peer.uri_sans = {"urn:a;Hash=b,By=c\"d"};

  const std::string header = FormatClientCertificate(peer, "");

  EXPECT_EQ(header.find("By="), std::string::npos) << header;
  EXPECT_EQ(header.rfind(','), header.find(",URI=spiffe://evil")) << "the one within the quotes: " << header;
  EXPECT_EQ(header.find_first_of("\r\n"), std::string::npos) << header;
  EXPECT_EQ(header.find("Hash=b"), std::string::npos) << header;
  EXPECT_EQ(std::count(header.begin(), header.end(), '"'), 2) << header;
}

TEST(ClientCertificateHeader, ACertificateWithAThousandNamesMakesNoLongHeader) {
  PeerIdentity peer = Peer();
  peer.dns_sans.assign(1000, std::string(200, 'x'));
  EXPECT_LT(FormatClientCertificate(peer, "").size(), 16U * 220U + 400U);
}

}  // namespace
}  // namespace sluice::core
