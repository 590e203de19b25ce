#include "bench/loadgen/options.h"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

std::string Compose(const RequestParts& parts) {
  LoadOptions options;
  const auto status = ComposeRequest(parts, options);
  if (!status) return "error: " + status.error().Text();
  std::string out;
  core::Random random(1);
  options.request.Append(out, 7, random);
  return options.host + "|" + options.port + "|" + out + options.body;
}

TEST(LoadOptions, ARequestIsComposedFromItsParts) {
  EXPECT_EQ(Compose({.url = "http://127.0.0.1:8080/p?u={n}", .headers = {"X-User: u{n}"}}),
            "127.0.0.1|8080|GET /p?u=7 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-User: u7\r\n\r\n");
  EXPECT_EQ(Compose({.url = "http://h", .method = "POST", .headers = {"host: model"}, .body = "{n}"}),
            "h|80|POST / HTTP/1.1\r\nhost: model\r\nContent-Length: 3\r\n\r\n{n}");
  EXPECT_EQ(Compose({.url = "http://[::1]:81?a=b"}), "::1|81|GET /?a=b HTTP/1.1\r\nHost: [::1]:81\r\n\r\n");
}

TEST(LoadOptions, WhatCannotBeSentIsRefused) {
  for (const RequestParts& parts :
       {RequestParts{.url = "https://h"}, RequestParts{.url = "http://"}, RequestParts{.url = "http://h:0"},
        RequestParts{.url = "http://h:x"}, RequestParts{.url = "http://h/a b"},
        RequestParts{.url = "http://h", .method = "G T"}, RequestParts{.url = "http://h", .headers = {"no colon"}},
        RequestParts{.url = "http://h", .headers = {"a: b\r\nc: d"}},
        RequestParts{.url = "http://h", .body_bytes = 1ULL << 40}}) {
    EXPECT_TRUE(Compose(parts).starts_with("error")) << parts.url;
  }
}

TEST(LoadOptions, DurationsCarryTheirUnit) {
  EXPECT_EQ(*ParseDuration("10s"), std::chrono::seconds(10));
  EXPECT_EQ(*ParseDuration("1.5ms"), std::chrono::microseconds(1500));
  EXPECT_EQ(*ParseDuration("2m"), std::chrono::minutes(2));
  for (const std::string_view text : {"", "10", "s", "-1s", "0s", "10 s", "25h", "1e9m"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::bench
