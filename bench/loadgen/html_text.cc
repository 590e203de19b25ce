#include "bench/loadgen/html_text.h"

#include "config/utf8.h"
#include "core/base/markup.h"

namespace sluice::bench {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void EscapeValid(std::string& out, std::string_view text) {
  for (const char c : text) {
    const std::string_view entity = core::MarkupEntity(c);
    if (!entity.empty()) {
      out += entity;
    } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      out += kReplacement;
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string HtmlEscape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto bad = config::FindInvalidUtf8(text);
    EscapeValid(out, text.substr(0, bad.value_or(text.size())));
    if (!bad) break;
    out += kReplacement;
    text.remove_prefix(*bad + 1);
  }
  return out;
}

}  // namespace sluice::bench
