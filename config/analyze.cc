#include "config/analyze.h"

#include "core/analysis/rule_analysis.h"

#include "config/format.h"
#include "config/host_plan.h"
#include "config/id_share.h"
#include "config/loader.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace sluice::config {
namespace {

using Kind = core::RuleNote::Kind;

class Report {
 public:
  Report(const Documents& documents, const core::Snapshot& snapshot, std::vector<Finding>& findings)
      : snapshot_(snapshot), findings_(findings) {
    for (const VirtualService& service : documents.virtual_services) services_.emplace(service.meta.Id(), &service);
    for (std::size_t i = 0; i < findings.size(); ++i) {
      const Finding& finding = findings[i];
      if (finding.code == "IST0130" || finding.code == "IST0131") known_.emplace(KeyOf(finding.code, finding.place), i);
    }
  }

  void Add(const core::RuleNote& note) {
    const Place place = PlaceOf(note);
    const std::string what = note.match >= 0 && HasSeveral(note) ? "this match" : "this rule";
    switch (note.kind) {
      case Kind::kUnreachable:
        return AddUnreachable(Severity::kWarning, "SL2040", place,
                              Format("{} is never reached: {}", what, TakenBy(note)), note);
      case Kind::kUnreachableHere:
        return AddUnreachable(Severity::kInfo, "SL2040", place,
                              Format("{} is never reached on {}: {}", what, note.host, TakenBy(note)), note);
      case Kind::kUnreachableMatch:
        return AddUnreachable(Severity::kInfo, "SL2041", place, Format("{} decides nothing: {}", what, TakenBy(note)),
                              note);
      case Kind::kContradiction:
        return Put({Severity::kWarning,
                    "SL2042",
                    Format("no request meets all conditions of {}", what),
                    "compare its conditions: a regex must match the whole text, and a path begins with /",
                    place,
                    {}});
      case Kind::kOverlap:
        return Put({Severity::kInfo, "SL2043",
                    Format("{} and the one at {} do different things with the same request, and the earlier one wins: "
                           "{}",
                           what, Where(note.by.front(), place), Shown(note)),
                    "order them as you mean it, or add a condition", place, WitnessOf(*note.witness, note.by.front())});
      case Kind::kUnknown:
        return Put({Severity::kInfo,
                    "SL2044",
                    note.by.empty() ? Format("whether {} is ever reached could not be told", what)
                                    : Format("whether {} shares requests with the one at {} could not be told", what,
                                             Where(note.by.front(), place)),
                    "try a request with `sluice explain`",
                    place,
                    {}});
      case Kind::kStopped:
        return Put({Severity::kInfo,
                    "SL2045",
                    "from here on the rules of this host were not compared with each other: there are too many",
                    "",
                    place,
                    {}});
    }
  }

  void Finish() {
    // The list may have been full before: then it says so already.
    const bool said = std::ranges::find(findings_, "SL1012", &Finding::code) != findings_.end();
    if (dropped_ == 0 || said) return;
    findings_.push_back({Severity::kInfo,
                         "SL1012",
                         Format("{} more findings are not shown", dropped_),
                         "correct those above first",
                         {},
                         {}});
  }

  // A rule behind one that matches everything does not exist in the snapshot.
  void AddDead(core::RuleAnalysis& analysis, const VirtualService& service, const HttpRule& rule) {
    const auto known = known_.find(KeyOf("IST0130", {service.meta.file, rule.mark}));
    if (known == known_.end()) return;
    const core::RouteMatch* match = rule.matches.empty() ? nullptr : &rule.matches.front().match;
    if (auto taken = analysis.WhoTakes(service.meta.Id(), match)) {
      Show(findings_[known->second], WitnessOf(taken->request, taken->by), taken->by);
    }
  }

 private:
  using KnownKey = std::tuple<std::string, std::string, std::uint32_t, std::uint32_t>;
  static KnownKey KeyOf(const std::string& code, const Place& place) {
    return {code, place.file, place.mark.line, place.mark.column};
  }

  const core::Route& RouteOf(core::RouteId id) const { return snapshot_.routes[id.value]; }

  const HttpRule* RuleOf(core::RouteId id) const {
    const core::Route& route = RouteOf(id);
    const auto at = services_.find(route.virtual_service);
    if (at == services_.end() || route.rule_index >= at->second->http.size()) return nullptr;
    return &at->second->http[route.rule_index];
  }

  // An item that holds for other proxies is not compiled, and one that matches everything is a route of its own. Where
  // it is not certain which item is meant, the place is that of the rule.
  Place PlaceOf(const core::RuleNote& note) const {
    const core::Route& route = RouteOf(note.rule);
    Place place{route.file, {route.line, 1}};
    const HttpRule* rule = RuleOf(note.rule);
    if (rule == nullptr) return place;
    place.mark = rule->mark;
    if (note.match < 0 || !HasSeveral(note)) return place;
    std::vector<Mark> marks;
    for (const MatchItem& item : rule->matches) {
      if (!IsCatchAll(item)) marks.push_back(item.mark);
    }
    const auto index = static_cast<std::size_t>(note.match);
    if (marks.size() == route.matches.size() && index < marks.size()) place.mark = marks[index];
    return place;
  }

  bool HasSeveral(const core::RuleNote& note) const {
    const HttpRule* rule = RuleOf(note.rule);
    return rule != nullptr && rule->matches.size() > 1;
  }

  std::string Where(core::RouteId id, const Place& from) const {
    const core::Route& route = RouteOf(id);
    return route.file == from.file ? Format("line {}", route.line) : Format("{}:{}", route.file, route.line);
  }

  std::string TakenBy(const core::RuleNote& note) const {
    const Place place = PlaceOf(note);
    if (note.by.size() == 1 && note.by.front() == note.rule) {
      return Format("earlier matches of the rule take its requests, such as {}", Shown(note));
    }
    std::string rules = note.by.size() == 1 ? "the rule at " : "the rules at ";
    for (std::size_t i = 0; i < note.by.size(); ++i) {
      const std::string_view between = i == 0 ? "" : i + 1 == note.by.size() ? " and " : ", ";
      rules += Format("{}{}", between, Where(note.by[i], place));
    }
    return Format("{} {} its requests, such as {}", rules, note.by.size() == 1 ? "takes" : "take", Shown(note));
  }

  Witness WitnessOf(const core::SampleRequest& request, core::RouteId by) const {
    const core::Route& route = RouteOf(by);
    return {request.method,
            request.scheme,
            request.authority,
            request.target,
            request.headers,
            request.listener_port,
            {route.file, {route.line, 0}}};
  }

  std::string Shown(const core::RuleNote& note) const {
    return Format("`{}`", FormatWitness(WitnessOf(*note.witness, note.by.front())));
  }

  void Show(Finding& finding, Witness witness, core::RouteId by) const {
    if (finding.witness.has_value()) return;
    finding.message +=
        Format("; for example, the rule at {} takes `{}`", Where(by, finding.place), FormatWitness(witness));
    finding.witness = std::move(witness);
  }

  void AddUnreachable(Severity severity, std::string_view code, const Place& place, std::string message,
                      const core::RuleNote& note) {
    Witness witness = WitnessOf(*note.witness, note.by.front());
    // Istio's own finding says what is wrong; what it lacks is the request.
    const auto known = known_.find(KeyOf(note.match < 0 ? "IST0130" : "IST0131", place));
    if (known != known_.end()) return Show(findings_[known->second], std::move(witness), note.by.front());
    Put({severity, std::string(code), std::move(message), "put it before them, or remove it", place,
         std::move(witness)});
  }

  void Put(Finding finding) {
    if (findings_.size() < Findings::kMax) return findings_.push_back(std::move(finding));
    ++dropped_;
  }

  const core::Snapshot& snapshot_;
  std::vector<Finding>& findings_;
  std::map<std::string, const VirtualService*> services_;
  std::size_t dropped_ = 0;
  std::map<KnownKey, std::size_t> known_;  // IST0130 and IST0131 by code and place
};

}  // namespace

void AnalyzeRules(const Documents& documents, std::vector<Finding>& findings) {
  const std::unique_ptr<core::Snapshot> snapshot = Compile(documents, {});
  snapshot->authorization = {};
  core::RuleAnalysis analysis(*snapshot);
  Report report(documents, *snapshot, findings);
  for (const core::RuleNote& note : analysis.Run()) report.Add(note);
  for (const VirtualService& service : documents.virtual_services) {
    const std::size_t last = FirstCatchAll(service, documents.settings.identity);
    for (std::size_t i = last + 1; i < service.http.size(); ++i) report.AddDead(analysis, service, service.http[i]);
  }
  report.Finish();
  CheckIdShares(documents, findings);
  std::ranges::stable_sort(findings, {}, [](const Finding& finding) {
    return std::tuple(finding.place.file.empty(), std::string_view(finding.place.file), finding.place.mark.line,
                      finding.place.mark.column);
  });
}

}  // namespace sluice::config
