#include "core/route/header_ops.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

class HeaderOpsTest : public testing::Test {
 protected:
  HeaderOpsTest() {
    request_.method = "GET";
    request_.authority = "ranking.svc:8080";
    request_.path = "/rank?u=1";
    request_.protocol = "HTTP/1.1";
    request_.headers.AddCopy("X-User-Id", "u-42");
    response_.status = 201;
    response_.headers.AddCopy("x-model", "v47");
  }

  std::string Format(std::string_view value) {
    return std::string(FormatHeaderValue(value, {&request_, &response_, "10.1.2.3", "default"}, arena_));
  }
  void Apply(const HeaderOps& first, const HeaderOps& second = {}, bool merged = true) {
    ApplyHeaderOps(first, second, merged, request_.headers, {&request_, nullptr, "10.1.2.3", "default"}, arena_);
  }

  Arena arena_;
  Head request_{arena_};
  Head response_{arena_};
};

TEST_F(HeaderOpsTest, CommandsAreCarriedOut) {
  EXPECT_EQ(Format("plain"), "plain");
  EXPECT_EQ(Format("100%%"), "100%");
  EXPECT_EQ(Format("%REQ(X-User-ID)%"), "u-42");
  EXPECT_EQ(Format("a-%REQ(x-user-id)%-b"), "a-u-42-b");
  EXPECT_EQ(Format("%REQ(:method)% %REQ(:authority)% %REQ(:path)%"), "GET ranking.svc:8080 /rank?u=1");
  EXPECT_EQ(Format("%REQ(x-none?x-user-id)%"), "u-42");
  EXPECT_EQ(Format("%REQ(x-user-id):3%"), "u-4");
  EXPECT_EQ(Format("%REQ(x-none)%"), "");
  EXPECT_EQ(Format("%RESP(x-model)%"), "v47");
  EXPECT_EQ(Format("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"), "10.1.2.3");
  EXPECT_EQ(Format("%PROTOCOL% %ROUTE_NAME% %RESPONSE_CODE%"), "HTTP/1.1 default 201");
}

TEST_F(HeaderOpsTest, ConfigMayAskWhatIsSupported) {
  EXPECT_TRUE(CheckHeaderFormat("plain").has_value());
  EXPECT_TRUE(CheckHeaderFormat("%REQ(a)% %% %RESP(b?c):12% %PROTOCOL%").has_value());
  EXPECT_FALSE(CheckHeaderFormat("100%").has_value());
  EXPECT_FALSE(CheckHeaderFormat("no writer would send \x7f").has_value());
  EXPECT_FALSE(CheckHeaderFormat("%START_TIME%").has_value());
  EXPECT_FALSE(CheckHeaderFormat("%REQ(a%").has_value());
  EXPECT_FALSE(CheckHeaderFormat("%REQ()%").has_value());
  EXPECT_FALSE(CheckHeaderFormat("%REQ(a):x%").has_value());
  EXPECT_FALSE(CheckHeaderFormat("%REQ(a)5%").has_value());
  EXPECT_FALSE(CheckHeaderFormat("a\r\nb").has_value());
  EXPECT_FALSE(CheckHeaderFormat(std::string_view("a\0b", 3)).has_value());
  EXPECT_NE(CheckHeaderFormat("%START_TIME%").error().cure.find("%REQ(name)%"), std::string::npos);
}

TEST_F(HeaderOpsTest, RemoveThenSetThenAdd) {
  HeaderOps ops;
  ops.remove = {"x-user-id", "x-absent"};
  ops.set = {{"x-user-id", "set"}};
  ops.add = {{"x-user-id", "added"}};

  Apply(ops);

  EXPECT_EQ(request_.headers.Joined("x-user-id", HeaderName::kOther, arena_), "set,added");
}

TEST_F(HeaderOpsTest, MergedListsLetTheSecondSetWin) {
  HeaderOps rule;
  rule.set = {{"x-who", "rule"}};
  HeaderOps destination;
  destination.set = {{"x-who", "destination"}};

  Apply(rule, destination, true);

  EXPECT_EQ(request_.headers.Find("x-who"), "destination");
}

TEST_F(HeaderOpsTest, AMergedRemovalComesBeforeEverySet) {
  HeaderOps rule;
  rule.set = {{"x-who", "rule"}};
  HeaderOps destination;
  destination.remove = {"x-who"};

  Apply(rule, destination, true);

  EXPECT_EQ(request_.headers.Find("x-who"), "rule");
}

TEST_F(HeaderOpsTest, SeparateLevelsRunOneAfterTheOther) {
  HeaderOps destination;
  destination.set = {{"x-who", "destination"}};
  HeaderOps rule;
  rule.remove = {"x-who"};

  Apply(destination, rule, false);

  EXPECT_FALSE(request_.headers.Find("x-who"));
}

TEST_F(HeaderOpsTest, ACommandThatYieldsNothingChangesNothing) {
  HeaderOps ops;
  ops.set = {{"x-user-id", "%REQ(x-none)%"}, {"x-empty", ""}};
  ops.add = {{"x-more", "%REQ(x-none)%"}};

  Apply(ops);

  EXPECT_EQ(request_.headers.Find("x-user-id"), "u-42");
  EXPECT_EQ(request_.headers.Find("x-empty"), "");
  EXPECT_FALSE(request_.headers.Find("x-more"));
}

TEST_F(HeaderOpsTest, LineBreaksAreNeverProduced) {
  request_.headers.AddBorrowed("x-bad", "a\r\nx-injected: 1");
  HeaderOps ops;
  ops.set = {{"x-copy", "%REQ(x-bad)%"}};

  Apply(ops);

  EXPECT_FALSE(request_.headers.Find("x-copy"));
}

TEST_F(HeaderOpsTest, TheAuthorityIsNoHeader) {
  HeaderOps ops;
  ops.set = {{"host", "other.svc"}};

  Apply(ops);

  EXPECT_FALSE(request_.headers.Find("host"));
  ASSERT_NE(FindAuthorityOp(ops), nullptr);
  EXPECT_EQ(*FindAuthorityOp(ops), "other.svc");
  EXPECT_EQ(FindAuthorityOp({}), nullptr);
}

}  // namespace
}  // namespace sluice::core
