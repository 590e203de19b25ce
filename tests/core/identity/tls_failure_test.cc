#include "core/identity/tls_failure.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice::core {
namespace {

TEST(TlsFailure, EveryCauseHasALabelOfItsOwn) {
  std::set<std::string_view> labels;
  for (std::size_t i = 1; i < kTlsFailureCount; ++i) {
    const std::string_view label = TlsFailureText(static_cast<TlsFailure>(i));
    EXPECT_FALSE(label.empty()) << i;
    EXPECT_EQ(label.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << label;
    EXPECT_TRUE(labels.insert(label).second) << label;
  }
  EXPECT_EQ(TlsFailureText(TlsFailure::kExpired), "expired");
}

}  // namespace
}  // namespace sluice::core
