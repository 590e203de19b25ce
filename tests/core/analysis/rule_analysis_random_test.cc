// Random rule sets against every request of a small world: what is said to be never reached is never reached, what is
// shown is as shown, and what is reached is not called unreachable.
#include "core/analysis/rule_analysis.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "tests/support/snapshot_builder.h"

namespace sluice::core {
namespace {

using Kind = RuleNote::Kind;

StringMatch RandomMatch(Random& random) {
  static const std::vector<std::string> kTexts = {"a", "b", "ab", "ba", "1"};
  static const std::vector<std::string> kPatterns = {"a.*", ".*b", "[ab]", "a|1", "[^a].*", "(ab?)+", "[0-9]", ".+"};
  switch (random.Below(5)) {
    case 0: return StringMatch::Present();
    case 1: return StringMatch::Prefix(kTexts[random.Below(kTexts.size())]);
    case 2: return StringMatch::Exact(kTexts[random.Below(kTexts.size())]);
    default: return *StringMatch::Regex(kPatterns[random.Below(kPatterns.size())]);
  }
}

void AddConditions(Random& random, tests::RuleBuilder& rule) {
  static const std::vector<std::string> kPaths = {"/", "/a", "/ab", "/b"};
  const std::uint64_t conditions = 1 + random.Below(3);
  for (std::uint64_t i = 0; i < conditions; ++i) {
    const std::string name = random.Below(2) == 0 ? "x" : "y";
    switch (random.Below(6)) {
      case 0: rule.Uri(StringMatch::Prefix(kPaths[random.Below(kPaths.size())])); break;
      case 1: rule.Uri(*StringMatch::Regex(random.Below(2) == 0 ? "/a.*" : "/.*b")); break;
      case 2: rule.Method(random.Below(2) == 0 ? "GET" : "POST"); break;
      case 3: rule.Without(name, RandomMatch(random)); break;
      default: rule.Header(name, RandomMatch(random)); break;
    }
  }
}

std::unique_ptr<Snapshot> RandomWorld(Random& random) {
  tests::SnapshotBuilder world;
  world.Service("ranking", 8000, {"v0", "v1", "v2"});
  tests::HostBuilder& host = world.Host({"ranking"});
  const std::uint64_t rules = 2 + random.Below(5);
  for (std::uint64_t i = 0; i < rules; ++i) {
    tests::RuleBuilder& rule = host.Rule(std::to_string(i));
    AddConditions(random, rule);
    if (random.Below(3) == 0) {
      rule.Or();
      AddConditions(random, rule);
    }
    rule.To("ranking", "v" + std::to_string(random.Below(3)));
  }
  return world.Build();
}

std::vector<SampleRequest> EveryRequest() {
  // "-" stands for a header that is missing.
  const std::vector<std::string> values = {"-", "", "a", "b", "ab", "ba", "aba", "1", "c", "cb"};
  std::vector<SampleRequest> all;
  for (const char* method : {"GET", "POST", "PUT"}) {
    for (const char* target : {"/", "/a", "/ab", "/b", "/bb", "/c"}) {
      for (const std::string& x : values) {
        for (const std::string& y : values) {
          SampleRequest request;
          request.method = method;
          request.target = target;
          request.authority = "ranking";
          if (x != "-") request.headers.emplace_back("x", x);
          if (y != "-") request.headers.emplace_back("y", y);
          all.push_back(std::move(request));
        }
      }
    }
  }
  return all;
}

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), snapshot_(RandomWorld(random_)) {}

  const Snapshot& snapshot() const { return *snapshot_; }

  // The rule that decides and the item of its match[]; -1 for none.
  std::pair<std::int64_t, std::ptrdiff_t> Decide(const SampleRequest& request) {
    const SampleDecision decision(*snapshot_, request, 0, hasher_, random_);
    const Plan& plan = decision.plan();
    if (plan.route == nullptr) return {-1, -1};
    return {plan.route->id.value, plan.match == nullptr ? -1 : plan.match - plan.route->matches.data()};
  }

 private:
  Random random_;
  std::unique_ptr<Snapshot> snapshot_;
  BucketHasher hasher_;
};

TEST(RuleAnalysisRandomTest, NoRequestContradictsWhatIsSaid) {
  const std::vector<SampleRequest> requests = EveryRequest();
  std::map<Kind, int> said;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    World world(seed);
    std::set<std::pair<std::int64_t, std::ptrdiff_t>> met;
    for (const SampleRequest& request : requests) met.insert(world.Decide(request));
    for (const RuleNote& note : RuleAnalysis(world.snapshot()).Run()) {
      ++said[note.kind];
      const std::int64_t rule = note.rule.value;
      switch (note.kind) {
        case Kind::kUnreachable:
        case Kind::kUnreachableMatch:
        case Kind::kContradiction:
          for (const auto& [route, match] : met) {
            EXPECT_FALSE(route == rule && (note.match < 0 || match == note.match))
                << "seed " << seed << " rule " << rule;
          }
          break;
        case Kind::kUnknown:
        case Kind::kStopped:
        case Kind::kUnreachableHere: ADD_FAILURE() << "seed " << seed << ": everything here can be told"; break;
        case Kind::kOverlap: break;
      }
      if (!note.witness) continue;
      EXPECT_EQ(world.Decide(*note.witness).first, note.by.front().value) << "seed " << seed << " rule " << rule;
    }
  }
  EXPECT_GT(said[Kind::kUnreachable], 20);
  EXPECT_GT(said[Kind::kUnreachableMatch], 5);
  EXPECT_GT(said[Kind::kContradiction], 5);
  EXPECT_GT(said[Kind::kOverlap], 100);
}

}  // namespace
}  // namespace sluice::core
