#include "core/identity/client_certificate_header.h"

#include <algorithm>
#include <vector>

namespace sluice::core {
namespace {

void AppendEncoded(std::string& text, std::string_view value, std::string_view special) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && special.find(c) == std::string_view::npos) {
      text += c;
    } else {
      text += '%';
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
  }
}

void AppendPart(std::string& text, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (!text.empty()) text += ';';
  text += name;
  text += '=';
  AppendEncoded(text, value, " \"%,;=\\");
}

void AppendNames(std::string& text, std::string_view name, const std::vector<std::string>& values) {
  const std::size_t count = std::min(values.size(), kClientCertificateNamesMax);
  for (std::size_t i = 0; i < count; ++i) AppendPart(text, name, values[i]);
}

}  // namespace

std::string FormatClientCertificate(const PeerIdentity& peer, std::string_view own_principal) {
  std::string text;
  AppendPart(text, "By", own_principal);
  AppendPart(text, "Hash", peer.sha256);
  if (!peer.subject.empty()) {
    if (!text.empty()) text += ';';
    text += "Subject=\"";
    AppendEncoded(text, peer.subject, "\"%\\");  // quoted: commas and equal signs may stand
    text += '"';
  }
  AppendNames(text, "URI", peer.uri_sans);
  AppendNames(text, "DNS", peer.dns_sans);
  return text;
}

}  // namespace sluice::core
