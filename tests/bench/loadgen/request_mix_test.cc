#include "bench/loadgen/request_mix.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace sluice::bench {
namespace {

std::string Compose(const RequestParts& parts) {
  const auto mix = RequestMix::FromParts(parts);
  if (!mix) return "error: " + mix.error().Text();
  std::string out = mix->host() + "|" + mix->port() + "|";
  mix->AppendHead(out, {.number = 7});
  return out.append(mix->Body({}));
}

std::string FieldsOf(const RequestMix& mix, const RequestDraw& draw) {
  std::string arena;
  std::vector<FieldView> fields;
  mix.Fields(draw, arena, fields);
  std::string out;
  for (const FieldView& field : fields) out.append(field.name).append("=").append(field.value).append("\n");
  return out;
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
        RequestParts{.url = "http://h", .body_bytes = 1ULL << 40},
        RequestParts{.url = "http://h", .headers = {"x-user-id: u1"}, .unit = "x-user-id"}}) {
    EXPECT_TRUE(Compose(parts).starts_with("error")) << parts.url;
  }
}

TEST(RequestMix, FieldsOfHttp2HaveTheSameValuesAndNoneThatItForbids) {
  const auto mix = RequestMix::FromParts({.url = "https://h:8443/p/{n}",
                                          .method = "POST",
                                          .headers = {"Host: model", "Connection: close", "X-User: u{random:1}"},
                                          .body = "abc"});
  ASSERT_TRUE(mix);
  EXPECT_TRUE(mix->tls());
  EXPECT_EQ(FieldsOf(*mix, {.number = 3}),
            ":method=POST\n:scheme=https\n:authority=model\n:path=/p/3\nx-user=u0\ncontent-length=3\n");
}

TEST(RequestMix, AGrpcCallHasItsFieldsAndAFramedMessage) {
  const auto mix = RequestMix::FromParts({.url = "http://h/pkg.Service/Call", .body = "abc", .grpc = true});
  ASSERT_TRUE(mix);
  EXPECT_EQ(FieldsOf(*mix, {}),
            ":method=POST\n:scheme=http\n:authority=h\n:path=/pkg.Service/Call\ncontent-type=application/grpc\n"
            "te=trailers\n");
  EXPECT_EQ(mix->Body({}), std::string_view("\0\0\0\0\3abc", 8));
}

TEST(RequestMix, TheSameDrawIsWrittenTheSameWayEveryTime) {
  const auto mix = RequestMix::FromParts({.url = "http://h/{random:1000000}", .headers = {"a: {random:1000000}"}});
  ASSERT_TRUE(mix);
  core::Random random(4);
  const RequestDraw draw = mix->Draw(0, random);
  std::string once;
  std::string again;
  mix->AppendHead(once, draw);
  mix->AppendHead(again, draw);
  EXPECT_EQ(once, again);
  std::string other;
  mix->AppendHead(other, mix->Draw(1, random));
  EXPECT_NE(once, other);
}

TEST(RequestMix, TheHeaderThatNamesTheUnitIsDrawnOnceForItsRequest) {
  const auto mix =
      RequestMix::FromParts({.url = "http://h", .headers = {"X-User-Id: u{random:50}!"}, .unit = "x-user-id"});
  ASSERT_TRUE(mix);
  core::Random random(9);
  std::set<std::uint64_t> units;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const RequestDraw draw = mix->Draw(i, random);
    units.insert(draw.unit);
    std::string head;
    mix->AppendHead(head, draw);
    EXPECT_NE(head.find("X-User-Id: u" + std::to_string(draw.unit) + "!\r\n"), std::string::npos) << head;
  }
  EXPECT_EQ(units.size(), 50U);
  EXPECT_EQ(*units.rbegin(), 49U);
}

TEST(RequestMix, WithoutUsersThereIsNoUnit) {
  const auto mix = RequestMix::FromParts({.url = "http://h/{user}"});
  ASSERT_TRUE(mix);
  core::Random random(1);
  const RequestDraw draw = mix->Draw(5, random);
  EXPECT_EQ(draw.unit, kNoUnit);
  EXPECT_EQ(draw.number, 5U);
  std::string head;
  mix->AppendHead(head, draw);
  EXPECT_TRUE(head.starts_with("GET /{user} HTTP/1.1\r\n"));
}

}  // namespace
}  // namespace sluice::bench
