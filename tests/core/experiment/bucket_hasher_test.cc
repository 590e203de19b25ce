#include "core/experiment/bucket_hasher.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace sluice::core {
namespace {

// The article's own arithmetic, run over 308 users: int(md5(f"{user}:{experiment}").hexdigest()[:8], 16) % n.
TEST(BucketHasher, EveryGoldenBucketIsTheSame) {
  std::ifstream file("tests/vectors/ab_bucket_vectors.json");
  ASSERT_TRUE(file.is_open());
  const nlohmann::json vectors = nlohmann::json::parse(file);
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
