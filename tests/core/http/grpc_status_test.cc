#include "core/http/grpc_status.h"

#include <gtest/gtest.h>

#include <utility>

namespace sluice::core {
namespace {

TEST(GrpcStatus, ComesFromTheStatusOfALocalAnswer) {
  for (const auto& [http, grpc] : {std::pair{200, 2u},
                                   {400, 13u},
                                   {401, 16u},
                                   {403, 7u},
                                   {404, 12u},
                                   {429, 14u},
                                   {502, 14u},
                                   {503, 14u},
                                   {504, 14u},
                                   {418, 2u},
                                   {500, 2u}}) {
    EXPECT_EQ(GrpcStatusFromHttp(static_cast<std::uint16_t>(http)), grpc) << http;
  }
}

TEST(GrpcStatus, StandsForAStatusInOutlierDetection) {
  for (const auto& [grpc, http] : {std::pair{0, 200},
                                   {2, 500},
                                   {4, 504},
                                   {8, 429},
                                   {12, 501},
                                   {13, 500},
                                   {14, 503},
                                   {15, 500},
                                   {99, 500},
                                   {-1, 500}}) {
    EXPECT_EQ(HttpFromGrpcStatus(grpc), http) << grpc;
  }
}

TEST(GrpcStatus, IsReadFromTheFieldsOfHeadOrTrailers) {
  Arena arena;
  HeaderMap fields(arena);
  EXPECT_EQ(FindGrpcStatus(fields), -1);

  for (const auto& [text, status] : {std::pair{"0", 0},
                                     {"14", 14},
                                     {"99", 99},
                                     {"", kGrpcUnknown},
                                     {"x", kGrpcUnknown},
                                     {"-2", kGrpcUnknown},
                                     {"+1", kGrpcUnknown},
                                     {"4294967310", kGrpcUnknown},
                                     {"99999999999999999999", kGrpcUnknown}}) {
    fields.Set(HeaderName::kGrpcStatus, text);
    EXPECT_EQ(FindGrpcStatus(fields), status) << text;
  }
}

TEST(GrpcStatus, EncodesMessagesOnlyWhereItMust) {
  Arena arena;
  const std::string_view plain = "no healthy upstream";
  EXPECT_EQ(EncodeGrpcMessage(plain, arena).data(), plain.data());
  EXPECT_EQ(EncodeGrpcMessage("100%\n\xc3", arena), "100%25%0A%C3");
}

TEST(GrpcStatus, KnowsItsContentType) {
  for (const char* good : {"application/grpc", "application/grpc+proto", "application/grpc;x"}) {
    EXPECT_TRUE(IsGrpcContentType(good)) << good;
  }
  for (const char* bad : {"application/grpc-web", "application/json", "", "application/grpcx"}) {
    EXPECT_FALSE(IsGrpcContentType(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::core
