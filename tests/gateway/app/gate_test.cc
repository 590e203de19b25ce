#include "gateway/app/gate.h"

#include <gtest/gtest.h>

#include "tests/gateway/cases/case_support.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

class GateTest : public testing::Test {
 protected:
  GateTest() : snapshot_(tests::Compiled(tests::Rules("  - route: [{destination: {host: ranking, subset: v1}}]\n"))) {}

  static std::string Expecting(const std::string& expect, const std::string& more = "") {
    return tests::Suite("  - name: all\n    request: {url: http://ranking/}\n" + more + "    expect: " + expect + "\n");
  }
  std::vector<config::Finding> Gate(const std::string& text) {
    directory_.Write("gate.yaml", text);
    return RunGate({directory_.path() / "gate.yaml"}, *snapshot_);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<core::Snapshot> snapshot_;
};

TEST_F(GateTest, NothingIsSaidWhenEveryTestPasses) {
  EXPECT_TRUE(Gate(Expecting("{subset: v1}")).empty());
  EXPECT_TRUE(RunGate({directory_.path()}, *snapshot_).empty());
  EXPECT_TRUE(RunGate({}, *snapshot_).empty());
}

TEST_F(GateTest, ATestThatFailsIsAnErrorAtItsPlace) {
  const auto findings = Gate(Expecting("{subset: v2}"));

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "SL3001");
  EXPECT_EQ(findings[0].severity, config::Severity::kError);
  EXPECT_EQ(findings[0].place.mark.line, 6U);
  EXPECT_EQ(findings[0].message,
            "the gate's test \"all\" of suite fails: subset: expected v2, got v1; asked: GET / Host: ranking");
}

TEST_F(GateTest, TheFilesAreReadAnewEachTime) {
  ASSERT_FALSE(Gate(Expecting("{subset: v2}")).empty());

  EXPECT_TRUE(Gate(Expecting("{subset: v1}")).empty());
}

TEST_F(GateTest, AGateThatCannotBeReadLetsNothingThrough) {
  EXPECT_EQ(RunGate({directory_.path() / "none.yaml"}, *snapshot_).at(0).code, "SL1001");
  EXPECT_EQ(Gate("kind: VirtualService\n").at(0).code, "SL3003");
  EXPECT_EQ(Gate(Expecting("{subet: v1}")).at(0).code, "SL1101");
}

TEST_F(GateTest, AllGatesTogetherMayAskForSoManyRequests) {
  EXPECT_EQ(Gate(Expecting("{subset: v1}", "    over: {ids: 100001}\n")).at(0).code, "SL3002");

  directory_.Write("more.yaml", Expecting("{subset: v1}", "    over: {ids: 50001}\n"));
  EXPECT_EQ(Gate(Expecting("{subset: v1}", "    over: {ids: 50000}\n")).size(), 0U);
  const auto findings = RunGate({directory_.path()}, *snapshot_);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "SL3002");
}

}  // namespace
}  // namespace sluice::gateway
