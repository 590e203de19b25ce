#include "gateway/explain/log_line.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using config::Json;

Json Line() {
  return {{"method", "POST"},
          {"authority", "ranking"},
          {"path", "/rank?n=1"},
          {"user_agent", "curl/8"},
          {"request_id", "id-1"},
          {"x_forwarded_for", "198.51.100.7,10.0.0.1"},
          {"downstream_remote_address", "10.0.0.1:51000"},
          {"downstream_local_address", "[::1]:8443"},
          {"requested_server_name", "Ranking"},
          {"source_principal", "spiffe://td/ns/ml/sa/api"},
          {"virtual_service", "ml/vs"},
          {"rule_index", 1},
          {"subset", "v47"},
          {"split_draw", "193"},
          {"revision", "1"}};
}

TEST(LogLine, WhatTheLineKnowsIsTheRequest) {
  const auto query = ReadLogLine(Line());
  ASSERT_TRUE(query.has_value());
  const core::SampleRequest& request = query->request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.authority, "ranking");
  EXPECT_EQ(request.target, "/rank?n=1");
  EXPECT_EQ(request.scheme, "https");
  EXPECT_EQ(request.sni, "ranking");
  EXPECT_EQ(request.client_address, "10.0.0.1");
  EXPECT_EQ(request.local_address, "::1");
  EXPECT_EQ(request.listener_port, 8443);
  EXPECT_EQ(request.peer->spiffe.name_space, "ml");
  EXPECT_EQ(query->draw, 193u);
  const std::vector<std::pair<std::string, std::string>> fields = {{"user-agent", "curl/8"},
                                                                   {"x-forwarded-for", "198.51.100.7"}};
  EXPECT_EQ(request.request_id, "id-1");
  EXPECT_EQ(request.headers, fields);
}

TEST(LogLine, ALineOfSomethingElseIsRefused) {
  EXPECT_FALSE(ReadLogLine(Json::array()).has_value());
  EXPECT_FALSE(ReadLogLine(Json{{"method", nullptr}, {"path", nullptr}}).has_value());
  Json line = Line();
  line["split_draw"] = "x";
  EXPECT_FALSE(ReadLogLine(line).has_value());
}

TEST(LogLine, DifferencesAreNamedFieldByField) {
  const Json same = {{"decision", {{"virtual_service", "ml/vs"}, {"rule_index", 1}, {"subset", "v47"}}},
                     {"revision", "1"}};
  EXPECT_EQ(CompareWithLine(Line(), same)["agrees"], true);

  const Json other = {{"decision", {{"virtual_service", "ml/vs"}, {"rule_index", 0}, {"subset", "v47"}}},
                      {"revision", "2"}};
  const Json compared = CompareWithLine(Line(), other);
  EXPECT_EQ(compared["agrees"], false);
  ASSERT_EQ(compared["differs"].size(), 1u);
  EXPECT_EQ(compared["differs"][0], (Json{{"field", "rule_index"}, {"logged", 1}, {"explained", 0}}));
  EXPECT_EQ(compared["notes"].size(), 2u);
}

}  // namespace
}  // namespace sluice::gateway
