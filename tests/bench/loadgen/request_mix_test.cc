#include "bench/loadgen/request_mix.h"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

std::string Compose(const RequestParts& parts) {
  const auto mix = RequestMix::FromParts(parts);
  if (!mix) return "error: " + mix.error().Text();
  std::string out = mix->host() + "|" + mix->port() + "|";
  mix->AppendHead(out, {.number = 7});
  return out.append(mix->Body({}));
}

TEST(RequestMix, ARequestIsComposedFromItsParts) {
  EXPECT_EQ(Compose({.url = "http://127.0.0.1:8080/p?u={n}", .headers = {"X-User: u{n}"}}),
            "127.0.0.1|8080|GET /p?u=7 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-User: u7\r\n\r\n");
  EXPECT_EQ(Compose({.url = "http://h", .method = "POST", .headers = {"host: model"}, .body = "{n}"}),
            "h|80|POST / HTTP/1.1\r\nhost: model\r\nContent-Length: 3\r\n\r\n{n}");
  EXPECT_EQ(Compose({.url = "http://[::1]:81?a=b"}), "::1|81|GET /?a=b HTTP/1.1\r\nHost: [::1]:81\r\n\r\n");
}

TEST(RequestMix, WhatCannotBeSentIsRefused) {
  for (const RequestParts& parts :
       {RequestParts{.url = "ftp://h"}, RequestParts{.url = "http://"}, RequestParts{.url = "http://h:0"},
        RequestParts{.url = "http://h:x"}, RequestParts{.url = "http://h/a b"},
        RequestParts{.url = "http://h", .method = "G T"}, RequestParts{.url = "http://h", .headers = {"no colon"}},
        RequestParts{.url = "http://h", .headers = {"a: b\r\nc: d"}},
        RequestParts{.url = "http://h", .body_bytes = 1ULL << 40}}) {
    EXPECT_TRUE(Compose(parts).starts_with("error")) << parts.url;
  }
}

}  // namespace
}  // namespace sluice::bench
