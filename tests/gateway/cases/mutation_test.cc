// The sample tests under tests/vectors/cases notice every single change of the sample rules: each value, each condition
// taken away, each kind of match, each rule out of order. One change at a time; survivors are printed.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "config/loader.h"
#include "config/source_files.h"
#include "core/base/text.h"
#include "gateway/cases/case_file.h"
#include "gateway/cases/case_run.h"

namespace sluice::gateway {
namespace {

using config::YamlNode;

constexpr auto kRules = "tests/vectors/cases/rules.yaml";
constexpr auto kTests = "tests/vectors/cases/route_test.yaml";

struct Mutation {
  std::size_t resource = 0;
  std::string what;
  std::vector<std::size_t> path;  // of children, from the root to the node that is changed
  std::function<void(YamlNode&)> apply;
};

YamlNode& At(YamlNode& root, const std::vector<std::size_t>& path) {
  YamlNode* node = &root;
  for (const std::size_t child : path) {
    node = node->kind == YamlNode::Kind::kMap ? &node->members[child].value : &node->items[child];
  }
  return *node;
}

bool IsNumber(std::string_view text) { return core::ParseDecimal(text).has_value(); }

// Another value of the same kind: one that the rules accept wherever they accept the first.
std::vector<std::string> Others(const std::string& key, const YamlNode& node) {
  const std::string& text = node.text;
  if (key == "subset") {
    if (text.starts_with('v')) return {text == "v43" ? "v45" : text == "v45" ? "v47" : "v43"};
    return {text == "a" ? "b" : "a"};
  }
  if (key == "host" || key == "hosts") return {text == "popular-svc" ? "content-ranking-svc" : "popular-svc"};
  if (key == "number") return {text == "8000" ? "8001" : "8000"};
  if (key == "ignoreUriCase") return {"false"};
  if (key == "redirectCode") return {"301"};
  if (key == "routes") return {"premium"};
  if (key == "allowMethods") return {text == "GET" ? "PUT" : "DELETE"};
  if (key == "retryOn") {
    std::vector<std::string> others = {text + ",retriable-4xx"};
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t comma = std::min(text.find(',', from), text.size());
      std::string less = text.substr(0, from) + text.substr(std::min(comma + 1, text.size()));
      if (less.ends_with(',')) less.pop_back();
      others.push_back(std::move(less));
      from = comma + 1;
    }
    return others;
  }
  if (const std::size_t dash = text.find('-'); key == "buckets" && dash != std::string::npos) {
    const std::uint64_t first = *core::ParseDecimal(text.substr(0, dash));
    const std::uint64_t last = *core::ParseDecimal(text.substr(dash + 1));
    std::vector<std::string> others = {std::to_string(first + 1) + "-" + std::to_string(last),
                                       std::to_string(first) + "-" + std::to_string(last - 1),
                                       std::to_string(first) + "-" + std::to_string(last + 1)};
    if (first > 0) others.push_back(std::to_string(first - 1) + "-" + std::to_string(last));
    return others;
  }
  if (key == "regex") {
    std::vector<std::string> others = {"x" + text, text + "x"};
    if (!text.starts_with(".*")) others.push_back(".*" + text);
    if (!text.ends_with(".*")) others.push_back(text + ".*");
    return others;
  }
  if (!node.quoted && IsNumber(text)) {
    const std::uint64_t number = *core::ParseDecimal(text);
    return {std::to_string(number + 1), std::to_string(number - 1)};
  }
  if (key == "value") return {"0.2"};
  if (!text.empty() && text.front() >= '0' && text.front() <= '9') return {"1" + text};  // a duration
  return {text + "x"};
}

class Mutator {
 public:
  explicit Mutator(const config::ResourceList& resources) {
    for (resource_ = 0; resource_ < resources.size(); ++resource_) {
      const std::string& kind = resources[resource_]->key.kind;
      if (kind != "VirtualService" && kind != "Experiment") continue;
      const YamlNode& root = resources[resource_]->root;
      for (std::size_t i = 0; i < root.members.size(); ++i) {
        if (root.members[i].key == "spec") Walk(root.members[i].value, {i}, "spec", "spec");
        if (root.members[i].key == "metadata") WalkAnnotations(root.members[i].value, i);
      }
    }
  }

  const std::vector<Mutation>& mutations() const { return mutations_; }

 private:
  void Add(std::vector<std::size_t> path, std::string what, std::function<void(YamlNode&)> apply) {
    mutations_.push_back({resource_, std::move(what), std::move(path), std::move(apply)});
  }

  void WalkAnnotations(const YamlNode& metadata, std::size_t at) {
    for (std::size_t i = 0; i < metadata.members.size(); ++i) {
      if (metadata.members[i].key == "annotations")
        Walk(metadata.members[i].value, {at, i}, "annotations", "annotations");
    }
  }

  void Walk(const YamlNode& node, const std::vector<std::size_t>& path, const std::string& key,
            const std::string& name) {
    if (node.kind == YamlNode::Kind::kScalar) {
      for (const std::string& other : Others(key, node)) {
        Add(path, name + ": " + node.text + " becomes " + other, [other](YamlNode& into) { into.text = other; });
      }
      return;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) WalkItem(node, i, path, key, name);
    for (std::size_t i = 0; i < node.members.size(); ++i) WalkMember(node, i, path, name);
  }

  void WalkItem(const YamlNode& list, std::size_t i, std::vector<std::size_t> path, const std::string& key,
                const std::string& name) {
    const std::string place = name + "[" + std::to_string(i) + "]";
    const auto at = static_cast<std::ptrdiff_t>(i);
    Add(path, place + " is taken away", [at](YamlNode& into) { into.items.erase(into.items.begin() + at); });
    if (key == "http" && i > 0) {
      Add(path, place + " comes before the one above it",
          [i](YamlNode& into) { std::swap(into.items[i - 1], into.items[i]); });
    }
    path.push_back(i);
    Walk(list.items[i], path, key, place);
  }

  void WalkMember(const YamlNode& map, std::size_t i, std::vector<std::size_t> path, const std::string& name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kKinds = {
        {{"exact", "prefix"}, {"prefix", "exact"}, {"regex", "exact"}, {"set", "add"}, {"add", "set"}}};
    const std::string& key = map.members[i].key;
    const std::string place = name + "." + key;
    const auto at = static_cast<std::ptrdiff_t>(i);
    Add(path, place + " is taken away", [at](YamlNode& into) { into.members.erase(into.members.begin() + at); });
    for (const auto& [from, to] : kKinds) {
      if (key != from || map.Find(to) != nullptr) continue;
      Add(path, place + " becomes " + std::string(to),
          [i, other = std::string(to)](YamlNode& into) { into.members[i].key = other; });
    }
    // Names of headers and query parameters are keys.
    if (name.ends_with("eaders") || name.ends_with("queryParams") || name.ends_with(".set") || name.ends_with(".add")) {
      if (key != "request" && key != "response") {
        Add(path, place + " gets another name", [i](YamlNode& into) { into.members[i].key += "x"; });
      }
    }
    path.push_back(i);
    Walk(map.members[i].value, path, key, place);
  }

  std::size_t resource_ = 0;
  std::vector<Mutation> mutations_;
};

class MutationTest : public testing::Test {
 protected:
  void SetUp() override {
    config::Findings findings;
    resources_ = config::ReadResources({.paths = {kRules}}, findings);
    suites_ = ReadCases({kTests}, kCaseRequestsMax, findings);
    for (const config::Finding& finding : findings.Take()) FAIL() << config::FormatFinding(finding);
    ASSERT_FALSE(suites_.empty());
  }

  // Null when the rules are refused.
  static std::unique_ptr<core::Snapshot> Compiled(const config::ResourceList& resources) {
    config::Findings findings;
    const config::Loaded loaded = config::LoadResources(resources, {}, findings, "r");
    return loaded.ok ? config::Compile(*loaded.documents, {}) : nullptr;
  }

  // What fails, a line each; with `first` only the first.
  std::string Failures(const core::Snapshot& snapshot, bool first) {
    std::string text;
    for (const CaseSuite& suite : suites_) {
      for (const RouteCase& test : suite.cases) {
        const CaseResult result = RunCase(snapshot, test, hasher_);
        if (result.ok()) continue;
        text += test.name + ": " + CaseLine(result) + "\n";
        if (first) return text;
      }
    }
    return text;
  }

  core::BucketHasher hasher_;
  config::ResourceList resources_;
  std::vector<CaseSuite> suites_;
};

TEST_F(MutationTest, TheSampleTestsPassOnTheSampleRules) {
  const auto snapshot = Compiled(resources_);

  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(Failures(*snapshot, false), "");
}

TEST_F(MutationTest, EverySingleChangeOfTheRulesFailsASampleTest) {
  const Mutator mutator(resources_);
  std::size_t noticed = 0;
  std::size_t refused = 0;

  for (const Mutation& mutation : mutator.mutations()) {
    config::Resource changed = *resources_[mutation.resource];
    mutation.apply(At(changed.root, mutation.path));
    config::ResourceList all = resources_;
    all[mutation.resource] = std::make_shared<const config::Resource>(std::move(changed));
    const auto snapshot = Compiled(all);
    if (snapshot == nullptr) {  // never gets as far as a test
      ++refused;
      continue;
    }
    if (Failures(*snapshot, true).empty()) {
      ADD_FAILURE() << "survives: " << resources_[mutation.resource]->key.Text() << ": " << mutation.what;
    } else {
      ++noticed;
    }
  }

  RecordProperty("noticed", static_cast<int>(noticed));
  RecordProperty("refused", static_cast<int>(refused));
  EXPECT_GE(noticed, 200U);
  EXPECT_LE(refused, noticed / 2);  // what is missing, or leads nowhere
  if (HasFailure()) std::printf("%zu noticed, %zu refused by the loader\n", noticed, refused);
}

}  // namespace
}  // namespace sluice::gateway
