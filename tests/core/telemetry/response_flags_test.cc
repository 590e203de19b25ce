#include "core/telemetry/response_flags.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(ResponseFlags, NoneIsADash) {
  char buffer[80];
  EXPECT_EQ(ResponseFlags().Text(buffer), "-");
}

TEST(ResponseFlags, SeveralAreJoinedByCommas) {
  ResponseFlags flags;
  flags.Set(ResponseFlag::kURX);
  flags.Set(ResponseFlag::kUF);
  char buffer[80];
  EXPECT_EQ(flags.Text(buffer), "UF,URX");
}

TEST(ResponseFlags, AllOfThemFitTheBuffer) {
  ResponseFlags flags;
  for (unsigned i = 0; i < static_cast<unsigned>(ResponseFlag::kCount); ++i) flags.Set(static_cast<ResponseFlag>(i));
  char buffer[80];
  EXPECT_LE(flags.Text(buffer).size(), sizeof buffer);
  EXPECT_EQ(ResponseFlagText(ResponseFlag::kUMSDR), "UMSDR");
}

}  // namespace
}  // namespace sluice::core
