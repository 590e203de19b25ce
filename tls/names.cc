#include "tls/names.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "core/base/text.h"

namespace sluice::tls {
namespace {

using core::ErrorCode;

constexpr std::size_t kNameBytesMax = 2048;

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

// By length: a NUL inside is part of the value here, and that is what gives it away.
std::optional<std::string> Printable(const ASN1_STRING& value) {
  const auto* const bytes = ASN1_STRING_get0_data(&value);
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(&value));
  if (size == 0 || size > kNameBytesMax) return std::nullopt;
  const bool printable = std::all_of(bytes, bytes + size, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!printable) return std::nullopt;
  return std::string(bytes, bytes + size);
}

// RFC 5280 section 4.2.1.6: four octets, or sixteen.
std::optional<core::IpBytes> Address(const ASN1_STRING& value) {
  const auto* const bytes = ASN1_STRING_get0_data(&value);
  const int size = ASN1_STRING_length(&value);
  core::IpBytes address{};
  if (size == 4) address[10] = address[11] = 0xff;
  if (size != 4 && size != static_cast<int>(address.size())) return std::nullopt;
  std::copy(bytes, bytes + size, address.end() - size);
  return address;
}

// Kinds that nobody is called by here (mail, directory names) are passed over.
bool Add(const GENERAL_NAME& name, Names& names) {
  std::optional<std::string> text;
  switch (name.type) {
    case GEN_DNS:
      text = Printable(*name.d.dNSName);
      if (text) names.dns.push_back(core::Fold(*text));
      return text.has_value();
    case GEN_URI:
      text = Printable(*name.d.uniformResourceIdentifier);
      if (text) names.uris.push_back(std::move(*text));
      return text.has_value();
    case GEN_IPADD: {
      const auto address = Address(*name.d.iPAddress);
      if (address) names.addresses.push_back(*address);
      return address.has_value();
    }
    default: return true;
  }
}

bool Contains(const std::vector<std::string>& have, std::string_view wanted) {
  return std::ranges::find(have, wanted) != have.end();
}

bool HasAddress(const Names& names, std::string_view wanted) {
  const auto address = core::ParseIp(wanted);
  return address && std::ranges::find(names.addresses, *address) != names.addresses.end();
}

}  // namespace

core::Result<Names> ReadNames(const X509& certificate) {
  int position = 0;  // -1: absent, -2: there more than once
  const std::unique_ptr<GENERAL_NAMES, FreeNames> found(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, &position, nullptr)));
  Names names;
  if (found == nullptr) {
    if (position == -1) return names;
    return core::Fail(ErrorCode::kInvalidArgument, "the subject alternative names cannot be read");
  }
  const int count = sk_GENERAL_NAME_num(found.get());
  if (count > kNamesMax) return core::Fail(ErrorCode::kLimitExceeded, "too many subject alternative names");
  for (int i = 0; i < count; ++i) {
    if (Add(*sk_GENERAL_NAME_value(found.get(), i), names)) continue;
    return core::Fail(ErrorCode::kInvalidArgument, "a subject alternative name holds bytes that no name may hold");
  }
  return names;
}

bool DnsNameMatches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('.')) pattern.remove_suffix(1);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return false;
  if (pattern.find('*') == std::string_view::npos) return pattern == name;
  if (!pattern.starts_with("*.")) return false;
  const std::string_view suffix = pattern.substr(1);  // ".example.com"
  if (suffix.find('*') != std::string_view::npos || suffix.find('.', 1) == std::string_view::npos) return false;
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == suffix;
}

bool CoversServer(const Names& names, std::span<const std::string> wanted) {
  return std::ranges::any_of(wanted, [&](const std::string& name) {
    // A DNS name that looks like an address is none, "*.0.0.1" least of all (RFC 9525 section 6.2).
    if (core::ParseIp(name)) return HasAddress(names, name);
    return std::ranges::any_of(names.dns, [&](const std::string& pattern) { return DnsNameMatches(pattern, name); });
  });
}

bool HasName(const Names& names, std::span<const std::string> wanted) {
  return std::ranges::any_of(wanted, [&](const std::string& name) {
    return Contains(names.uris, name) || Contains(names.dns, core::Fold(name)) || HasAddress(names, name);
  });
}

}  // namespace sluice::tls
