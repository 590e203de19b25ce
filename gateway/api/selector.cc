#include "gateway/api/selector.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/format.h"
#include "core/base/text.h"

namespace sluice::gateway {
namespace {

using config::Format;

// The next part up to a comma outside of parentheses.
std::string_view NextPart(std::string_view& rest) {
  std::size_t end = 0;
  bool inside = false;
  for (; end < rest.size() && (inside || rest[end] != ','); ++end) {
    if (rest[end] == '(') inside = true;
    if (rest[end] == ')') inside = false;
  }
  const std::string_view part = core::Trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

std::string_view FirstWord(std::string_view text) { return text.substr(0, text.find_first_of(" \t(")); }

std::unexpected<ApiError> Unreadable(std::string_view what, std::string_view text) {
  return std::unexpected(BadRequest(Format("unable to parse the {} selector \"{}\"", what, text.substr(0, 200))));
}

struct Comparison {
  std::string key;
  std::string value;
  bool equal = true;
};

// key=value, key==value, key!=value.
std::optional<Comparison> ParseComparison(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string_view::npos) return std::nullopt;
  Comparison comparison;
  comparison.equal = sign == 0 || text[sign - 1] != '!';
  comparison.key = core::Trim(text.substr(0, comparison.equal ? sign : sign - 1));
  std::string_view value = text.substr(sign + 1);
  if (comparison.equal && value.starts_with('=')) value.remove_prefix(1);
  comparison.value = core::Trim(value);
  if (comparison.key.empty()) return std::nullopt;
  return comparison;
}

}  // namespace

std::expected<LabelSelector::Term, ApiError> LabelSelector::ParseTerm(std::string_view text) {
  Term term;
  if (auto comparison = ParseComparison(text)) {
    term.key = std::move(comparison->key);
    term.negated = !comparison->equal;
    term.values.push_back(std::move(comparison->value));
    return term;
  }
  if (text.find('=') != std::string_view::npos) return Unreadable("label", text);
  if (text.starts_with('!')) {
    term.negated = true;
    text = core::Trim(text.substr(1));
  }
  term.key = FirstWord(text);
  const std::string_view rest = core::Trim(text.substr(term.key.size()));
  if (term.key.empty()) return Unreadable("label", text);
  if (rest.empty()) {
    term.presence = true;
    return term;
  }
  const std::string_view word = FirstWord(rest);
  std::string_view list = core::Trim(rest.substr(word.size()));
  if (term.negated || (word != "in" && word != "notin") || !list.starts_with('(') || !list.ends_with(')')) {
    return Unreadable("label", text);
  }
  term.negated = word == "notin";
  list = list.substr(1, list.size() - 2);
  while (const auto value = core::NextToken(list)) term.values.emplace_back(*value);
  return term;
}

std::expected<LabelSelector, ApiError> LabelSelector::Parse(std::string_view text) {
  LabelSelector selector;
  while (!text.empty()) {
    const std::string_view part = NextPart(text);
    if (part.empty()) continue;
    auto term = ParseTerm(part);
    if (!term) return std::unexpected(std::move(term.error()));
    selector.terms_.push_back(std::move(*term));
  }
  return selector;
}

bool LabelSelector::Matches(const LiveObject& object) const {
  const config::Json& metadata = object.body.at("metadata");
  const auto labels = metadata.find("labels");
  return std::ranges::all_of(terms_, [&](const Term& term) {
    const bool labelled = labels != metadata.end() && labels->contains(term.key);
    if (term.presence) return labelled != term.negated;
    const bool equal = labelled && std::ranges::any_of(term.values, [&](const std::string& value) {
                         return labels->at(term.key) == value;
                       });
    return equal != term.negated;
  });
}

std::expected<FieldSelector, ApiError> FieldSelector::Parse(std::string_view text) {
  FieldSelector selector;
  while (!text.empty()) {
    const std::string_view part = NextPart(text);
    if (part.empty()) continue;
    const auto comparison = ParseComparison(part);
    if (!comparison) return Unreadable("field", part);
    const bool names = comparison->key == "metadata.name";
    if (!names && comparison->key != "metadata.namespace") {
      return std::unexpected(BadRequest(Format(
          "field label not supported: {}; supported are metadata.name and metadata.namespace", comparison->key)));
    }
    if (!comparison->equal) {
      (names ? selector.not_names : selector.not_namespaces).push_back(comparison->value);
    } else {
      (names ? selector.name : selector.name_space) = comparison->value;
    }
  }
  return selector;
}

bool FieldSelector::Matches(const LiveObject& object) const {
  return (name.empty() || object.key.name == name) && (name_space.empty() || object.key.name_space == name_space) &&
         std::ranges::find(not_names, object.key.name) == not_names.end() &&
         std::ranges::find(not_namespaces, object.key.name_space) == not_namespaces.end();
}

}  // namespace sluice::gateway
