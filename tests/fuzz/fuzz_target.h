// A fuzz target: a function that takes any bytes and stops the process (CHECK) when a property does not hold.
// libFuzzer calls it by fuzz_driver.cc; fuzz_replay.cc runs it over the kept corpus in every ordinary test run.
// One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace sluice::fuzz {

class Target {
 public:
  using Function = void (*)(std::string_view input);

  // Registers itself; lives as long as the process.
  Target(std::string_view name, Function run) : name_(name), run_(run), next_(first_) { first_ = this; }

  std::string_view name() const { return name_; }
  void Run(std::string_view input) const { run_(input); }
  const Target* next() const { return next_; }
  static const Target* first() { return first_; }

 private:
  std::string_view name_;
  Function run_;
  const Target* next_;
  static inline const Target* first_ = nullptr;
};

// Takes parts off an input: the byte in front says what separates them, so that seeds can be read and any other byte
// can stand in a part.
class Parts {
 public:
  explicit Parts(std::string_view input) : rest_(input) {
    if (rest_.empty()) return;
    separator_ = rest_.front();
    rest_.remove_prefix(1);
  }

  bool empty() const { return rest_.empty(); }
  // Empty when nothing is left.
  std::string_view Next() {
    const std::size_t size = std::min(rest_.find(separator_), rest_.size());
    const std::string_view part = rest_.substr(0, size);
    rest_.remove_prefix(std::min(size + 1, rest_.size()));
    return part;
  }

 private:
  std::string_view rest_;
  char separator_ = '\n';
};

// A number made from all bytes of an input: where to cut it, without spending bytes of it on that (FNV-1a).
inline std::uint64_t SeedOf(std::string_view input) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : input) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace sluice::fuzz

// FUZZ_TARGET(name) { ... input ... }
// NOLINTBEGIN(bugprone-macro-parentheses): the argument becomes a name
#define FUZZ_TARGET(name)                                          \
  static void name(std::string_view input);                        \
  static const ::sluice::fuzz::Target name##_target(#name, &name); \
  static void name(std::string_view input)
// NOLINTEND(bugprone-macro-parentheses)
