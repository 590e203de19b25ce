// Finding the host among few and many, and the rule among few and many.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/support/alloc_counter.h"
#include "core/route/route_table.h"

namespace sluice::bench {
namespace {

void FindHost(benchmark::State& state) {
  std::vector<core::VirtualHost> hosts;
  std::vector<std::string> asked;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    core::VirtualHost& host = hosts.emplace_back();
    host.hosts = {"model-" + std::to_string(i) + ".ml-serving.svc.cluster.local"};
    asked.push_back("Model-" + std::to_string(i) + ".ml-serving.svc.cluster.local:8080");
  }
  core::RouteTable table;
  table.Build(std::move(hosts), {});
  std::uint64_t checksum = 0;
  std::size_t i = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    const core::VirtualHost* host = table.FindHost(asked[i]);
    checksum += host->hosts.size();
    // A stride that leaves no cache line warm by neighbourhood.
    i = (i + 7919) % asked.size();
  }
  allocations.Report(state, checksum);
}
BENCHMARK(FindHost)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000);

enum class Rules : std::uint8_t { kUri, kHeader, kRegex };

std::vector<core::Route> MakeRoutes(Rules kind, std::int64_t count) {
  std::vector<core::Route> routes;
  for (std::int64_t i = 0; i < count; ++i) {
    core::Route& route = routes.emplace_back();
    route.id = core::RouteId{static_cast<std::uint32_t>(i)};
    core::RouteMatch& match = route.matches.emplace_back();
    const std::string number = std::to_string(i);
    if (kind == Rules::kUri) match.uri = core::StringMatch::Prefix("/v1/models/model-" + number + ":predict");
    if (kind == Rules::kRegex) match.uri = *core::StringMatch::Regex("/v1/models/model-" + number + ":[a-z]+");
    if (kind == Rules::kHeader) {
      match.headers.push_back(
          {"x-user-segment", core::HeaderName::kOther, core::StringMatch::Exact("segment-" + number)});
    }
  }
  routes.emplace_back().id = core::RouteId{static_cast<std::uint32_t>(count)};  // takes what is left
  return routes;
}

constexpr auto kOfFirst = "0", kOfNone = "none";

// A request whose path and segment are those of rule `number`.
void MatchRule(benchmark::State& state, Rules kind, const std::string& number) {
  const std::vector<core::Route> routes = MakeRoutes(kind, state.range(0));
  std::vector<core::VirtualHost> hosts(1);
  hosts[0].hosts = {"ranking"};
  for (const core::Route& route : routes) hosts[0].routes.push_back(route.id);
  core::RouteTable table;
  table.Build(std::move(hosts), routes);
  core::Arena arena;
  core::Head head(arena);
  head.method = "POST";
  head.scheme = "http";
  head.authority = "ranking:8080";
  const std::string path = "/v1/models/model-" + number + ":predict";
  const std::string segment = "segment-" + number;
  head.path = path;
  for (const char* name : {"user-agent", "accept", "x-request-id", "x-forwarded-for", "x-user-id", "content-type"}) {
    head.headers.AddCopy(name, "some-value");
  }
  head.headers.AddCopy("x-user-segment", segment);
  const core::RouteInput input{&head, head.path, "", 8080};
  const core::VirtualHost& host = *table.FindHost(head.authority);
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) checksum += table.Match(host, input, routes, arena).route->id.value;
  allocations.Report(state, checksum);
}

// The request meets no rule but the last: the longest way.
void Match(benchmark::State& state, Rules kind) { MatchRule(state, kind, kOfNone); }
BENCHMARK_CAPTURE(Match, uri, Rules::kUri)->Arg(1)->Arg(10)->Arg(100)->Arg(200)->Arg(1'000);
BENCHMARK_CAPTURE(Match, header, Rules::kHeader)->Arg(1)->Arg(10)->Arg(100)->Arg(200)->Arg(1'000);
BENCHMARK_CAPTURE(Match, regex, Rules::kRegex)->Arg(1)->Arg(10)->Arg(100)->Arg(200)->Arg(1'000);

void MatchFirst(benchmark::State& state, Rules kind) { MatchRule(state, kind, kOfFirst); }
BENCHMARK_CAPTURE(MatchFirst, uri, Rules::kUri)->Arg(1)->Arg(10)->Arg(100)->Arg(1'000);
BENCHMARK_CAPTURE(MatchFirst, header, Rules::kHeader)->Arg(1)->Arg(10)->Arg(100)->Arg(1'000);
BENCHMARK_CAPTURE(MatchFirst, regex, Rules::kRegex)->Arg(1)->Arg(10)->Arg(100)->Arg(1'000);

void Build(benchmark::State& state) {
  const std::vector<core::Route> routes = MakeRoutes(Rules::kUri, state.range(0));
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) {
    std::vector<core::VirtualHost> hosts(1);
    hosts[0].hosts = {"ranking"};
    for (const core::Route& route : routes) hosts[0].routes.push_back(route.id);
    core::RouteTable table;
    table.Build(std::move(hosts), routes);
    checksum += table.hosts().size();
  }
  allocations.Report(state, checksum);
}
BENCHMARK(Build)->Arg(2000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench
