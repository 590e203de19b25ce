// Rules of a snapshot that no request reaches, and pairs whose order decides, each with a request that shows it. Every
// such request has been put through the decision itself (SampleDecision) before it is reported; what cannot be decided
// is said to be unknown. Bounded work, but not for the request path nor for a live change. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/analysis/request_space.h"
#include "core/base/random.h"
#include "core/experiment/bucket_hasher.h"
#include "core/plan/sample_request.h"
#include "core/snapshot/snapshot.h"

namespace sluice::core {

struct RuleNote {
  enum class Kind : std::uint8_t {
    kUnreachable,       // every request that the rule would take is taken by `by`
    kUnreachableHere,   // the same on this host only; on another the rule is reached
    kUnreachableMatch,  // one item of its match[] decides nothing
    kContradiction,     // no request meets the conditions of the rule
    kOverlap,           // it and `by` share requests, each has others, and they do different things
    kUnknown,           // whether it is reached, or shares requests with `by`, could not be decided
    kStopped,           // the work and the list are bounded: later rules of the host were not compared
  };
  Kind kind = Kind::kUnknown;
  RouteId rule;
  std::int32_t match = -1;    // index in Route::matches; -1: the rule as a whole
  std::vector<RouteId> by{};  // earlier rules, the one that takes the witness first
  std::string host{};         // the virtual host
  std::optional<SampleRequest> witness{};
};

class RuleAnalysis {
 public:
  // `snapshot` must outlive this.
  explicit RuleAnalysis(const Snapshot& snapshot);

  std::vector<RuleNote> Run();

  // For a rule that was not compiled, because one before it matches everything: a request that it would match (null:
  // any) on the hosts of that VirtualService, and the rule that takes it.
  struct Taken {
    SampleRequest request{};
    RouteId by;
  };
  std::optional<Taken> WhoTakes(const std::string& virtual_service, const RouteMatch* match);

 private:
  // One item of match[], or a rule that matches everything.
  struct Item {
    const Route* route = nullptr;
    std::int32_t match = -1;
    std::optional<std::vector<Condition>> conditions{};  // nothing: not modelled
  };
  struct Host {
    const RouteTable* table = nullptr;
    const VirtualHost* host = nullptr;
    RequestBounds bounds{};
    std::vector<Item> items{};  // in match order
  };
  enum class Reach : std::uint8_t { kReached, kNever, kContradiction, kUnknown };
  struct Search {
    const Item* target = nullptr;
    bool whole_rule = true;  // any item of the rule will do
    int steps_left = 0;
    std::vector<RouteId> by{};               // who took requests instead
    std::optional<SampleRequest> witness{};  // the first that was taken by another
    std::optional<SampleRequest> reached{};
  };

  std::vector<Host> Hosts();
  // `server` null: the process's own port, which serves every host.
  void AddHosts(const RouteTable& table, const Listener& listener, const GatewayServer* server,
                std::vector<Host>& hosts);
  bool FillBounds(const Host& host, const Listener& listener, const GatewayServer* server, RequestBounds& bounds) const;
  void FillItems(Host& host);

  Reach Explore(const Host& host, std::vector<Literal>& literals, Search& search);
  Reach Start(const Host& host, Search& search);
  void CheckReach(const Host& host, std::vector<RuleNote>& notes);
  void CheckRule(const Host& host, std::size_t begin, std::size_t end, std::vector<RuleNote>& notes);
  void CheckOverlaps(const Host& host, std::vector<RuleNote>& notes);
  std::optional<RuleNote> Overlap(const Host& host, const Item& earlier, const Item& later);
  // Nothing: cannot be said.
  std::optional<bool> Contains(const Host& host, const Item& outer, const Item& inner);
  // Whether one item of the rule does.
  std::optional<bool> RuleContains(const Host& host, const Route& outer, const Item& inner);
  bool AlsoMatches(const Item& item, const SampleRequest& request);
  std::vector<RuleNote> Settle(std::vector<RuleNote> notes) const;

  using RuleKey = std::pair<std::string, std::uint32_t>;  // VirtualService and index
  static RuleKey KeyOf(const Route& route) {
    return {route.virtual_service, route.virtual_service.empty() ? route.id.value : route.rule_index};
  }

  const Snapshot& snapshot_;
  RequestSpace space_{};
  BucketHasher hasher_;
  Random random_{1};
  std::vector<Host> hosts_;
  std::set<RuleKey> reached_;
  std::set<std::pair<const VirtualHost*, RouteId>> dead_;  // rules that their host never reaches
  std::size_t overlaps_left_;
  std::size_t users_left_ = 50'000;  // to be tried for buckets
  std::size_t pairs_left_;
};

}  // namespace sluice::core
