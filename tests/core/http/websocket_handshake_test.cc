#include "core/http/websocket_handshake.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

// The example of RFC 6455 section 1.3.
TEST(WebsocketHandshake, AnswersTheKeyOfAWebSocket) {
  const auto accept = WebsocketAccept("dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(std::string_view(accept.data(), accept.size()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebsocketHandshake, MakesKeysThatDiffer) {
  Random random(7);
  Arena arena;
  const std::string_view one = NewWebsocketKey(random, arena);
  const std::string_view other = NewWebsocketKey(random, arena);
  EXPECT_EQ(one.size(), kWebsocketKeySize);
  EXPECT_TRUE(one.ends_with("==")) << one;
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace sluice::core
