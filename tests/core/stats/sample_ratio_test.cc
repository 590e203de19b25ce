#include "core/stats/sample_ratio.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/json_vectors.h"

namespace sluice::core {
namespace {

TEST(SampleRatio, AgreesWithSciPyToTenDigits) {
  const nlohmann::json vectors = test::JsonVectors("tests/vectors/stats/sample_ratio.json", "vectors");
  ASSERT_EQ(vectors.size(), 16u);

  for (const auto& vector : vectors) {
    const auto counted = vector["counted"].get<std::vector<std::uint64_t>>();
    const auto weights = vector["weights"].get<std::vector<std::uint64_t>>();
    const SampleRatio ratio = TestSampleRatio(counted, weights);

    const double chi_square = vector["chi_square"].get<double>();
    const double p_value = vector["p_value"].get<double>();
    EXPECT_EQ(ratio.degrees, counted.size() - 1) << vector;
    EXPECT_NEAR(ratio.chi_square, chi_square, chi_square * 1e-10 + 1e-12) << vector;
    EXPECT_NEAR(ratio.p_value, p_value, p_value * 1e-10) << vector;
  }
}

TEST(SampleRatio, ArmsOfNoWeightDoNotCount) {
  const SampleRatio with =
      TestSampleRatio(std::array<std::uint64_t, 3>{480, 9999, 520}, std::array<std::uint64_t, 3>{1, 0, 1});
  const SampleRatio without =
      TestSampleRatio(std::array<std::uint64_t, 2>{480, 520}, std::array<std::uint64_t, 2>{1, 1});

  EXPECT_EQ(with.degrees, 1u);
  EXPECT_EQ(with.p_value, without.p_value);
}

TEST(SampleRatio, OneArmAloneLeavesNothingToTest) {
  const SampleRatio one = TestSampleRatio(std::array<std::uint64_t, 2>{480, 7}, std::array<std::uint64_t, 2>{1, 0});
  const SampleRatio none = TestSampleRatio({}, {});

  EXPECT_EQ(one.degrees, 0u);
  EXPECT_EQ(one.p_value, 1);
  EXPECT_EQ(none.p_value, 1);
}

TEST(SampleRatio, WithFewerThanFiveExpectedItSaysNothing) {
  const std::array<std::uint64_t, 2> weights = {1, 99};

  EXPECT_EQ(TestSampleRatio(std::array<std::uint64_t, 2>{100, 399}, weights).p_value, 1);  // 4.99 expected
  EXPECT_LT(TestSampleRatio(std::array<std::uint64_t, 2>{100, 400}, weights).p_value, 1e-9);
  EXPECT_EQ(TestSampleRatio(std::array<std::uint64_t, 2>{0, 0}, weights).p_value, 1);
}

TEST(SampleRatio, ManyMillionsOfUsersAreNoTrouble) {
  const std::array<std::uint64_t, 2> weights = {1, 1};

  const SampleRatio fine = TestSampleRatio(std::array<std::uint64_t, 2>{5'000'000'000, 5'000'100'000}, weights);
  const SampleRatio hopeless = TestSampleRatio(std::array<std::uint64_t, 2>{5'000'000'000, 1}, weights);

  EXPECT_GT(fine.p_value, 0.3);
  EXPECT_EQ(hopeless.p_value, 0);
}

}  // namespace
}  // namespace sluice::core
