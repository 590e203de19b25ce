#include "core/http/trailer_policy.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(TrailerPolicy, KeepsAnnouncedFieldsAndThoseOfGrpc) {
  Arena arena;
  HeaderMap trailers(arena);
  for (const char* name : {"grpc-status", "grpc-message", "grpc-status-details-bin", "x-sum", "x-other"}) {
    trailers.AddCopy(name, "1");
  }
  EXPECT_EQ(FilterTrailers(trailers, "X-Sum, X-None"), 1u);
  EXPECT_EQ(trailers.Find("x-other"), std::nullopt);
  EXPECT_EQ(trailers.size(), 4u);
}

TEST(TrailerPolicy, DropsWhatCouldReframeRerouteOrAuthenticateEvenWhenAnnounced) {
  for (const char* name : {"host",
                           "content-length",
                           "transfer-encoding",
                           "authorization",
                           "cookie",
                           "set-cookie",
                           "connection",
                           "te",
                           "trailer",
                           "x-ab-bucket",
                           "x_ab_bucket",
                           "x-envoy-retry-on",
                           "x-sluice-mirror",
                           "x-forwarded-for",
                           "x-forwarded-client-cert",
                           "cache-control",
                           "content-encoding",
                           "range",
                           "x-request-id",
                           "x-envoy-bin"}) {
    Arena arena;
    HeaderMap trailers(arena);
    trailers.AddCopy(name, "1");
    EXPECT_EQ(FilterTrailers(trailers, name), 1u) << name;
  }
}

}  // namespace
}  // namespace sluice::core
