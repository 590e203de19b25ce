#include "core/upstream/affinity_hash.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

// Known values of xxHash64: keys must land where any other implementation puts them.
TEST(AffinityHash, IsXxHash64) {
  EXPECT_EQ(AffinityHash(""), 0xef46db3751d8e999ULL);
  EXPECT_EQ(AffinityHash("abc"), 0x44bc2cf5ad770999ULL);
}

TEST(AffinityHash, TheSeedChangesIt) { EXPECT_NE(AffinityHash("abc", 1), AffinityHash("abc", 2)); }

}  // namespace
}  // namespace sluice::core
