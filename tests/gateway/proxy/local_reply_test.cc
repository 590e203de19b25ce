#include "gateway/proxy/local_reply.h"

#include <gtest/gtest.h>

#include <utility>

namespace sluice::gateway {
namespace {

using core::HeaderName;

TEST(LocalReply, AGrpcCallerGetsTheMappedStatusAndNoBody) {
  for (const auto& [status, grpc] : {std::pair{400, "13"},
                                     {401, "16"},
                                     {403, "7"},
                                     {404, "12"},
                                     {408, "2"},
                                     {413, "2"},
                                     {429, "14"},
                                     {500, "2"},
                                     {502, "14"},
                                     {503, "14"},
                                     {504, "14"},
                                     {507, "2"}}) {
    core::Arena arena;

    const LocalAnswer answer =
        MakeLocalAnswer({.status = static_cast<std::uint16_t>(status), .cause = "why", .grpc = true}, arena);

    EXPECT_EQ(answer.head.status, 200) << status;
    EXPECT_EQ(answer.head.headers.Find(HeaderName::kContentType), "application/grpc");
    EXPECT_EQ(answer.head.headers.Find(HeaderName::kGrpcStatus), grpc) << status;
    EXPECT_EQ(answer.head.headers.Find(HeaderName::kGrpcMessage), "why");
    EXPECT_TRUE(answer.body.empty());
    EXPECT_EQ(answer.head.content_length, 0U);
  }
}

TEST(LocalReply, AGrpcMessageIsPercentEncodedAndLeftOutWhenEmpty) {
  core::Arena arena;

  const LocalAnswer told = MakeLocalAnswer({.cause = "100%\n", .grpc = true, .plain = true}, arena);
  const LocalAnswer silent = MakeLocalAnswer({.grpc = true}, arena);

  EXPECT_EQ(told.head.headers.Find(HeaderName::kGrpcMessage), "100%25%0A");
  EXPECT_TRUE(told.body.empty());
  EXPECT_FALSE(silent.head.headers.Has(HeaderName::kGrpcMessage));
}

TEST(LocalReply, AGivenGrpcStatusBeatsTheMappedOne) {
  core::Arena arena;

  const LocalAnswer answer = MakeLocalAnswer({.status = 200, .grpc = true, .grpc_status = 8}, arena);

  EXPECT_EQ(answer.head.headers.Find(HeaderName::kGrpcStatus), "8");
}

TEST(LocalReply, AnOverloadedGatewaySaysSoToEverybody) {
  for (const bool grpc : {false, true}) {
    core::Arena arena;
    const LocalAnswer answer = MakeLocalAnswer({.overloaded = true, .grpc = grpc}, arena);
    EXPECT_EQ(answer.head.headers.Find(HeaderName::kXEnvoyOverloaded), "true");
  }
}

TEST(LocalReply, EveryoneElseGetsAProblemDocument) {
  core::Arena arena;

  const LocalAnswer answer =
      MakeLocalAnswer({.status = 503, .flags = "UH", .cause = "no \"healthy\" upstream", .request_id = "id"}, arena);

  EXPECT_EQ(answer.head.status, 503);
  EXPECT_EQ(answer.head.headers.Find(HeaderName::kContentType), "application/problem+json");
  EXPECT_EQ(answer.body.view(),
            "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"flags\":\"UH\","
            "\"requestId\":\"id\",\"detail\":\"no \\\"healthy\\\" upstream\"}\n");
}

}  // namespace
}  // namespace sluice::gateway
