#include "config/diagnostics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sluice::config {
namespace {

TEST(Diagnostics, FindingIsOneLineOfPlaceSeverityCodeCauseAndCure) {
  const Finding finding{Severity::kWarning, "SL2003", "too long", "make it shorter", {"rules.yaml", {3, 7}}};

  EXPECT_EQ(FormatFinding(finding), "rules.yaml:3:7: warning SL2003 too long; make it shorter");
}

TEST(Diagnostics, ValuesWithLineBreaksAndTerminalCommandsStayOnOneLine) {
  const Finding finding{Severity::kError, "IST0106", "`a\nb\x1b[31m\x7f` is no name", "", {"r\n.yaml", {1, 1}}};

  EXPECT_EQ(FormatFinding(finding), "r\\n.yaml:1:1: error IST0106 `a\\nb\\x1b[31m\\x7f` is no name");
}

TEST(Diagnostics, JsonQuotesWhatAFileMayHold) {
  EXPECT_EQ(JsonQuote("a\"b\\c\n\t\x01é"), "\"a\\\"b\\\\c\\n\\t\\u0001é\"");
}

TEST(Diagnostics, JsonReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(JsonQuote("a\xff\xfe.yaml\xc3"), "\"a\\ufffd\\ufffd.yaml\\ufffd\"");
}

TEST(Diagnostics, JsonHoldsEveryFindingAndTheCounts) {
  const std::string json = FormatFindingsJson(
      {{Severity::kError, "A", "x {}", "", {"f", {1, 2}}}, {Severity::kInfo, "B", "y", "z", {"f", {0, 0}}}});

  EXPECT_EQ(json,
            R"({"findings":[{"severity":"error","code":"A","file":"f","line":1,"column":2,"message":"x {}","cure":""},)"
            R"({"severity":"info","code":"B","file":"f","line":0,"column":0,"message":"y","cure":"z"}],)"
            R"("errors":1,"warnings":0,"infos":1})");
}

TEST(Diagnostics, FindingsComeOutInTheOrderOfTheirPlaces) {
  Findings findings;
  findings.Error("C", {"b.yaml", {1, 1}}, "");
  findings.Warn("B", {"a.yaml", {2, 1}}, "");
  findings.Info("A", {"a.yaml", {1, 9}}, "");

  const auto all = findings.Take();

  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].code + all[1].code + all[2].code, "ABC");
  EXPECT_FALSE(findings.has_errors());
  EXPECT_TRUE(findings.Take().empty());
}

TEST(Diagnostics, FloodOfNotesIsCutButTheFirstErrorBehindItIsKept) {
  Findings findings;
  for (std::size_t i = 0; i < Findings::kMax + 5; ++i) findings.Info("NOTE", {"a", {1, 1}}, "");
  findings.Error("FIRST", {"a", {2, 1}}, "");
  findings.Error("SECOND", {"a", {3, 1}}, "");

  EXPECT_EQ(findings.errors(), 2U);
  const auto all = findings.Take();
  ASSERT_EQ(all.size(), Findings::kMax + 2);
  EXPECT_EQ(all[all.size() - 2].code, "FIRST");
  EXPECT_EQ(all.back().code, "SL1012");
  EXPECT_NE(all.back().message.find("6 more findings"), std::string::npos);
}

}  // namespace
}  // namespace sluice::config
