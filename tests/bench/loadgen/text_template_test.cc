#include "bench/loadgen/text_template.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice::bench {
namespace {

TEST(TextTemplate, FillsInNumbersAndDraws) {
  const auto parsed = TextTemplate::Parse("/u/{n}/{random:3}/{other}");
  ASSERT_TRUE(parsed);
  core::Random random(5);
  std::set<std::string> seen;

  for (int i = 0; i < 100; ++i) {
    std::string out;
    parsed->Append(out, {.n = 42}, random);
    seen.insert(out);
  }

  EXPECT_EQ(seen, (std::set<std::string>{"/u/42/0/{other}", "/u/42/1/{other}", "/u/42/2/{other}"}));
  EXPECT_FALSE(parsed->constant());
}

TEST(TextTemplate, TextWithoutPlacesIsConstant) {
  EXPECT_TRUE(TextTemplate::Parse("plain")->constant());
  EXPECT_TRUE(TextTemplate::Parse("")->constant());
}

TEST(TextTemplate, RefusesADrawWithoutARange) {
  for (const std::string_view text : {"{random:}", "{random:0}", "{random:x}", "{random:5", "{random:-1}"}) {
    EXPECT_FALSE(TextTemplate::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::bench
