// The automaton of a matcher accepts what the matcher accepts.
#include "core/analysis/text_automaton.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::core {
namespace {

bool Accepts(const StringMatch& match, std::string_view text) {
  std::optional<TextAutomaton> automaton = TextAutomaton::Of(match);
  TextAutomaton::State state = automaton.value().start();
  for (const char c : text) state = automaton->Next(state, static_cast<unsigned char>(c)).value();
  return automaton->Accepts(state);
}

TEST(TextAutomatonTest, AgreesWithTheMatcherOnEveryKind) {
  std::vector<StringMatch> matches = {StringMatch::Present(), StringMatch::Exact("ab"), StringMatch::Exact("aB", true),
                                      StringMatch::Prefix("a"), StringMatch::Prefix("A", true)};
  for (const char* pattern : {"a", "a*", "(a|b)+", "^ab$", "a?b{1,2}", "(?i)ab", "[^a]b", ".*b", "\\w\\d?", "(^a|b)*",
                              "(a$|b)*", "^$", "()"}) {
    matches.push_back(*StringMatch::Regex(pattern));
  }
  for (const StringMatch& match : matches) {
    for (const char* text : {"", "a", "b", "A", "ab", "aB", "AB", "abb", "ba", "a1", "bb", "aab", " ", "a b"}) {
      EXPECT_EQ(Accepts(match, text), match.Matches(text)) << match.text() << " on '" << text << "'";
    }
  }
}

TEST(TextAutomatonTest, TextBeyondPrintableAsciiIsNotModelled) {
  EXPECT_FALSE(TextAutomaton::Of(StringMatch::Exact("é")).has_value());
  EXPECT_FALSE(TextAutomaton::Of(*StringMatch::Regex("\\bx")).has_value());
}

TEST(TextAutomatonTest, BytesThatNoSetTellsApartAreOneClass) {
  const std::optional<TextAutomaton> automaton = TextAutomaton::Of(*StringMatch::Regex("[a-f]x"));

  EXPECT_EQ(automaton->ClassOf('a'), automaton->ClassOf('f'));
  EXPECT_NE(automaton->ClassOf('a'), automaton->ClassOf('x'));
  EXPECT_NE(automaton->ClassOf('a'), automaton->ClassOf('g'));
}

}  // namespace
}  // namespace sluice::core
