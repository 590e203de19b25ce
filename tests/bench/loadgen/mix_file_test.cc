#include "bench/loadgen/mix_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace sluice::bench {
namespace {

const RequestParts kDefaults{.url = "http://127.0.0.1:8080/predict"};

core::Result<RequestMix> Mix(std::string_view text, const RequestParts& defaults = kDefaults) {
  const auto target = ParseTarget(defaults.url);
  auto file = ParseMix(text, "mix.yaml", defaults, *target);
  if (!file) return std::unexpected(file.error());
  return RequestMix::FromKinds(std::move(file->kinds), std::move(file->users), *target);
}

std::string ErrorOf(std::string_view text, const RequestParts& defaults = kDefaults) {
  const auto mix = Mix(text, defaults);
  return mix ? "no error" : mix.error().Text();
}

std::string HeadOf(const RequestMix& mix, const RequestDraw& draw) {
  std::string head;
  mix.AppendHead(head, draw);
  return head;
}

// The example of the documentation, drawn from as a run does.
TEST(MixFile, TheExampleShopIsDrawnByWeightAndUsersFollowZipf) {
  const auto mix = RequestMix::Load("bench/load/mixes/shop.yaml", kDefaults);
  ASSERT_TRUE(mix) << mix.error().Text();
  EXPECT_EQ(mix->KindNames(), (std::vector<std::string>{"rank", "profile", "upload"}));
  core::Random random(3);
  constexpr int kDraws = 50'000;
  std::vector<int> kinds(3);
  int first_user = 0;
  std::vector<double> rank_bytes;
  for (int i = 0; i < kDraws; ++i) {
    const RequestDraw draw = mix->Draw(static_cast<std::uint64_t>(i), random);
    ++kinds[draw.kind];
    if (draw.unit == 0) ++first_user;
    const std::string head = HeadOf(*mix, draw);
    const std::string_view body = mix->Body(draw);
    EXPECT_NE(head.find("x-user-id: u" + std::to_string(draw.unit) + "\r\n"), std::string::npos);
    if (draw.kind == 0) rank_bytes.push_back(static_cast<double>(body.size()));
    if (draw.kind == 1) {
      EXPECT_TRUE(body.empty());
      continue;
    }
    EXPECT_NE(head.find("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n"), std::string::npos);
  }
  EXPECT_NEAR(kinds[0], 0.80 * kDraws, 400);
  EXPECT_NEAR(kinds[1], 0.18 * kDraws, 400);
  EXPECT_NEAR(kinds[2], 0.02 * kDraws, 150);
  double sum = 0;
  for (int k = 1; k <= 100'000; ++k) sum += std::pow(k, -1.1);
  EXPECT_NEAR(first_user, kDraws / sum, 5 * std::sqrt(kDraws / sum));
  std::ranges::sort(rank_bytes);
  EXPECT_GE(rank_bytes.front(), 200);
  EXPECT_LE(rank_bytes.back(), 16384);
  // The lower bound cuts a fiftieth of the law off, so the median of what is left lies a little above.
  EXPECT_NEAR(rank_bytes[rank_bytes.size() / 2], 1044, 30);
}

TEST(MixFile, AnEntryTakesFromTheCommandLineWhatItLeavesOut) {
  const RequestParts defaults{.url = "http://h/predict", .method = "POST", .headers = {"x-key: 1"}, .body = "hello"};
  const auto mix =
      Mix("requests: [{name: a}, {name: b, method: GET, path: /b, headers: {x-b: b}, bodyBytes: 0}]", defaults);
  ASSERT_TRUE(mix) << mix.error().Text();
  EXPECT_EQ(HeadOf(*mix, {.kind = 0}), "POST /predict HTTP/1.1\r\nHost: h\r\nx-key: 1\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(HeadOf(*mix, {.kind = 1}), "GET /b HTTP/1.1\r\nHost: h\r\nx-key: 1\r\nx-b: b\r\n\r\n");
  EXPECT_EQ(mix->Body({.kind = 0}), "hello");
}

TEST(MixFile, ThinkTimesAreFixedOrExponential) {
  const auto mix = Mix("requests: [{think: 500us, name: a}, {name: b, think: {distribution: exponential, mean: 4ms}}]");
  ASSERT_TRUE(mix) << mix.error().Text();
  core::Random random(8);
  EXPECT_EQ(mix->Think({.kind = 0}, random), std::chrono::microseconds(500));
  double sum = 0;
  int longer = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double think = static_cast<double>(mix->Think({.kind = 1}, random).count()) / 1e6;
    sum += think;
    if (think > 4) ++longer;
  }
  EXPECT_NEAR(sum / 10'000, 4, 0.2);
  EXPECT_NEAR(longer / 10'000.0, std::exp(-1.0), 0.02);
}

TEST(MixFile, UniformBodySizesReachBothBounds) {
  const auto mix = Mix("requests: [{method: POST, bodyBytes: {min: 3, max: 6}}]");
  ASSERT_TRUE(mix) << mix.error().Text();
  core::Random random(8);
  std::map<std::size_t, int> sizes;
  for (std::uint64_t i = 0; i < 4000; ++i) ++sizes[mix->Body(mix->Draw(i, random)).size()];
  ASSERT_EQ(sizes.size(), 4U);
  for (const auto& [size, count] : sizes) EXPECT_NEAR(count, 1000, 150) << size;
  std::string arena;
  std::vector<FieldView> fields;
  const RequestDraw draw = mix->Draw(0, random);
  mix->Fields(draw, arena, fields);
  EXPECT_EQ(fields.back().name, "content-length");
  EXPECT_EQ(fields.back().value, std::to_string(mix->Body(draw).size()));
}

TEST(MixFile, ErrorsNameFileAndLineAndTheCure) {
  EXPECT_EQ(ErrorOf("requests:\n- name: a\n  wieght: 3\n"),
            "mix.yaml:3: unknown field `wieght` in requests[0]; did you mean `weight`?");
  EXPECT_TRUE(ErrorOf("requests:\n- name: a\n- name: a\n").starts_with("mix.yaml:3: a second entry is named 'a'"));
  EXPECT_TRUE(ErrorOf("requests:\n- path: no-slash\n").starts_with("mix.yaml:2: the path 'no-slash'"));
  EXPECT_TRUE(
      ErrorOf("requests:\n- body: a\n  bodyBytes: 4\n").starts_with("mix.yaml:3: requests[0].bodyBytes stands"));
  EXPECT_TRUE(ErrorOf("requests:\n- think: soon\n").starts_with("mix.yaml:2: 'soon' is no time to think"));
  EXPECT_TRUE(ErrorOf("users:\n  count: 5\n  format: same\nrequests: [{}]\n").starts_with("mix.yaml:3: users.format"));
  EXPECT_TRUE(ErrorOf("users:\n  count: 5\n  exponent: 2\nrequests: [{}]\n").starts_with("mix.yaml:3: users.exponent"));
  EXPECT_TRUE(
      ErrorOf("requests:\n- headers: {\"a b\": c}\n").starts_with("mix.yaml:2: 'a b: c' is not a header field"));
  for (const std::string_view text :
       {"", "requests: []", "requests: 5", "users: {}\nrequests: [{}]", "users: {count: 0}\nrequests: [{}]",
        "requests: [{weight: 0}]", "requests: [{weight: 9999999}]", "requests: [{bodyBytes: {min: 9, max: 3}}]",
        "requests: [{bodyBytes: {distribution: lognormal, min: 0, max: 3}}]", "requests: [{bodyBytes: 1GiB}]",
        "requests: [{bodyBytes: {min: 1, max: 3, sigma: 1}}]", "requests: [{think: 2h}]", "a: b: c",
        "requests: [{}]\n---\n{}"}) {
    EXPECT_TRUE(ErrorOf(text).starts_with("mix.yaml:")) << text << ": " << ErrorOf(text);
  }
}

TEST(MixFile, LimitsAreTold) {
  std::string many = "requests:\n";
  for (int i = 0; i < 65; ++i) many += "- name: k" + std::to_string(i) + "\n";
  EXPECT_TRUE(ErrorOf(many).starts_with("mix.yaml:2: requests has 1 to 64 entries")) << ErrorOf(many);
  EXPECT_TRUE(ErrorOf(std::string(2 << 20, '#')).starts_with("mix.yaml is larger than 1 MiB"));
  EXPECT_TRUE(ErrorOf("requests: [{bodyBytes: {max: 9}}]", {.url = "http://h/S/M", .grpc = true})
                  .starts_with("mix.yaml:1: messages of gRPC have one size"));
  EXPECT_FALSE(RequestMix::Load("no/such/file.yaml", kDefaults));
}

}  // namespace
}  // namespace sluice::bench
