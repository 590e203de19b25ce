// AuthorizationPolicy (istio-reference.md section 3.4, hard rules of 6.2).
#include "config/parse.h"

#include "core/base/text.h"

#include "config/format.h"
#include "config/hostname.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <utility>

namespace sluice::config {
namespace {

using Attribute = core::AuthorizationAttribute;
using core::AuthorizationCondition;
using core::AuthorizationConditions;

constexpr std::string_view kNoTokens = "this gateway reads no JSON web tokens";

bool IsAddress(Attribute attribute) {
  return attribute == Attribute::kSourceIp || attribute == Attribute::kRemoteIp ||
         attribute == Attribute::kDestinationIp;
}

// What a value has to be besides a pattern, by attribute. Empty: nothing is wrong with it.
std::string WrongWith(Attribute attribute, std::string_view text) {
  if (text.empty()) return "is empty";
  if (attribute == Attribute::kPrincipal && text.find("spiffe://") != std::string_view::npos) {
    return "begins with spiffe://, which principals are written without";
  }
  if (attribute == Attribute::kDestinationPort) {
    std::uint16_t port = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port == 0) return "is no port";
  }
  return {};
}

// "namespace/account", or "account" of the policy's own namespace, as the part of a principal that says so.
std::optional<std::string> AccountPart(std::string_view text, const Metadata& meta) {
  const std::size_t slash = text.find('/');
  const std::string_view name_space = slash == std::string_view::npos ? meta.name_space : text.substr(0, slash);
  const std::string_view account = slash == std::string_view::npos ? text : text.substr(slash + 1);
  if (!IsDnsLabel(name_space) || !IsHostName(account, false)) return std::nullopt;
  return Format("ns/{}/sa/{}", name_space, account);
}

class PolicyReader {
 public:
  PolicyReader(const Metadata& meta, const Scope& scope) : meta_(meta), scope_(scope) {}

  core::AuthorizationRule ReadRule(const YamlNode& node, const std::string& path) {
    Fields fields(node, path, scope_);
    core::AuthorizationRule rule;
    ReadList(fields, "from", "source", rule.from, [this](Fields& source, auto& all) { ReadSource(source, all); });
    ReadList(fields, "to", "operation", rule.to,
             [this](Fields& operation, auto& all) { ReadOperation(operation, all); });
    if (const YamlNode* list = fields.List("when")) {
      if (list->items.empty()) Empty(*list, fields.PathOf("when"));
      for (std::size_t i = 0; i < list->items.size(); ++i) {
        ReadWhen(list->items[i], Format("{}[{}]", fields.PathOf("when"), i), rule.when);
      }
    }
    return rule;
  }

 private:
  void Empty(const YamlNode& node, const std::string& path) {
    scope_.Error("IST0106", node.mark, Format("{} is empty", path), "remove it: what is not given matches everything");
  }

  template <typename Read>
  void ReadList(Fields& fields, std::string_view key, std::string_view member,
                std::vector<AuthorizationConditions>& into, Read read) {
    const YamlNode* list = fields.List(key);
    if (list == nullptr) return;
    if (list->items.empty()) Empty(*list, fields.PathOf(key));
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      Fields item(list->items[i], Format("{}[{}]", fields.PathOf(key), i), scope_);
      item.Require(member);
      const YamlNode* node = item.Map(member);
      if (node == nullptr) continue;
      if (node->members.empty()) Empty(*node, item.PathOf(member));
      Fields inner(*node, item.PathOf(member), scope_);
      read(inner, into.emplace_back());
    }
  }

  void ReadSource(Fields& source, AuthorizationConditions& all) {
    ReadPair(source, "principals", "notPrincipals", Attribute::kPrincipal, all);
    ReadPair(source, "namespaces", "notNamespaces", Attribute::kNamespace, all);
    ReadPair(source, "serviceAccounts", "notServiceAccounts", Attribute::kServiceAccount, all);
    ReadPair(source, "trustDomains", "notTrustDomains", Attribute::kTrustDomain, all);
    ReadPair(source, "ipBlocks", "notIpBlocks", Attribute::kSourceIp, all);
    ReadPair(source, "remoteIpBlocks", "notRemoteIpBlocks", Attribute::kRemoteIp, all);
    source.Refuse("requestPrincipals", kNoTokens, "remove it, or let the models check tokens");
    source.Refuse("notRequestPrincipals", kNoTokens, "remove it, or let the models check tokens");
  }

  void ReadOperation(Fields& operation, AuthorizationConditions& all) {
    ReadPair(operation, "hosts", "notHosts", Attribute::kHost, all);
    ReadPair(operation, "ports", "notPorts", Attribute::kDestinationPort, all);
    ReadPair(operation, "methods", "notMethods", Attribute::kMethod, all);
    ReadPair(operation, "paths", "notPaths", Attribute::kPath, all);
  }

  void ReadPair(Fields& fields, std::string_view key, std::string_view not_key, Attribute attribute,
                AuthorizationConditions& all) {
    if (!fields.Has(key) && !fields.Has(not_key)) return;
    AuthorizationCondition condition;
    condition.attribute = attribute;
    ReadValues(fields, key, condition, false);
    ReadValues(fields, not_key, condition, true);
    all.push_back(std::move(condition));
  }

  void ReadValues(Fields& fields, std::string_view key, AuthorizationCondition& condition, bool negated) {
    if (!fields.Has(key)) return;
    const std::vector<std::string> texts = fields.Texts(key);
    if (texts.empty()) {
      scope_.Error("IST0106", fields.MarkOf(key), Format("{} is empty", fields.PathOf(key)),
                   "remove it: what is not given matches everything");
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string wrong = Add(condition, texts[i], negated);
      if (wrong.empty()) continue;
      scope_.Error("IST0106", fields.MarkOf(key),
                   Format("{}[{}]: `{}` {}", fields.PathOf(key), i, texts[i].substr(0, 200), wrong));
    }
  }

  // What is wrong with the value; empty when it was added.
  std::string Add(AuthorizationCondition& condition, const std::string& text, bool negated) {
    if (IsAddress(condition.attribute)) {
      auto block = core::Cidr::Parse(text);
      if (!block) return "is no address range: write ADDRESS/LENGTH";
      (negated ? condition.not_blocks : condition.blocks).push_back(*block);
      return {};
    }
    auto& values = negated ? condition.not_values : condition.values;
    if (condition.attribute == Attribute::kServiceAccount) {
      auto account = AccountPart(text, meta_);
      if (!account) return "is no service account: write NAMESPACE/NAME or NAME";
      values.push_back(core::ValuePattern::Exact(std::move(*account)));
      return {};
    }
    std::string wrong = WrongWith(condition.attribute, text);
    if (!wrong.empty()) return wrong;
    const bool folded = condition.attribute == Attribute::kHost || condition.attribute == Attribute::kServerName;
    auto pattern = condition.attribute == Attribute::kPath
                       ? core::ValuePattern::ParsePath(text)
                       : core::ValuePattern::Parse(folded ? core::Fold(text) : text);
    if (!pattern) return "has an asterisk where none can be: " + pattern.error().cure;
    values.push_back(std::move(*pattern));
    return {};
  }

  void ReadWhen(const YamlNode& node, const std::string& path, AuthorizationConditions& all) {
    Fields fields(node, path, scope_);
    fields.Require("key");
    const std::string key = fields.Text("key").value_or("");
    AuthorizationCondition condition;
    if (!ReadKey(fields, key, condition)) {
      fields.Has("values");
      fields.Has("notValues");
      return;
    }
    if (!fields.Has("values") && !fields.Has("notValues")) {
      scope_.Error("IST0106", node.mark, Format("{} has neither values nor notValues", path));
    }
    ReadValues(fields, "values", condition, false);
    ReadValues(fields, "notValues", condition, true);
    all.push_back(std::move(condition));
  }

  bool ReadKey(Fields& fields, const std::string& key, AuthorizationCondition& condition) {
    struct Known {
      std::string_view key;
      Attribute attribute;
    };
    constexpr std::array kKnown = {Known{"source.ip", Attribute::kSourceIp},
                                   Known{"remote.ip", Attribute::kRemoteIp},
                                   Known{"source.namespace", Attribute::kNamespace},
                                   Known{"source.principal", Attribute::kPrincipal},
                                   Known{"source.serviceAccount", Attribute::kServiceAccount},
                                   Known{"source.trustDomain", Attribute::kTrustDomain},
                                   Known{"destination.ip", Attribute::kDestinationIp},
                                   Known{"destination.port", Attribute::kDestinationPort},
                                   Known{"connection.sni", Attribute::kServerName}};
    constexpr std::string_view kHeaders = "request.headers[";
    if (key.empty()) return false;
    if (key.starts_with(kHeaders) && key.ends_with(']')) {
      condition.attribute = Attribute::kHeader;
      condition.header = core::Fold(key.substr(kHeaders.size(), key.size() - kHeaders.size() - 1));
      condition.header_code = core::LookupHeaderName(condition.header);
      // What routing calls the authority has no field of its own any more when policies are asked.
      if (condition.header == "host" || condition.header == ":authority") condition.attribute = Attribute::kHost;
      if (condition.attribute == Attribute::kHost || core::IsToken(condition.header)) return true;
    }
    if (const auto* found = std::ranges::find(kKnown, std::string_view(key), &Known::key); found != kKnown.end()) {
      condition.attribute = found->attribute;
      return true;
    }
    if (key.starts_with("request.auth.")) {
      fields.Refuse("key", kNoTokens, "remove the condition, or let the models check tokens");
      return false;
    }
    std::vector<std::string_view> names = {"request.headers[NAME]"};
    for (const Known& known : kKnown) names.push_back(known.key);
    const auto nearest = Nearest(key, names);
    scope_.Error("IST0106", fields.MarkOf("key"), Format("{} cannot be `{}`", fields.PathOf("key"), key.substr(0, 80)),
                 nearest.has_value()
                     ? Format("did you mean `{}`?", *nearest)
                     : "write request.headers[NAME], source.ip, source.principal or another of Istio's keys");
    return false;
  }

  const Metadata& meta_;
  const Scope& scope_;
};

bool ReadDryRun(const Metadata& meta, const TextMap& annotations, const Scope& scope) {
  const auto found = std::ranges::find(annotations, "istio.io/dry-run", &TextMap::value_type::first);
  if (found == annotations.end() || found->second == "false") return false;
  if (found->second != "true") {
    scope.Error("SL1105", meta.mark,
                Format("the annotation istio.io/dry-run cannot be `{}`", found->second.substr(0, 80)),
                "write \"true\" or \"false\"");
  }
  return true;
}

void ReadAction(Fields& spec, AuthorizationSpec& policy) {
  constexpr std::array<std::string_view, 4> kActions = {"ALLOW", "DENY", "AUDIT", "CUSTOM"};
  const auto action = spec.Choice("action", kActions);
  policy.action = static_cast<AuthorizationSpec::Action>(action.value_or(0));
  if (action == 3U) {
    spec.scope().Error("SL1103", spec.MarkOf("action"), "action CUSTOM cannot be carried out: it asks another server",
                       "write ALLOW or DENY with the rule itself");
    policy.action = AuthorizationSpec::Action::kDeny;
  } else if (action == 2U) {
    spec.scope().Info("SL2013", spec.MarkOf("action"),
                      "action AUDIT changes nothing: every request is in the access log");
  }
}

}  // namespace

void ParseAuthorizationPolicy(Fields& spec, const Metadata& meta, const TextMap& annotations, Documents& documents) {
  AuthorizationSpec policy;
  policy.meta = meta;
  policy.selector = ReadSelector(spec);
  policy.policy.name_space = meta.name_space;
  policy.policy.name = meta.name;
  policy.policy.dry_run = ReadDryRun(meta, annotations, spec.scope());
  ReadAction(spec, policy);
  PolicyReader reader(meta, spec.scope());
  if (const YamlNode* list = spec.List("rules")) {
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      core::AuthorizationRule rule = reader.ReadRule(list->items[i], Format("spec.rules[{}]", i));
      rule.details =
          Format("rbac_access_denied_matched_policy[ns[{}]-policy[{}]-rule[{}]]", meta.name_space, meta.name, i);
      policy.policy.rules.push_back(std::move(rule));
    }
  }
  if (policy.action != AuthorizationSpec::Action::kAllow && policy.policy.rules.empty()) {
    spec.scope().Error("IST0106", spec.mark(), "a policy of this action needs rules: without any it never matches",
                       "write rules: [{}] to match everything");
  }
  spec.Refuse("targetRefs", "this gateway is no Kubernetes Gateway", "write selector: {matchLabels: ...}");
  spec.Refuse("targetRef", "this gateway is no Kubernetes Gateway", "write selector: {matchLabels: ...}");
  spec.Refuse("provider", "it belongs to action CUSTOM", "remove it");
  documents.authorization_policies.push_back(std::move(policy));
}

}  // namespace sluice::config
