// Compiles RouteMatches into the packed checks of MatchProgram.
#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>

#include "core/base/text.h"
#include "core/route/match_program.h"
#include "core/route/match_program_slots.h"

namespace sluice::core {
namespace {

constexpr std::size_t kWindow = 8;                 // bytes one check compares
constexpr std::size_t kOffsetsMax = 256;           // places tried for the window of a long text
constexpr std::uint32_t kRarelyUseful = 1u << 30;  // rank of a check that only tests presence
constexpr std::uint64_t kCaseBits = 0x2020202020202020ULL;

// Eight bytes of `text` from `offset` on, fewer at its end, under the mask that says how many.
struct Window {
  std::uint64_t key = 0;
  std::uint64_t mask = 0;

  Window(std::string_view text, std::size_t offset, bool ignore_case) {
    const std::size_t size = std::min(kWindow, text.size() - offset);
    std::array<char, kWindow> bytes{};
    std::array<char, kWindow> ones{};
    std::copy_n(text.data() + offset, size, bytes.data());
    std::fill_n(ones.data(), size, '\xff');
    std::memcpy(&key, bytes.data(), kWindow);
    std::memcpy(&mask, ones.data(), kWindow);
    if (ignore_case) mask &= ~kCaseBits;  // letters differ in that bit only; other characters are re-checked
    key &= mask;
  }
};

std::size_t Offsets(std::string_view text) {
  return text.size() <= kWindow ? 1 : std::min(kOffsetsMax, text.size() - kWindow + 1);
}

}  // namespace

class MatchProgram::Builder {
 public:
  Builder(MatchProgram& program, std::span<const RouteId> order, const std::vector<Route>& routes) : program_(program) {
    for (const RouteId id : order) {
      const Route& route = routes[id.value];
      if (route.matches.empty()) pending_.push_back({id.value, -1, {}});
      for (std::size_t i = 0; i < route.matches.size(); ++i) {
        pending_.push_back({id.value, static_cast<std::int32_t>(i), Conditions(route.matches[i])});
      }
    }
  }

  void Build() {
    for (const Pending& pending : pending_) {
      for (const Condition& condition : pending.conditions) CountWindows(condition);
    }
    for (const Pending& pending : pending_) Emit(pending);
    PublishNames();
  }

 private:
  struct Condition {
    Field field = Field::kUri;
    std::uint32_t slot = 0;
    std::uint32_t index = 0;
    StringMatch::Kind kind = StringMatch::Kind::kPresent;
    bool ignore_case = false;
    std::string_view text;  // of the matcher, or of a port
  };
  struct Pending {
    std::uint32_t route = 0;
    std::int32_t match = -1;
    std::vector<Condition> conditions;
  };
  struct Ranked {
    Check check;
    std::uint32_t rank = 0;  // how many conditions of this host share the check
  };

  static Condition Make(Field field, std::uint32_t slot, std::size_t index, const StringMatch& match) {
    return {field, slot, static_cast<std::uint32_t>(index), match.kind(), match.ignore_case(), match.text()};
  }

  std::vector<Condition> Conditions(const RouteMatch& match) {
    std::vector<Condition> all;
    if (match.uri) all.push_back(Make(Field::kUri, kPathSlot, 0, *match.uri));
    if (match.scheme) all.push_back(Make(Field::kScheme, kSchemeSlot, 0, *match.scheme));
    if (match.method) all.push_back(Make(Field::kMethod, kMethodSlot, 0, *match.method));
    if (match.authority) all.push_back(Make(Field::kAuthority, kAuthoritySlot, 0, *match.authority));
    for (std::size_t i = 0; i < match.headers.size(); ++i) {
      const HeaderPredicate& header = match.headers[i];
      if (IgnoredHeader(header.name)) continue;
      all.push_back(Make(Field::kHeader, HeaderSlot(header.name), i, header.match));
    }
    for (std::size_t i = 0; i < match.without_headers.size(); ++i) {
      const HeaderPredicate& header = match.without_headers[i];
      if (IgnoredHeader(header.name)) continue;
      all.push_back(Make(Field::kWithoutHeader, HeaderSlot(header.name), i, header.match));
    }
    for (std::size_t i = 0; i < match.query.size(); ++i) {
      all.push_back(Make(Field::kQuery, NameSlot(query_keys_, match.query[i].name), i, match.query[i].match));
    }
    if (match.port) {
      const auto* bytes = reinterpret_cast<const char*>(&*match.port);
      all.push_back({Field::kUri, kPortSlot, 0, StringMatch::Kind::kExact, false, {bytes, sizeof(*match.port)}});
    }
    return all;
  }

  // Istio's API: these keys of `headers` are ignored.
  static bool IgnoredHeader(std::string_view name) {
    return name == "uri" || name == "scheme" || name == "method" || name == "authority";
  }

  std::uint32_t HeaderSlot(const std::string& name) {
    const std::string folded = Fold(name);
    if (folded == ":method") return kMethodSlot;
    if (folded == ":scheme") return kSchemeSlot;
    if (folded == ":authority" || folded == "host") return kAuthoritySlot;  // heads carry no Host field
    if (folded == ":path") return kFullPathSlot;
    const HeaderName code = LookupHeaderName(folded);
    if (code == HeaderName::kOther) return NameSlot(other_headers_, folded);
    std::uint32_t& slot = program_.known_headers_[static_cast<std::size_t>(code)];
    if (slot == kPathSlot) slot = next_slot_++;
    return slot;
  }

  std::uint32_t NameSlot(std::map<std::string, std::uint32_t, std::less<>>& slots, const std::string& name) {
    const auto [at, is_new] = slots.try_emplace(name, next_slot_);
    if (is_new) ++next_slot_;
    return at->second;
  }

  static bool HasText(const Condition& condition) {
    return condition.field != Field::kWithoutHeader &&
           (condition.kind == StringMatch::Kind::kExact || condition.kind == StringMatch::Kind::kPrefix);
  }

  static std::uint64_t WindowId(const Condition& condition, std::size_t offset, const Window& window) {
    const std::array<std::uint64_t, 4> parts = {condition.slot, offset, window.key, window.mask};
    std::array<char, sizeof(parts)> bytes;
    std::memcpy(bytes.data(), parts.data(), sizeof(parts));
    return HashText({bytes.data(), bytes.size()}, 0);
  }

  void CountWindows(const Condition& condition) {
    if (!HasText(condition)) return;
    for (std::size_t offset = 0; offset < Offsets(condition.text); ++offset) {
      ++uses_[WindowId(condition, offset, Window(condition.text, offset, condition.ignore_case))];
    }
  }

  Ranked MakeCheck(const Condition& condition) const {
    Ranked best{.check = {}, .rank = kRarelyUseful};
    best.check.slot = condition.slot;
    if (!HasText(condition)) return best;  // present: any length from 0 on
    const auto size = static_cast<std::int32_t>(condition.text.size());
    best.check.size_min = size;
    if (condition.kind == StringMatch::Kind::kExact) best.check.size_max = size;
    for (std::size_t offset = 0; offset < Offsets(condition.text); ++offset) {
      const Window window(condition.text, offset, condition.ignore_case);
      const std::uint32_t rank = uses_.at(WindowId(condition, offset, window));
      if (rank >= best.rank) continue;
      best.rank = rank;
      best.check.key = window.key;
      best.check.mask = window.mask;
      best.check.offset = static_cast<std::uint32_t>(offset);
    }
    return best;
  }

  static bool NeedsResidual(const Condition& condition) {
    if (condition.slot == kPortSlot) return false;
    if (condition.field == Field::kWithoutHeader || condition.kind == StringMatch::Kind::kRegex) return true;
    if (condition.kind == StringMatch::Kind::kPresent) return false;
    return condition.ignore_case || condition.text.size() > kWindow;
  }

  void Emit(const Pending& pending) {
    std::vector<Ranked> checks;
    Entry entry;
    entry.route = pending.route;
    entry.match = pending.match;
    entry.residuals_begin = static_cast<std::uint32_t>(program_.residuals_.size());
    for (const Condition& condition : pending.conditions) {
      if (condition.field != Field::kWithoutHeader) checks.push_back(MakeCheck(condition));
      if (NeedsResidual(condition)) {
        program_.residuals_.push_back({condition.field, condition.slot, condition.index});
      }
    }
    entry.residuals_end = static_cast<std::uint32_t>(program_.residuals_.size());
    // The rarest first: it refuses most requests.
    std::ranges::stable_sort(checks, {}, &Ranked::rank);
    program_.firsts_.push_back(checks.empty() ? Check{} : checks.front().check);
    entry.checks_begin = static_cast<std::uint32_t>(program_.checks_.size());
    for (std::size_t i = 1; i < checks.size(); ++i) program_.checks_.push_back(checks[i].check);
    entry.checks_end = static_cast<std::uint32_t>(program_.checks_.size());
    program_.entries_.push_back(entry);
  }

  static TextIndex Index(const std::map<std::string, std::uint32_t, std::less<>>& slots) {
    std::vector<TextIndex::Entry> entries;
    for (const auto& [name, slot] : slots) entries.push_back({name, slot});
    return TextIndex(entries);
  }

  void PublishNames() {
    program_.slot_count_ = next_slot_;
    program_.other_headers_ = Index(other_headers_);
    program_.query_keys_ = Index(query_keys_);
  }

  MatchProgram& program_;
  std::vector<Pending> pending_;
  std::map<std::string, std::uint32_t, std::less<>> other_headers_;
  std::map<std::string, std::uint32_t, std::less<>> query_keys_;
  std::uint32_t next_slot_ = kFixedSlots;
  std::unordered_map<std::uint64_t, std::uint32_t> uses_;  // window -> conditions that hold there
};

MatchProgram::MatchProgram(std::span<const RouteId> order, const std::vector<Route>& routes) {
  Builder(*this, order, routes).Build();
}

}  // namespace sluice::core
