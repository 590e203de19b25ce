#include "gateway/codec/make_codec.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace sluice::gateway {
namespace {

class MakeCodec : public testing::TestWithParam<core::Wire> {};

TEST_P(MakeCodec, MakesAClientThatIsReady) {
  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  ManualClock clock;

  const std::unique_ptr<Codec> codec =
      gateway::MakeCodec(Role::kClient, GetParam(), {limits, stats, pool, clock}, nullptr, {});

  EXPECT_EQ(codec->Capacity(), GetParam() == core::Wire::kHttp1 ? 1u : limits.streams_max);
  codec->Fill();
  codec->Output().Clear();
  EXPECT_TRUE(codec->Idle());
  EXPECT_TRUE(codec->WantsRead());
  EXPECT_FALSE(codec->WantsClose());
}

INSTANTIATE_TEST_SUITE_P(Wires, MakeCodec, testing::Values(core::Wire::kHttp1, core::Wire::kHttp2));

}  // namespace
}  // namespace sluice::gateway
