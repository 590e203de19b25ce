#include "core/http/reset_reason.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(ResetReason, EveryReasonHasAName) {
  for (int i = 0; i <= static_cast<int>(ResetReason::kInternal); ++i) {
    EXPECT_FALSE(ResetReasonText(static_cast<ResetReason>(i)).empty());
  }
}

TEST(ResetReason, NamesAreThoseOfResponseCodeDetails) {
  EXPECT_EQ(ResetReasonText(ResetReason::kConnectFailure), "remote_connection_failure");
  EXPECT_EQ(ResetReasonText(ResetReason::kConnectionReset), "connection_termination");
  EXPECT_EQ(ResetReasonText(ResetReason::kOverflow), "overflow");
  EXPECT_EQ(ResetReasonText(ResetReason::kProtocolError), "protocol_error");
}

}  // namespace
}  // namespace sluice::core
