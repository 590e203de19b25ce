// Rules and matches that can never decide anything (IST0130, IST0131).
#include "config/validate.h"

#include "config/format.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::config {
namespace {

// Lengths stand before texts so that no two different conditions read alike.
void Append(std::string& key, std::string_view text) { key += Format("{}:{};", text.size(), text); }

void Append(std::string& key, const core::StringMatch& match) {
  key += Format("{}{}", static_cast<unsigned>(match.kind()), match.ignore_case() ? "i" : "");
  Append(key, match.text());
}

void Append(std::string& key, std::string_view name, const std::optional<core::StringMatch>& match) {
  if (!match.has_value()) return;
  key += name;
  Append(key, *match);
}

template <typename Predicates>
void AppendAll(std::string& key, std::string_view name, const Predicates& predicates) {
  std::set<std::string> sorted;
  for (const auto& predicate : predicates) {
    std::string one(name);
    Append(one, predicate.name);
    Append(one, predicate.match);
    sorted.insert(std::move(one));
  }
  for (const std::string& one : sorted) key += one;
}

// Everything but the uri.
std::string KeyOf(const MatchItem& item) {
  std::string key;
  const core::RouteMatch& match = item.match;
  Append(key, "scheme", match.scheme);
  Append(key, "method", match.method);
  Append(key, "authority", match.authority);
  AppendAll(key, "header", match.headers);
  AppendAll(key, "without", match.without_headers);
  AppendAll(key, "query", match.query);
  if (match.port.has_value()) key += Format("port{};", *match.port);
  for (const std::string& gateway : item.gateways) Append(key, gateway);
  for (const auto& [label, value] : item.source_labels) {
    Append(key, label);
    Append(key, value);
  }
  Append(key, item.source_namespace);
  return key;
}

// What the earlier matches of one VirtualService cover.
class Coverage {
 public:
  bool HasDuplicate(const MatchItem& item) const {
    const auto uris = exact_.find(KeyOf(item));
    return uris != exact_.end() && uris->second.contains(UriKey(item));
  }

  // An earlier prefix that already takes this uri; null when there is none.
  const std::string* CoveringPrefix(const MatchItem& item) const {
    const auto& uri = item.match.uri;
    if (!uri.has_value() || uri->kind() == core::StringMatch::Kind::kRegex || uri->ignore_case()) return nullptr;
    const auto prefixes = prefixes_.find(KeyOf(item));
    if (prefixes == prefixes_.end()) return nullptr;
    for (std::size_t length = 0; length <= uri->text().size(); ++length) {
      const auto found = prefixes->second.find(uri->text().substr(0, length));
      if (found != prefixes->second.end()) return &*found;
    }
    return nullptr;
  }

  void Add(const MatchItem& item) {
    const std::string key = KeyOf(item);
    exact_[key].insert(UriKey(item));
    const auto& uri = item.match.uri;
    if (uri.has_value() && uri->kind() == core::StringMatch::Kind::kPrefix) prefixes_[key].insert(uri->text());
  }

 private:
  static std::string UriKey(const MatchItem& item) {
    std::string key;
    Append(key, "uri", item.match.uri);
    return key;
  }

  std::map<std::string, std::set<std::string>> exact_;     // rest of the match -> uris
  std::map<std::string, std::set<std::string>> prefixes_;  // rest of the match -> uri prefixes
};

void CheckMatches(const Metadata& meta, const HttpRule& rule, Coverage& coverage, Findings& findings) {
  std::size_t duplicates = 0;
  for (const MatchItem& item : rule.matches) {
    if (coverage.HasDuplicate(item)) {
      ++duplicates;
      if (rule.matches.size() > 1) {
        findings.Info("IST0131", {meta.file, item.mark}, "this match duplicates an earlier one", "remove it");
      }
    } else if (const std::string* prefix = coverage.CoveringPrefix(item)) {
      findings.Info("IST0131", {meta.file, item.mark},
                    Format("the uri of this match is covered by the earlier prefix {}", *prefix),
                    "put the longer uri first");
    }
    coverage.Add(item);
  }
  if (duplicates != 0 && duplicates == rule.matches.size()) {
    findings.Warn("IST0130", {meta.file, rule.mark}, "this rule is never reached: earlier rules have the same matches",
                  "remove it or change its matches");
  }
}

// VirtualServices of one host are joined: what an earlier one decides, a later one never sees.
void CheckJoined(const PlannedHost& host, const core::Settings::Identity& identity, Findings& findings) {
  Coverage coverage;
  const HttpRule* catch_all = nullptr;
  for (const VirtualService* service : host.services) {
    const std::size_t last = FirstCatchAll(*service, identity);
    const std::size_t end = std::min(last + 1, service->http.size());
    for (std::size_t i = 0; i < end; ++i) {
      const HttpRule& rule = service->http[i];
      const bool taken = !rule.matches.empty() && std::ranges::all_of(rule.matches, [&](const MatchItem& item) {
        return coverage.HasDuplicate(item);
      });
      const bool last_of_all = i == last && rule.matches.size() <= 1 && catch_all != nullptr;
      if (!taken && !last_of_all) continue;
      findings.Warn("IST0130", {service->meta.file, rule.mark},
                    Format("this rule is never reached on {}: an earlier VirtualService of the host {}", host.fqdn,
                           taken ? "has the same matches" : "has a rule that matches everything"),
                    "write one VirtualService per host");
    }
    if (last < service->http.size() && catch_all == nullptr) catch_all = &service->http[last];
    for (std::size_t i = 0; i < end; ++i) {
      for (const MatchItem& item : service->http[i].matches) coverage.Add(item);
    }
  }
}

}  // namespace

void ValidateRules(const Documents& documents, const HostPlan& plan, Findings& findings) {
  for (const PlannedHost& host : plan.hosts) {
    if (host.services.size() > 1) CheckJoined(host, documents.settings.identity, findings);
  }
  for (const VirtualService& service : documents.virtual_services) {
    const std::size_t last = FirstCatchAll(service, documents.settings.identity);
    Coverage coverage;
    for (std::size_t i = 0; i < service.http.size(); ++i) {
      const HttpRule& rule = service.http[i];
      if (i <= last) {
        CheckMatches(service.meta, rule, coverage, findings);
        continue;
      }
      findings.Warn(
          "IST0130", {service.meta.file, rule.mark},
          Format("this rule is never reached: the rule at line {} matches everything", service.http[last].mark.line),
          "put the rule that matches everything last");
    }
  }
}

}  // namespace sluice::config
