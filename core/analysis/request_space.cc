#include "core/analysis/request_space.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::core {
namespace {

using Verdict = FoundText::Verdict;
using Kind = StringMatch::Kind;

StringMatch Pattern(const char* pattern) {
  Result<StringMatch> match = StringMatch::Regex(pattern);
  return match ? *std::move(match) : StringMatch::Present();
}

bool HoldsForAbsent(const Condition& condition) {
  if (!condition.without) return false;
  // A missing header counts as the empty text, except for the presence test (istio-reference.md section 1.3a).
  return condition.match->kind() == Kind::kPresent || !condition.match->Matches("");
}

std::vector<TextCondition> TextsOf(std::span<const Literal> group) {
  std::vector<TextCondition> texts;
  for (const Literal& literal : group) {
    texts.push_back({literal.condition.match, literal.holds != literal.condition.without});
  }
  return texts;
}

bool IsExact(const StringMatch& match) { return match.kind() == Kind::kExact && !match.ignore_case(); }
bool IsPrefix(const StringMatch& match) { return match.kind() == Kind::kPrefix && !match.ignore_case(); }

bool Same(const StringMatch& a, const StringMatch& b) {
  return a.kind() == b.kind() && a.ignore_case() == b.ignore_case() && a.text() == b.text();
}

bool ClearlyApart(const Condition& a, const Condition& b) {
  if (IsExact(*a.match)) return !b.match->Matches(a.match->text());
  if (IsExact(*b.match)) return !a.match->Matches(b.match->text());
  return !a.prefix.starts_with(b.prefix) && !b.prefix.starts_with(a.prefix);
}

// The bytes that a shape begins with, as long as there is no choice.
std::string LiteralPrefix(const RegexShape& shape) {
  if (shape.kind == RegexShape::Kind::kBytes && shape.bytes.count() == 1) {
    for (std::size_t byte = 0; byte < shape.bytes.size(); ++byte) {
      if (shape.bytes.test(byte)) return std::string(1, static_cast<char>(byte));
    }
  }
  std::string prefix;
  if (shape.kind != RegexShape::Kind::kConcat) return prefix;
  for (const RegexShape& part : shape.parts) {
    if (part.kind == RegexShape::Kind::kBegin) continue;
    const std::string own = LiteralPrefix(part);
    prefix += own;
    if (part.kind != RegexShape::Kind::kBytes || own.empty()) break;
  }
  return prefix;
}

std::string PrefixOf(const StringMatch& match) {
  if (match.ignore_case() || match.kind() == Kind::kPresent) return {};
  if (match.kind() != Kind::kRegex) return match.text();
  const std::optional<RegexShape> shape = ParseRegexShape(match.text());
  return shape ? LiteralPrefix(*shape) : std::string();
}

}  // namespace

RequestSpace::RequestSpace()
    : paths_(Pattern(R"(/[!-"$->@-~]*)")),  // neither '?' nor '#'
      methods_(Pattern("[A-Za-z0-9!#$%&'*+.^_`|~-]+")),
      schemes_(Pattern("https?")),
      header_values_(Pattern("(?:[!-~](?:[ -~]*[!-~])?)?")),  // blanks around a value are not part of it
      query_values_(Pattern("[!-\"$%'-~]*")) {}               // neither '&' nor '#'

std::uint32_t RequestSpace::VariableOf(bool query, const std::string& name) {
  const auto [at, added] =
      variables_.try_emplace({query, name}, static_cast<std::uint32_t>(kFixedCount + names_.size()));
  if (added) names_.emplace_back(query, name);
  return at->second;
}

std::optional<std::vector<Condition>> RequestSpace::ConditionsOf(const RouteMatch& match) {
  std::vector<Condition> all;
  const auto add_fixed = [&](std::uint32_t variable, const std::optional<StringMatch>& text) {
    if (text) all.push_back({variable, &*text});
  };
  add_fixed(kPath, match.uri);
  add_fixed(kMethod, match.method);
  add_fixed(kScheme, match.scheme);
  add_fixed(kAuthority, match.authority);
  if (match.port) all.push_back({kPort, nullptr, false, *match.port});
  const auto add_header = [&](const HeaderPredicate& header, bool without) {
    if (!header.name.starts_with(':')) {
      all.push_back({VariableOf(false, header.name), &header.match, without});
      return true;
    }
    if (header.name == ":method") all.push_back({kMethod, &header.match, without});
    if (header.name == ":scheme") all.push_back({kScheme, &header.match, without});
    if (header.name == ":authority") all.push_back({kAuthority, &header.match, without});
    return header.name != ":path";  // the path with its query, which is two variables here
  };
  for (const HeaderPredicate& header : match.headers) {
    if (!add_header(header, false)) return std::nullopt;
  }
  for (const HeaderPredicate& header : match.without_headers) {
    if (!add_header(header, true)) return std::nullopt;
  }
  for (const QueryPredicate& query : match.query) all.push_back({VariableOf(true, query.name), &query.match});
  for (Condition& condition : all) {
    if (condition.match != nullptr) condition.prefix = PrefixOf(*condition.match);
  }
  std::ranges::stable_sort(all, {}, &Condition::variable);
  return all;
}

FoundText RequestSpace::FindFixed(std::uint32_t variable, std::span<const Literal> group, const RequestBounds& bounds) {
  constexpr std::array<std::string_view, 7> kMethods = {"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"};
  constexpr std::array<std::string_view, 1> kRoot = {"/"};
  const std::vector<TextCondition> texts = TextsOf(group);
  if (variable == kPath) return finder_.Find(texts, paths_, kRoot);
  if (variable == kMethod) return finder_.Find(texts, methods_, kMethods);
  const std::array<std::string_view, 1> own = {variable == kScheme ? bounds.scheme : bounds.authority};
  return finder_.Find(texts, variable == kScheme ? schemes_ : bounds.authorities, own);
}

FoundText RequestSpace::FindNamed(bool query, std::span<const Literal> group, bool& present) {
  constexpr std::array<std::string_view, 1> kSomething = {"1"};
  present = !std::ranges::all_of(
      group, [](const Literal& literal) { return HoldsForAbsent(literal.condition) == literal.holds; });
  if (!present) return {Verdict::kFound};
  return finder_.Find(TextsOf(group), query ? query_values_ : header_values_, kSomething);
}

FoundRequest RequestSpace::Find(std::span<const Literal> literals, const RequestBounds& bounds) {
  std::vector<Literal> sorted(literals.begin(), literals.end());
  std::ranges::stable_sort(sorted, {}, [](const Literal& literal) { return literal.condition.variable; });
  FoundRequest found{Verdict::kFound, {}};
  found.request.authority = bounds.authority;
  found.request.scheme = bounds.scheme;
  found.request.listener_port = bounds.ports.front();
  found.request.sni = bounds.sni;
  std::string query;
  bool unknown = false;
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const std::uint32_t variable = begin->condition.variable;
    const auto end = std::find_if(
        begin, sorted.end(), [variable](const Literal& literal) { return literal.condition.variable != variable; });
    const std::span<const Literal> group(begin, end);
    begin = end;
    if (variable == kPort) {
      const auto port = std::ranges::find_if(bounds.ports, [&](std::uint16_t candidate) {
        return std::ranges::all_of(
            group, [&](const Literal& literal) { return (literal.condition.port == candidate) == literal.holds; });
      });
      if (port == bounds.ports.end()) return {Verdict::kNone, {}};
      found.request.listener_port = *port;
      continue;
    }
    bool present = true;
    const FoundText text = variable < kFixedCount ? FindFixed(variable, group, bounds)
                                                  : FindNamed(names_[variable - kFixedCount].first, group, present);
    // One property that cannot be settles it, whatever is unknown about the others.
    if (text.verdict == Verdict::kNone) return {Verdict::kNone, {}};
    unknown = unknown || text.verdict == Verdict::kUnknown;
    if (!present) continue;
    switch (variable) {
      case kPath: found.request.target = text.text; break;
      case kMethod: found.request.method = text.text; break;
      case kScheme: found.request.scheme = text.text; break;
      case kAuthority: found.request.authority = text.text; break;
      default: {
        const auto& [of_query, name] = names_[variable - kFixedCount];
        if (of_query) {
          query += (query.empty() ? "?" : "&") + name + "=" + text.text;
        } else {
          found.request.headers.emplace_back(name, text.text);
        }
      }
    }
  }
  found.request.target += query;
  if (unknown) found.verdict = Verdict::kUnknown;
  return found;
}

bool RequestSpace::HoldIn(std::span<const Literal> literals, const HeaderMap& headers) const {
  return std::ranges::all_of(literals, [&](const Literal& literal) {
    const Condition& condition = literal.condition;
    if (condition.variable < kFixedCount || names_[condition.variable - kFixedCount].first) return true;
    const auto value = headers.Find(names_[condition.variable - kFixedCount].second);
    const bool holds = value ? condition.match->Matches(*value) != condition.without : HoldsForAbsent(condition);
    return holds == literal.holds;
  });
}

bool RequestSpace::ClearlyApart(std::span<const Condition> a, std::span<const Condition> b) {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end()) {
    if (left->variable < right->variable) {
      ++left;
    } else if (right->variable < left->variable) {
      ++right;
    } else {
      if (left->match == nullptr) {
        if (left->port != right->port) return true;
      } else if (!left->without && !right->without && core::ClearlyApart(*left, *right)) {
        return true;
      }
      ++left;
      ++right;
    }
  }
  return false;
}

bool RequestSpace::ClearlyImplies(std::span<const Condition> a, const Condition& wanted) {
  return std::ranges::any_of(a, [&](const Condition& has) {
    if (has.variable != wanted.variable || has.without != wanted.without) return false;
    if (has.match == nullptr) return has.port == wanted.port;
    if (Same(*has.match, *wanted.match)) return true;
    if (has.without) return false;
    if (wanted.match->kind() == Kind::kPresent) return true;
    if (IsExact(*has.match)) return wanted.match->Matches(has.match->text());
    return IsPrefix(*has.match) && IsPrefix(*wanted.match) && has.match->text().starts_with(wanted.match->text());
  });
}

}  // namespace sluice::core
