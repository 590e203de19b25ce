#include "core/identity/authorization.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/base/text.h"
#include "core/http/host_port.h"

namespace sluice::core {
namespace {

constexpr std::string_view kNoAllowMatched = "rbac_access_denied_matched_policy[none]";

// The texts that a request has for one attribute: none, one, or several readings of one.
class Readings {
 public:
  void Add(std::string_view text) {
    if (count_ < texts_.size()) {
      texts_[count_++] = text;
    } else {
      overflow_ = true;  // a header that comes very often: nobody is let in by what was not read
    }
  }

  // `strict`: any reading that matches counts, since a match refuses; else the first alone, which is the whole.
  bool Match(const std::vector<ValuePattern>& patterns, bool strict) const {
    if (strict && overflow_) return true;
    const std::size_t count = strict ? count_ : std::min<std::size_t>(count_, 1);
    return std::any_of(texts_.begin(), texts_.begin() + static_cast<std::ptrdiff_t>(count), [&](std::string_view text) {
      return std::ranges::any_of(patterns, [text](const ValuePattern& pattern) { return pattern.Matches(text); });
    });
  }

 private:
  std::array<std::string_view, 16> texts_;
  std::size_t count_ = 0;
  bool overflow_ = false;
};

class Judge {
 public:
  Judge(const AuthorizationInput& input, Arena& scratch) : input_(input), scratch_(scratch) {}

  // The first rule of the policy that holds; `denies` says what a match means.
  const AuthorizationRule* FirstMatch(const AuthorizationPolicy& policy, bool denies) {
    for (const AuthorizationRule& rule : policy.rules) {
      if (OneHolds(rule.from, denies) && OneHolds(rule.to, denies) && AllHold(rule.when, denies)) return &rule;
    }
    return nullptr;
  }

 private:
  bool OneHolds(const std::vector<AuthorizationConditions>& any, bool denies) {
    return any.empty() || std::ranges::any_of(any, [&](const auto& all) { return AllHold(all, denies); });
  }

  bool AllHold(const AuthorizationConditions& all, bool denies) {
    return std::ranges::all_of(all, [&](const auto& condition) { return Holds(condition, denies); });
  }

  bool Holds(const AuthorizationCondition& condition, bool denies) {
    if (condition.attribute == AuthorizationAttribute::kSourceIp) return InBlocks(condition, input_.peer_address);
    if (condition.attribute == AuthorizationAttribute::kRemoteIp) return InBlocks(condition, input_.client_address);
    if (condition.attribute == AuthorizationAttribute::kDestinationIp) return InBlocks(condition, input_.local_address);
    const Readings readings = Read(condition);
    // A match of `values` refuses in a DENY, one of `not_values` in an ALLOW.
    if (!condition.values.empty() && !readings.Match(condition.values, denies)) return false;
    return !readings.Match(condition.not_values, !denies);
  }

  static bool InBlocks(const AuthorizationCondition& condition, std::string_view text) {
    const std::optional<IpBytes> address = ParseIp(text);
    const auto within = [&](const std::vector<Cidr>& blocks) {
      return address && std::ranges::any_of(blocks, [&](const Cidr& block) { return block.Contains(*address); });
    };
    return (condition.blocks.empty() || within(condition.blocks)) && !within(condition.not_blocks);
  }

  Readings Read(const AuthorizationCondition& condition) {
    Readings readings;
    switch (condition.attribute) {
      case AuthorizationAttribute::kPrincipal:
      case AuthorizationAttribute::kNamespace:
      case AuthorizationAttribute::kServiceAccount:
      case AuthorizationAttribute::kTrustDomain: ReadPeer(condition.attribute, readings); break;
      case AuthorizationAttribute::kHost: ReadHost(readings); break;
      case AuthorizationAttribute::kMethod: readings.Add(input_.head.method); break;
      case AuthorizationAttribute::kPath: readings.Add(input_.path); break;
      case AuthorizationAttribute::kHeader: ReadHeader(condition, readings); break;
      case AuthorizationAttribute::kDestinationPort: ReadPort(readings); break;
      case AuthorizationAttribute::kServerName:
        if (!input_.server_name.empty()) readings.Add(input_.server_name);
        break;
      default: break;  // addresses
    }
    return readings;
  }

  void ReadPeer(AuthorizationAttribute attribute, Readings& readings) const {
    if (input_.peer == nullptr || input_.peer->spiffe.text.empty()) return;
    const SpiffeId& id = input_.peer->spiffe;
    const std::string_view principal = id.principal();
    switch (attribute) {
      case AuthorizationAttribute::kPrincipal: return readings.Add(principal);
      case AuthorizationAttribute::kNamespace: return readings.Add(id.name_space);
      case AuthorizationAttribute::kTrustDomain: return readings.Add(id.trust_domain);
      // "<trust domain>/ns/<namespace>/sa/<account>": patterns are written as what follows the trust domain.
      default: return readings.Add(principal.substr(id.trust_domain.size() + 1));
    }
  }

  // As sent; then as routing reads it, which does not tell hosts apart by port or trailing dot.
  void ReadHost(Readings& readings) {
    const std::string_view sent = FoldInto(input_.head.authority);
    readings.Add(sent);
    readings.Add(RoutedHost(sent));
  }

  void ReadHeader(const AuthorizationCondition& condition, Readings& readings) {
    const HeaderMap& headers = input_.head.headers;
    const auto joined = headers.Joined(condition.header, condition.header_code, scratch_);
    if (!joined) return;
    readings.Add(*joined);
    for (const HeaderMap::Field& field : headers.fields()) {
      if (field.name == condition.header) readings.Add(field.value);
    }
  }

  void ReadPort(Readings& readings) {
    const auto written = std::to_chars(port_.data(), port_.data() + port_.size(), input_.local_port);
    readings.Add({port_.data(), written.ptr});
  }

  std::string_view FoldInto(std::string_view text) {
    if (std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; })) return text;
    char* const copy = scratch_.AllocateArray<char>(text.size());
    std::ranges::transform(text, copy, FoldChar);
    return {copy, text.size()};
  }

  const AuthorizationInput& input_;
  Arena& scratch_;
  std::array<char, 8> port_{};
};

}  // namespace

AuthorizationVerdict Authorize(const Authorization& policies, const AuthorizationInput& input, Arena& scratch) {
  AuthorizationVerdict verdict;
  Judge judge(input, scratch);
  for (const AuthorizationPolicy& policy : policies.deny) {
    const AuthorizationRule* const rule = judge.FirstMatch(policy, true);
    if (rule == nullptr) continue;
    if (!policy.dry_run) return {false, verdict.dry_run_denied, rule->details};
    verdict.dry_run_denied = true;
  }
  bool asked = false;
  bool allowed = false;
  bool tried = false;
  bool tried_allowed = false;
  for (const AuthorizationPolicy& policy : policies.allow) {
    const bool matches = judge.FirstMatch(policy, false) != nullptr;
    (policy.dry_run ? tried : asked) = true;
    (policy.dry_run ? tried_allowed : allowed) |= matches;
  }
  verdict.dry_run_denied |= tried && !tried_allowed && !allowed;
  if (asked && !allowed) return {false, verdict.dry_run_denied, kNoAllowMatched};
  return verdict;
}

}  // namespace sluice::core
