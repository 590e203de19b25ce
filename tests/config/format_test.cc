#include "config/format.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace sluice::config {
namespace {

TEST(Format, EveryHoleTakesTheNextValue) {
  EXPECT_EQ(Format("{}:{}: {}", "rules.yaml", 7, std::string("text")), "rules.yaml:7: text");
  EXPECT_EQ(Format("nothing to fill"), "nothing to fill");
}

TEST(Format, ValuesAreNeverReadAsPatterns) { EXPECT_EQ(Format("{} and {}", "{}", "b"), "{} and b"); }

TEST(Format, BracesAroundAHoleStay) { EXPECT_EQ(Format("write port: {number: {}}", 80), "write port: {number: 80}"); }

TEST(Format, NumbersAreWrittenAsShortAsTheyAre) {
  EXPECT_EQ(Format("{} {} {}", 0.5, -3, std::numeric_limits<std::uint64_t>::max()), "0.5 -3 18446744073709551615");
}

TEST(Format, HolesWithoutAValueStay) { EXPECT_EQ(Format("{} and {}", 1), "1 and {}"); }

}  // namespace
}  // namespace sluice::config
