// What two rules do, apart from when they do it.
#include "core/analysis/same_outcome.h"

#include <gtest/gtest.h>

#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

Route To(const char* subset, std::uint32_t weight = 100) {
  tests::RuleBuilder rule("r");
  rule.To("ranking", subset, weight);
  return rule.route();
}

TEST(SameOutcomeTest, NamesAndConditionsDoNotCount) {
  Route other = To("v1", 5);
  other.name = "other";
  other.matches.emplace_back();

  EXPECT_TRUE(SameOutcome(To("v1"), other));
}

TEST(SameOutcomeTest, DestinationsTimesAndHeadersCount) {
  EXPECT_FALSE(SameOutcome(To("v1"), To("v2")));

  Route slow = To("v1");
  std::get<Forward>(slow.action).timeout = Milliseconds(5);
  EXPECT_FALSE(SameOutcome(To("v1"), slow));

  Route marked = To("v1");
  marked.headers.request.set.emplace_back("x-a", "b");
  EXPECT_FALSE(SameOutcome(To("v1"), marked));
}

TEST(SameOutcomeTest, AnAnswerDiffersFromAForward) {
  tests::RuleBuilder answer("r");
  answer.Respond(200, "x");

  EXPECT_FALSE(SameOutcome(To("v1"), answer.route()));
  EXPECT_TRUE(SameOutcome(answer.route(), answer.route()));
}

TEST(SameOutcomeTest, AFaultIsAlwaysAnotherOutcome) {
  Route faulty = To("v1");
  faulty.fault.emplace();

  EXPECT_FALSE(SameOutcome(faulty, faulty));
}

}  // namespace
}  // namespace sluice::core
