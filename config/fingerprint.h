// FNV-1a, 64 bits, as 16 hex digits: tells texts apart for people, logs and the question "has it changed". Nothing
// trusts it. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/hex.h"

namespace sluice::config {

class Fingerprint {
 public:
  Fingerprint& Add(std::string_view text) {
    for (const char c : text) Mix(static_cast<unsigned char>(c));
    Mix(0);
    return *this;
  }

  std::string Text() const {
    std::string text(16, '0');
    core::WriteHex(hash_, text.data());
    return text;
  }

 private:
  void Mix(std::uint64_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ULL; }

  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace sluice::config
