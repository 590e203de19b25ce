#include "core/analysis/text_finder.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace sluice::core {
namespace {

using Verdict = FoundText::Verdict;

constexpr std::size_t kStatesMax = 20'000;

bool AllHold(std::span<const TextCondition> conditions, std::string_view text) {
  return std::ranges::all_of(conditions,
                             [text](const TextCondition& each) { return each.match->Matches(text) == each.holds; });
}

// Bytes in the order in which they read well in an example.
std::string_view Preferred() {
  return "abcdefghijklmnopqrstuvwxyz0123456789-/._ABCDEFGHIJKLMNOPQRSTUVWXYZ~=:,+@%&;!*'()$[]{}|^`\"#<>?\\ ";
}

}  // namespace

TextFinder::Known& TextFinder::Automaton(const StringMatch& match) {
  const auto [at, added] = automata_.try_emplace(Key(match.kind(), match.ignore_case(), match.text()));
  if (added) {
    at->second.number = static_cast<std::uint32_t>(automata_.size());
    at->second.automaton = TextAutomaton::Of(match);
  }
  return at->second;
}

FoundText TextFinder::Find(std::span<const TextCondition> conditions, const StringMatch& domain,
                           std::span<const std::string_view> likely) {
  // An exact text leaves nothing to look for.
  for (const TextCondition& each : conditions) {
    if (!each.holds || each.match->kind() != StringMatch::Kind::kExact || each.match->ignore_case()) continue;
    if (!AllHold(conditions, each.match->text())) return {Verdict::kNone};
    return {Verdict::kFound, each.match->text()};
  }
  for (const std::string_view text : likely) {
    if (AllHold(conditions, text)) return {Verdict::kFound, std::string(text)};
  }
  std::vector<TextCondition> all(conditions.begin(), conditions.end());
  all.push_back({&domain});
  return Search(all);
}

FoundText TextFinder::Search(std::span<const TextCondition> conditions) {
  std::vector<std::uint32_t> key;
  std::vector<Part> parts;
  for (const TextCondition& each : conditions) {
    Known& known = Automaton(*each.match);
    if (!known.automaton) return {Verdict::kUnknown};
    key.push_back(known.number * 2 + (each.holds ? 1 : 0));
    parts.push_back({&*known.automaton, each.holds});
  }
  std::ranges::sort(key);
  const auto [at, added] = answers_.try_emplace(std::move(key));
  if (!added) return at->second;
  FoundText found = Walk(parts);
  // The automata are a model; the matchers are what decides.
  if (found.verdict == Verdict::kFound && !AllHold(conditions, found.text)) found = {Verdict::kUnknown};
  at->second = std::move(found);
  return at->second;
}

// Breadth first through all automata at once: the first accepted text is a shortest one.
FoundText TextFinder::Walk(std::span<const Part> parts) {
  using Product = std::vector<TextAutomaton::State>;
  struct Step {
    Product at;
    std::size_t from = 0;
    char byte = 0;
  };
  const auto accepted = [&](const Product& at) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].automaton->Accepts(at[i]) != parts[i].holds) return false;
    }
    return true;
  };
  // One byte for all that every automaton treats alike.
  std::string bytes;
  std::set<std::vector<unsigned>> classes;
  for (const char c : Preferred()) {
    std::vector<unsigned> own;
    for (const Part& part : parts) own.push_back(part.automaton->ClassOf(static_cast<unsigned char>(c)));
    if (classes.insert(std::move(own)).second) bytes += c;
  }
  std::vector<Step> steps(1);
  for (const Part& part : parts) steps.front().at.push_back(part.automaton->start());
  std::set<Product> seen{steps.front().at};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps_left_ == 0) return {Verdict::kUnknown};
    --steps_left_;
    if (accepted(steps[i].at)) {
      std::string text;
      for (std::size_t at = i; at != 0; at = steps[at].from) text += steps[at].byte;
      std::ranges::reverse(text);
      return {Verdict::kFound, std::move(text)};
    }
    for (const char byte : bytes) {
      Product next;
      for (std::size_t k = 0; k < parts.size(); ++k) {
        const auto to = parts[k].automaton->Next(steps[i].at[k], static_cast<unsigned char>(byte));
        if (!to) return {Verdict::kUnknown};
        next.push_back(*to);
      }
      if (!seen.insert(next).second) continue;
      if (steps.size() >= kStatesMax) return {Verdict::kUnknown};
      steps.push_back({std::move(next), i, byte});
    }
  }
  return {Verdict::kNone};
}

}  // namespace sluice::core
