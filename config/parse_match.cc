// match[] of a VirtualService rule (istio-reference.md section 1.3a).
#include "config/parse.h"

#include "core/base/text.h"
#include "core/http/header_name.h"

#include "config/format.h"

#include <utility>

namespace sluice::config {
namespace {

void ReadCondition(Fields& item, std::string_view key, StringMatchRules rules, std::optional<core::StringMatch>& into) {
  const YamlNode* node = item.Map(key);
  if (node != nullptr) into = ReadStringMatch(*node, item.PathOf(key), rules, item.scope());
}

bool IsHeaderKey(std::string_view name) { return core::IsToken(name.starts_with(':') ? name.substr(1) : name); }

void ReadHeaders(Fields& item, std::string_view key, std::vector<core::HeaderPredicate>& into) {
  const YamlNode* map = item.Map(key);
  if (map == nullptr) return;
  const Scope& scope = item.scope();
  for (const YamlMember& member : map->members) {
    const std::string path = Format("{}.{}", item.PathOf(key), member.key);
    std::string name = core::Fold(member.key);
    if (name.starts_with("@request.auth.")) {
      scope.Error("SL1103", member.mark, Format("{}: this build does not read JWT claims", path),
                  "match on a header that the authentication layer sets");
    } else if (name == "uri" || name == "scheme" || name == "method" || name == "authority") {
      scope.Warn("SL2013", member.mark, Format("{} is ignored, as Istio does: it is no header", path),
                 Format("write `{}` beside `headers`", name));
    } else if (!IsHeaderKey(name)) {
      scope.Error("IST0106", member.mark, Format("{}: this is no header name", path));
    } else if (member.value.kind == YamlNode::Kind::kNull) {
      scope.Error("IST0106", member.mark, Format("{} has no value", path), "write {} to test for presence");
    } else if (auto match = ReadStringMatch(member.value, path, {.presence = true}, scope)) {
      const core::HeaderName code = core::LookupHeaderName(name);
      into.push_back({std::move(name), code, std::move(*match)});
    }
  }
}

void ReadQuery(Fields& item, std::vector<core::QueryPredicate>& into) {
  const YamlNode* map = item.Map("queryParams");
  if (map == nullptr) return;
  for (const YamlMember& member : map->members) {
    const std::string path = Format("{}.{}", item.PathOf("queryParams"), member.key);
    if (member.value.kind == YamlNode::Kind::kNull) {
      item.scope().Error("IST0106", member.mark, Format("{} has no value", path), "write {} to test for presence");
    } else if (auto match = ReadStringMatch(member.value, path, {.presence = true}, item.scope())) {
      into.push_back({member.key, std::move(*match)});
    }
  }
}

MatchItem ReadItem(const YamlNode& node, const std::string& path, const Scope& scope) {
  MatchItem item;
  item.mark = node.mark;
  Fields fields(node, path, scope);
  core::RouteMatch& match = item.match;
  if (const auto name = fields.Text("name")) match.name = *name;
  const bool ignore_case = fields.Flag("ignoreUriCase").value_or(false);
  ReadCondition(fields, "uri", {.empty_prefix = true, .ignore_case = ignore_case}, match.uri);
  ReadCondition(fields, "scheme", {}, match.scheme);
  ReadCondition(fields, "method", {}, match.method);
  ReadCondition(fields, "authority", {}, match.authority);
  ReadHeaders(fields, "headers", match.headers);
  ReadHeaders(fields, "withoutHeaders", match.without_headers);
  ReadQuery(fields, match.query);
  if (const auto port = fields.Count("port", 1, 65535)) match.port = static_cast<std::uint16_t>(*port);
  item.gateways = fields.Texts("gateways");
  for (const std::string& name : item.gateways) {
    if (IsGatewayName(name)) continue;
    scope.Error("IST0106", fields.MarkOf("gateways"),
                Format("{}: `{}` names no gateway", fields.PathOf("gateways"), name.substr(0, 80)),
                "write NAME or NAMESPACE/NAME, or mesh");
  }
  item.source_labels = ReadLabels(fields, "sourceLabels");
  item.source_namespace = fields.Text("sourceNamespace").value_or("");
  fields.Ignore("statPrefix", "per-route counters carry the rule's name instead");
  if (node.kind == YamlNode::Kind::kMap && node.members.empty()) {
    scope.Error("IST0106", node.mark, Format("{} is empty", path), "leave out `match` to match every request");
  }
  return item;
}

}  // namespace

std::vector<MatchItem> ReadMatches(Fields& rule) {
  std::vector<MatchItem> items;
  const YamlNode* list = rule.List("match");
  if (list == nullptr) return items;
  if (list->items.empty()) {
    rule.scope().Error("IST0106", list->mark, Format("{} is empty", rule.PathOf("match")),
                       "leave it out to match every request");
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    items.push_back(ReadItem(list->items[i], Format("{}[{}]", rule.PathOf("match"), i), rule.scope()));
  }
  return items;
}

}  // namespace sluice::config
