#include "gateway/codec/make_codec.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

TEST(MakeCodec, MakesAClientThatIsReady) {
  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  const std::unique_ptr<Codec> codec = MakeCodec(Role::kClient, limits, stats, pool, nullptr, {});
  EXPECT_EQ(codec->Capacity(), 1u);
  EXPECT_TRUE(codec->Idle());
  EXPECT_TRUE(codec->WantsRead());
  EXPECT_FALSE(codec->WantsClose());
}

}  // namespace
}  // namespace sluice::gateway
