#include "core/base/markup.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

TEST(Markup, CharactersThatOpenOrCloseSomethingHaveAnEntityAndAllOthersNone) {
  std::string escaped;
  for (int c = 0; c < 256; ++c) {
    const std::string_view entity = MarkupEntity(static_cast<char>(c));
    if (!entity.empty()) escaped.append(1, static_cast<char>(c)).append(entity).append(" ");
  }
  EXPECT_EQ(escaped, "\"&quot; &&amp; '&#39; <&lt; >&gt; ");
}

}  // namespace
}  // namespace sluice::core
