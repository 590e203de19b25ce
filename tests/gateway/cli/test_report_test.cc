#include "gateway/cli/test_report.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

class TestReportTest : public testing::Test {
 protected:
  TestReportTest() {
    suite_.name = "ranking";
    suite_.place.file = "test.yaml";
    test_.name = "premium <b>&\"x\"\x1b\xff";
    test_.place = {"test.yaml", {7, 5}};
    failed_.failures = {{"subset", "v47", "v45"}};
    failed_.asked = "GET / Host: ranking";
    failed_.decided_by = "rule rest";
    failed_.why = {"because"};
  }
  std::vector<CaseRecord> Records() const {
    return {{&suite_, &test_, CaseResult{}, core::Milliseconds(1)}, {&suite_, &test_, failed_, core::Milliseconds(2)}};
  }

  CaseSuite suite_;
  RouteCase test_;
  CaseResult failed_;
};

TEST_F(TestReportTest, TextHasALinePerTestAndTheStoryOfWhatFails) {
  const std::string text = TestText(Records(), false);

  EXPECT_NE(text.find("ok    ranking: premium"), std::string::npos) << text;
  EXPECT_NE(text.find("  test.yaml:7\n      subset: expected v47, got v45\n      asked: GET / Host: ranking\n"
                      "      decided by rule rest\n      because\n2 tests, 1 failed\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(TestReportTest, XmlIsEscapedAndTimesArePlainSeconds) {
  const std::string xml = JUnitXml(Records());

  EXPECT_NE(xml.find(R"(name="premium &lt;b&gt;&amp;&quot;x&quot;??" file="test.yaml" line="7" time="0.001000"/>)"),
            std::string::npos)
      << xml;
  EXPECT_NE(xml.find(R"(<testsuites name="sluice test" tests="2" failures="1" errors="0" time="0.003000">)"),
            std::string::npos)
      << xml;
  EXPECT_NE(xml.find(R"(<failure type="subset" message="subset: expected v47, got v45">)"), std::string::npos) << xml;
}

TEST_F(TestReportTest, JsonCountsAndNamesWhatFailed) {
  const config::Json json = TestJson(Records());

  EXPECT_EQ(json["passed"], 1);
  EXPECT_EQ(json["failed"], 1);
  EXPECT_EQ(json["tests"][1]["failures"][0]["expected"], "v47");
  EXPECT_EQ(json["tests"][1]["line"], 7);
}

}  // namespace
}  // namespace sluice::gateway
