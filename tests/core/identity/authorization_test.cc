// What the table of tests/config/authorization_table_test.cc cannot see: the cost.
#include "core/identity/authorization.h"

#include <gtest/gtest.h>

#include "tests/support/allocation_counter.h"

namespace sluice::core {
namespace {

AuthorizationCondition Paths(std::string_view pattern) {
  AuthorizationCondition condition;
  condition.attribute = AuthorizationAttribute::kPath;
  condition.values = {*ValuePattern::ParsePath(pattern)};
  return condition;
}

TEST(Authorize, TakesNoMemoryFromTheHeap) {
  Authorization policies;
  policies.deny.push_back({"ns", "a", false, {{{}, {{Paths("/admin/{**}")}}, {}, "no"}}});
  policies.allow.push_back({"ns", "b", false, {{{}, {{Paths("/v1/*")}}, {}, ""}}});
  Arena arena;
  Head head(arena);
  head.authority = "Models.Example";
  head.method = "GET";
  const AuthorizationInput input{.head = head,
                                 .path = "/v1/x",
                                 .peer = nullptr,
                                 .peer_address = "10.0.0.1",
                                 .client_address = "10.0.0.1",
                                 .local_address = "10.0.0.2",
                                 .local_port = 80,
                                 .server_name = ""};
  const long before = Allocations();

  const AuthorizationVerdict verdict = Authorize(policies, input, arena);

  EXPECT_EQ(Allocations(), before);
  EXPECT_TRUE(verdict.allowed);
}

}  // namespace
}  // namespace sluice::core
