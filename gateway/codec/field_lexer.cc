#include "gateway/codec/field_lexer.h"

#include "core/base/text.h"
#include "core/http/field_text.h"

namespace sluice::gateway {
namespace {

std::unexpected<ProtocolFault> Fault(std::uint16_t status, std::string_view details) {
  return std::unexpected(ProtocolFault{status, details});
}

}  // namespace

std::expected<void, ProtocolFault> LexFields(char* text, std::size_t size, std::uint32_t name_max,
                                             core::HeaderMap& fields) {
  char* at = text;
  char* const end = text + size;
  while (at < end && *at != '\r') {
    if (*at == ' ' || *at == '\t') return Fault(400, "http1.obs_fold");
    char* colon = at;
    // One pass folds the name and finds its end: a colon is no tchar.
    while (colon < end) {
      const char folded = core::FoldToken(*colon);
      if (folded == 0) break;
      *colon++ = folded;
    }
    if (colon == end || *colon != ':' || colon == at) return Fault(400, "http1.invalid_header_name");
    const std::string_view name(at, static_cast<std::size_t>(colon - at));
    if (name.size() > name_max) return Fault(431, "http1.header_name_too_long");
    char* const value = colon + 1;
    const char* const cr = core::SkipFieldText(value, end);
    if (cr == end || *cr == '\n') return Fault(400, "http1.bare_lf");
    if (*cr != '\r' || end - cr < 2 || cr[1] != '\n') return Fault(400, "http1.invalid_header_value");
    const std::string_view raw(value, static_cast<std::size_t>(cr - value));
    fields.AddLexed(name, core::Trim(raw));
    at = value + raw.size() + 2;
  }
  if (end - at != 2 || at[1] != '\n') return Fault(400, "http1.codec_error");
  return {};
}

}  // namespace sluice::gateway
