// Finds a text that meets some matchers and none of others, or proves that there is none, for printable ASCII. Answers
// are kept, because rules ask the same again and again. Part of the analysis of rules, never of the request path.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/analysis/text_automaton.h"
#include "core/route/string_match.h"

namespace sluice::core {

struct TextCondition {
  const StringMatch* match = nullptr;
  bool holds = true;  // false: the text must not match
};

struct FoundText {
  enum class Verdict : std::uint8_t { kFound, kNone, kUnknown };
  Verdict verdict = Verdict::kUnknown;
  std::string text{};
};

class TextFinder {
 public:
  // `domain` is what a text may be at all; `likely` are tried first, because they read well.
  FoundText Find(std::span<const TextCondition> conditions, const StringMatch& domain,
                 std::span<const std::string_view> likely);

  // The work of one analysis is bounded: then what would have to be searched is unknown.
  bool exhausted() const { return steps_left_ == 0; }

 private:
  using Key = std::tuple<StringMatch::Kind, bool, std::string>;
  struct Known {
    std::uint32_t number = 0;
    std::optional<TextAutomaton> automaton{};
  };
  struct Part {
    TextAutomaton* automaton = nullptr;
    bool holds = true;
  };

  Known& Automaton(const StringMatch& match);
  FoundText Search(std::span<const TextCondition> conditions);
  FoundText Walk(std::span<const Part> parts);

  std::size_t steps_left_ = 200'000;
  std::map<Key, Known> automata_;
  std::map<std::vector<std::uint32_t>, FoundText> answers_;
};

}  // namespace sluice::core
