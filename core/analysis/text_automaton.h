// The printable texts that a StringMatch accepts, as a finite automaton: with it, "is there a text that meets this and
// not that" has an answer. States are made as they are asked for. Part of the analysis of rules, never of the request
// path. Owned by a TextFinder; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/analysis/regex_shape.h"
#include "core/route/string_match.h"

namespace sluice::core {

class TextAutomaton {
 public:
  using State = std::uint32_t;

  // Not after start(): states point at their nodes.
  TextAutomaton(TextAutomaton&&) = default;
  TextAutomaton& operator=(TextAutomaton&&) = default;
  TextAutomaton(const TextAutomaton&) = delete;
  TextAutomaton& operator=(const TextAutomaton&) = delete;

  // Nothing where the matcher uses what is not modelled (regex_shape.h), or would need too many nodes.
  static std::optional<TextAutomaton> Of(const StringMatch& match);

  State start();
  bool Accepts(State state) const { return accepts_[state]; }
  // Nothing when there are too many states.
  std::optional<State> Next(State state, unsigned char byte);
  // Bytes of one class lead to the same state from everywhere.
  unsigned ClassOf(unsigned char byte) const { return class_of_[byte]; }

 private:
  TextAutomaton() = default;

  using Node = std::uint32_t;
  enum class Step : unsigned char { kBytes, kSplit, kBegin, kEnd, kAccept };
  struct Place {
    Step step = Step::kAccept;
    std::uint32_t set = 0;  // kBytes: index in sets_
    Node next = 0;
    Node other = 0;  // kSplit
  };
  using Nodes = std::vector<Node>;  // sorted

  Node Add(Place place);
  Node AddBytes(const ByteSet& bytes, Node next);
  Node AddText(std::string_view text, bool ignore_case, Node next);
  Node AddAnything(Node next);
  Node AddShape(const RegexShape& shape, Node next);
  Node AddRepeat(const RegexShape& shape, Node next);
  void MakeClasses();

  // Appends `node` and what is reached from it without a byte, each node once per round.
  void Follow(Node node, bool at_begin, bool at_end, Nodes& into);
  bool HasAccept(const Nodes& nodes) const;
  State AddState(const Nodes& nodes, bool accepts);
  std::optional<State> StateOf(Nodes nodes);

  std::vector<Place> places_;
  std::vector<ByteSet> sets_;
  Node first_ = 0;
  bool too_large_ = false;

  std::array<std::uint8_t, 128> class_of_{};
  unsigned classes_ = 1;
  std::map<Nodes, State> states_;
  std::vector<const Nodes*> nodes_of_;         // by state
  std::vector<bool> accepts_;                  // by state
  std::vector<std::vector<std::int64_t>> to_;  // by state and class; -1: not made yet
  Nodes begin_;

  std::vector<std::uint32_t> seen_;  // by node: the last round that met it
  std::uint32_t round_ = 0;
  Nodes waiting_;
};

}  // namespace sluice::core
