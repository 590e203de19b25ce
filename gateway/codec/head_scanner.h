// Finds the end of a head (or trailer section) in bytes that arrive in any pieces, looking at every byte once, and
// stops as soon as the text can no longer become a legal head. Owned by H1Codec; one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/codec/codec.h"

namespace sluice::gateway {

class HeadScanner {
 public:
  enum class Result : std::uint8_t { kNeedMore, kComplete, kFault };

  struct Limits {
    std::uint32_t first_line_max;  // bytes without CRLF; 0 when there is no start line (trailers)
    std::uint32_t bytes_max;       // the whole block
    std::uint32_t fields_max;
  };

  // `text` begins at the first byte of the block and has grown since the last call, or is the same.
  Result Scan(std::string_view text, const Limits& limits);

  std::size_t size() const { return line_start_; }  // of the complete block, empty line included
  const ProtocolFault& fault() const { return fault_; }

  void Reset() { *this = HeadScanner(); }

 private:
  Result EndLine(std::string_view line, const Limits& limits);
  Result CheckTail(std::string_view line, const Limits& limits);
  Result Fail(std::uint16_t status, std::string_view details);

  std::uint32_t scanned_ = 0;     // bytes looked at
  std::uint32_t line_start_ = 0;  // of the line that is being read
  std::uint32_t lines_ = 0;       // complete lines
  ProtocolFault fault_;
};

}  // namespace sluice::gateway
