// The options that sessions of nghttp2 are made with, as far as a peer can see them; its callbacks are what every other
// test of H2Codec goes through.
#include "gateway/codec/h2_callbacks.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/gateway/codec/h2_wire.h"

namespace sluice::gateway::h2 {
namespace {

std::string SettingsOf(int entries) {
  std::string payload;
  for (int i = 0; i < entries; ++i) payload += Number(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 2) + Word(1 << 14);
  return Frame(NGHTTP2_SETTINGS, 0, 0, payload);
}

TEST(H2Callbacks, SettingsHaveThirtyTwoEntriesAtMost) {
  Server fits;
  Server exceeds;

  fits.Receive(Begin() + SettingsOf(32));
  exceeds.Receive(Begin() + SettingsOf(33));

  EXPECT_EQ(fits.Goaway(), std::nullopt);
  EXPECT_EQ(exceeds.Goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_TRUE(exceeds.codec.WantsClose());
}

}  // namespace
}  // namespace sluice::gateway::h2
