#include "gateway/cli/admin_client.h"

#include <gtest/gtest.h>

#include "tests/gateway/cli/canned_server.h"
#include "tests/support/loopback.h"

namespace sluice::gateway {
namespace {

using core::ErrorCode;
using test::CannedServer;

AdminTarget TargetOf(const CannedServer& server) {
  return {.host = "127.0.0.1", .port = std::to_string(server.port())};
}

TEST(AdminClient, AsksOnceAndTellsStatusTypeAndBody) {
  CannedServer server({CannedServer::Json(R"({"a":1})", "409 Conflict")});
  AdminTarget target = TargetOf(server);
  target.token = "0123456789abcdef";
  const auto answer = Ask(target, "POST", "/sluice/v1/apply?x=1", "{}", "application/json");
  ASSERT_TRUE(answer) << answer.error().Text();
  EXPECT_EQ(answer->status, 409);
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_EQ(answer->body, R"({"a":1})");
  const std::string& request = server.Stop().at(0);
  EXPECT_TRUE(request.starts_with("POST /sluice/v1/apply?x=1 HTTP/1.1\r\nhost: " + server.address() + "\r\n"));
  EXPECT_NE(request.find("authorization: Bearer 0123456789abcdef\r\n"), std::string::npos);
  EXPECT_NE(request.find("content-type: application/json\r\n"), std::string::npos);
  EXPECT_NE(request.find("user-agent: " + ClientName()), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n{}"));
}

TEST(AdminClient, BodiesOfAnyFramingAndSizeArriveWhole) {
  const std::string big(3'000'000, 'x');
  CannedServer server({"HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(big.size()) + "\r\n\r\n" + big,
                       "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                       "HTTP/1.1 200 OK\r\n\r\nto the end", "HTTP/1.1 204 No Content\r\n\r\n"});
  const AdminTarget target = TargetOf(server);
  EXPECT_EQ(Ask(target, "GET", "/")->body, big);
  EXPECT_EQ(Ask(target, "GET", "/")->body, "abcde");
  EXPECT_EQ(Ask(target, "GET", "/")->body, "to the end");
  EXPECT_EQ(Ask(target, "GET", "/")->status, 204);
}

TEST(AdminClient, ABigRequestArrivesWhole) {
  CannedServer server({CannedServer::Json("{}")});
  const std::string body(4'000'000, 'y');
  ASSERT_TRUE(Ask(TargetOf(server), "POST", "/", body, "text/plain"));
  EXPECT_TRUE(server.Stop().at(0).ends_with("\r\n\r\n" + body));
}

TEST(AdminClient, NobodyThereIsUnavailableWithACure) {
  LoopbackListener listener;
  const std::string port = std::to_string(listener.port());
  listener.Close();
  const auto answer = Ask({.host = "127.0.0.1", .port = port}, "GET", "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(answer.error().cause.find("http://127.0.0.1:" + port), std::string::npos);
  EXPECT_NE(answer.error().cure.find("--server"), std::string::npos);
}

TEST(AdminClient, WhoNeverAnswersIsGivenUp) {
  LoopbackListener listener;
  const AdminTarget target{.host = "127.0.0.1", .port = std::to_string(listener.port())};
  const auto answer = Ask(target, "GET", "/", {}, {}, core::Milliseconds(50));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(answer.error().cause.find("in time"), std::string::npos);
}

TEST(AdminClient, HalfAnAnswerIsNone) {
  CannedServer server({"", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc",
                       "\x15\x03\x03\x00\x02\x02\x46", "220 mail.example.com ESMTP\r\n"});
  for (int i = 0; i < 5; ++i) {
    const auto answer = Ask(TargetOf(server), "GET", "/");
    ASSERT_FALSE(answer) << i;
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(answer.error().cure.find("https://"), std::string::npos);
  }
}

TEST(AdminClient, JsonAnswersAreToldWithTheirStatus) {
  CannedServer server({CannedServer::Json(R"({"outcome":"invalid","error":"bad"})", "422 Unprocessable Content")});
  const config::Json body{{"objects", config::Json::array()}};
  const auto answer = AskJson(TargetOf(server), "POST", "/sluice/v1/apply", &body);
  ASSERT_TRUE(answer) << answer.error().Text();
  EXPECT_EQ(answer->status, 422);
  EXPECT_EQ(answer->body["outcome"], "invalid");
  EXPECT_TRUE(server.Stop().at(0).ends_with(R"({"objects":[]})"));
}

TEST(AdminClient, ARefusalTellsHowToBeLetIn) {
  CannedServer server({CannedServer::Json("{}", "401 Unauthorized"), CannedServer::Json("{}", "401 Unauthorized")});
  AdminTarget target = TargetOf(server);
  const auto without = AskJson(target, "GET", "/");
  target.token = "0123456789abcdef";
  const auto with = AskJson(target, "GET", "/");
  ASSERT_FALSE(without || with);
  EXPECT_NE(without.error().cause, with.error().cause);
  for (const auto* answer : {&without, &with}) {
    EXPECT_EQ(answer->error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(answer->error().cure.find("--token-file"), std::string::npos);
    EXPECT_NE(answer->error().cure.find("--state-dir"), std::string::npos);
  }
}

TEST(AdminClient, WhatIsNoGatewayIsCited) {
  CannedServer server({"HTTP/1.1 404 Not Found\r\ncontent-length: 8\r\n\r\nno page\n",
                       "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html>\x1b[0m\nx\n"});
  const auto missing = AskJson(TargetOf(server), "GET", "/");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().cause.find("404: no page"), std::string::npos);
  const auto html = AskJson(TargetOf(server), "GET", "/");
  ASSERT_FALSE(html);
  EXPECT_NE(html.error().cause.find("<html> [0m"), std::string::npos) << "a terminal must not be told what to do";
}

TEST(AdminClient, SaysWhoItIs) {
  const std::string name = ClientName();
  EXPECT_TRUE(name.starts_with("sluice/")) << name;
  EXPECT_TRUE(name.ends_with(")")) << name;
}

}  // namespace
}  // namespace sluice::gateway
