#include "core/analysis/rule_analysis.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "core/analysis/experiment_user.h"
#include "core/analysis/same_outcome.h"
#include "core/route/match_program.h"

namespace sluice::core {
namespace {

using Verdict = FoundText::Verdict;
using Kind = RuleNote::Kind;

constexpr int kReachSteps = 64;
constexpr int kOverlapSteps = 64;
constexpr std::size_t kPairsMax = 4'000'000;
constexpr std::size_t kOverlapsPerRule = 3;
constexpr std::size_t kOverlapsMax = 300;

// Host names as a regular expression: any letter case, a trailing dot, any port.
StringMatch AuthoritiesOf(const VirtualHost& host) {
  std::string names;
  for (const std::string& name : host.hosts) {
    if (!names.empty()) names += '|';
    for (const char c : name) {
      if (c == '*') {
        names += name == "*" ? "[!-~]*" : "[!-~]+";
      } else {
        if (c == '.' || c == '[' || c == ']') names += '\\';
        names += c;
      }
    }
  }
  Result<StringMatch> match = StringMatch::Regex("(?i)(?:" + names + ")\\.?(?::[0-9]+)?");
  return match ? *std::move(match) : StringMatch::Present();
}

void AddOnce(std::vector<RouteId>& list, RouteId id) {
  if (std::ranges::find(list, id) == list.end()) list.push_back(id);
}

}  // namespace

RuleAnalysis::RuleAnalysis(const Snapshot& snapshot)
    : snapshot_(snapshot), overlaps_left_(kOverlapsMax), pairs_left_(kPairsMax) {
  hosts_ = Hosts();
}

// --- places ----------------------------------------------------------------------------------------------------

std::vector<RuleAnalysis::Host> RuleAnalysis::Hosts() {
  std::vector<Host> hosts;
  for (const Listener& listener : snapshot_.listeners) {
    if (listener.servers.empty()) AddHosts(snapshot_.route_table, listener, nullptr, hosts);
    for (const GatewayServer& server : listener.servers) {
      if (server.https_redirect) continue;  // everything is redirected before a rule is looked at
      AddHosts(snapshot_.gateway_tables[server.table], listener, &server, hosts);
    }
  }
  return hosts;
}

void RuleAnalysis::AddHosts(const RouteTable& table, const Listener& listener, const GatewayServer* server,
                            std::vector<Host>& hosts) {
  // The same rules in the same order behind another port say nothing new, unless they speak of ports.
  std::set<std::pair<std::vector<RouteId>, std::vector<std::uint16_t>>> seen;
  for (const Host& host : hosts) seen.emplace(host.host->routes, host.bounds.ports);
  for (const VirtualHost& host : table.hosts()) {
    Host made{&table, &host, {}, {}};
    if (!FillBounds(made, listener, server, made.bounds)) continue;  // others take all of it, or nobody serves it
    if (!seen.emplace(host.routes, made.bounds.ports).second) continue;
    FillItems(made);
    hosts.push_back(std::move(made));
  }
}

bool RuleAnalysis::FillBounds(const Host& place, const Listener& listener, const GatewayServer* server,
                              RequestBounds& bounds) const {
  const VirtualHost& host = *place.host;
  bounds.ports = {listener.port};
  bounds.scheme = listener.transport == Listener::Transport::kTls ? "https" : "http";
  std::vector<std::string> candidates;
  for (const std::string& name : host.hosts) {
    if (!name.starts_with('*')) {
      candidates.push_back(name);
      continue;
    }
    for (const char* label : {"a", "example", "b", "x1", "any.example"}) candidates.push_back(label + name.substr(1));
  }
  std::ranges::stable_sort(candidates, {}, &std::string::size);
  const auto leads_here = [&](const std::string& name) {
    return place.table->FindHost(name) == &host && (server == nullptr || listener.FindServer(name) == server);
  };
  const auto at = std::ranges::find_if(candidates, leads_here);
  if (at == candidates.end()) return false;
  bounds.authority = *at;
  bounds.authorities = AuthoritiesOf(host);
  if (bounds.scheme == "https") bounds.sni = *at;
  // What number the process's own port has is not known here: any that a rule asks for.
  if (bounds.ports.front() != 0) return true;
  for (const RouteId id : host.routes) {
    for (const RouteMatch& match : snapshot_.routes[id.value].matches) {
      if (match.port && std::ranges::find(bounds.ports, *match.port) == bounds.ports.end()) {
        bounds.ports.push_back(*match.port);
      }
    }
  }
  return true;
}

void RuleAnalysis::FillItems(Host& host) {
  for (const RouteId id : host.host->routes) {
    const Route& route = snapshot_.routes[id.value];
    if (route.matches.empty()) host.items.push_back({&route, -1, std::vector<Condition>()});
    for (std::size_t i = 0; i < route.matches.size(); ++i) {
      host.items.push_back({&route, static_cast<std::int32_t>(i), space_.ConditionsOf(route.matches[i])});
    }
  }
}

// --- who is reached ----------------------------------------------------------------------------------------------

// Looks for a request that meets `literals` and is decided by the target. A request that another rule takes shows which
// of that rule's conditions there are to break: each is tried in turn. When none is left, there is no such request.
RuleAnalysis::Reach RuleAnalysis::Explore(const Host& host, std::vector<Literal>& literals, Search& search) {
  if (search.steps_left-- <= 0) return Reach::kUnknown;
  FoundRequest found = space_.Find(literals, host.bounds);
  if (found.verdict == Verdict::kNone) return Reach::kNever;
  if (found.verdict == Verdict::kUnknown) return Reach::kUnknown;
  if (NamesExperiment(found.request)) {
    const auto fits = [&](const HeaderMap& headers) { return space_.HoldIn(literals, headers); };
    auto user = FindUser(snapshot_, *host.host, found.request, fits, hasher_, random_, users_left_);
    if (!user) return Reach::kUnknown;
    found.request = *std::move(user);
  }
  const SampleDecision decision(snapshot_, found.request, 0, hasher_, random_);
  const Plan& plan = decision.plan();
  if (plan.route == nullptr || plan.host == nullptr) return Reach::kUnknown;
  const Item& target = *search.target;
  const std::int32_t match = plan.match == nullptr || plan.route->matches.empty()
                                 ? -1
                                 : static_cast<std::int32_t>(plan.match - plan.route->matches.data());
  if (plan.route->id == target.route->id && (search.whole_rule || match == target.match)) {
    search.reached = found.request;
    return Reach::kReached;
  }
  const auto by = std::ranges::find_if(
      host.items, [&](const Item& item) { return item.route->id == plan.route->id && item.match == match; });
  // Another host answered, or the gateway changes a field that the request was built with.
  if (by == host.items.end() || !by->conditions || &*by >= &target) return Reach::kUnknown;
  if (!search.witness) search.witness = found.request;
  AddOnce(search.by, plan.route->id);
  bool unknown = false;
  for (const Condition& condition : *by->conditions) {
    literals.push_back({condition, false});
    const Reach reach = Explore(host, literals, search);
    literals.pop_back();
    if (reach == Reach::kReached) return reach;
    unknown = unknown || reach == Reach::kUnknown;
  }
  return unknown ? Reach::kUnknown : Reach::kNever;
}

RuleAnalysis::Reach RuleAnalysis::Start(const Host& host, Search& search) {
  if (!search.target->conditions) return Reach::kUnknown;
  std::vector<Literal> literals;
  for (const Condition& condition : *search.target->conditions) literals.push_back({condition, true});
  const Reach reach = Explore(host, literals, search);
  return reach == Reach::kNever && !search.witness ? Reach::kContradiction : reach;
}

// The items [begin, end) of one rule.
void RuleAnalysis::CheckRule(const Host& host, std::size_t begin, std::size_t end, std::vector<RuleNote>& notes) {
  const Route& route = *host.items[begin].route;
  RuleNote whole{Kind::kContradiction, route.id, -1, {}, host.host->name, {}};
  std::vector<RuleNote> parts;
  bool reached = false;
  bool unknown = false;
  for (std::size_t i = begin; i < end; ++i) {
    Search search{&host.items[i], false, kReachSteps, {}, {}, {}};
    const Reach reach = Start(host, search);
    reached = reached || reach == Reach::kReached;
    if (reach == Reach::kReached) continue;
    unknown = unknown || reach == Reach::kUnknown;
    for (const RouteId id : search.by) {
      if (id != route.id) AddOnce(whole.by, id);
    }
    if (reach == Reach::kNever) {
      whole.kind = Kind::kUnreachable;
      if (!whole.witness) whole.witness = search.witness;
    }
    const Kind kind = reach == Reach::kUnknown         ? Kind::kUnknown
                      : reach == Reach::kContradiction ? Kind::kContradiction
                                                       : Kind::kUnreachableMatch;
    parts.push_back({kind, route.id, host.items[i].match, std::move(search.by), host.host->name,
                     kind == Kind::kUnreachableMatch ? std::move(search.witness) : std::nullopt});
  }
  if (reached) {
    reached_.insert(KeyOf(route));
    notes.insert(notes.end(), parts.begin(), parts.end());
  } else if (unknown) {
    notes.push_back({Kind::kUnknown, route.id, -1, std::move(whole.by), host.host->name, {}});
  } else {
    dead_.emplace(host.host, route.id);
    notes.push_back(std::move(whole));
  }
}

void RuleAnalysis::CheckReach(const Host& host, std::vector<RuleNote>& notes) {
  for (std::size_t begin = 0; begin < host.items.size();) {
    std::size_t end = begin + 1;
    while (end < host.items.size() && host.items[end].route == host.items[begin].route) ++end;
    CheckRule(host, begin, end, notes);
    begin = end;
  }
}

// --- whose order decides -----------------------------------------------------------------------------------------

std::optional<bool> RuleAnalysis::Contains(const Host& host, const Item& outer, const Item& inner) {
  bool unknown = false;
  std::vector<Literal> literals;
  for (const Condition& condition : *inner.conditions) literals.push_back({condition, true});
  for (const Condition& condition : *outer.conditions) {
    if (RequestSpace::ClearlyImplies(*inner.conditions, condition)) continue;
    literals.push_back({condition, false});
    const Verdict verdict = space_.Find(literals, host.bounds).verdict;
    literals.pop_back();
    if (verdict == Verdict::kFound) return false;
    unknown = unknown || verdict == Verdict::kUnknown;
  }
  return unknown ? std::nullopt : std::optional(true);
}

std::optional<bool> RuleAnalysis::RuleContains(const Host& host, const Route& outer, const Item& inner) {
  bool unknown = false;
  for (const Item& item : host.items) {
    if (item.route != &outer) continue;
    const std::optional<bool> contains = item.conditions ? Contains(host, item, inner) : std::nullopt;
    if (contains.value_or(false)) return true;
    unknown = unknown || !contains;
  }
  return unknown ? std::nullopt : std::optional(false);
}

bool RuleAnalysis::AlsoMatches(const Item& item, const SampleRequest& request) {
  SampleDecision decision(snapshot_, request, 0, hasher_, random_);
  const std::array<RouteId, 1> only = {item.route->id};
  const MatchProgram program(only, snapshot_.routes);
  const RouteInput input{&decision.head(), decision.input().path, decision.input().query,
                         decision.input().listener_port};
  return static_cast<bool>(program.Run(input, snapshot_.routes, decision.arena()));
}

// Absent: they share nothing, or one contains the other, or neither comes to it.
std::optional<RuleNote> RuleAnalysis::Overlap(const Host& host, const Item& earlier, const Item& later) {
  RuleNote note{Kind::kUnknown, later.route->id, -1, {earlier.route->id}, host.host->name, {}};
  if (!earlier.conditions) return std::nullopt;  // said where its reach was looked at
  if (RequestSpace::ClearlyApart(*earlier.conditions, *later.conditions)) return std::nullopt;
  if (SameOutcome(*earlier.route, *later.route)) return std::nullopt;
  const std::optional<bool> specific = RuleContains(host, *later.route, earlier);
  if (specific.value_or(false)) return std::nullopt;
  Search search{&earlier, true, kOverlapSteps, {}, {}, {}};
  std::vector<Literal> both;
  for (const Condition& condition : *earlier.conditions) both.push_back({condition, true});
  for (const Condition& condition : *later.conditions) both.push_back({condition, true});
  switch (Explore(host, both, search)) {
    case Reach::kNever:
    case Reach::kContradiction: return std::nullopt;
    case Reach::kUnknown: return note;
    case Reach::kReached: break;
  }
  if (!specific) return note;
  const std::optional<bool> shadowed = RuleContains(host, *earlier.route, later);
  if (shadowed.value_or(false)) return std::nullopt;
  if (!shadowed || !AlsoMatches(later, *search.reached)) return note;
  note.kind = Kind::kOverlap;
  note.witness = std::move(search.reached);
  return note;
}

void RuleAnalysis::CheckOverlaps(const Host& host, std::vector<RuleNote>& notes) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, bool> done;  // rules that are known to overlap
  for (std::size_t j = 1; j < host.items.size(); ++j) {
    const Item& later = host.items[j];
    // One without conditions contains whatever came before.
    if (!later.conditions || later.conditions->empty() || dead_.contains({host.host, later.route->id})) continue;
    std::size_t found = 0;
    for (std::size_t i = 0; i < j && found < kOverlapsPerRule; ++i) {
      const Item& earlier = host.items[i];
      if (earlier.route == later.route) continue;
      if (pairs_left_ == 0 || overlaps_left_ == 0 || space_.exhausted()) {
        notes.push_back({Kind::kStopped, later.route->id, -1, {}, host.host->name, {}});
        return;
      }
      --pairs_left_;
      const std::pair pair(earlier.route->id.value, later.route->id.value);
      std::optional<RuleNote> note = Overlap(host, earlier, later);
      if (!note) continue;
      if (!done.try_emplace(pair, true).second) continue;
      notes.push_back(*std::move(note));
      --overlaps_left_;
      ++found;
    }
  }
}

// --- all together -------------------------------------------------------------------------------------------------

// A rule is written once and may hold in several places.
std::vector<RuleNote> RuleAnalysis::Settle(std::vector<RuleNote> notes) const {
  std::vector<RuleNote> settled;
  std::set<std::tuple<Kind, RuleKey, std::int32_t, RuleKey>> seen;
  for (RuleNote& note : notes) {
    const Route& route = snapshot_.routes[note.rule.value];
    if (note.kind == Kind::kUnreachable && reached_.contains(KeyOf(route))) note.kind = Kind::kUnreachableHere;
    const RuleKey by = note.by.empty() ? RuleKey() : KeyOf(snapshot_.routes[note.by.front().value]);
    if (seen.emplace(note.kind, KeyOf(route), note.match, by).second) settled.push_back(std::move(note));
  }
  return settled;
}

std::vector<RuleNote> RuleAnalysis::Run() {
  std::vector<RuleNote> notes;
  for (const Host& host : hosts_) CheckReach(host, notes);
  for (const Host& host : hosts_) CheckOverlaps(host, notes);
  return Settle(std::move(notes));
}

std::optional<RuleAnalysis::Taken> RuleAnalysis::WhoTakes(const std::string& virtual_service, const RouteMatch* match) {
  std::vector<Literal> literals;
  if (match != nullptr) {
    const std::optional<std::vector<Condition>> conditions = space_.ConditionsOf(*match);
    if (!conditions) return std::nullopt;
    for (const Condition& condition : *conditions) literals.push_back({condition, true});
  }
  for (const Host& host : hosts_) {
    const bool of_it = std::ranges::any_of(
        host.items, [&](const Item& item) { return item.route->virtual_service == virtual_service; });
    if (!of_it) continue;
    const FoundRequest found = space_.Find(literals, host.bounds);
    if (found.verdict != Verdict::kFound) continue;
    const SampleDecision decision(snapshot_, found.request, 0, hasher_, random_);
    if (decision.plan().route != nullptr) return Taken{found.request, decision.plan().route->id};
  }
  return std::nullopt;
}

}  // namespace sluice::core
