// The matches of one virtual host, compiled for scanning: which rule is the first whose conditions all hold.
// Immutable; any thread.
//
// A request is spread once over "slots" (path, method, each header and query key that some rule asks for). Every match
// begins with one Check: a length range and up to eight bytes at a fixed place of one slot, chosen at build time to be
// rare among the rules. Two hundred rules are then two hundred compares over 32 packed bytes each; text, regular
// expressions and negations are looked at only for matches whose first check holds.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/strong_id.h"
#include "core/base/text_index.h"
#include "core/http/head.h"
#include "core/route/route.h"

namespace sluice::core {

// What a match is decided on. Views live as long as the request head.
struct RouteInput {
  const Head* head = nullptr;
  std::string_view path;   // normalised, without query
  std::string_view query;  // without '?'
  std::uint16_t listener_port = 0;
};

struct RouteHit {
  const Route* route = nullptr;
  const RouteMatch* match = nullptr;  // null when the route matches everything
  explicit operator bool() const { return route != nullptr; }
};

class MatchProgram {
 public:
  MatchProgram() = default;
  // Keeps ids and indexes, no pointers into `routes`.
  MatchProgram(std::span<const RouteId> order, const std::vector<Route>& routes);

  // The first match that holds, in the order given. `scratch` takes joined header values.
  RouteHit Run(const RouteInput& input, const std::vector<Route>& routes, Arena& scratch) const;

 private:
  // One property of the request as text. Missing: size -1, which no check accepts.
  struct Slot {
    const char* bytes = nullptr;  // at least eight readable bytes
    std::int32_t size = -1;
    bool repeated = false;        // the header came more than once; join before use
    std::array<char, 8> small{};  // keeps shorter text, so that eight bytes can always be read

    void Set(std::string_view text);
    std::string_view text() const { return {bytes, static_cast<std::size_t>(size)}; }
  };

  struct Check {
    std::uint64_t key = 0;
    std::uint64_t mask = 0;  // 0: only the length counts
    std::int32_t size_min = 0;
    std::int32_t size_max = INT32_MAX;
    std::uint32_t offset = 0;  // offset + 8 <= max(8, size_min)
    std::uint32_t slot = 0;
  };

  // Where a condition stands in its RouteMatch.
  enum class Field : std::uint8_t { kUri, kScheme, kMethod, kAuthority, kHeader, kWithoutHeader, kQuery };

  // A condition that its check cannot decide alone.
  struct Residual {
    Field field = Field::kUri;
    std::uint32_t slot = 0;
    std::uint32_t index = 0;  // within headers, without_headers or query
  };

  struct Entry {
    std::uint32_t route = 0;         // RouteId
    std::int32_t match = -1;         // index in Route::matches; -1: the route matches everything
    std::uint32_t checks_begin = 0;  // further checks, after the first
    std::uint32_t checks_end = 0;
    std::uint32_t residuals_begin = 0;
    std::uint32_t residuals_end = 0;
  };

  class Builder;
  friend class Builder;

  void FillSlots(const RouteInput& input, std::span<Slot> slots, Arena& scratch) const;
  void FillHeaders(const HeaderMap& headers, std::span<Slot> slots, Arena& scratch) const;
  void FillQuery(std::string_view query, std::span<Slot> slots) const;
  static bool Holds(const Check& check, std::span<const Slot> slots);
  bool RestHolds(const Entry& entry, const std::vector<Route>& routes, std::span<const Slot> slots) const;
  static bool ResidualHolds(const Residual& residual, const RouteMatch& match, const Slot& slot);

  std::vector<Check> firsts_;  // by entry; apart from the entries, so that a scan reads nothing else
  std::vector<Entry> entries_;
  std::vector<Check> checks_;
  std::vector<Residual> residuals_;

  std::uint32_t slot_count_ = 0;
  // Slot of a known header name, 0 when no rule asks for it (slot 0 is the path).
  std::array<std::uint32_t, static_cast<std::size_t>(HeaderName::kCount)> known_headers_{};
  TextIndex other_headers_;
  TextIndex query_keys_;
};

}  // namespace sluice::core
