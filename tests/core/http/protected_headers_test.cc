#include "core/http/protected_headers.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(ProtectedHeaders, CoverEverySpelling) {
  for (const char* name :
       {"x-envoy-retry-on", "x_envoy_retry_on", "x-envoy_original-path", "x-sluice-mirror", "x_sluice_mirror",
        "x-ab-bucket", "x_ab_bucket", "x-ab_arm", "x-ab-experiment", "x-forwarded-client-cert",
        "x_forwarded_client_cert", "x_forwarded_for", "x-forwarded_proto", "x_request_id"}) {
    EXPECT_TRUE(IsProtectedHeader(name)) << name;
  }
}

TEST(ProtectedHeaders, LeaveApplicationsAlone) {
  for (const char* name : {"x-user-id", "x-user-segment", "x-ab-bucketing", "x-ab-", "x-forwarded-for", "x-request-id",
                           "x-envoyish", "x-env", "envoy-x", "x_user_id", "accept", "x-sluic"}) {
    EXPECT_FALSE(IsProtectedHeader(name)) << name;
  }
}

TEST(ProtectedHeaders, AreRemovedWithTheirDuplicates) {
  Arena arena;
  HeaderMap headers(arena);
  headers.AddCopy("X-AB-Bucket", "1");
  headers.AddCopy("x-user-id", "2");
  headers.AddCopy("x-ab-bucket", "3");
  EXPECT_EQ(RemoveProtected(headers), 2u);
  EXPECT_EQ(headers.Find("x-user-id"), "2");
}

}  // namespace
}  // namespace sluice::core
