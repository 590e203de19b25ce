// What growing an arm, a part of a layer or a holdout does to users: those of the buckets that change hands move, nobody
// else. And that experiments cut users independently of each other.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/experiment/assignment.h"

namespace sluice::core {
namespace {

constexpr int kUsers = 20'000;

Experiment Ranking(std::uint32_t treatment_from) {
  Experiment experiment;
  experiment.name = experiment.salt = "ranking-v47";
  experiment.unit_name = "x-user-id";
  experiment.arms = {{"control", 0, treatment_from - 1, "v45", {}}, {"treatment", treatment_from, 99, "v47", {}}};
  return experiment;
}

class UserMovement : public testing::Test {
 protected:
  struct Place {
    std::string arm;  // "-": takes no part
    std::uint32_t bucket = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };

  Place Of(const Experiment& experiment, int user) {
    arena_.Reset();
    Head head(arena_);
    head.headers.AddCopy("x-user-id", "user-" + std::to_string(user));
    const std::array ids = {ExperimentId{0}};
    const RouteInput input{&head, "/", "", 8080};
    const std::vector<Experiment> experiments = {experiment};
    const Assignments assigned = AssignExperiments(ids, experiments, head, input, hasher_, random_, arena_);
    if (assigned.all.empty()) return {"-", 0};
    const Assignment& one = *assigned.first();
    if (one.by == AssignedBy::kHoldout) return {std::string(kHoldoutArm), one.bucket};
    return {one.arm == nullptr ? "none" : one.arm->name, one.bucket};
  }
  std::uint32_t Number(int user, std::string_view salt) {
    return *hasher_.Number("user-" + std::to_string(user), salt);
  }

  Arena arena_;
  BucketHasher hasher_;
  Random random_{1};
};

TEST_F(UserMovement, From85To90ExactlyTheBuckets85To89Move) {
  const Experiment before = Ranking(85);
  const Experiment after = Ranking(90);
  std::array<int, 100> moved{};
  for (int user = 0; user < kUsers; ++user) {
    const Place then = Of(before, user);
    const Place now = Of(after, user);
    ASSERT_EQ(then.bucket, now.bucket);
    if (then.arm == now.arm) continue;
    ASSERT_EQ(then.arm, "treatment");
    ASSERT_EQ(now.arm, "control");
    ++moved[then.bucket];
  }

  for (std::uint32_t bucket = 0; bucket < 100; ++bucket) {
    EXPECT_EQ(moved[bucket] > 0, 85 <= bucket && bucket <= 89) << bucket;
  }
}

TEST_F(UserMovement, GrowingAPartOfALayerTakesInThoseOfItsNewBucketsOnly) {
  Experiment before = Ranking(50);
  before.layer = {"page", 0, 2'999};
  Experiment after = before;
  after.layer->last = 3'999;
  int joined = 0;
  for (int user = 0; user < kUsers; ++user) {
    const Place then = Of(before, user);
    const Place now = Of(after, user);
    const std::uint32_t bucket = Number(user, "page") % kLayerBuckets;
    ASSERT_EQ(then.arm == "-", bucket > 2'999);
    ASSERT_EQ(now.arm == "-", bucket > 3'999);
    if (then == now) continue;
    ASSERT_TRUE(bucket >= 3'000 && bucket <= 3'999);
    ++joined;
  }

  EXPECT_NEAR(joined, kUsers / 10, 300);
}

TEST_F(UserMovement, GrowingAHoldoutTakesOutThoseOfItsNewBucketsOnly) {
  Experiment before = Ranking(50);
  before.holdout = {"q4", 500};
  Experiment after = before;
  after.holdout->buckets = 1'000;
  int left = 0;
  for (int user = 0; user < kUsers; ++user) {
    const Place then = Of(before, user);
    const Place now = Of(after, user);
    const std::uint32_t bucket = Number(user, "q4") % kLayerBuckets;
    ASSERT_EQ(then.arm == kHoldoutArm, bucket < 500);
    ASSERT_EQ(now.arm == kHoldoutArm, bucket < 1'000);
    if (then == now) continue;
    ASSERT_TRUE(bucket >= 500 && bucket < 1'000);
    ++left;
  }

  EXPECT_NEAR(left, kUsers / 20, 200);
}

TEST_F(UserMovement, ExperimentsOfOneLayerShareNoUser) {
  std::vector<Experiment> layer;
  for (std::uint32_t i = 0; i < 5; ++i) {
    Experiment& experiment = layer.emplace_back(Ranking(50));
    experiment.salt = "e" + std::to_string(i);
    experiment.layer = {"page", i * 2'000, i * 2'000 + 1'999};
  }
  for (int user = 0; user < kUsers; ++user) {
    const auto in = std::ranges::count_if(layer, [&](const Experiment& one) { return Of(one, user).arm != "-"; });
    ASSERT_EQ(in, 1) << "all of the layer is given away";
  }
}

// The probability that a chi-square variable of `degrees` exceeds `value`: the regularised upper incomplete gamma
// function at (degrees / 2, value / 2), by its series below and its continued fraction above the mean.
double ChiSquareTail(double value, double degrees) {
  const double a = degrees / 2;
  const double x = value / 2;
  const double scale = std::exp(a * std::log(x) - x - std::lgamma(a));
  if (x < a + 1) {
    double term = 1 / a;
    double sum = term;
    for (int i = 1; i < 1'000; ++i) sum += term *= x / (a + i);
    return 1 - scale * sum;
  }
  double b = x + 1 - a;
  double c = 1e300;
  double d = 1 / b;
  double fraction = d;
  for (int i = 1; i < 1'000; ++i) {
    const double numerator = -i * (i - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    fraction *= c * d;
  }
  return scale * fraction;
}

TEST(ChiSquareTail, HasTheKnownQuantiles) {
  EXPECT_NEAR(ChiSquareTail(3.841459, 1), 0.05, 1e-6);
  EXPECT_NEAR(ChiSquareTail(16.918978, 9), 0.05, 1e-6);
  EXPECT_NEAR(ChiSquareTail(103.009509, 81), 0.05, 1e-6);
  EXPECT_NEAR(ChiSquareTail(62.0, 81), 0.942, 1e-3);
}

// The p-values of a test that finds nothing are uniform; the largest distance between their distribution and the
// uniform one, times sqrt(n), exceeds 1.63 once in a hundred (Kolmogorov and Smirnov).
double DistanceFromUniform(std::vector<double> p_values) {
  std::ranges::sort(p_values);
  double distance = 0;
  const auto count = static_cast<double>(p_values.size());
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    const double below = static_cast<double>(i) / count;
    distance = std::max({distance, p_values[i] - below, below + 1 / count - p_values[i]});
  }
  return distance * std::sqrt(count);
}

constexpr std::size_t kParts = 10;
constexpr std::size_t kPairs = 200;
constexpr std::size_t kSample = 10'000;

// Chi-square of a table of parts by parts, of two salts over the same users, against what independence would have.
double PairTest(BucketHasher& hasher, std::size_t pair, std::string_view one, std::string_view other) {
  std::array<std::array<double, kParts>, kParts> seen{};
  std::array<double, kParts> rows{};
  std::array<double, kParts> columns{};
  const std::array salts = {one, other};
  for (std::size_t user = 0; user < kSample; ++user) {
    std::array<std::uint32_t, 2> numbers{};
    EXPECT_TRUE(hasher.Numbers("u" + std::to_string(pair * kSample + user), salts, numbers));
    const std::size_t row = numbers[0] % kLayerBuckets / (kLayerBuckets / kParts);
    const std::size_t column = numbers[1] % kLayerBuckets / (kLayerBuckets / kParts);
    ++seen[row][column];
    ++rows[row];
    ++columns[column];
  }
  double chi_square = 0;
  for (std::size_t row = 0; row < kParts; ++row) {
    for (std::size_t column = 0; column < kParts; ++column) {
      const double expected = rows[row] * columns[column] / static_cast<double>(kSample);
      chi_square += (seen[row][column] - expected) * (seen[row][column] - expected) / expected;
    }
  }
  return ChiSquareTail(chi_square, (kParts - 1.0) * (kParts - 1.0));
}

// A layer's buckets beside those of an experiment of 10,000, 200 pairs of names, each over other users.
TEST(Independence, TheTestsOf200PairsOfSaltsHaveUniformPValues) {
  BucketHasher hasher;
  std::vector<double> p_values;
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    p_values.push_back(PairTest(hasher, pair, "layer-" + std::to_string(pair), "experiment-" + std::to_string(pair)));
  }

  EXPECT_LT(DistanceFromUniform(p_values), 1.63);
}

// The same users under every pair of salts: one user must not be able to be unlucky everywhere.
TEST(Independence, HoldsForTheSameUsersToo) {
  BucketHasher hasher;
  std::vector<double> p_values;
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    p_values.push_back(PairTest(hasher, 0, "a" + std::to_string(pair), "b" + std::to_string(pair)));
  }

  EXPECT_LT(DistanceFromUniform(p_values), 1.63);
}

TEST(Independence, TheTestSeesSaltsThatAreOne) {
  BucketHasher hasher;

  EXPECT_LT(PairTest(hasher, 0, "page", "page"), 1e-6) << "this is why config refuses a salt that is the layer's name";
}

}  // namespace
}  // namespace sluice::core
