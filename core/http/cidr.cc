#include "core/http/cidr.h"

#include <algorithm>
#include <string>

#include "core/base/text.h"

namespace sluice::core {
namespace {

constexpr std::uint32_t kMappedBits = 96;  // in front of an IPv4 address

// Four decimal numbers of one to three digits without leading zeros, which some readers take for octal.
bool ParseQuads(std::string_view text, std::uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) return false;
    const std::string_view digits = text.substr(0, dot);
    const auto value = ParseDecimal(digits);
    if (!value || *value > 255 || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0')) return false;
    out[i] = static_cast<std::uint8_t>(*value);
    text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  }
  return true;
}

// Groups of `text`, separated by single colons, into `out`; returns the bytes written, or nothing.
std::optional<std::size_t> ParseGroups(std::string_view text, std::array<std::uint8_t, 16>& out) {
  std::size_t size = 0;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      if (size > 12 || !ParseQuads(group, out.data() + size)) return std::nullopt;
      return size + 4;
    }
    const auto value = ParseHex(group);
    if (!value || group.size() > 4 || size > 14) return std::nullopt;
    out[size++] = static_cast<std::uint8_t>(*value >> 8);
    out[size++] = static_cast<std::uint8_t>(*value & 0xff);
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.empty()) return std::nullopt;
  }
  return size;
}

}  // namespace

std::optional<IpBytes> ParseIp(std::string_view text) {
  IpBytes address{};
  if (text.find(':') == std::string_view::npos) {
    address[10] = address[11] = 0xff;
    return ParseQuads(text, address.data() + 12) ? std::optional(address) : std::nullopt;
  }
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto size = ParseGroups(text, address);
    return size == address.size() ? std::optional(address) : std::nullopt;
  }
  IpBytes tail{};
  const std::string_view head_text = text.substr(0, gap);
  if (head_text.find('.') != std::string_view::npos) return std::nullopt;
  const auto head_size = ParseGroups(head_text, address);
  const auto tail_size = ParseGroups(text.substr(gap + 2), tail);
  if (!head_size || !tail_size || *head_size + *tail_size > 14) return std::nullopt;
  std::copy_n(tail.begin(), *tail_size, address.end() - static_cast<std::ptrdiff_t>(*tail_size));
  return address;
}

Result<Cidr> Cidr::Parse(std::string_view text) {
  const auto fail = [text] {
    return Fail(ErrorCode::kInvalidArgument, "\"" + std::string(text) + "\" is not an address range",
                "write it like 10.0.0.0/8 or fd00::/8");
  };
  const std::size_t slash = text.find('/');
  const std::string_view base = text.substr(0, slash);
  const auto address = ParseIp(base);
  if (!address) return fail();
  const bool four = base.find(':') == std::string_view::npos;
  Cidr cidr;
  cidr.base_ = *address;
  if (slash != std::string_view::npos) {
    const auto bits = ParseDecimal(text.substr(slash + 1));
    if (!bits || *bits > (four ? 32u : 128u)) return fail();
    cidr.bits_ = static_cast<std::uint32_t>(*bits) + (four ? kMappedBits : 0);
  }
  return cidr;
}

bool Cidr::Contains(const IpBytes& address) const {
  const std::size_t whole = bits_ / 8;
  if (!std::equal(base_.begin(), base_.begin() + static_cast<std::ptrdiff_t>(whole), address.begin())) return false;
  const std::uint32_t rest = bits_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (base_[whole] & mask) == (address[whole] & mask);
}

}  // namespace sluice::core
