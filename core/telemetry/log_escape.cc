#include "core/telemetry/log_escape.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice::core {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// Printable ASCII that needs no look in any mode.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0x21; c < 0x7f; ++c) plain[static_cast<std::size_t>(c)] = c != '"' && c != '\\';
  return plain;
}();

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // 0: the first byte begins no valid UTF-8 sequence (RFC 3629)
};

Character Decode(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  std::uint32_t code = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return {};
    code = (code << 6) | (byte(i) & 0x3fu);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, length};
}

bool IsControl(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029;
}

// One escaped unit: at most "\xHH" for each of four bytes.
struct Unit {
  std::array<char, 16> text;
  std::size_t size = 0;
  void Put(char c) { text[size++] = c; }
  void PutHex(unsigned char byte) {
    Put(kHex[byte >> 4]);
    Put(kHex[byte & 15]);
  }
};

Unit EscapeBytes(std::string_view bytes) {
  Unit unit;
  for (const char c : bytes) {
    unit.Put('\\');
    unit.Put('x');
    unit.PutHex(static_cast<unsigned char>(c));
  }
  return unit;
}

Unit EscapeJson(std::string_view bytes, const Character& character) {
  Unit unit;
  unit.Put('\\');
  if (character.length == 0) {
    unit.Put('\\');
    unit.Put('x');
    unit.PutHex(static_cast<unsigned char>(bytes[0]));
  } else if (character.code == '"' || character.code == '\\') {
    unit.Put(static_cast<char>(character.code));
  } else {
    unit.Put('u');
    unit.PutHex(static_cast<unsigned char>(character.code >> 8));
    unit.PutHex(static_cast<unsigned char>(character.code & 0xff));
  }
  return unit;
}

}  // namespace

char* EscapeForLog(std::string_view text, LogEscape mode, char* out, std::size_t max) {
  const char* const limit = out + max;
  while (!text.empty()) {
    // The common case first: a run of plain characters in one copy.
    const auto* stop = std::ranges::find_if_not(text, [](char c) { return kPlain[static_cast<unsigned char>(c)]; });
    const std::size_t run =
        std::min(static_cast<std::size_t>(stop - text.begin()), static_cast<std::size_t>(limit - out));
    std::memcpy(out, text.data(), run);
    out += run;
    text.remove_prefix(run);
    if (text.empty() || out == limit) break;

    const Character character = Decode(text);
    const std::string_view bytes = text.substr(0, std::max<std::size_t>(character.length, 1));
    const bool blank = character.code == ' ' && character.length == 1;
    const bool keep =
        blank ? mode != LogEscape::kUnquoted
              : character.length > 0 && !IsControl(character.code) && character.code != '"' && character.code != '\\';
    Unit unit;
    if (keep) {
      for (const char c : bytes) unit.Put(c);
    } else {
      unit = mode == LogEscape::kJson ? EscapeJson(bytes, character) : EscapeBytes(bytes);
    }
    if (unit.size > static_cast<std::size_t>(limit - out)) break;
    out = std::ranges::copy_n(unit.text.begin(), static_cast<std::ptrdiff_t>(unit.size), out).out;
    text.remove_prefix(bytes.size());
  }
  return out;
}

}  // namespace sluice::core
