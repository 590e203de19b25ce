#include "gateway/cases/case_file.h"

#include <gtest/gtest.h>

#include "tests/gateway/cases/case_support.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

using tests::Read;
using tests::Suite;

TEST(CaseFile, ATestSaysARequestAndWhatBecomesOfIt) {
  const auto read = Read(Suite(R"(
  - name: one
    request: {method: POST, url: "https://ranking/rank?n=1", headers: {X-User-Id: 42}, port: 8443, draw: 7}
    expect: {rule: premium, timeout: 200ms, mirrors: [{subset: v2, percent: 2.5%}], requestHeaders: {absent: [X-A]}}
)"));

  ASSERT_EQ(read.findings, "");
  ASSERT_EQ(read.suites.size(), 1U);
  const RouteCase& test = read.suites[0].cases.at(0);
  EXPECT_EQ(test.name, "one");
  EXPECT_EQ(test.request.method, "POST");
  EXPECT_EQ(test.request.headers.at(0), (std::pair<std::string, std::string>("X-User-Id", "42")));
  EXPECT_EQ(test.draw, 7U);
  EXPECT_EQ(test.expect.rule, "premium");
  EXPECT_EQ(test.expect.timeout, core::Milliseconds(200));
  EXPECT_EQ(test.expect.mirrors->at(0).percent, 2.5);
  EXPECT_EQ(test.expect.request_headers.absent.at(0), "x-a");
  EXPECT_FALSE(test.expect.subset.has_value());
}

TEST(CaseFile, AMisspeltKeyIsAnErrorWithTheNearestName) {
  const auto read = Read(Suite("  - name: one\n    request: {url: http://ranking/}\n    expect: {subet: v1}\n"));

  EXPECT_NE(read.findings.find("test.yaml:8:14: error SL1101 unknown field `subet`"), std::string::npos)
      << read.findings;
  EXPECT_NE(read.findings.find("did you mean `subset`?"), std::string::npos) << read.findings;
}

TEST(CaseFile, WhatIsWrongInATestIsSaidWithItsPlace) {
  struct Wrong {
    const char* test;
    const char* said;
  };
  const Wrong all[] = {
      {"  - request: {url: http://ranking/}\n    expect: {rule: a}\n", "spec.tests[0].name is required"},
      {"  - name: a\n    expect: {rule: a}\n", "spec.tests[0].request is required"},
      {"  - name: a\n    request: {url: http://ranking/}\n", "spec.tests[0].expect is required"},
      {"  - name: a\n    request: {url: http://ranking/}\n    expect: {}\n", "spec.tests[0].expect says nothing"},
      {"  - name: a\n    request: {}\n    expect: {rule: a}\n", "request.url is required"},
      {"  - name: a\n    request: {url: ftp://x/}\n    expect: {rule: a}\n", "is no scheme of HTTP"},
      {"  - name: a\n    request: {url: http://x/, principal: me}\n    expect: {rule: a}\n", "is no workload id"},
      {"  - name: a\n    request: {url: http://x/, draw: some}\n    expect: {rule: a}\n", "request.draw is no draw"},
      {"  - name: a\n    request: {url: http://x/}\n    expect: {shares: {v1: 1}}\n", "one request has no shares"},
      {"  - name: a\n    request: {url: http://x/}\n    over: {ids: 9}\n    expect: {shares: {v1: 101%}}\n",
       "shares.v1 is no percentage"},
      {"  - name: a\n    request: {url: http://x/}\n    over: {ids: 9}\n    expect: {shares: {v1: 60%, v2: 60%}}\n",
       "shares add up to 120%"},
      {"  - name: a\n    request: {url: http://x/}\n    over: {ids: 0}\n    expect: {rule: a}\n",
       "must be between 1 and"},
      {"  - name: a\n    request: {url: http://x/}\n    expect: {rule: a, tolerance: 1%}\n",
       "a tolerance without shares"},
      {"  - name: a\n    request: {url: http://x/}\n    expect: {retryOn: sometimes}\n", "expect.retryOn"},
      {"  - name: a\n    request: {url: http://x/}\n    expect: {timeout: soon}\n", "expect.timeout"},
      {"  - name: a\n    request: {url: http://x/}\n    expect: {mirrors: [{percent: 5}]}\n",
       "neither host nor subset"},
      {"  - name: a\n    request: {url: http://x/}\n    expect: {requestHeaders: {}}\n", "requestHeaders says nothing"},
  };
  for (const Wrong& wrong : all) {
    const auto read = Read(Suite(wrong.test));
    EXPECT_NE(read.findings.find(wrong.said), std::string::npos) << wrong.test << read.findings;
    EXPECT_NE(read.findings.find("test.yaml:"), std::string::npos);
    EXPECT_NE(read.findings.find(": error "), std::string::npos);
  }
}

TEST(CaseFile, TwoTestsOfOneNameAreRefused) {
  const std::string test = "  - name: same\n    request: {url: http://ranking/}\n    expect: {rule: a}\n";

  EXPECT_NE(Read(Suite(test + test)).findings.find("two tests are called \"same\""), std::string::npos);
}

TEST(CaseFile, AFileMayAskForSoManyRequestsAndNotOneMore) {
  const std::string text = Suite(
      "  - name: a\n    request: {url: http://ranking/}\n    over: {ids: 99}\n    expect: {rule: a}\n"
      "  - name: b\n    request: {url: http://ranking/}\n    expect: {rule: a}\n");

  EXPECT_EQ(Read(text, 100).findings, "");
  EXPECT_NE(Read(text, 99).findings.find(
                "error SL3002 the tests of this file ask for 100 requests, more than the limit of 99"),
            std::string::npos);
}

TEST(CaseFile, OtherDocumentsArePassedOverAndOnesWithoutAKindAreNot) {
  const std::string other = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nspec: {nonsense: 1}\n---\n";
  const std::string test = Suite("  - name: a\n    request: {url: http://ranking/}\n    expect: {rule: a}\n");

  EXPECT_EQ(Read(other + test).findings, "");
  EXPECT_EQ(Read(other + test).suites.size(), 1U);
  EXPECT_NE(Read("metadata: {name: x}\n---\n" + test).findings.find("this document has no `kind`"), std::string::npos);
}

TEST(CaseFile, AnotherVersionIsRefused) {
  std::string text = Suite("  - name: a\n    request: {url: http://ranking/}\n    expect: {rule: a}\n");
  text.replace(text.find("v1alpha1"), 8, "v2");

  EXPECT_NE(Read(text).findings.find("error SL1102"), std::string::npos);
}

TEST(CaseFile, APathWithoutARouteTestIsAnError) {
  const TemporaryDirectory directory;
  directory.Write("rules.yaml", "apiVersion: v1\nkind: VirtualService\n");
  config::Findings findings;

  EXPECT_TRUE(ReadCases({directory.path() / "rules.yaml"}, kCaseRequestsMax, findings).empty());

  const auto all = findings.Take();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].code, "SL3003");
}

}  // namespace
}  // namespace sluice::gateway
