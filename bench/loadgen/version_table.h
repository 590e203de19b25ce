// The versions that answers named, numbered in the order they were first seen. Bounded: a server that names a new one
// with every answer fills no memory. Owned by a report; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

class VersionTable {
 public:
  static constexpr std::size_t kMax = 64;
  static constexpr std::uint8_t kOther = kMax;  // every version beyond the limit
  static constexpr std::size_t kSlots = kMax + 1;
  using Mapping = std::array<std::uint8_t, kSlots>;

  // The number of `name`, which is new or known; "" stands for an answer that names none.
  std::uint8_t Number(std::string_view name);
  std::string_view Name(std::uint8_t number) const;  // "(other)" beyond the limit
  std::size_t size() const { return names_.size(); }
  const std::vector<std::string>& names() const { return names_; }

  // Every number stays what it is.
  static Mapping Same();
  // Takes the names of `other` in; the number here of each of its numbers.
  Mapping TakeIn(const VersionTable& other);

 private:
  std::vector<std::string> names_;
  std::uint8_t last_ = 0;  // answers mostly name what the one before named
};

}  // namespace sluice::bench
