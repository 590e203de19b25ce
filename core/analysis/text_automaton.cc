#include "core/analysis/text_automaton.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/base/text.h"

namespace sluice::core {
namespace {

constexpr std::size_t kNodesMax = 4000;
constexpr std::size_t kStatesMax = 4000;

bool IsPrintable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= kFirstByte && byte <= kLastByte;
  });
}

}  // namespace

std::optional<TextAutomaton> TextAutomaton::Of(const StringMatch& match) {
  TextAutomaton automaton;
  const Node accept = automaton.Add({});
  using Kind = StringMatch::Kind;
  if (match.kind() == Kind::kRegex) {
    const std::optional<RegexShape> shape = ParseRegexShape(match.text());
    if (!shape) return std::nullopt;
    automaton.first_ = automaton.AddShape(*shape, accept);
  } else {
    if (!IsPrintable(match.text())) return std::nullopt;
    const Node rest = match.kind() == Kind::kExact ? accept : automaton.AddAnything(accept);
    automaton.first_ = automaton.AddText(match.text(), match.ignore_case(), rest);
  }
  if (automaton.too_large_) return std::nullopt;
  automaton.MakeClasses();
  return automaton;
}

TextAutomaton::Node TextAutomaton::Add(Place place) {
  if (places_.size() >= kNodesMax) {
    too_large_ = true;
    return 0;
  }
  places_.push_back(place);
  return static_cast<Node>(places_.size() - 1);
}

TextAutomaton::Node TextAutomaton::AddBytes(const ByteSet& bytes, Node next) {
  auto at = std::ranges::find(sets_, bytes);
  if (at == sets_.end()) at = sets_.insert(sets_.end(), bytes);
  return Add({Step::kBytes, static_cast<std::uint32_t>(at - sets_.begin()), next, 0});
}

TextAutomaton::Node TextAutomaton::AddText(std::string_view text, bool ignore_case, Node next) {
  for (std::size_t i = text.size(); i > 0; --i) {
    const char c = text[i - 1];
    ByteSet bytes;
    bytes.set(static_cast<unsigned char>(c));
    if (ignore_case) {
      const char folded = FoldChar(c);
      bytes.set(static_cast<unsigned char>(folded));
      if (folded >= 'a' && folded <= 'z') bytes.set(static_cast<unsigned char>(folded - 32));
    }
    next = AddBytes(bytes, next);
  }
  return next;
}

TextAutomaton::Node TextAutomaton::AddAnything(Node next) {
  ByteSet every;
  for (std::size_t byte = kFirstByte; byte <= kLastByte; ++byte) every.set(byte);
  const Node split = Add({Step::kSplit, 0, 0, next});
  const Node body = AddBytes(every, split);
  places_[split].next = body;
  return split;
}

// Built from the end: each part knows what follows it.
TextAutomaton::Node TextAutomaton::AddShape(const RegexShape& shape, Node next) {
  if (too_large_) return 0;
  switch (shape.kind) {
    case RegexShape::Kind::kBytes: return AddBytes(shape.bytes, next);
    case RegexShape::Kind::kBegin: return Add({Step::kBegin, 0, next, 0});
    case RegexShape::Kind::kEnd: return Add({Step::kEnd, 0, next, 0});
    case RegexShape::Kind::kRepeat: return AddRepeat(shape, next);
    case RegexShape::Kind::kConcat:
      for (std::size_t i = shape.parts.size(); i > 0; --i) next = AddShape(shape.parts[i - 1], next);
      return next;
    case RegexShape::Kind::kAlternate: {
      Node all = AddShape(shape.parts.back(), next);
      for (std::size_t i = shape.parts.size() - 1; i > 0; --i) {
        all = Add({Step::kSplit, 0, AddShape(shape.parts[i - 1], next), all});
      }
      return all;
    }
  }
  return next;
}

TextAutomaton::Node TextAutomaton::AddRepeat(const RegexShape& shape, Node next) {
  const RegexShape& part = shape.parts.front();
  if (shape.max == RegexShape::kUnbounded) {
    const Node split = Add({Step::kSplit, 0, 0, next});
    const Node body = AddShape(part, split);
    if (too_large_) return 0;
    places_[split].next = body;
    next = split;
  } else {
    const Node behind = next;
    for (int i = shape.min; i < shape.max && !too_large_; ++i) {
      next = Add({Step::kSplit, 0, AddShape(part, next), behind});
    }
  }
  for (int i = 0; i < shape.min && !too_large_; ++i) next = AddShape(part, next);
  return next;
}

void TextAutomaton::MakeClasses() {
  // Each set splits the classes that it cuts.
  for (const ByteSet& set : sets_) {
    std::map<std::pair<unsigned, bool>, std::uint8_t> renamed;
    for (std::size_t byte = 0; byte < class_of_.size(); ++byte) {
      const auto [at, added] =
          renamed.try_emplace({class_of_[byte], set.test(byte)}, static_cast<std::uint8_t>(renamed.size()));
      class_of_[byte] = at->second;
    }
    classes_ = static_cast<unsigned>(renamed.size());
  }
}

void TextAutomaton::Follow(Node node, bool at_begin, bool at_end, Nodes& into) {
  waiting_.push_back(node);
  while (!waiting_.empty()) {
    const Node at = waiting_.back();
    waiting_.pop_back();
    if (seen_[at] == round_) continue;
    seen_[at] = round_;
    into.push_back(at);
    const Place& place = places_[at];
    if (place.step == Step::kSplit) {
      waiting_.push_back(place.next);
      waiting_.push_back(place.other);
    } else if ((place.step == Step::kBegin && at_begin) || (place.step == Step::kEnd && at_end)) {
      waiting_.push_back(place.next);
    }
  }
}

bool TextAutomaton::HasAccept(const Nodes& nodes) const {
  return std::ranges::any_of(nodes, [&](Node node) { return places_[node].step == Step::kAccept; });
}

TextAutomaton::State TextAutomaton::AddState(const Nodes& nodes, bool accepts) {
  accepts_.push_back(accepts);
  nodes_of_.push_back(&nodes);
  to_.emplace_back(classes_, -1);
  return static_cast<State>(accepts_.size() - 1);
}

// A state of its own, even where a later one has the same nodes: only here the beginning is where the text may end.
TextAutomaton::State TextAutomaton::start() {
  if (!accepts_.empty()) return 0;
  seen_.resize(places_.size());
  ++round_;
  Follow(first_, true, false, begin_);
  Nodes empty;
  ++round_;
  Follow(first_, true, true, empty);
  return AddState(begin_, HasAccept(empty));
}

std::optional<TextAutomaton::State> TextAutomaton::StateOf(Nodes nodes) {
  std::ranges::sort(nodes);
  const auto [at, added] = states_.try_emplace(std::move(nodes), static_cast<State>(accepts_.size()));
  if (!added) return at->second;
  if (states_.size() > kStatesMax) return std::nullopt;
  Nodes ended;
  ++round_;
  for (const Node node : at->first) Follow(node, false, true, ended);
  return AddState(at->first, HasAccept(ended));
}

std::optional<TextAutomaton::State> TextAutomaton::Next(State state, unsigned char byte) {
  const unsigned column = class_of_[byte];
  if (to_[state][column] >= 0) return static_cast<State>(to_[state][column]);
  Nodes nodes;
  ++round_;
  for (const Node node : *nodes_of_[state]) {
    const Place& place = places_[node];
    if (place.step == Step::kBytes && sets_[place.set].test(byte)) Follow(place.next, false, false, nodes);
  }
  const std::optional<State> next = StateOf(std::move(nodes));
  if (next) to_[state][column] = *next;
  return next;
}

}  // namespace sluice::core
