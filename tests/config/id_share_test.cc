// What share of users a regular expression takes, and when that is said.
#include "config/id_share.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

IdShare Of(const std::string& pattern) { return ShareOf(*core::StringMatch::Regex(pattern)); }

std::vector<Finding> Told(const std::string& header, const std::string& pattern) {
  const Loaded loaded = LoadText(WithRules("  - match: [{headers: {" + header + ": {regex: \"" + pattern +
                                           "\"}}}]\n    route: [{destination: {host: ranking, subset: v1}}]\n"));
  EXPECT_TRUE(loaded.ok) << TextOf(loaded);
  std::vector<Finding> findings;
  CheckIdShares(*loaded.documents, findings);
  return findings;
}

TEST(IdShare, FirstDigitsCutHexadecimalIdsOnly) {
  const IdShare share = Of("^[0-9a-c].*");

  EXPECT_EQ(share.decimal, 100);
  EXPECT_NEAR(share.hexadecimal, 81, 5);
}

TEST(IdShare, LastDigitsCutBoth) {
  const IdShare share = Of(".*[0-4]");

  EXPECT_NEAR(share.decimal, 50, 7);
  EXPECT_NEAR(share.hexadecimal, 31, 7);
}

TEST(IdShare, ARegexThatTakesAllDecimalIdsIsTold) {
  const std::vector<Finding> findings = Told("x-user-id", "^[0-9a-c].*");

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "SL2047");
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_NE(findings[0].message.find("about 100 % of decimal ids"), std::string::npos) << findings[0].message;
}

TEST(IdShare, ARegexThatTakesNoDecimalIdIsTold) { EXPECT_EQ(Told("x-user-id", "[a-f].*").size(), 1U); }

TEST(IdShare, ABeginningThatMustMatchTheWholeIsTold) {
  const std::vector<Finding> findings = Told("user_id", "^[0-9a-c]");

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].message.find("with .* behind it, about 100 %"), std::string::npos) << findings[0].message;
}

TEST(IdShare, EvenCutsExactIdsAndOtherFieldsAreFine) {
  EXPECT_TRUE(Told("x-user-id", ".*[0-4]").empty());
  EXPECT_TRUE(Told("x-user-id", "42|43").empty());
  EXPECT_TRUE(Told("x-user-id", ".*").empty());
  EXPECT_TRUE(Told("x-user-segment", "[a-f].*").empty());
}

TEST(IdShare, NamesTell) {
  for (const char* name : {"x-user-id", "uid", "userId", "device", "session_id", "x-userid"}) {
    EXPECT_TRUE(NamesAnId(name)) << name;
  }
  for (const char* name : {"x-user-segment", "grid", "valid", "accept"}) EXPECT_FALSE(NamesAnId(name)) << name;
}

}  // namespace
}  // namespace sluice::config
