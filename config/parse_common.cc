// Parts that several kinds share: hosts, label names, string matches, header operations, percentages.
#include "config/parse.h"

#include "core/base/text.h"
#include "core/http/field_text.h"
#include "core/route/header_ops.h"

#include "config/format.h"
#include "config/hostname.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sluice::config {
namespace {

// A pattern without any operator says nothing that `exact` does not say; who writes it expects a search.
bool IsPlainText(std::string_view pattern) {
  return pattern.find_first_of("\\.+*?()|[]{}^$") == std::string_view::npos;
}

std::optional<core::StringMatch> ReadRegex(const YamlNode& node, const std::string& path, const Scope& scope) {
  const auto pattern = ReadText(node, path, scope);
  if (!pattern.has_value()) return std::nullopt;
  auto match = core::StringMatch::Regex(*pattern);
  if (pattern->empty() || !match.has_value()) {
    scope.Error("IST0106", node.mark,
                Format("{}: {}", path, pattern->empty() ? "the expression is empty" : match.error().cause),
                pattern->empty() ? "" : match.error().cure);
    return core::StringMatch::Exact(*pattern);  // still a condition: without it the rule would seem to match everything
  }
  if (IsPlainText(*pattern)) {
    scope.Info("SL2011", node.mark,
               Format("{} must match the whole value, so `{}` means the same as exact", path, *pattern),
               Format("write `.*{}.*` to search, or use exact", *pattern));
  }
  return std::move(*match);
}

// Names and values of one of set, add.
void ReadHeaderMap(Fields& ops, std::string_view key, bool request,
                   std::vector<std::pair<std::string, std::string>>& into) {
  const YamlNode* map = ops.Map(key);
  if (map == nullptr) return;
  for (const YamlMember& member : map->members) {
    const std::string path = Format("{}.{}", ops.PathOf(key), member.key);
    std::string name = core::Fold(member.key);
    const bool authority = name == ":authority" || name == "host";
    if (!(core::IsToken(name) || authority) || (authority && !request)) {
      ops.scope().Error("IST0106", member.mark, Format("{}: this header cannot be changed here", path),
                        "name a header; pseudo-headers are changed by `rewrite`");
      continue;
    }
    auto value = ReadText(member.value, path, ops.scope());
    if (!value.has_value()) continue;
    if (const auto checked = core::CheckHeaderFormat(*value); !checked.has_value()) {
      ops.scope().Error("IST0106", member.value.mark, Format("{}: {}", path, checked.error().cause),
                        checked.error().cure);
      continue;
    }
    if (authority && !core::IsVisibleText(*value)) {
      ops.scope().Error("IST0106", member.value.mark, Format("{} holds blanks or control characters", path),
                        "write a host, with its port if it needs one");
      continue;
    }
    into.emplace_back(std::move(name), std::move(*value));
  }
}

core::HeaderOps ReadHeaderOpsOf(Fields& headers, std::string_view key) {
  core::HeaderOps result;
  const YamlNode* node = headers.Map(key);
  if (node == nullptr) return result;
  Fields ops(*node, headers.PathOf(key), headers.scope());
  ReadHeaderMap(ops, "set", key == "request", result.set);
  ReadHeaderMap(ops, "add", key == "request", result.add);
  const Mark mark = ops.MarkOf("remove");
  for (const std::string& name : ops.Texts("remove")) {
    if (core::IsToken(name) && !core::EqualsIgnoreCase(name, "host")) {
      result.remove.push_back(core::Fold(name));
    } else {
      ops.scope().Error("IST0106", mark,
                        Format("{}: `{}` cannot be removed", ops.PathOf("remove"), name.substr(0, 80)));
    }
  }
  return result;
}

// At most 63 letters, digits, dashes, underscores and dots, a letter or digit at both ends.
bool IsLabelText(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const auto inner = [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= 63 && plain(text.front()) && plain(text.back()) &&
         std::ranges::all_of(text, inner);
}

// A name, or a DNS name and a name.
bool IsLabelKey(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return IsLabelText(key);
  return IsHostName(key.substr(0, slash), false) && IsLabelText(key.substr(slash + 1));
}

}  // namespace

core::Labels ReadLabels(Fields& fields, std::string_view key) {
  core::Labels labels = fields.TextsByKey(key);
  for (const auto& [name, value] : labels) {
    if (IsLabelKey(name) && (value.empty() || IsLabelText(value))) continue;
    fields.scope().Error(
        "IST0106", fields.MarkOf(key),
        Format("{}: `{}: {}` is no label", fields.PathOf(key), name.substr(0, 80), value.substr(0, 80)),
        "use at most 63 letters, digits, dashes, underscores and dots");
  }
  return labels;
}

void ReadExportTo(Fields& spec) {
  const std::vector<std::string> names = spec.Texts("exportTo");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    const bool known = name == "." || name == "*" || name == "~" || IsDnsLabel(name);
    const bool again = !seen.insert(name).second;
    if (known && !again && (name != "*" || names.size() == 1)) continue;
    spec.scope().Error("IST0106", spec.MarkOf("exportTo"),
                       Format("{}[{}]: `{}` {}", spec.PathOf("exportTo"), i, name.substr(0, 80),
                              !known  ? "is no namespace"
                              : again ? "is given twice"
                                      : "leaves nothing to the others"),
                       "write `.`, `*` alone, or names of namespaces");
    return;
  }
  spec.Ignore("exportTo", "this gateway is one namespace's as much as another's");
}

bool IsGatewayName(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return IsHostName(name, false);  // with dots: a legacy form
  const std::string_view name_space = name.substr(0, slash);
  return (name_space == "." || IsDnsLabel(name_space)) && IsDnsLabel(name.substr(slash + 1));
}

std::string ResolveGatewayName(std::string_view name, std::string_view name_space) {
  if (name == "mesh") return "mesh";
  if (name.starts_with("./")) return Format("{}/{}", name_space, name.substr(2));
  if (name.find('/') != std::string_view::npos) return std::string(name);
  const std::size_t dot = name.find('.');  // the legacy form is NAME.NAMESPACE[.svc...]
  if (dot == std::string_view::npos) return Format("{}/{}", name_space, name);
  const std::string_view rest = name.substr(dot + 1);
  return Format("{}/{}", rest.substr(0, rest.find('.')), name.substr(0, dot));
}

core::Labels ReadSelector(Fields& spec) {
  const YamlNode* node = spec.Map("selector");
  if (node == nullptr) return {};
  Fields selector(*node, spec.PathOf("selector"), spec.scope());
  return ReadLabels(selector, "matchLabels");
}

std::string PathBeside(const std::string& file, const std::string& path) {
  if (path.starts_with('/')) return path;
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

std::string ReadPath(Fields& fields, std::string_view key) {
  const auto path = fields.Text(key);
  if (!path.has_value()) return {};
  if (!path->empty()) return PathBeside(fields.scope().file, *path);
  fields.scope().Error("IST0106", fields.MarkOf(key), Format("{} is empty", fields.PathOf(key)), "name a file");
  return {};
}

std::string ReadCredentialName(const YamlNode& node, const std::string& path, const Scope& scope) {
  const auto name = ReadText(node, path, scope);
  if (!name.has_value()) return {};
  if (IsHostName(*name, false)) return *name;
  scope.Error("IST0106", node.mark, Format("{}: `{}` is no name of a credential", path, name->substr(0, 80)),
              "write the name of a directory below identity.certificateDirectory: lower-case letters, digits, dashes");
  return {};
}

std::optional<HostRef> ReadHost(const YamlNode& node, const std::string& path, const Metadata& meta, bool wildcard,
                                const Scope& scope) {
  auto text = ReadText(node, path, scope);
  if (!text.has_value()) return std::nullopt;
  if (!IsHostName(*text, wildcard) && !IsIpLiteral(*text)) {
    scope.Error("IST0106", node.mark, Format("{}: `{}` is no host name", path, text->substr(0, 300)),
                wildcard ? "write a DNS name, `*.` and a DNS name, or an IP address; no scheme, no port"
                         : "write a DNS name or an IP address; no scheme, no port, no wildcard");
    return std::nullopt;
  }
  std::string fqdn = ExpandHost(*text, meta.name_space);
  return HostRef{std::move(*text), std::move(fqdn), node.mark};
}

std::optional<HostRef> ReadHost(Fields& fields, std::string_view key, const Metadata& meta, bool wildcard) {
  fields.Require(key);
  const YamlNode* node = fields.Get(key);
  if (node == nullptr) return std::nullopt;
  return ReadHost(*node, fields.PathOf(key), meta, wildcard, fields.scope());
}

std::optional<std::string> ReadLabelName(Fields& fields, std::string_view key) {
  auto text = fields.Text(key);
  if (!text.has_value() || IsDnsLabel(*text)) return text;
  fields.scope().Error("IST0106", fields.MarkOf(key),
                       Format("{}: `{}` is no DNS label", fields.PathOf(key), text->substr(0, 80)),
                       "use at most 63 lower-case letters, digits and inner dashes");
  return std::nullopt;
}

std::optional<core::StringMatch> ReadStringMatch(const YamlNode& node, const std::string& path, StringMatchRules rules,
                                                 const Scope& scope) {
  Fields fields(node, path, scope);
  const YamlNode* exact = fields.Get("exact");
  const YamlNode* prefix = fields.Get("prefix");
  const YamlNode* regex = fields.Get("regex");
  const int given = (exact != nullptr) + (prefix != nullptr) + (regex != nullptr);
  if (node.kind != YamlNode::Kind::kMap) return std::nullopt;
  if (given == 0 && rules.presence && node.members.empty()) return core::StringMatch::Present();
  if (given != 1) {
    scope.Error("IST0106", node.mark, Format("{} must hold exactly one of exact, prefix, regex", path));
    return std::nullopt;
  }
  if (regex != nullptr) {
    if (rules.presence && regex->text == "*") return core::StringMatch::Present();
    return ReadRegex(*regex, fields.PathOf("regex"), scope);
  }
  auto text =
      ReadText(exact != nullptr ? *exact : *prefix, fields.PathOf(exact != nullptr ? "exact" : "prefix"), scope);
  if (!text.has_value()) return std::nullopt;
  if (exact != nullptr) return core::StringMatch::Exact(std::move(*text), rules.ignore_case);
  if (text->empty() && !rules.empty_prefix) {
    scope.Error("IST0106", prefix->mark, Format("{}.prefix is empty, which matches everything", path),
                "write {} to test for presence");
    return std::nullopt;
  }
  return core::StringMatch::Prefix(std::move(*text), rules.ignore_case);
}

core::HeaderOpsPair ReadHeaderOps(Fields& fields) {
  core::HeaderOpsPair pair;
  if (const YamlNode* node = fields.Map("headers")) {
    Fields headers(*node, fields.PathOf("headers"), fields.scope());
    pair.request = ReadHeaderOpsOf(headers, "request");
    pair.response = ReadHeaderOpsOf(headers, "response");
  }
  return pair;
}

std::optional<std::uint32_t> ReadPercentage(Fields& fields, std::string_view key) {
  const YamlNode* node = fields.Map(key);
  if (node == nullptr) return std::nullopt;
  Fields percentage(*node, fields.PathOf(key), fields.scope());
  // An empty message is the number 0 in Istio's schema.
  const double value = percentage.Number("value", 0, 100).value_or(0);
  if (value > 0 && value < 0.0001) {
    fields.scope().Error("IST0106", percentage.MarkOf("value"),
                         Format("{} is less than one in a million and would never happen", percentage.PathOf("value")),
                         "write 0, or at least 0.0001");
  }
  return static_cast<std::uint32_t>(value * 10'000);
}

}  // namespace sluice::config
