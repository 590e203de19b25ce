// A strict push decoder for the chunked coding (RFC 9112 section 7.1): every byte is consumed once, nothing is
// buffered, extensions are checked and dropped. Stops in front of the trailer section, which its owner reads with
// the reader for fields. Owned by a codec; one thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::core {

class ChunkedDecoder {
 public:
  enum class Event : std::uint8_t {
    kNeedMore,   // input is used up
    kData,       // a piece of the body
    kTrailers,   // the last chunk has ended; the trailer section (perhaps only CRLF) is next. Final.
    kMalformed,  // not the coding, or its lines cost more than they carry. Final.
    kTooLarge,   // the body passes the limit. Final.
  };

  struct Limits {
    std::uint32_t line_max = 256;              // a chunk-size line with its extensions, CRLF included; bytes
    std::uint64_t body_max = UINT64_MAX >> 1;  // bytes
    std::uint32_t chunk_free = 0;              // bytes of each chunk's lines that are not counted as cost, see below
  };

  // Lines and CRLFs together may take this many bytes plus a quarter of the body: no client makes us work for
  // one-byte chunks without end. A model that answers token by token does just that, which chunk_free allows for:
  // extensions cost it still.
  static constexpr std::uint64_t kOverheadFree = 16 * 1024;

  ChunkedDecoder() = default;
  explicit ChunkedDecoder(const Limits& limits) : limits_(limits) {}

  // Takes bytes off the front of `input` until there is something to tell. On kData `data` is the piece, a view into
  // the input.
  Event Next(std::string_view& input, std::string_view& data);

  std::uint64_t body_bytes() const { return body_; }

 private:
  enum class State : std::uint8_t {
    kSizeFirst,  // the first digit must come
    kSize,       // more digits, ';' or CR
    kExtName,    // first byte of a name
    kExtNameMore,
    kExtValue,  // first byte after '='
    kExtToken,
    kExtQuoted,
    kExtEscaped,  // after a backslash
    kExtAfter,    // after a closing quote
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kDone,
    kFailed,
    kOverflow,
  };

  // Each takes one byte of a line and returns the next state.
  State OnSizeByte(char c);
  State OnExtensionByte(char c) const;
  State OnSizeLineEnd();
  State OnLineByte(char c);

  Limits limits_;
  std::uint64_t remaining_ = 0;  // of the current chunk; while its size is read: the size so far
  std::uint64_t body_ = 0;       // announced by all chunk sizes so far
  std::uint64_t overhead_ = 0;   // bytes that were not body
  std::uint32_t line_ = 0;       // bytes of the current line
  std::uint8_t digits_ = 0;
  State state_ = State::kSizeFirst;
};

}  // namespace sluice::core
