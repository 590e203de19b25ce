#include "core/http/forwarding.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

class Forwarding : public ::testing::Test {
 protected:
  ForwardedClient Apply() { return ApplyForwarding(head, context, random, arena); }

  Arena arena;
  Random random{1};
  Head head{arena};
  ForwardingContext context{.peer_address = "10.0.0.9"};
};

TEST_F(Forwarding, AppendsThePeerAndBelievesNobodyElse) {
  head.headers.AddCopy("x-forwarded-for", "1.1.1.1");
  head.headers.AddCopy("x-forwarded-for", "2.2.2.2");
  const ForwardedClient client = Apply();
  EXPECT_EQ(client.address, "10.0.0.9");
  EXPECT_FALSE(client.peer_trusted);
  EXPECT_EQ(head.headers.Find("x-forwarded-for"), "1.1.1.1,2.2.2.2,10.0.0.9");
  EXPECT_EQ(head.headers.Count(HeaderName::kXForwardedFor), 1u);
  EXPECT_EQ(head.headers.Find("x-envoy-external-address"), "10.0.0.9");
}

TEST_F(Forwarding, StartsTheChainWhenThereIsNone) {
  Apply();
  EXPECT_EQ(head.headers.Find("x-forwarded-for"), "10.0.0.9");
}

TEST_F(Forwarding, CountsTrustedHopsFromTheRight) {
  head.headers.AddCopy("x-forwarded-for", "6.6.6.6, 1.1.1.1, 2.2.2.2");
  context.trusted_hops = 1;
  EXPECT_EQ(Apply().address, "2.2.2.2");
  context.trusted_hops = 2;
  Head second(arena);
  second.headers.AddCopy("x-forwarded-for", "6.6.6.6, 1.1.1.1, 2.2.2.2");
  EXPECT_EQ(ApplyForwarding(second, context, random, arena).address, "1.1.1.1");
}

TEST_F(Forwarding, WalksOverTrustedRanges) {
  const Cidr own = *Cidr::Parse("10.0.0.0/8");
  context.trusted_cidrs = {&own, 1};
  head.headers.AddCopy("x-forwarded-for", "6.6.6.6, 1.1.1.1, 10.3.3.3");
  const ForwardedClient client = Apply();
  EXPECT_TRUE(client.peer_trusted);
  EXPECT_EQ(client.address, "1.1.1.1");
}

TEST_F(Forwarding, StopsAtWhatIsNoAddress) {
  context.trusted_hops = 3;
  head.headers.AddCopy("x-forwarded-for", "1.1.1.1, <script>, 2.2.2.2");
  EXPECT_EQ(Apply().address, "2.2.2.2");
}

TEST_F(Forwarding, OverwritesSchemeAndIdOfStrangers) {
  head.headers.AddCopy("x-forwarded-proto", "https");
  head.headers.AddCopy("x-request-id", "mine");
  head.headers.AddCopy("x-forwarded-host", "evil");
  Apply();
  EXPECT_EQ(head.scheme, "http");
  EXPECT_EQ(head.headers.Find("x-forwarded-proto"), "http");
  EXPECT_NE(head.headers.Find("x-request-id"), "mine");
  EXPECT_EQ(head.headers.Find("x-forwarded-host"), std::nullopt);
}

TEST_F(Forwarding, KeepsSchemeAndIdOfOurOwnProxies) {
  context.trusted_hops = 1;
  head.headers.AddCopy("x-forwarded-proto", "https");
  head.headers.AddCopy("x-request-id", "mine");
  head.headers.AddCopy("x-forwarded-host", "public");
  Apply();
  EXPECT_EQ(head.scheme, "https");
  EXPECT_EQ(head.headers.Find("x-request-id"), "mine");
  EXPECT_EQ(head.headers.Find("x-forwarded-host"), "public");
  Head odd(arena);
  odd.headers.AddCopy("x-forwarded-proto", "javascript");
  odd.headers.AddCopy("x-request-id", std::string(129, 'x'));
  ApplyForwarding(odd, context, random, arena);
  EXPECT_EQ(odd.scheme, "http");
  EXPECT_EQ(odd.headers.Find("x-request-id")->size(), 36u);
}

TEST_F(Forwarding, RemovesWhatClientsMayNotSayEvenFromOurOwnProxies) {
  context.trusted_hops = 1;
  head.headers.AddCopy("x-ab-bucket", "5");
  head.headers.AddCopy("x-envoy-internal", "true");
  head.headers.AddCopy("x_forwarded_for", "6.6.6.6");
  Apply();
  EXPECT_EQ(head.headers.Find("x-ab-bucket"), std::nullopt);
  EXPECT_EQ(head.headers.Find("x-envoy-internal"), std::nullopt);
  EXPECT_EQ(head.headers.Find("x_forwarded_for"), std::nullopt);
}

TEST_F(Forwarding, MakesVersionFourUuids) {
  for (int i = 0; i < 100; ++i) {
    const std::string_view id = MakeUuid(random, arena);
    ASSERT_EQ(id.size(), 36u);
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos);
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) EXPECT_EQ(id[dash], '-');
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef-"), std::string_view::npos);
  }
  EXPECT_NE(MakeUuid(random, arena), MakeUuid(random, arena));
}

}  // namespace
}  // namespace sluice::core
