#include "core/route/match_program.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/http/query_string.h"
#include "core/route/match_program_slots.h"

namespace sluice::core {
namespace {

// Slots of one request on the stack; a host whose rules ask for more takes them from the arena.
constexpr std::size_t kStackSlots = 64;

}  // namespace

void MatchProgram::Slot::Set(std::string_view text) {
  size = static_cast<std::int32_t>(text.size());
  if (text.size() >= small.size()) {
    bytes = text.data();
    return;
  }
  small = {};
  if (!text.empty()) std::memcpy(small.data(), text.data(), text.size());
  bytes = small.data();
}

RouteHit MatchProgram::Run(const RouteInput& input, const std::vector<Route>& routes, Arena& scratch) const {
  alignas(Slot) std::array<std::byte, kStackSlots * sizeof(Slot)> stack;
  Slot* const slots =
      slot_count_ <= kStackSlots ? reinterpret_cast<Slot*>(stack.data()) : scratch.AllocateArray<Slot>(slot_count_);
  for (std::uint32_t i = 0; i < slot_count_; ++i) {
    Slot* const slot = new (&slots[i]) Slot;
    slot->bytes = slot->small.data();
  }
  const std::span<Slot> filled(slots, slot_count_);
  FillSlots(input, filled, scratch);

  for (std::size_t i = 0; i < firsts_.size(); ++i) {
    if (!Holds(firsts_[i], filled)) continue;
    const Entry& entry = entries_[i];
    if (!RestHolds(entry, routes, filled)) continue;
    const Route& route = routes[entry.route];
    return {&route, entry.match < 0 ? nullptr : &route.matches[static_cast<std::size_t>(entry.match)]};
  }
  return {};
}

void MatchProgram::FillSlots(const RouteInput& input, std::span<Slot> slots, Arena& scratch) const {
  if (slots.empty()) return;
  const Head& head = *input.head;
  slots[kPathSlot].Set(input.path);
  slots[kMethodSlot].Set(head.method);
  slots[kSchemeSlot].Set(head.scheme);
  slots[kAuthoritySlot].Set(head.authority);
  slots[kFullPathSlot].Set(head.path);
  slots[kPortSlot].Set(
      std::string_view(reinterpret_cast<const char*>(&input.listener_port), sizeof(input.listener_port)));
  if (slots.size() == kFixedSlots) return;
  FillHeaders(head.headers, slots, scratch);
  if (query_keys_.size() > 0) FillQuery(input.query, slots);
}

// One walk over the fields of the request, however many names the rules ask for.
void MatchProgram::FillHeaders(const HeaderMap& headers, std::span<Slot> slots, Arena& scratch) const {
  for (const HeaderMap::Field& field : headers.fields()) {
    std::uint32_t index = known_headers_[static_cast<std::size_t>(field.code)];
    if (field.code == HeaderName::kOther) index = other_headers_.Find(field.name).value_or(kPathSlot);
    if (index == kPathSlot) continue;
    Slot& slot = slots[index];
    if (slot.size < 0) {
      slot.Set(field.value);
    } else if (!slot.repeated) {
      // Matchers see every value (reliability.md D2): an attacker must not hide one behind another.
      slot.Set(*headers.Joined(field.name, field.code, scratch));
      slot.repeated = true;
    }
  }
}

void MatchProgram::FillQuery(std::string_view query, std::span<Slot> slots) const {
  while (const std::optional<QueryPair> pair = NextQueryPair(query)) {
    const std::optional<std::uint32_t> index = query_keys_.Find(pair->key);
    if (index && slots[*index].size < 0) slots[*index].Set(pair->value);  // only the first value counts
  }
}

bool MatchProgram::Holds(const Check& check, std::span<const Slot> slots) {
  const Slot& slot = slots[check.slot];
  // One unsigned compare; a missing slot (-1) becomes the largest number. The load is moved to the front of the text
  // rather than skipped when the text is too short: one well predicted branch instead of two poor ones.
  const bool in_range = static_cast<std::uint32_t>(slot.size - check.size_min) <=
                        static_cast<std::uint32_t>(check.size_max - check.size_min);
  std::uint64_t word;
  std::memcpy(&word, slot.bytes + (in_range ? check.offset : 0), sizeof(word));
  return in_range && ((word ^ check.key) & check.mask) == 0;
}

bool MatchProgram::RestHolds(const Entry& entry, const std::vector<Route>& routes, std::span<const Slot> slots) const {
  for (std::uint32_t i = entry.checks_begin; i < entry.checks_end; ++i) {
    if (!Holds(checks_[i], slots)) return false;
  }
  if (entry.residuals_begin == entry.residuals_end) return true;
  const RouteMatch& match = routes[entry.route].matches[static_cast<std::size_t>(entry.match)];
  for (std::uint32_t i = entry.residuals_begin; i < entry.residuals_end; ++i) {
    if (!ResidualHolds(residuals_[i], match, slots[residuals_[i].slot])) return false;
  }
  return true;
}

bool MatchProgram::ResidualHolds(const Residual& residual, const RouteMatch& match, const Slot& slot) {
  const bool present = slot.size >= 0;
  const std::string_view text = present ? slot.text() : std::string_view();
  switch (residual.field) {
    case Field::kUri: return match.uri->Matches(text);
    case Field::kScheme: return match.scheme->Matches(text);
    case Field::kMethod: return match.method->Matches(text);
    case Field::kAuthority: return match.authority->Matches(text);
    case Field::kHeader: return present && match.headers[residual.index].match.Matches(text);
    case Field::kQuery: return present && match.query[residual.index].match.Matches(text);
    case Field::kWithoutHeader: {
      // A missing header counts as the empty text, except for the presence test (section 1.3a).
      const StringMatch& matcher = match.without_headers[residual.index].match;
      return matcher.kind() == StringMatch::Kind::kPresent ? !present : !matcher.Matches(text);
    }
  }
  return false;
}

}  // namespace sluice::core
