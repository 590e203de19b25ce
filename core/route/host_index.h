// Which virtual host answers for an authority: exact name, then the longest suffix wildcard, then "*"
// (istio-reference.md section 1.2). Immutable; any thread; no allocation per look-up. The cost depends on the length of
// the name and the number of its labels, not on how many hosts there are.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/text_index.h"

namespace sluice::core {

class HostIndex {
 public:
  // RFC 1035 section 3.1 allows 255 octets; a longer authority can only meet "*".
  static constexpr std::size_t kNameMax = 255;

  struct Entry {
    std::string_view host;  // lower case, without port: exact, "*.suffix" or "*"
    std::uint32_t value = 0;
  };

  HostIndex() = default;
  // Of two equal hosts the first wins.
  explicit HostIndex(const std::vector<Entry>& entries);

  // `authority` as sent. Its port is stripped, one trailing dot too, and letters are folded.
  std::optional<std::uint32_t> Find(std::string_view authority) const;

 private:
  TextIndex exact_;
  TextIndex suffixes_;                        // ".suffix" of "*.suffix"
  std::bitset<kNameMax + 1> suffix_lengths_;  // lets most labels pass without hashing
  std::optional<std::uint32_t> any_;
};

}  // namespace sluice::core
