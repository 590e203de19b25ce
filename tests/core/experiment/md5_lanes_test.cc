#include "core/experiment/md5_lanes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/experiment/bucket_hasher.h"

namespace sluice::core {
namespace {

std::string RandomText(Random& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& byte : text) byte = static_cast<char>(random.Next());
  return text;
}

// Every number of lanes, every length that fits, and every kernel that this machine can run.
TEST(Md5Lanes, AreTheLibrarysDigestForEveryLength) {
  BucketHasher library;
  ASSERT_TRUE(library.Usable().has_value());
  Random random(5);
  for (const Md5Kernel kernel : Md5Kernels()) {
    for (int round = 0; round < 2'000; ++round) {
      const std::string unit = RandomText(random, random.Below(kMd5MessageMax));
      Md5Batch batch(unit);
      std::vector<std::string> salts;
      for (std::size_t lanes = 1 + random.Below(kMd5Lanes); lanes > 0; --lanes) {
        salts.push_back(RandomText(random, random.Below(kMd5MessageMax - unit.size())));
        ASSERT_TRUE(batch.Fits(salts.back()));
        batch.Add(salts.back());
      }

      Md5Numbers numbers{};
      kernel(batch, numbers);

      for (std::size_t i = 0; i < salts.size(); ++i) {
        ASSERT_EQ(numbers[i], library.Number(unit, salts[i])) << "round " << round << ", lane " << i;
      }
    }
  }
}

TEST(Md5Lanes, TheLongestMessageOfOneBlockFitsAndNoLongerOne) {
  const Md5Batch batch(std::string(40, 'u'));

  EXPECT_TRUE(batch.Fits(std::string(14, 's')));
  EXPECT_FALSE(batch.Fits(std::string(15, 's')));
}

TEST(Md5Lanes, AClearedBatchTakesOthers) {
  Md5Batch batch("user-42");
  batch.Add("a longer salt than the next one");
  batch.Clear();
  batch.Add("ranking-v47");

  Md5Numbers numbers{};
  Md5Kernels().front()(batch, numbers);

  EXPECT_EQ(numbers[0] % 100, 33u);
}

}  // namespace
}  // namespace sluice::core
