// Envoy's response flags as a bit set, with their short names (istio-reference.md section 4.3).
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::core {

enum class ResponseFlag : std::uint8_t {
  kUH,
  kUF,
  kUO,
  kUC,
  kUR,
  kLR,
  kUT,
  kURX,
  kUPE,
  kNR,
  kNC,
  kDC,
  kDR,
  kDPE,
  kDT,
  kSI,
  kUMSDR,
  kDI,
  kFI,
  kRL,
  kUAEX,
  kOM,
  kCount,
};

class ResponseFlags {
 public:
  void Set(ResponseFlag flag) { bits_ |= 1u << static_cast<unsigned>(flag); }
  bool Has(ResponseFlag flag) const { return (bits_ & (1u << static_cast<unsigned>(flag))) != 0; }
  std::uint32_t bits() const { return bits_; }

  // "-" when none, else short names joined by ','. Static storage for up to one flag, else `buffer` (>= 80 bytes).
  std::string_view Text(char* buffer) const;

 private:
  std::uint32_t bits_ = 0;
};

std::string_view ResponseFlagText(ResponseFlag flag);

}  // namespace sluice::core
