// From resources to a snapshot: what a change of rules costs off the request path (design.md section 4: 2,000 routes in
// at most 50 ms). A step of a live change is Documents + Compile; Read is what a reload of files pays besides.
#include "config/loader.h"

#include <benchmark/benchmark.h>

#include <string>

#include "bench/support/alloc_counter.h"

namespace sluice::bench {
namespace {

// `services` hosts with two subsets each; of 2,000 rules every one has a header and a prefix, and a split.
std::string Rules(int services, int rules_each) {
  std::string text;
  for (int s = 0; s < services; ++s) {
    const std::string name = "model-" + std::to_string(s);
    text +=
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: " + name +
        ", namespace: ml}\nspec:\n  hosts: [" + name +
        "]\n  ports: [{number: 8000, name: http, protocol: HTTP}]\n  resolution: STATIC\n  endpoints:\n" +
        "  - {address: 127.0.0.1, labels: {version: v45}}\n  - {address: 127.0.0.2, labels: {version: v47}}\n---\n" +
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: " + name +
        ", namespace: ml}\nspec:\n  host: " + name + "\n  subsets:\n" +
        "  - {name: v45, labels: {version: v45}}\n  - {name: v47, labels: {version: v47}}\n---\n" +
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: " + name +
        ", namespace: ml}\nspec:\n  hosts: [" + name + "]\n  http:\n";
    for (int r = 0; r < rules_each; ++r) {
      const std::string number = std::to_string(r);
      text += "  - name: rule-" + number + "\n    match:\n    - headers: {x-user-segment: {exact: segment-" + number +
              "}}\n      uri: {prefix: /rank/" + number +
              "}\n    timeout: 200ms\n    retries: {attempts: 1, perTryTimeout: 80ms, retryOn: 5xx}\n    route:\n" +
              "    - {destination: {host: " + name + ", subset: v45}, weight: 90}\n" +
              "    - {destination: {host: " + name + ", subset: v47}, weight: 10}\n";
    }
    text += "---\n";
  }
  return text;
}

void ReadResources(benchmark::State& state) {
  const std::string text = Rules(10, 200);
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    config::Findings findings;
    checksum += config::ToResources({{"rules.yaml", text}}, "default", findings).size();
  }
  allocations.Report(state, checksum);
}
BENCHMARK(ReadResources)->Unit(benchmark::kMillisecond);

void LoadAndCompile2000Routes(benchmark::State& state) {
  config::Findings reading;
  const auto resources = config::ToResources(
      {{"rules.yaml", Rules(static_cast<int>(state.range(0)), static_cast<int>(2000 / state.range(0)))}}, "default",
      reading);
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    config::Findings findings;
    const config::Loaded loaded = config::LoadResources(resources, {}, findings, "1");
    if (!loaded.ok) return state.SkipWithError(config::FormatFinding(loaded.findings.front()).c_str());
    checksum += config::Compile(*loaded.documents, {})->routes.size();
  }
  allocations.Report(state, checksum);
}
BENCHMARK(LoadAndCompile2000Routes)->Arg(1)->Arg(10)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench
