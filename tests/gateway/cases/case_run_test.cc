#include "gateway/cases/case_run.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gateway/cases/case_support.h"

namespace sluice::gateway {
namespace {

using tests::Ran;

constexpr auto kTwoRules = R"(
  - name: premium
    match: [{headers: {x-user-segment: {exact: premium}}}]
    timeout: 200ms
    retries: {attempts: 2, perTryTimeout: 80ms, retryOn: "503,reset,502"}
    mirrors: [{destination: {host: ranking, subset: v1}, percentage: {value: 5}}]
    headers: {request: {set: {x-a: b}}}
    route: [{destination: {host: ranking, subset: v2}}]
  - name: rest
    match: [{withoutHeaders: {x-debug: {exact: "1"}}}]
    route: [{destination: {host: ranking, subset: v1}}]
)";

constexpr auto kSplit = R"(
  - route:
    - {destination: {host: ranking, subset: v1}, weight: 90}
    - {destination: {host: ranking, subset: v2}, weight: 10}
)";

std::string Premium(const std::string& expect) {
  return "  - name: a\n    request: {url: http://ranking/, headers: {x-user-segment: premium}}\n    expect: " + expect +
         "\n";
}

std::string Plain(const std::string& expect, const std::string& more = "") {
  return "  - name: a\n    request: {url: http://ranking/" + more + "}\n    expect: " + expect + "\n";
}

std::string Over(int ids, const std::string& expect, const std::string& more = "") {
  return "  - name: a\n    request: {url: http://ranking/" + more + "}\n    over: {ids: " + std::to_string(ids) +
         "}\n    expect: " + expect + "\n";
}

bool Holds(const std::vector<std::string>& lines, const std::string& part) {
  return std::ranges::any_of(lines, [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

TEST(CaseRun, WhatIsAsExpectedPasses) {
  EXPECT_TRUE(
      Ran(kTwoRules, Premium(R"({rule: premium, host: ranking, subset: v2, port: 8000, path: "/", authority: ranking,
      timeout: 200ms, perTryTimeout: 80ms, attempts: 2, retryOn: "reset,502,503", mirrors: [{subset: v1, percent: 5}],
      experiment: "", arm: "", requestHeaders: {set: {x-a: b}, absent: [x-c]}})"))
          .ok());
  EXPECT_TRUE(Ran(kTwoRules, Plain("{rule: rest, subset: v1, timeout: 0s, mirrors: [], flag: \"\"}")).ok());
}

TEST(CaseRun, EachFieldThatDiffersIsNamedWithBothValues) {
  struct Differs {
    const char* expect;
    const char* wanted;
    const char* got;
  };
  const Differs all[] = {
      {"{rule: rest}", "rest", "rule premium of ml/rules (rules.yaml:28)"},
      {"{subset: v1}", "v1", "v2"},
      {"{host: other}", "other", "ranking.ml.svc.cluster.local"},
      {"{port: 9000}", "9000", "8000"},
      {"{path: /x}", "/x", "/"},
      {"{authority: x}", "x", "ranking"},
      {"{timeout: 1s}", "1s", "200ms"},
      {"{perTryTimeout: 0s}", "none", "80ms"},
      {"{attempts: 3}", "3", "2"},
      {"{retryOn: reset}", "reset", "reset,502,503"},
      {"{backoff: 1s}", "1s", "25ms"},
      {"{mirrors: []}", "none", "v1 of ranking.ml.svc.cluster.local:8000 5%"},
      {"{mirrors: [{subset: v1, percent: 6}]}", "v1 6%", "v1 of ranking.ml.svc.cluster.local:8000 5%"},
      {"{fault: {abortPercent: 1}}", "1%", "0%"},
      {"{status: 404}", "404", "sent to outbound|8000|v2|ranking.ml.svc.cluster.local"},
      {"{redirect: /x}", "/x", "none"},
      {"{experiment: e}", "e", "none"},
      {"{bucket: 3}", "3", "none"},
      {"{requestHeaders: {set: {X-A: c}}}", "c", "b"},
      {"{requestHeaders: {set: {x-z: c}}}", "c", "absent"},
      {"{requestHeaders: {absent: [x-a]}}", "absent", "b"},
  };
  for (const Differs& differs : all) {
    const CaseResult result = Ran(kTwoRules, Premium(differs.expect));
    ASSERT_EQ(result.failures.size(), 1U) << differs.expect;
    EXPECT_EQ(result.failures[0].wanted, differs.wanted) << differs.expect;
    EXPECT_EQ(result.failures[0].got, differs.got) << differs.expect;
    EXPECT_EQ(result.asked, "GET / Host: ranking x-user-segment: premium");
    EXPECT_EQ(result.decided_by, "rule premium of ml/rules (rules.yaml:28)");
  }
}

TEST(CaseRun, AnAnswerOfTheGatewayIsNoDestination) {
  const CaseResult result = Ran(kTwoRules, Plain("{subset: v1, timeout: 1s}", ", headers: {x-debug: 1}"));

  ASSERT_EQ(result.failures.size(), 2U);
  EXPECT_EQ(result.failures[0].got, "answered with 404 route_not_found");
  EXPECT_EQ(result.decided_by, "no rule");
  EXPECT_TRUE(Ran(kTwoRules, Plain("{status: 404, flag: NR}", ", headers: {x-debug: 1}")).ok());
}

TEST(CaseRun, ARequestThatIsRefusedBeforeTheRulesHasThatStatus) {
  EXPECT_TRUE(
      Ran(kTwoRules, "  - name: a\n    request: {method: TRACE, url: http://ranking/}\n    expect: {status: 405}\n")
          .ok());
  const CaseResult result =
      Ran(kTwoRules,
          "  - name: a\n    request: {method: TRACE, url: http://ranking/}\n    expect: {rule: rest, subset: v1}\n");
  ASSERT_EQ(result.failures.size(), 2U);
  EXPECT_EQ(result.failures[1].got, "refused with 405 http1.method_not_allowed");
}

TEST(CaseRun, WhyTheExpectedRuleDidNotMatchIsSaid) {
  EXPECT_TRUE(
      Holds(Ran(kTwoRules, Plain("{rule: premium}")).why,
            "rule premium of ml/rules (rules.yaml:28) does not match: headers[x-user-segment] is missing, wanted "
            "exact \"premium\""));
  EXPECT_TRUE(Holds(Ran(kTwoRules, Plain("{rule: rest}", ", headers: {x-debug: 1}")).why,
                    "withoutHeaders[x-debug] is \"1\", must not be exact \"1\""));
  EXPECT_TRUE(Holds(Ran(kTwoRules, Premium("{rule: rest}")).why, "would match, but comes later"));
  EXPECT_TRUE(Holds(Ran(kTwoRules, Plain("{rule: gold}")).why, "no rule of that host is called gold"));
}

TEST(CaseRun, ARuleIsNamedByNameByIndexAndBehindItsVirtualService) {
  for (const char* name : {"premium", "0", "rules/premium", "ml/rules/premium", "rules/0"}) {
    EXPECT_TRUE(Ran(kTwoRules, Premium("{rule: " + std::string(name) + "}")).ok()) << name;
  }
  for (const char* name : {"1", "other/premium", "les/premium", "\"\""}) {
    EXPECT_FALSE(Ran(kTwoRules, Premium("{rule: " + std::string(name) + "}")).ok()) << name;
  }
}

TEST(CaseRun, TheModelsAnswerIsWhatResponseHeadersAreMadeFrom) {
  const auto http = R"(
  - headers: {response: {remove: [x-internal], set: {x-by: sluice}}}
    route: [{destination: {host: ranking, subset: v1}}]
)";
  const std::string test =
      "  - name: a\n    request: {url: http://ranking/}\n    answer: {headers: {x-internal: a, x-by: model}}\n    "
      "expect: ";

  EXPECT_TRUE(Ran(http, test + "{responseHeaders: {set: {x-by: sluice}, absent: [x-internal]}}\n").ok());
  const CaseResult result = Ran(http, test + "{responseHeaders: {set: {x-internal: a}}}\n");
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_EQ(result.failures[0].field, "responseHeaders.x-internal");
}

TEST(CaseRun, TheIdIsReplacedEverywhereInTheRequest) {
  const auto http = R"(
  - name: seven
    match: [{uri: {exact: /u/7/7}, headers: {x-user: {exact: user-7}}}]
    route: [{destination: {host: ranking, subset: v2}}]
  - name: rest
    route: [{destination: {host: ranking, subset: v1}}]
)";
  const std::string test =
      "  - name: a\n    request: {url: \"http://ranking/u/{id}/{id}\", headers: {x-user: \"user-{id}\"}}\n"
      "    over: {ids: 10, from: 5}\n    expect: ";

  EXPECT_TRUE(Ran(http, test + "{ruleShares: {seven: 10%, rest: 90%}, tolerance: 0%}\n").ok());
  const CaseResult result = Ran(http, test + "{rule: rest}\n");
  EXPECT_EQ(result.requests, 10U);
  EXPECT_EQ(result.failed_requests, 1U);
  EXPECT_EQ(result.first_id, 7U);
  EXPECT_NE(CaseLine(result).find("so for 1 of 10 requests, the first with id 7; asked: GET /u/7/7"), std::string::npos)
      << CaseLine(result);
}

TEST(CaseRun, ALoneRequestMustDoWhatIsExpectedInEveryShareOfTheSplit) {
  for (const char* subset : {"v1", "v2"}) {
    const CaseResult result = Ran(kSplit, Plain("{subset: " + std::string(subset) + "}"));
    EXPECT_EQ(result.failed_requests, 1U) << subset;
    EXPECT_TRUE(Holds(result.why, "its rule splits: v1 90%, v2 10%;")) << subset;
  }
  EXPECT_TRUE(Ran(kSplit, Plain("{rule: 0, host: ranking}")).ok());
  EXPECT_TRUE(Ran(kSplit, Plain("{subset: v2}", ", draw: 90")).ok());
}

TEST(CaseRun, AFaultOfSomeRequestsPassesALoneOneBy) {
  const auto http = [](const std::string& percent) {
    return "  - fault: {abort: {httpStatus: 503, percentage: {value: " + percent +
           "}}}\n    route: [{destination: {host: ranking, subset: v1}}]\n";
  };

  EXPECT_TRUE(Ran(http("99"), Plain("{subset: v1, fault: {abort: 503, abortPercent: 99%}}")).ok());
  EXPECT_TRUE(Ran(http("100"), Plain("{status: 503, flag: FI}")).ok());
  EXPECT_TRUE(Ran(http("20"), Over(5000, "{shares: {503: 20%, v1: 80%}}")).ok());
}

TEST(CaseRun, SharesAreHeldWithinWhatChanceExplains) {
  EXPECT_TRUE(Ran(kSplit, Over(10000, "{shares: {v1: 90%, v2: 10%}}")).ok());
  EXPECT_FALSE(Ran(kSplit, Over(10000, "{shares: {v1: 85%, v2: 15%}}")).ok());
  EXPECT_TRUE(Ran(kSplit, Over(10000, "{shares: {v1: 85%, v2: 15%}, tolerance: 6%}")).ok());
  EXPECT_FALSE(Ran(kSplit, Over(10000, "{shares: {v1: 90%, v2: 10%}, tolerance: 0%}")).ok());
}

TEST(CaseRun, WhatSharesOfAWholeDoNotNameHasNone) {
  const CaseResult result = Ran(kSplit, Over(1000, "{shares: {v1: 100%}}"));
  ASSERT_EQ(result.failures.size(), 2U);
  EXPECT_EQ(result.failures[1].field, "shares.v2");
  EXPECT_EQ(result.failures[1].wanted, "0% within 0%");
  EXPECT_TRUE(Ran(kSplit, Over(1000, "{shares: {v2: 10%}}")).ok());
}

TEST(CaseRun, MirrorsAndAnswersHaveSharesToo) {
  EXPECT_TRUE(Ran(kTwoRules, Over(10000, "{mirrorShares: {v1: 5%}}", ", headers: {x-user-segment: premium}")).ok());
  EXPECT_TRUE(
      Ran(kTwoRules, Over(10, "{shares: {404: 100%}, ruleShares: {none: 100%}}", ", headers: {x-debug: 1}")).ok());
}

// 9.5 % in the holdout, the rest half and half; but user-7 by name.
TEST(CaseRun, HoldoutsAndOverridesAreArmsToo) {
  const std::string rules = std::string(kSplit) +
                            "---\napiVersion: sluice.dev/v1alpha1\nkind: Experiment\n"
                            "metadata: {name: trial, namespace: ml}\nspec:\n  host: ranking\n"
                            "  unit: {header: x-user-id}\n  holdout: {percent: 9.5}\n  arms:\n"
                            "  - {name: a, buckets: 0-49, subset: v1}\n  - {name: b, buckets: 50-99, subset: v2}\n"
                            "  overrides: [{arm: b, units: [user-7]}]\n";
  const auto one = [](const std::string& user, const std::string& expect) {
    return "  - name: one\n    request: {url: http://ranking/, headers: {x-user-id: " + user +
           "}}\n    expect: " + expect + "\n";
  };
  const std::string many =
      "  - name: many\n    request: {url: http://ranking/, headers: {x-user-id: \"user-{id}\"}}\n"
      "    over: {ids: 10000}\n    expect: {armShares: {holdout: 9.5%, a: 45.25%, b: 45.25%}}\n";

  EXPECT_TRUE(Ran(rules, many).ok());
  EXPECT_TRUE(Ran(rules, one("user-7", "{arm: b, subset: v2}")).ok());
  EXPECT_FALSE(Ran(rules, one("user-7", "{arm: holdout}")).ok());
}

TEST(CaseRun, TheSameRulesGiveTheSameResult) {
  const std::string test = Over(1000, "{shares: {v1: 0%}}");

  EXPECT_EQ(CaseLine(Ran(kSplit, test)), CaseLine(Ran(kSplit, test)));
}

}  // namespace
}  // namespace sluice::gateway
