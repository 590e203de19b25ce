// The chunked coding in any bytes: the same in one piece and in many, and the body and its end are those that a naive
// reader of the same bytes finds.
#include <optional>
#include <string>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/http/chunked_decoder.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/byte_feed.h"

namespace sluice::core {
namespace {

using Event = ChunkedDecoder::Event;
using test::Cut;

constexpr ChunkedDecoder::Limits kLimits{60, 2000};

struct Decoded {
  std::string body;
  Event end = Event::kNeedMore;
  std::size_t used = 0;
};

Decoded Decode(std::string_view bytes, Cut cut) {
  ChunkedDecoder decoder(kLimits);
  Decoded result;
  for (std::string_view piece : test::CutBytes(bytes, cut, fuzz::SeedOf(bytes))) {
    do {
      std::string_view data;
      const std::size_t before = piece.size();
      result.end = decoder.Next(piece, data);
      result.used += before - piece.size();
      CHECK((result.end == Event::kData) == !data.empty());
      result.body += data;
    } while (result.end == Event::kData);
    if (result.end != Event::kNeedMore) break;
    CHECK(piece.empty());
  }
  CHECK(decoder.body_bytes() <= kLimits.body_max || result.end == Event::kTooLarge);
  return result;
}

// Lenient on purpose: it skips whatever stands behind a size. Nothing when the bytes do not hold a whole body.
std::optional<Decoded> NaiveDecode(std::string_view bytes) {
  Decoded result;
  while (true) {
    const std::string_view rest = bytes.substr(result.used);
    const std::size_t line = rest.find("\r\n");
    const auto size = ParseHex(rest.substr(0, rest.find_first_not_of("0123456789abcdefABCDEF")));
    if (line == std::string_view::npos || !size) return std::nullopt;
    result.used += line + 2;
    if (*size == 0) return result;
    if (*size > bytes.size() || bytes.substr(result.used).size() < *size + 2) return std::nullopt;
    result.body += bytes.substr(result.used, *size);
    result.used += *size;
    if (bytes.substr(result.used, 2) != "\r\n") return std::nullopt;
    result.used += 2;
  }
}

FUZZ_TARGET(chunked_fuzz) {
  const Decoded whole = Decode(input, Cut::kWhole);
  for (const Cut cut : {Cut::kBytes, Cut::kRandom}) {
    const Decoded pieces = Decode(input, cut);
    CHECK(pieces.end == whole.end);
    CHECK(pieces.body == whole.body);
    CHECK(pieces.used == whole.used);
  }
  if (whole.end != Event::kTrailers) return;
  const auto naive = NaiveDecode(input);
  CHECK(naive.has_value());
  CHECK(naive->body == whole.body);
  CHECK(naive->used == whole.used);
}

}  // namespace
}  // namespace sluice::core
