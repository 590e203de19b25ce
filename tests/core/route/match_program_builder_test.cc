// What the builder packs must decide as the plain conditions do: random rules and requests, both ways.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/http/query_string.h"
#include "core/route/match_program.h"

namespace sluice::core {
namespace {

constexpr std::array<std::string_view, 8> kTexts = {"",        "a",
                                                    "/v1",     "/v1/models/content-ranking:predict",
                                                    "premium", "/v1/models/content-runking:predict",
                                                    "/V1",     "/v1/models/content-ranking:explain"};
constexpr std::array<std::string_view, 5> kNames = {"x-a", "x-b", "user-agent", "cookie", "x-user-segment"};

class RandomRules {
 public:
  explicit RandomRules(std::uint64_t seed) : random_(seed) {}

  template <typename Options>
  std::string Pick(const Options& options) {
    return std::string(options[random_.Below(options.size())]);
  }
  bool Often() { return random_.Below(3) == 0; }

  StringMatch Matcher() {
    switch (random_.Below(5)) {
      case 0: return StringMatch::Present();
      case 1: return *StringMatch::Regex("[a-z/]*1.*");
      case 2: return StringMatch::Prefix(Pick(kTexts), Often());
      default: return StringMatch::Exact(Pick(kTexts), Often());
    }
  }

  Route Rule(std::uint32_t id) {
    Route route;
    route.id = RouteId{id};
    const std::size_t items = 1 + random_.Below(2);
    for (std::size_t i = 0; i < items; ++i) {
      RouteMatch match;
      if (random_.Below(2) == 0) match.uri = Matcher();
      if (Often()) match.method = StringMatch::Exact(Often() ? "GET" : "POST");
      while (Often()) match.headers.push_back({Pick(kNames), HeaderName::kOther, Matcher()});
      if (Often()) match.without_headers.push_back({Pick(kNames), HeaderName::kOther, Matcher()});
      if (Often()) match.query.push_back({Pick(kNames), Matcher()});
      route.matches.push_back(std::move(match));
    }
    return route;
  }

  void FillRequest(Head& head, std::string& path, std::string& query) {
    head.method = Often() ? "GET" : "POST";
    path = Pick(kTexts);
    for (std::size_t i = random_.Below(6); i > 0; --i) head.headers.AddCopy(Pick(kNames), Pick(kTexts));
    for (std::size_t i = random_.Below(3); i > 0; --i) query += "&" + Pick(kNames) + "=" + Pick(kTexts);
  }

 private:
  Random random_;
};

bool HeaderHolds(const HeaderPredicate& predicate, const Head& head, bool without, Arena& arena) {
  const auto value = head.headers.Joined(predicate.name, LookupHeaderName(predicate.name), arena);
  if (!without) return value && predicate.match.Matches(*value);
  if (predicate.match.kind() == StringMatch::Kind::kPresent) return !value;
  return !predicate.match.Matches(value.value_or(""));
}

// The meaning of section 1.3a, said plainly.
bool Holds(const RouteMatch& match, const RouteInput& input, Arena& arena) {
  if (match.uri && !match.uri->Matches(input.path)) return false;
  if (match.method && !match.method->Matches(input.head->method)) return false;
  for (const auto& header : match.headers) {
    if (!HeaderHolds(header, *input.head, false, arena)) return false;
  }
  for (const auto& header : match.without_headers) {
    if (!HeaderHolds(header, *input.head, true, arena)) return false;
  }
  for (const auto& query : match.query) {
    const auto value = FindQueryValue(input.query, query.name);
    if (!value || !query.match.Matches(*value)) return false;
  }
  return true;
}

std::pair<std::int64_t, const RouteMatch*> Expected(const std::vector<Route>& routes, const RouteInput& input,
                                                    Arena& arena) {
  for (const Route& route : routes) {
    for (const RouteMatch& match : route.matches) {
      if (Holds(match, input, arena)) return {route.id.value, &match};
    }
  }
  return {-1, nullptr};
}

TEST(MatchProgramBuilder, PackedChecksDecideAsThePlainConditionsDo) {
  int hits = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomRules rules(seed);
    std::vector<Route> routes;
    std::vector<RouteId> order;
    for (std::uint32_t i = 0; i < 12; ++i) {
      routes.push_back(rules.Rule(i));
      order.push_back(RouteId{i});
    }
    const MatchProgram program(order, routes);
    for (int request = 0; request < 40; ++request) {
      Arena arena;
      Head head(arena);
      std::string path;
      std::string query;
      rules.FillRequest(head, path, query);
      const RouteInput input{&head, path, query, 80};

      const RouteHit hit = program.Run(input, routes, arena);

      const auto [route, match] = Expected(routes, input, arena);
      ASSERT_EQ(hit ? static_cast<std::int64_t>(hit.route->id.value) : -1, route) << "seed " << seed;
      ASSERT_EQ(hit.match, match) << "seed " << seed;
      hits += hit ? 1 : 0;
    }
  }
  EXPECT_GT(hits, 1000);
}

TEST(MatchProgramBuilder, ManyHeaderNamesSpillOutOfTheStack) {
  std::vector<Route> routes;
  std::vector<RouteId> order;
  for (std::uint32_t i = 0; i < 300; ++i) {
    Route route;
    route.id = RouteId{i};
    RouteMatch match;
    match.headers.push_back({"x-name-" + std::to_string(i), HeaderName::kOther, StringMatch::Exact("1")});
    route.matches.push_back(std::move(match));
    routes.push_back(std::move(route));
    order.push_back(RouteId{i});
  }
  const MatchProgram program(order, routes);
  Arena arena;
  Head head(arena);
  head.headers.AddCopy("x-name-287", "1");

  const RouteHit hit = program.Run({&head, "/", "", 80}, routes, arena);

  ASSERT_TRUE(hit);
  EXPECT_EQ(hit.route->id, RouteId{287});
}

}  // namespace
}  // namespace sluice::core
