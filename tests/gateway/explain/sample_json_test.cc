#include "gateway/explain/sample_json.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using config::Json;

TEST(SampleJson, AUrlBecomesSchemeAuthorityAndTarget) {
  const auto parts = [](std::string_view url) {
    core::SampleRequest request;
    EXPECT_TRUE(SetUrl(url, request)) << url;
    return request.scheme + " " + request.authority + " " + request.target;
  };
  EXPECT_EQ(parts("http://Ranking:8080/rank?n=1#part"), "http Ranking:8080 /rank?n=1");
  EXPECT_EQ(parts("https://ranking"), "https ranking /");
  EXPECT_EQ(parts("http://ranking?n=1"), "http ranking /?n=1");
  EXPECT_EQ(parts("ranking/rank"), "http ranking /rank");
  EXPECT_EQ(parts("/rank?to=http://other/"), "http  /rank?to=http://other/");
  core::SampleRequest request;
  EXPECT_FALSE(SetUrl("ftp://ranking/", request));
  EXPECT_FALSE(SetUrl("http:///rank", request));
}

TEST(SampleJson, EveryKeyIsRead) {
  const auto query = ParseSample(Json::parse(R"({
    "method": "POST", "url": "https://ranking/rank", "headers": {"x-user-id": 42}, "client_address": "10.0.0.1",
    "port": 8443, "sni": "Ranking", "principal": "spiffe://td/ns/ml/sa/api", "draw": "18446744073709551615", "id": 7,
    "target": null})"));
  ASSERT_TRUE(query.has_value()) << query.error().Text();
  const core::SampleRequest& request = query->request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.scheme, "https");
  EXPECT_EQ(request.target, "/rank");
  EXPECT_EQ(request.headers, (std::vector<std::pair<std::string, std::string>>{{"x-user-id", "42"}}));
  EXPECT_EQ(request.client_address, "10.0.0.1");
  EXPECT_EQ(request.listener_port, 8443);
  EXPECT_EQ(request.sni, "ranking");
  EXPECT_EQ(request.peer->spiffe.service_account, "api");
  EXPECT_EQ(query->draw, UINT64_MAX);
}

TEST(SampleJson, WhatIsWrittenIsReadBack) {
  SampleQuery query;
  query.request.authority = "ranking";
  query.request.target = "/a?b";
  query.request.headers = {{"A", "1"}, {"a", "2"}};
  query.request.listener_port = 80;
  query.request.request_id = "id";
  query.request.local_address = "10.0.0.2";
  query.draw = 9;
  const auto again = ParseSample(SampleToJson(query));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(SampleToJson(*again), SampleToJson(query));
  EXPECT_EQ(again->request.headers, query.request.headers);
  EXPECT_EQ(again->request.local_address, "10.0.0.2");
}

TEST(SampleJson, AMisspeltKeyIsAnErrorThatNamesIt) {
  const auto query = ParseSample(Json{{"hedaers", Json::object()}});
  ASSERT_FALSE(query.has_value());
  EXPECT_NE(query.error().cause.find("hedaers"), std::string::npos);
  EXPECT_FALSE(ParseSample(Json::array()).has_value());
  EXPECT_FALSE(ParseSample(Json{{"headers", Json::array({1})}}).has_value());
  EXPECT_FALSE(ParseSample(Json{{"port", 70000}}).has_value());
  EXPECT_FALSE(ParseSample(Json{{"draw", "1e3"}}).has_value());
  EXPECT_FALSE(ParseSample(Json{{"principal", "http://x"}}).has_value());
}

}  // namespace
}  // namespace sluice::gateway
