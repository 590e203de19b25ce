// What the order of rules means, as findings with places and requests.
#include "config/analyze.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

// The findings of a configuration that loads, with those about order.
Loaded Analyzed(const std::string& text) {
  Loaded loaded = LoadText(text);
  EXPECT_TRUE(loaded.ok) << TextOf(loaded);
  AnalyzeRules(*loaded.documents, loaded.findings);
  return loaded;
}

const Finding* FindCode(const Loaded& loaded, std::string_view code) {
  const auto at = std::ranges::find(loaded.findings, code, &Finding::code);
  return at == loaded.findings.end() ? nullptr : &*at;
}

const std::string kTo1 = "    route: [{destination: {host: ranking, subset: v1}}]\n";
const std::string kTo2 = "    route: [{destination: {host: ranking, subset: v2}}]\n";
constexpr std::uint32_t kFirstRule = 28;  // line of the first rule of WithRules

TEST(Analyze, AShadowedRuleComesWithTheRequestThatTheEarlierTakes) {
  const Loaded loaded =
      Analyzed(WithRules("  - match: [{headers: {x-segment: {exact: premium}}}]\n" + kTo2 +
                         "  - match: [{headers: {x-segment: {exact: premium}}, uri: {prefix: /v2}}]\n" + kTo1));

  const Finding* finding = FindCode(loaded, "SL2040");
  ASSERT_NE(finding, nullptr) << TextOf(loaded);
  EXPECT_EQ(finding->severity, Severity::kWarning);
  EXPECT_EQ(finding->place.mark.line, kFirstRule + 2);
  EXPECT_EQ(finding->witness->taken_by.mark.line, kFirstRule);
  EXPECT_EQ(FormatWitness(*finding->witness), "GET /v2 Host: ranking x-segment: premium");
  EXPECT_TRUE(Says(loaded, "the rule at line 28 takes its requests")) << TextOf(loaded);
}

TEST(Analyze, AnOverlapIsANoteWithARequestThatMeetsBoth) {
  const Loaded loaded = Analyzed(WithRules("  - match: [{headers: {x-segment: {exact: premium}}}]\n" + kTo2 +
                                           "  - match: [{uri: {prefix: /v1}}]\n" + kTo1));

  const Finding* finding = FindCode(loaded, "SL2043");
  ASSERT_NE(finding, nullptr) << TextOf(loaded);
  EXPECT_EQ(finding->severity, Severity::kInfo);
  EXPECT_EQ(finding->place.mark.line, kFirstRule + 2);
  EXPECT_EQ(FormatWitness(*finding->witness), "GET /v1 Host: ranking x-segment: premium");
}

TEST(Analyze, IstiosOwnFindingGetsTheRequestInsteadOfASecondFinding) {
  const Loaded loaded = Analyzed(
      WithRules("  - name: all\n" + kTo1 + "  - name: late\n    match: [{headers: {x-a: {exact: b}}}]\n" + kTo2));

  const Finding* finding = FindCode(loaded, "IST0130");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(FormatWitness(*finding->witness), "GET / Host: ranking x-a: b");
  EXPECT_EQ(FindCode(loaded, "SL2040"), nullptr) << TextOf(loaded);
}

TEST(Analyze, ACoveredMatchIsIstiosNoteAndTheRuleThatIsNeverReachedAWarning) {
  const Loaded loaded = Analyzed(
      WithRules("  - match:\n    - uri: {prefix: /a}\n" + kTo2 + "  - match:\n    - uri: {prefix: /a/b}\n" + kTo1));

  ASSERT_NE(FindCode(loaded, "IST0131"), nullptr) << TextOf(loaded);
  EXPECT_FALSE(FindCode(loaded, "IST0131")->witness.has_value());
  ASSERT_NE(FindCode(loaded, "SL2040"), nullptr) << TextOf(loaded);
  EXPECT_EQ(FindCode(loaded, "SL2040")->severity, Severity::kWarning);
}

TEST(Analyze, APolicyThatDeniesEverythingChangesNothing) {
  const std::string deny =
      "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: none}\nspec: {}\n";
  const Loaded loaded = Analyzed(
      WithRules("  - match: [{uri: {prefix: /a}}]\n" + kTo2 + "  - match: [{uri: {regex: \"/a/.*\"}}]\n" + kTo1) +
      deny);

  EXPECT_NE(FindCode(loaded, "SL2040"), nullptr) << TextOf(loaded);
}

TEST(Analyze, TheConditionsOfOneMatchMayExcludeEachOther) {
  const Loaded loaded =
      Analyzed(WithRules("  - match: [{uri: {regex: \"rank.*\"}}]\n" + kTo2 + "  - name: all\n" + kTo1));

  ASSERT_NE(FindCode(loaded, "SL2042"), nullptr) << TextOf(loaded);
  EXPECT_EQ(FindCode(loaded, "SL2042")->place.mark.line, kFirstRule);
}

TEST(Analyze, OneItemOfSeveralHasItsOwnPlace) {
  const Loaded loaded =
      Analyzed(WithRules("  - match: [{headers: {x-a: {}}}]\n" + kTo2 +
                         "  - match:\n    - uri: {exact: /b}\n    - headers: {x-a: {exact: c}}\n" + kTo1));

  const Finding* finding = FindCode(loaded, "SL2041");
  ASSERT_NE(finding, nullptr) << TextOf(loaded);
  EXPECT_EQ(finding->place.mark.line, kFirstRule + 4);
}

TEST(Analyze, WhatCannotBeToldIsSaid) {
  const Loaded loaded = Analyzed(
      WithRules("  - match: [{headers: {x-a: {regex: \"\\\\bx\\\\b.*\"}}}]\n" + kTo2 + "  - name: all\n" + kTo1));

  ASSERT_NE(FindCode(loaded, "SL2044"), nullptr) << TextOf(loaded);
  EXPECT_EQ(FindCode(loaded, "SL2044")->severity, Severity::kInfo);
}

TEST(Analyze, ThousandsOfOverlapsAreCutShort) {
  std::string rules;
  for (int i = 0; i < 200; ++i) {
    rules += "  - match: [{headers: {x-" + std::to_string(i) + ": {exact: a}}}]\n" + (i % 2 == 0 ? kTo1 : kTo2);
  }

  const Loaded loaded = Analyzed(WithRules(rules));

  EXPECT_NE(FindCode(loaded, "SL2045"), nullptr);
  EXPECT_LT(loaded.findings.size(), 400U);
}

}  // namespace
}  // namespace sluice::config
