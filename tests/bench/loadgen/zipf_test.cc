// The draws against the law they are to follow, with fixed seeds.
#include "bench/loadgen/zipf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace sluice::bench {
namespace {

struct Law {
  std::uint64_t n;
  double exponent;
};

// Pearson's chi-square of `draws` draws, ranks with fewer than 10 expected taken together, as a normal deviate
// (Wilson and Hilferty): about 0 +- 1 for the right law.
double Deviate(const Law& law, std::uint64_t seed) {
  constexpr int kDraws = 200'000;
  std::vector<double> expected(law.n);
  double sum = 0;
  for (std::uint64_t k = 0; k < law.n; ++k) sum += expected[k] = std::pow(static_cast<double>(k + 1), -law.exponent);
  std::vector<int> seen(law.n);
  const Zipf zipf(law.n, law.exponent);
  core::Random random(seed);
  for (int i = 0; i < kDraws; ++i) ++seen.at(zipf.Draw(random));
  double chi = 0;
  double groups = 0;
  double wanted = 0;
  double got = 0;
  for (std::uint64_t k = 0; k < law.n; ++k) {
    wanted += expected[k] / sum * kDraws;
    got += seen[k];
    if (wanted < 10 && k + 1 < law.n) continue;
    chi += (got - wanted) * (got - wanted) / wanted;
    ++groups;
    wanted = got = 0;
  }
  const double freedom = groups - 1;
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(chi / freedom) - (1 - spread)) / std::sqrt(spread);
}

TEST(Zipf, DrawsFollowTheLawOnBothSidesOfExponentOneAndAtIt) {
  for (const Law& law : {Law{10, 1.0}, Law{1000, 1.0}, Law{1000, 0.5}, Law{1000, 1.1}, Law{50, 2.5}, Law{1000, 0.01},
                         Law{300, 1.0 + 1e-12}, Law{2, 1.3}, Law{20'000, 0.99}}) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      EXPECT_LT(std::abs(Deviate(law, seed)), 4) << law.n << ' ' << law.exponent << ' ' << seed;
    }
  }
}

TEST(Zipf, OneUserIsAlwaysDrawn) {
  core::Random random(1);
  const Zipf zipf(1, 1.1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(zipf.Draw(random), 0U);
}

TEST(Zipf, RanksStayInRangeWhenThereAreVeryMany) {
  core::Random random(7);
  constexpr std::uint64_t kUsers = 1'000'000'000;
  const Zipf zipf(kUsers, 1.1);
  std::uint64_t greatest = 0;
  for (int i = 0; i < 100'000; ++i) greatest = std::max(greatest, zipf.Draw(random));
  EXPECT_LT(greatest, kUsers);
  EXPECT_GT(greatest, kUsers / 10);
}

}  // namespace
}  // namespace sluice::bench
