// From resources to a snapshot: what a change of rules costs off the request path (design.md section 4: 2,000 routes in
// at most 50 ms). A step of a live change is Documents + Compile; Read is what a reload of files pays besides.
#include "config/loader.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/support/alloc_counter.h"

namespace sluice::bench {
namespace {

constexpr int kRulesInFile = 2'000;  // a text may have a MiB
constexpr int kServiceInRules = 3;   // as many rules are as long as all else of a service

std::string Service(const std::string& name) {
  return "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: " + name +
         ", namespace: ml}\nspec:\n  hosts: [" + name +
         "]\n  ports: [{number: 8000, name: http, protocol: HTTP}]\n  resolution: STATIC\n  endpoints:\n" +
         "  - {address: 127.0.0.1, labels: {version: v45}}\n  - {address: 127.0.0.2, labels: {version: v47}}\n---\n" +
         "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: " + name +
         ", namespace: ml}\nspec:\n  host: " + name + "\n  subsets:\n" +
         "  - {name: v45, labels: {version: v45}}\n  - {name: v47, labels: {version: v47}}\n---\n";
}

// Rules `begin` to `end` of a service, each with a header, a prefix and a split.
std::string Routes(const std::string& name, int begin, int end) {
  std::string text = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: " + name + "-" +
                     std::to_string(begin) + ", namespace: ml}\nspec:\n  hosts: [" + name + "]\n  http:\n";
  for (int r = begin; r < end; ++r) {
    const std::string number = std::to_string(r);
    text += "  - name: rule-" + number + "\n    match:\n    - headers: {x-user-segment: {exact: segment-" + number +
            "}}\n      uri: {prefix: /rank/" + number +
            "}\n    timeout: 200ms\n    retries: {attempts: 1, perTryTimeout: 80ms, retryOn: 5xx}\n    route:\n" +
            "    - {destination: {host: " + name + ", subset: v45}, weight: 90}\n" +
            "    - {destination: {host: " + name + ", subset: v47}, weight: 10}\n";
  }
  return text + "---\n";
}

// `services` hosts with two subsets each, in as many files as it takes.
std::vector<config::Source> Rules(std::int64_t services, std::int64_t rules_each) {
  std::vector<config::Source> files;
  int in_file = kRulesInFile;
  const auto next = [&](int rules) -> std::string& {
    if (in_file + rules > kRulesInFile) {
      files.push_back({"rules-" + std::to_string(files.size()) + ".yaml", ""});
      in_file = 0;
    }
    in_file += rules;
    return files.back().text;
  };
  for (std::int64_t s = 0; s < services; ++s) {
    const std::string name = "model-" + std::to_string(s);
    for (int begin = 0; begin < rules_each; begin += kRulesInFile - kServiceInRules) {
      const int end = static_cast<int>(std::min<std::int64_t>(rules_each, begin + kRulesInFile - kServiceInRules));
      std::string& text = next(begin == 0 ? end + kServiceInRules : end - begin);
      if (begin == 0) text += Service(name);
      text += Routes(name, begin, end);
    }
  }
  return files;
}

void Read(benchmark::State& state, const std::vector<config::Source>& files) {
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    config::Findings findings;
    checksum += config::ToResources(files, "default", findings).size();
    if (findings.has_errors()) return state.SkipWithError("the rules cannot be read");
  }
  allocations.Report(state, checksum);
}

void ReadResources(benchmark::State& state) { Read(state, Rules(10, 200)); }
BENCHMARK(ReadResources)->Unit(benchmark::kMillisecond);

// Hosts with one rule, two subsets and two endpoints each.
void ReadHosts(benchmark::State& state) { Read(state, Rules(state.range(0), 1)); }
BENCHMARK(ReadHosts)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

void LoadAndCompile(benchmark::State& state, const std::vector<config::Source>& files) {
  config::Findings reading;
  const auto resources = config::ToResources(files, "default", reading);
  if (reading.has_errors()) return state.SkipWithError("the rules cannot be read");
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    config::Findings findings;
    const config::Loaded loaded = config::LoadResources(resources, {}, findings, "1");
    if (!loaded.ok) return state.SkipWithError(config::FormatFinding(loaded.findings.front()).c_str());
    const auto snapshot = config::Compile(*loaded.documents, {});
    checksum += snapshot->routes.size() + snapshot->clusters.size();
  }
  allocations.Report(state, checksum);
}

void LoadAndCompile2000Routes(benchmark::State& state) {
  LoadAndCompile(state, Rules(state.range(0), 2000 / state.range(0)));
}
BENCHMARK(LoadAndCompile2000Routes)->Arg(1)->Arg(10)->Arg(100)->Unit(benchmark::kMillisecond);

// Hosts with one rule, two subsets and two endpoints each.
void CompileHosts(benchmark::State& state) { LoadAndCompile(state, Rules(state.range(0), 1)); }
BENCHMARK(CompileHosts)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

// Rules of one host.
void CompileRules(benchmark::State& state) { LoadAndCompile(state, Rules(1, state.range(0))); }
BENCHMARK(CompileRules)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

// One service with an endpoint for each subset, and one rule that splits among all of them.
void CompileSubsets(benchmark::State& state) {
  std::string endpoints;
  std::string subsets;
  std::string split;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const std::string number = std::to_string(i);
    endpoints += "  - {address: 10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) +
                 ", labels: {version: v" + number + "}}\n";
    subsets += "  - {name: v" + number + ", labels: {version: v" + number + "}}\n";
    split += "    - {destination: {host: model, subset: v" + number + "}, weight: 1}\n";
  }
  LoadAndCompile(state,
                 {{"rules.yaml",
                   "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: model, namespace: ml}\n"
                   "spec:\n  hosts: [model]\n  ports: [{number: 8000, name: http, protocol: HTTP}]\n"
                   "  resolution: STATIC\n  endpoints:\n" +
                       endpoints +
                       "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
                       "metadata: {name: model, namespace: ml}\nspec:\n  host: model\n  subsets:\n" +
                       subsets +
                       "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
                       "metadata: {name: model, namespace: ml}\nspec:\n  hosts: [model]\n  http:\n  - route:\n" +
                       split}});
}
BENCHMARK(CompileSubsets)->Arg(10)->Arg(100)->Arg(1'000)->Arg(5'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench
