// VirtualService (istio-reference.md section 1, hard rules of 6.2).
#include "config/parse.h"

#include "core/base/text.h"
#include "core/route/header_ops.h"

#include "config/format.h"
#include "config/hostname.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace sluice::config {
namespace {

std::optional<DestinationRef> ReadDestination(Fields& fields, const Metadata& meta) {
  DestinationRef to;
  const auto host = ReadHost(fields, "host", meta, false);
  to.subset = ReadLabelName(fields, "subset").value_or("");
  to.subset_mark = fields.MarkOf("subset");
  if (const YamlNode* node = fields.Map("port")) {
    Fields port(*node, fields.PathOf("port"), fields.scope());
    port.Require("number");
    to.port_mark = port.MarkOf("number");
    if (const auto number = port.Count("number", 1, 65535)) to.port = static_cast<std::uint16_t>(*number);
  }
  if (!host.has_value()) return std::nullopt;
  to.host = *host;
  return to;
}

std::optional<RouteDestination> ReadRouteDestination(const YamlNode& node, const std::string& path,
                                                     const Metadata& meta, const Scope& scope) {
  Fields fields(node, path, scope);
  RouteDestination destination;
  destination.weight = fields.Count("weight").value_or(0);
  destination.headers = ReadHeaderOps(fields);
  fields.Require("destination");
  const YamlNode* to_node = fields.Map("destination");
  if (to_node == nullptr) return std::nullopt;
  Fields to_fields(*to_node, fields.PathOf("destination"), scope);
  auto to = ReadDestination(to_fields, meta);
  if (!to.has_value()) return std::nullopt;
  destination.to = std::move(*to);
  return destination;
}

std::vector<RouteDestination> ReadDestinations(Fields& rule, const Metadata& meta) {
  std::vector<RouteDestination> destinations;
  const YamlNode* list = rule.List("route");
  if (list == nullptr) return destinations;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    auto destination =
        ReadRouteDestination(list->items[i], Format("{}[{}]", rule.PathOf("route"), i), meta, rule.scope());
    if (!destination.has_value()) continue;
    total += destination->weight;
    destinations.push_back(std::move(*destination));
  }
  if (list->items.empty()) {
    rule.scope().Error("IST0106", list->mark, Format("{} is empty", rule.PathOf("route")));
  } else if (destinations.size() > 1 && total == 0) {
    rule.scope().Error("IST0106", rule.MarkOf("route"), "all weights of this split are 0",
                       "give at least one destination a weight");
  }
  return destinations;
}

// The deprecated whole-number forms are still read; mirrorPercentage wins.
std::uint32_t ReadMirrorShare(Fields& rule) {
  const auto share = ReadPercentage(rule, "mirrorPercentage");
  std::optional<std::uint32_t> old;
  for (const std::string_view key : {"mirrorPercent", "mirror_percent"}) {
    if (!rule.Has(key)) continue;
    old = rule.Count(key, 0, 100);
    rule.scope().Warn("IST0002", rule.MarkOf(key), Format("{} is deprecated", rule.PathOf(key)),
                      "write mirrorPercentage: {value: ...}");
  }
  if (share.has_value()) return *share;
  return old.has_value() ? *old * 10'000 : 1'000'000;
}

std::optional<MirrorTarget> ReadMirrorItem(const YamlNode& node, const std::string& path, const Metadata& meta,
                                           const Scope& scope) {
  Fields fields(node, path, scope);
  MirrorTarget mirror;
  mirror.per_million = ReadPercentage(fields, "percentage").value_or(1'000'000);
  fields.Require("destination");
  const YamlNode* to_node = fields.Map("destination");
  if (to_node == nullptr) return std::nullopt;
  Fields to_fields(*to_node, fields.PathOf("destination"), scope);
  auto to = ReadDestination(to_fields, meta);
  if (!to.has_value()) return std::nullopt;
  mirror.to = std::move(*to);
  return mirror;
}

std::vector<MirrorTarget> ReadMirrors(Fields& rule, const Metadata& meta) {
  std::vector<MirrorTarget> mirrors;
  const bool share_given = rule.Has("mirrorPercentage") || rule.Has("mirrorPercent") || rule.Has("mirror_percent");
  const std::uint32_t share = ReadMirrorShare(rule);
  if (const YamlNode* node = rule.Map("mirror")) {
    Fields fields(*node, rule.PathOf("mirror"), rule.scope());
    if (auto to = ReadDestination(fields, meta)) mirrors.push_back({std::move(*to), share});
  } else if (share_given) {
    rule.scope().Warn("IST0133", rule.MarkOf("mirrorPercentage"), "a mirror percentage without `mirror` has no effect",
                      "entries of `mirrors` have their own percentage");
  }
  const YamlNode* list = rule.List("mirrors");
  if (list == nullptr) return mirrors;
  if (rule.Has("mirror")) {
    rule.scope().Error("IST0106", rule.MarkOf("mirrors"), "a rule has both mirror and mirrors", "keep mirrors");
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    auto mirror = ReadMirrorItem(list->items[i], Format("{}[{}]", rule.PathOf("mirrors"), i), meta, rule.scope());
    if (mirror.has_value()) mirrors.push_back(std::move(*mirror));
  }
  return mirrors;
}

// rewrite.authority, and `host` in the rule's or in the destinations' request headers: one place only.
void CheckOneAuthority(Fields& rule, const HttpRule& parsed) {
  int levels = parsed.rewrite.authority.has_value() ? 1 : 0;
  levels += core::FindAuthorityOp(parsed.headers.request) != nullptr ? 1 : 0;
  bool in_destination = false;
  if (const auto* destinations = std::get_if<std::vector<RouteDestination>>(&parsed.action)) {
    in_destination = std::ranges::any_of(*destinations, [](const RouteDestination& destination) {
      return core::FindAuthorityOp(destination.headers.request) != nullptr;
    });
  }
  if (levels + (in_destination ? 1 : 0) > 1) {
    rule.scope().Error("IST0106", rule.mark(), "this rule sets the authority in several places",
                       "keep rewrite.authority");
  }
}

// Exactly one action; what excludes what.
void CheckAction(Fields& rule) {
  const bool route = rule.Has("route");
  const bool redirect = rule.Has("redirect");
  const bool direct = rule.Has("directResponse");
  if (route + redirect + direct != 1 && !rule.Has("delegate")) {
    rule.scope().Error("IST0106", rule.mark(), "a rule needs exactly one of route, redirect, directResponse");
  }
  if (!redirect && !direct) return;
  for (const std::string_view key : {"rewrite", "fault", "retries", "timeout", "mirror", "mirrors"}) {
    if (!rule.Has(key)) continue;
    const std::string_view action = redirect ? "redirect" : "directResponse";
    if (key == "rewrite" || key == "fault") {
      rule.scope().Error("IST0106", rule.MarkOf(key), Format("{} excludes {}", action, key), "remove one of them");
    } else {
      rule.scope().Warn("IST0133", rule.MarkOf(key), Format("{} has no effect beside {}", key, action), "remove it");
    }
  }
}

HttpRule ReadRule(const YamlNode& node, const std::string& path, const Metadata& meta, const Scope& scope) {
  HttpRule parsed;
  parsed.mark = node.mark;
  Fields rule(node, path, scope);
  parsed.name = rule.Text("name").value_or("");
  parsed.matches = ReadMatches(rule);
  parsed.headers = ReadHeaderOps(rule);
  CheckAction(rule);
  auto destinations = ReadDestinations(rule, meta);
  auto redirect = ReadRedirect(rule, parsed.matches);
  auto direct = ReadDirectResponse(rule);
  if (redirect.has_value()) {
    parsed.action = std::move(*redirect);
  } else if (direct.has_value()) {
    parsed.action = std::move(*direct);
  } else {
    parsed.action = std::move(destinations);
  }
  parsed.mirrors = ReadMirrors(rule, meta);
  parsed.rewrite = ReadRewrite(rule);
  parsed.timeout = rule.Time("timeout");
  parsed.timeout_mark = rule.MarkOf("timeout");
  parsed.retries = ReadRetries(rule);
  parsed.fault = ReadFault(rule);
  parsed.cors = ReadCors(rule);
  rule.Refuse("delegate", "this build does not follow delegates", "write the delegate's rules here");
  CheckOneAuthority(rule, parsed);
  return parsed;
}

// Hosts by their reversed names, in which all that a wildcard covers stand together: a file may name very many.
class HostSet {
 public:
  // The host that overlaps this one, as written; without one nullopt, and this one is kept.
  std::optional<std::string> Add(const HostRef& host) {
    const std::string name(host.fqdn.rbegin(), host.fqdn.rend());
    const auto find = [&](const std::string& wanted) -> std::optional<std::string> {
      const auto found = hosts_.find(wanted);
      return found == hosts_.end() ? std::nullopt : std::optional(found->second);
    };
    if (auto other = find(name)) return other;
    if (auto other = find("*")) return other;
    for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      if (auto other = find(name.substr(0, dot + 1) + "*")) return other;
    }
    if (name.ends_with('*')) {
      const std::string_view covered = std::string_view(name).substr(0, name.size() - 1);
      const auto first = hosts_.lower_bound(covered);
      if (first != hosts_.end() && first->first.starts_with(covered)) return first->second;
    }
    hosts_.emplace(name, host.given);
    return std::nullopt;
  }

 private:
  std::map<std::string, std::string, std::less<>> hosts_;  // reversed FQDN -> as written
};

std::vector<HostRef> ReadHosts(Fields& spec, const Metadata& meta) {
  std::vector<HostRef> hosts;
  spec.Require("hosts");
  const YamlNode* list = spec.List("hosts");
  if (list == nullptr) return hosts;
  if (list->items.empty()) {
    spec.scope().Error("IST0106", list->mark, "hosts is empty, which makes this a delegate",
                       "name the hosts; this build does not follow delegates");
  }
  HostSet known;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    auto host = ReadHost(list->items[i], Format("spec.hosts[{}]", i), meta, true, spec.scope());
    if (!host.has_value()) continue;
    if (const auto other = known.Add(*host)) {
      spec.scope().Error("IST0106", host->mark,
                         Format("the hosts `{}` and `{}` of one VirtualService overlap", *other, host->given),
                         "keep the wider one");
      continue;
    }
    hosts.push_back(std::move(*host));
  }
  return hosts;
}

std::vector<HostRef> ReadGateways(Fields& spec, const Metadata& meta) {
  std::vector<HostRef> gateways;
  const YamlNode* list = spec.List("gateways");
  if (list == nullptr) return gateways;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    auto name = ReadText(list->items[i], Format("spec.gateways[{}]", i), spec.scope());
    if (name.has_value() && !IsGatewayName(*name)) {
      spec.scope().Error("IST0106", list->items[i].mark,
                         Format("spec.gateways[{}]: `{}` names no gateway", i, name->substr(0, 80)),
                         "write NAME or NAMESPACE/NAME, or mesh");
    } else if (name.has_value())
      gateways.push_back({*name, ResolveGatewayName(*name, meta.name_space), list->items[i].mark});
  }
  return gateways;
}

// sluice.dev/sticky: header:NAME, cookie:NAME or query:NAME.
std::optional<core::Sticky> ReadSticky(const Metadata& meta, const TextMap& annotations, const Scope& scope) {
  const auto found = std::ranges::find(annotations, "sluice.dev/sticky", &TextMap::value_type::first);
  if (found == annotations.end()) return std::nullopt;
  const std::string_view value = found->second;
  const std::size_t colon = std::min(value.find(':'), value.size());
  const std::string_view source = value.substr(0, colon);
  const std::string_view name = value.substr(std::min(colon + 1, value.size()));
  core::Sticky sticky;
  sticky.salt = meta.Id();
  sticky.name = source == "header" ? core::Fold(name) : std::string(name);
  sticky.source = source == "header"   ? core::Sticky::Source::kHeader
                  : source == "cookie" ? core::Sticky::Source::kCookie
                                       : core::Sticky::Source::kQuery;
  const bool known = source == "header" || source == "cookie" || source == "query";
  const bool named = source == "query" ? !name.empty() : core::IsToken(name);
  if (known && named) return sticky;
  scope.Error("SL1105", meta.mark, Format("the annotation sluice.dev/sticky cannot be `{}`", value.substr(0, 80)),
              "write header:NAME, cookie:NAME or query:NAME");
  return std::nullopt;
}

}  // namespace

void ParseVirtualService(Fields& spec, const Metadata& meta, const TextMap& annotations, Documents& documents) {
  VirtualService service;
  service.meta = meta;
  service.hosts = ReadHosts(spec, meta);
  service.gateways = ReadGateways(spec, meta);
  service.sticky = ReadSticky(meta, annotations, spec.scope());
  spec.Refuse("tls", "raw TLS is not routed by this build", "route HTTP with `http`");
  spec.Refuse("tcp", "raw TCP is not routed by this build", "route HTTP with `http`");
  ReadExportTo(spec);
  if (!spec.Has("tls") && !spec.Has("tcp")) spec.Require("http");
  if (const YamlNode* list = spec.List("http")) {
    if (list->items.empty()) spec.scope().Error("IST0106", list->mark, "spec.http has no rule");
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      service.http.push_back(ReadRule(list->items[i], Format("spec.http[{}]", i), meta, spec.scope()));
    }
  }
  for (HttpRule& rule : service.http) {
    for (MatchItem& item : rule.matches) {
      for (std::string& gateway : item.gateways) gateway = ResolveGatewayName(gateway, meta.name_space);
    }
  }
  documents.virtual_services.push_back(std::move(service));
}

}  // namespace sluice::config
