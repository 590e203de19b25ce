#include "core/experiment/bucket_hasher.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "tests/support/json_vectors.h"

namespace sluice::core {
namespace {

// The article's own arithmetic, run over 308 users: int(md5(f"{user}:{experiment}").hexdigest()[:8], 16) % n.
TEST(BucketHasher, EveryGoldenBucketIsTheSame) {
  const nlohmann::json vectors = test::JsonVectors("tests/vectors/ab_bucket_vectors.json");
  ASSERT_EQ(vectors.size(), 308u);
  BucketHasher hasher;
  ASSERT_TRUE(hasher.Usable().has_value());

  for (const auto& vector : vectors) {
    EXPECT_EQ(hasher.Bucket(vector["user_id"].get<std::string>(), vector["experiment_id"].get<std::string>(),
                            vector["n_buckets"].get<std::uint32_t>()),
              vector["bucket"].get<std::uint32_t>())
        << vector;
  }
}

// The vectors once more, all salts of a user at once.
TEST(BucketHasher, ManySaltsAtOnceGiveTheGoldenBuckets) {
  std::map<std::string, std::vector<nlohmann::json>> users;
  for (const auto& vector : test::JsonVectors("tests/vectors/ab_bucket_vectors.json")) {
    users[vector["user_id"].get<std::string>()].push_back(vector);
  }
  BucketHasher hasher;

  for (const auto& [user, vectors] : users) {
    std::vector<std::string> names;
    for (const auto& vector : vectors) names.push_back(vector["experiment_id"].get<std::string>());
    const std::vector<std::string_view> salts(names.begin(), names.end());
    std::vector<std::uint32_t> numbers(salts.size());
    ASSERT_TRUE(hasher.Numbers(user, salts, numbers));
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      EXPECT_EQ(numbers[i] % vectors[i]["n_buckets"].get<std::uint32_t>(), vectors[i]["bucket"].get<std::uint32_t>());
    }
  }
}

TEST(BucketHasher, ManySaltsAtOnceAreEachOfThemAloneWhateverTheirLength) {
  BucketHasher hasher;
  Random random(11);
  const auto text = [&random](std::size_t size) {
    std::string made(size, '\0');
    for (char& byte : made) byte = static_cast<char>(random.Next());
    return made;
  };
  for (int round = 0; round < 3'000; ++round) {
    const std::string unit = text(random.Below(201));
    std::vector<std::string> names(random.Below(40));
    for (std::string& name : names) name = text(random.Below(201 - unit.size()));
    const std::vector<std::string_view> salts(names.begin(), names.end());
    std::vector<std::uint32_t> numbers(salts.size());

    ASSERT_TRUE(hasher.Numbers(unit, salts, numbers));

    for (std::size_t i = 0; i < salts.size(); ++i) ASSERT_EQ(numbers[i], hasher.Number(unit, salts[i]));
  }
}

TEST(BucketHasher, NoBucketsNoAnswer) { EXPECT_EQ(BucketHasher().Bucket("u", "s", 0), std::nullopt); }

TEST(BucketHasher, MovesWithItsContext) {
  BucketHasher first;
  const auto bucket = first.Bucket("user-42", "ranking-v47", 100);

  BucketHasher second(std::move(first));

  EXPECT_EQ(second.Bucket("user-42", "ranking-v47", 100), bucket);
  EXPECT_EQ(bucket, 33u);
}

}  // namespace
}  // namespace sluice::core
