#include "tls/filter.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <memory>
#include <string>

#include "tests/tls/tls_support.h"

// Refusals of certificates are in verifier_test, of versions and ciphers in context_test.
namespace sluice::tls {
namespace {

using namespace std::string_literals;
using core::TlsVersion;
using core::Wire;

constexpr TlsVersion kVersions[] = {TlsVersion::k12, TlsVersion::k13};

struct FilterTest : testing::Test {
  TlsWorld world;

  void Only(TlsVersion version) { world.server.min = world.server.max = world.client.min = world.client.max = version; }
};

std::string Long(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
  return text;
}

TEST_F(FilterTest, TwoEndsAgreeAndHearEachOther) {
  for (const TlsVersion version : kVersions) {
    Only(version);
    Connection link(world);
    EXPECT_EQ(link.server.filter().state(), State::kHandshaking);
    EXPECT_FALSE(link.client.filter().Output().empty()) << "the client begins";
    link.Run();
    ASSERT_TRUE(link.open());
    EXPECT_EQ(link.server.filter().version(), version == TlsVersion::k13 ? "TLSv1.3" : "TLSv1.2");
    EXPECT_EQ(link.server.filter().cipher(), link.client.filter().cipher());
    EXPECT_EQ(link.server.filter().server_name(), "localhost");
    link.client.Say("question");
    link.server.Say("answer");
    link.Run();
    EXPECT_EQ(link.server.heard(), "question");
    EXPECT_EQ(link.client.heard(), "answer");
  }
}

TEST_F(FilterTest, BytesMayArriveOneByOne) {
  for (const TlsVersion version : kVersions) {
    Only(version);
    world.ClientShows(Pki::Leaf("", kClientId));
    Connection link(world);
    ASSERT_TRUE(link.Run(1).open());
    link.client.Say(Long(20'000));
    link.server.Say("answer");
    link.Run(1);
    EXPECT_EQ(link.server.heard(), Long(20'000));
    EXPECT_EQ(link.client.heard(), "answer");
  }
}

TEST_F(FilterTest, ProtocolsAreAgreedOn) {
  struct Case {
    Wire wire;
    bool either;
    bool istio;
    Wire agreed;
  };
  for (const Case& c : {Case{Wire::kHttp2, true, false, Wire::kHttp2}, Case{Wire::kHttp2, false, false, Wire::kHttp2},
                        Case{Wire::kHttp1, false, false, Wire::kHttp1}, Case{Wire::kHttp2, true, true, Wire::kHttp2},
                        Case{Wire::kHttp2, false, true, Wire::kHttp2}, Case{Wire::kHttp1, false, true, Wire::kHttp1}}) {
    world.client.istio = c.istio;
    world.client.trust_domain = c.istio ? "cluster.local" : "";
    Connection link(world, c.wire, c.either);
    ASSERT_TRUE(link.Run().open());
    for (Filter* filter : {&link.client.filter(), &link.server.filter()}) {
      EXPECT_TRUE(filter->has_protocol());
      EXPECT_EQ(filter->wire(), c.agreed);
    }
  }
}

TEST_F(FilterTest, IdentitiesAreReadOnBothSides) {
  world.ClientShows(Pki::Leaf("client.example", kClientId));
  Connection link(world);
  ASSERT_TRUE(link.Run().open());
  ASSERT_NE(link.server.filter().peer(), nullptr);
  EXPECT_EQ(link.server.filter().peer()->name(), kClientId);
  EXPECT_EQ(link.server.filter().peer()->dns_sans, std::vector{"client.example"s});
  EXPECT_EQ(link.server.filter().own_principal(), kServerId);
  ASSERT_NE(link.client.filter().peer(), nullptr);
  EXPECT_EQ(link.client.filter().peer()->name(), kServerId);
  EXPECT_EQ(link.client.filter().own_principal(), kClientId);
}

TEST_F(FilterTest, WhoShowedNothingOrWasNotVerifiedHasNoIdentity) {
  world.client.verify = false;
  for (const auto asked : {ClientCertificate::kNone, ClientCertificate::kOptional}) {
    world.server.client = asked;
    Connection link(world);
    ASSERT_TRUE(link.Run().open());
    EXPECT_EQ(link.server.filter().peer(), nullptr);
    EXPECT_EQ(link.client.filter().peer(), nullptr);
  }
  world.ClientShows(Pki::Leaf("", kClientId));
  world.server.client = ClientCertificate::kNone;
  Connection link(world);
  ASSERT_TRUE(link.Run().open());
  EXPECT_EQ(link.server.filter().peer(), nullptr) << "not asked for";
}

TEST_F(FilterTest, LongTextsPassBothWaysWithinTheLimitOfTheOutput) {
  const std::string text = Long(1'000'000);
  Connection link(world);
  ASSERT_TRUE(link.Run().open());
  link.client.Say(text);
  link.server.Say(text);
  EXPECT_LE(link.client.filter().Output().bytes(), Filter::kOutputMax + 17 * 1024) << "a record more at most";
  EXPECT_GT(link.client.unsaid(), 800'000U);
  link.Run(10'000);
  EXPECT_EQ(link.server.heard(), text);
  EXPECT_EQ(link.client.heard(), text);
  EXPECT_EQ(link.client.unsaid(), 0U);
}

TEST_F(FilterTest, SmallPiecesLeaveInOneRecord) {
  Connection link(world);
  ASSERT_TRUE(link.Run().open());
  core::BlockPool pool;
  core::SliceQueue pieces(&pool);
  std::string all;
  for (int i = 0; i < 100; ++i) {
    pieces.Append(core::Slice::Borrow("a piece that stays where it is"));
    all += "a piece that stays where it is";
  }
  link.client.filter().Write(pieces);
  EXPECT_TRUE(pieces.empty());
  EXPECT_LT(link.client.filter().Output().bytes(), all.size() + 64) << "the frame of one record";
  link.Run();
  EXPECT_EQ(link.server.heard(), all);
}

TEST_F(FilterTest, AWholeMessageIsReadWithoutAskingForMore) {
  for (const TlsVersion version : kVersions) {
    Only(version);
    Connection link(world);
    ASSERT_TRUE(link.Run().open());
    const std::uint64_t before = link.server.filter().starved();
    for (int i = 0; i < 3; ++i) {
      link.client.Say("question");
      link.Run();
    }
    link.client.Say(Long(40'000));  // several records at once
    link.Run();
    EXPECT_EQ(link.server.heard(), "questionquestionquestion" + Long(40'000));
    EXPECT_EQ(link.server.filter().starved(), before);
    link.client.Say("cut");
    const std::string bytes = link.client.Take();
    link.server.Hear(bytes, bytes.size() - 1);
    EXPECT_GT(link.server.filter().starved(), before) << "half a record is the exception";
    EXPECT_TRUE(link.server.heard().ends_with("cut"));
  }
}

TEST_F(FilterTest, AnErrorThatSomebodyElseLeftEndsNoConnection) {
  Connection link(world);
  ASSERT_TRUE(link.Run().open());
  link.client.Say("question");
  const std::string bytes = link.client.Take();
  ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
  link.server.Hear(bytes, 7);
  EXPECT_EQ(link.server.filter().state(), State::kOpen);
  EXPECT_EQ(link.server.heard(), "question");
  ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
  link.server.Say("answer");
  link.Run();
  EXPECT_EQ(link.client.heard(), "answer");
  ERR_clear_error();
}

TEST_F(FilterTest, NothingIsTakenBeforeTheHandshakeIsDone) {
  Connection link(world);
  const std::size_t hello = link.client.filter().Output().bytes();
  link.client.Say("early");
  EXPECT_EQ(link.client.unsaid(), 5U);
  EXPECT_EQ(link.client.filter().Output().bytes(), hello);
  link.client.filter().End();
  EXPECT_EQ(link.client.filter().Output().bytes(), hello) << "nothing to end yet";
  link.Run();
  EXPECT_EQ(link.server.heard(), "early");
}

TEST_F(FilterTest, EndSaysThatNothingMoreComesAndTheOtherDirectionGoesOn) {
  for (const TlsVersion version : kVersions) {
    Only(version);
    Connection link(world);
    ASSERT_TRUE(link.Run().open());
    link.client.Say("last words");
    link.client.filter().End();
    link.client.filter().End();
    link.client.Say("too late");
    link.Run();
    EXPECT_EQ(link.server.heard(), "last words");
    EXPECT_EQ(link.server.filter().state(), State::kPeerEnded);
    EXPECT_EQ(link.client.filter().state(), State::kOpen);
    EXPECT_TRUE(link.server.filter().secured());
    link.server.Say(Long(30'000));
    link.server.filter().End();
    link.Run();
    EXPECT_EQ(link.client.heard(), Long(30'000));
    EXPECT_EQ(link.client.filter().state(), State::kPeerEnded);
  }
}

TEST_F(FilterTest, ATruncatedConnectionHasNotEnded) {
  Connection link(world);
  ASSERT_TRUE(link.Run().open());
  link.client.Say("words");
  link.client.filter().End();
  const std::string bytes = link.client.Take();
  link.server.Hear(std::string_view(bytes).substr(0, bytes.size() - 1));
  EXPECT_EQ(link.server.heard(), "words");
  EXPECT_EQ(link.server.filter().state(), State::kOpen)
      << "whoever loses the socket now knows that something is missing";
}

TEST_F(FilterTest, AChangedByteEndsTheConnectionAndNothingOfItIsDelivered) {
  for (const TlsVersion version : kVersions) {
    Only(version);
    Connection link(world);
    ASSERT_TRUE(link.Run().open());
    link.client.Say("pay 1 coin");
    std::string bytes = link.client.Take();
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    link.server.Hear(bytes);
    EXPECT_EQ(link.server.heard(), "");
    EXPECT_EQ(link.server.filter().state(), State::kFailed);
    EXPECT_EQ(link.server.filter().failure(), Failure::kProtocol);
    EXPECT_FALSE(link.server.filter().Output().empty()) << "an alert";
    link.client.Hear(link.server.Take());
    EXPECT_EQ(link.client.filter().failure(), Failure::kPeerAlert);
    link.server.Say("more");
    EXPECT_TRUE(link.server.filter().Output().empty());
  }
}

TEST_F(FilterTest, ARepeatedRecordEndsTheConnection) {
  Connection link(world);
  ASSERT_TRUE(link.Run().open());
  link.client.Say("pay 1 coin");
  const std::string bytes = link.client.Take();
  link.server.Hear(bytes);
  link.server.Hear(bytes);
  EXPECT_EQ(link.server.heard(), "pay 1 coin");
  EXPECT_EQ(link.server.filter().failure(), Failure::kProtocol);
}

TEST_F(FilterTest, WhatIsNoTlsIsToldApart) {
  Connection http(world);
  http.server.Hear("GET / HTTP/1.1\r\nhost: model\r\n\r\n");
  EXPECT_EQ(http.server.filter().failure(), Failure::kPlaintext);
  Connection answer(world);
  answer.client.Hear("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(answer.client.filter().failure(), Failure::kPlaintext);
  Connection garbage(world);
  garbage.server.Hear("\x16\x03\x01\x00\x05garbage and more of it"s);
  EXPECT_EQ(garbage.server.filter().state(), State::kFailed);
  EXPECT_EQ(garbage.server.filter().failure(), Failure::kProtocol);
}

TEST_F(FilterTest, APeerThatEndsInTheMiddleOfTheHandshakeHasClosed) {
  Connection link(world);
  link.server.Hear(link.client.Take());
  link.server.Hear("\x15\x03\x03\x00\x02\x01\x00"s);  // close_notify
  EXPECT_EQ(link.server.filter().state(), State::kFailed);
  EXPECT_EQ(link.server.filter().failure(), Failure::kPeerClosed);
}

TEST_F(FilterTest, AnAlertInTheHandshakeIsTheirRefusal) {
  Connection link(world);
  link.server.Hear(link.client.Take());
  link.server.Hear("\x15\x03\x03\x00\x02\x02\x30"s);  // fatal, unknown_ca
  EXPECT_EQ(link.server.filter().failure(), Failure::kPeerAlert);
}

TEST_F(FilterTest, GivingUpKeepsTheFirstReason) {
  Connection link(world);
  link.server.filter().Fail(Failure::kTimeout);
  link.server.filter().Fail(Failure::kPeerClosed);
  EXPECT_EQ(link.server.filter().state(), State::kFailed);
  EXPECT_EQ(link.server.filter().failure(), Failure::kTimeout);
  link.server.Hear(link.client.Take());
  EXPECT_TRUE(link.server.filter().Output().empty()) << "it no longer answers";
}

TEST_F(FilterTest, NoBufferIsHeldWhileNothingIsUnderWay) {
  core::BlockPool pool;
  auto client = std::make_unique<Filter>(world.ClientSide(), Wire::kHttp2, true, pool, world.clock);
  TlsEnd server(world.ServerSide(), world.clock);
  for (int i = 0; i < 4; ++i) {
    std::string bytes;
    for (std::size_t at = 0; at < client->Output().piece_count(); ++at) bytes += client->Output().piece(at);
    client->Output().Consume(bytes.size());
    client->Output().ReleaseIdle();
    server.Hear(bytes);
    const std::string answer = server.Take();
    client->Feed(answer);
    EXPECT_TRUE(client->Read().empty());
    client->Feed({});
  }
  ASSERT_EQ(client->state(), State::kOpen);
  const std::size_t idle = pool.idle();
  client.reset();
  EXPECT_EQ(pool.idle(), idle) << "its end gives nothing back";
}

}  // namespace
}  // namespace sluice::tls
