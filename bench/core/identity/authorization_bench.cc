// The verdict on a request that no rule of many stops: all of them are looked at.
#include "core/identity/authorization.h"

#include <benchmark/benchmark.h>

#include <string>
#include <utility>

#include "bench/support/alloc_counter.h"

namespace sluice::bench {
namespace {

using Attribute = core::AuthorizationAttribute;

core::AuthorizationCondition Condition(Attribute attribute, const std::string& value) {
  core::AuthorizationCondition condition;
  condition.attribute = attribute;
  condition.values.push_back(*core::ValuePattern::Parse(value));
  return condition;
}

// `rules` in turn about paths, headers, identities and addresses, and an ALLOW for everybody else.
core::Authorization Policies(std::int64_t rules) {
  core::Authorization policies;
  core::AuthorizationPolicy deny{"ns", "deny", false, {}};
  for (std::int64_t i = 0; i < rules; ++i) {
    const std::string number = std::to_string(i);
    core::AuthorizationRule& rule = deny.rules.emplace_back();
    if (i % 4 == 0) rule.to = {{Condition(Attribute::kPath, "/admin/" + number + "/*")}};
    if (i % 4 == 1) {
      rule.when = {Condition(Attribute::kHeader, "role-" + number)};
      rule.when[0].header = "x-role";
    }
    if (i % 4 == 2) rule.from = {{Condition(Attribute::kPrincipal, "cluster.local/ns/n" + number + "/*")}};
    if (i % 4 == 3) {
      core::AuthorizationCondition address;
      address.attribute = Attribute::kRemoteIp;
      address.blocks = {*core::Cidr::Parse("192.0.2." + std::to_string(i % 256))};
      rule.from = {{std::move(address)}};
    }
  }
  core::AuthorizationPolicy allow{"ns", "allow", false, {}};
  allow.rules.emplace_back().to = {{Condition(Attribute::kMethod, "POST")}};
  if (rules > 0) policies.deny.push_back(std::move(deny));
  policies.allow.push_back(std::move(allow));
  return policies;
}

void Authorize(benchmark::State& state) {
  const core::Authorization policies = Policies(state.range(0));
  core::PeerIdentity peer;
  peer.spiffe = *core::SpiffeId::Parse("spiffe://cluster.local/ns/ml-serving/sa/feed");
  core::Arena arena;
  core::Head head(arena);
  head.method = "POST";
  head.authority = "content-ranking-svc.ml-serving.svc.cluster.local:8080";
  head.headers.AddBorrowed(core::HeaderName::kUserAgent, "bench");
  head.headers.AddBorrowed(core::HeaderName::kContentType, "application/json");
  head.headers.AddBorrowed(core::HeaderName::kXForwardedFor, "10.1.2.3");
  head.headers.AddBorrowed("x-user-id", "user-8c51f2a9");
  head.headers.AddBorrowed("x-role", "reader");
  const core::AuthorizationInput input{.head = head,
                                       .path = "/v1/models/ranking:predict",
                                       .peer = &peer,
                                       .peer_address = "10.1.2.3",
                                       .client_address = "10.1.2.3",
                                       .local_address = "10.9.9.9",
                                       .local_port = 8080,
                                       .server_name = ""};
  std::uint64_t checksum = 0;
  AllocCounter allocations;
  for (auto _ : state) checksum += core::Authorize(policies, input, arena).allowed ? 1 : 0;
  allocations.Report(state, checksum);
}
BENCHMARK(Authorize)->Arg(0)->Arg(10)->Arg(200);

}  // namespace
}  // namespace sluice::bench
