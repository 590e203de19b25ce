#include "config/grpc_code.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(GrpcCode, NamesOfTheProtocolHaveTheirNumbers) {
  EXPECT_EQ(GrpcCodeOf("OK"), 0U);
  EXPECT_EQ(GrpcCodeOf("CANCELLED"), 1U);
  EXPECT_EQ(GrpcCodeOf("DEADLINE_EXCEEDED"), 4U);
  EXPECT_EQ(GrpcCodeOf("RESOURCE_EXHAUSTED"), 8U);
  EXPECT_EQ(GrpcCodeOf("INTERNAL"), 13U);
  EXPECT_EQ(GrpcCodeOf("UNAVAILABLE"), 14U);
  EXPECT_EQ(GrpcCodeOf("UNAUTHENTICATED"), 16U);
}

TEST(GrpcCode, OtherSpellingsAndNumbersAreNoNames) {
  for (const char* name : {"", "unavailable", "Unavailable", "14", "CANCELED", "UNAVAILABLE "}) {
    EXPECT_EQ(GrpcCodeOf(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace sluice::config
