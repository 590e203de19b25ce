#include "gateway/explain/curl_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sluice::gateway {
namespace {

core::SampleRequest Read(std::string_view line) {
  auto request = ParseCurlLine(line);
  EXPECT_TRUE(request.has_value()) << line << ": " << (request ? "" : request.error().Text());
  return request ? *request : core::SampleRequest{};
}

std::string Header(const core::SampleRequest& request, std::string_view name) {
  const auto at = std::ranges::find(request.headers, name, &std::pair<std::string, std::string>::first);
  return at == request.headers.end() ? "none" : at->second;
}

std::string Cause(std::string_view line) {
  const auto request = ParseCurlLine(line);
  return request ? "" : request.error().cause;
}

TEST(CurlLine, QuotesAreTheShells) {
  const auto request =
      Read("curl -X PUT \\\n  -H 'X-User-Id: 42' -H \"x-b: \\\"q\\\" $\" -H $'x-c: it\\'s' http://ran\\king/'ra'nk");
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.authority, "ranking");
  EXPECT_EQ(request.target, "/rank");
  EXPECT_EQ(Header(request, "X-User-Id"), "42");
  EXPECT_EQ(Header(request, "x-b"), "\"q\" $");
  EXPECT_EQ(Header(request, "x-c"), "it's");
}

TEST(CurlLine, BodiesMakeAPost) {
  const auto posted = Read("curl -sSk http://a/ -d x=1 -d y=2");
  EXPECT_EQ(posted.method, "POST");
  EXPECT_EQ(Header(posted, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(Read("curl --json '{}' http://a/").method, "POST");
  EXPECT_EQ(Header(Read("curl --json '{}' http://a/"), "Content-Type"), "application/json");
  EXPECT_EQ(Read("curl -T file http://a/").method, "PUT");
  EXPECT_EQ(Read("curl -I http://a/").method, "HEAD");
  EXPECT_EQ(Read("curl -XDELETE -d x http://a/").method, "DELETE");
  const auto got = Read("curl -G http://a/?q=0 -d x=1 -d y=2");
  EXPECT_EQ(got.method, "GET");
  EXPECT_EQ(got.target, "/?q=0&x=1&y=2");
  EXPECT_EQ(Header(got, "Content-Type"), "none");
}

TEST(CurlLine, ShortcutsForFieldsGiveWayToFields) {
  const auto request = Read("curl http://a/ -b a=1 -b b=2 -A me -e from -u user:pass -H 'Accept;'");
  EXPECT_EQ(Header(request, "Cookie"), "a=1; b=2");
  EXPECT_EQ(Header(request, "User-Agent"), "me");
  EXPECT_EQ(Header(request, "Referer"), "from");
  EXPECT_EQ(Header(request, "Authorization"), "Basic dXNlcjpwYXNz");
  EXPECT_EQ(Header(request, "Accept"), "");
  EXPECT_EQ(Header(Read("curl http://a/ -A me -H 'user-agent: you'"), "user-agent"), "you");
  EXPECT_EQ(Header(Read("curl http://a/ -H 'User-Agent:'"), "User-Agent"), "none");
  EXPECT_EQ(Header(Read("curl http://a/"), "Accept"), "*/*");
}

TEST(CurlLine, WhatIsNotUnderstoodIsNamed) {
  EXPECT_NE(Cause("curl --proto https http://a/").find("--proto"), std::string::npos);
  EXPECT_NE(Cause("curl -sZ http://a/").find("-Z"), std::string::npos);
  EXPECT_NE(Cause("curl -H").find("-H has no value"), std::string::npos);
  EXPECT_NE(Cause("curl 'http://a/").find("quote"), std::string::npos);
  EXPECT_NE(Cause("curl -s").find("no URL"), std::string::npos);
  EXPECT_NE(Cause("curl http://a/ http://b/").find("more than one"), std::string::npos);
  EXPECT_NE(Cause("curl -H nothing http://a/").find("no colon"), std::string::npos);
}

TEST(CurlLine, OptionsThatDoNotChangeTheRequestArePassedOver) {
  const auto request = Read("curl -o out -fsSLvk --max-time 3 -w '%{http_code}' --cacert ca.pem -m1 -- http://a/b");
  EXPECT_EQ(request.target, "/b");
  EXPECT_EQ(request.method, "GET");
}

}  // namespace
}  // namespace sluice::gateway
