#include "config/parse_server_tls.h"

#include "core/base/text.h"

#include "config/base64.h"
#include "config/format.h"
#include "config/parse.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sluice::config {
namespace {

using core::ServerTlsPolicy;

constexpr std::size_t kCertificatesMax = 2;  // one per key type

enum class Mode : std::uint8_t {
  kPassthrough,
  kSimple,
  kMutual,
  kIstioMutual,
  kOptionalMutual,
  kAutoPassthrough,
};

std::optional<Mode> ReadMode(Fields& tls) {
  constexpr std::array<std::string_view, 6> kModes = {"PASSTHROUGH",  "SIMPLE",          "MUTUAL",
                                                      "ISTIO_MUTUAL", "OPTIONAL_MUTUAL", "AUTO_PASSTHROUGH"};
  const auto choice = tls.Choice("mode", kModes);
  if (tls.Has("mode") && !choice.has_value()) return std::nullopt;
  const Mode mode = static_cast<Mode>(choice.value_or(0));
  if (mode != Mode::kPassthrough && mode != Mode::kAutoPassthrough) return mode;
  tls.scope().Error("SL1103", tls.MarkOf("mode"),
                    Format("{} {} cannot be carried out: this gateway routes HTTP, which it must decrypt",
                           tls.PathOf("mode"), choice.has_value() ? kModes.at(*choice) : "PASSTHROUGH, the default,"),
                    "write mode: SIMPLE, or MUTUAL");
  return std::nullopt;
}

core::TlsVersion ReadVersion(Fields& tls, std::string_view key, core::TlsVersion otherwise) {
  constexpr std::array<std::string_view, 5> kVersions = {"TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"};
  const auto version = tls.Choice(key, kVersions);
  switch (version.value_or(0)) {
    case 1:
    case 2:
      tls.scope().Error(
          "SL1103", tls.MarkOf(key),
          Format("{} {} cannot be carried out: RFC 8996 forbids it", tls.PathOf(key), kVersions.at(*version)),
          "write TLSV1_2 or TLSV1_3");
      return otherwise;
    case 3: return core::TlsVersion::k12;
    case 4: return core::TlsVersion::k13;
    default: return otherwise;
  }
}

// Of TLS 1.2; those of TLS 1.3 are not chosen. Names that are not here are what Istio drops with a warning, too.
bool IsCipher(std::string_view name) {
  constexpr std::array<std::string_view, 16> kCiphers = {"ECDHE-ECDSA-AES128-GCM-SHA256",
                                                         "ECDHE-RSA-AES128-GCM-SHA256",
                                                         "ECDHE-ECDSA-AES256-GCM-SHA384",
                                                         "ECDHE-RSA-AES256-GCM-SHA384",
                                                         "ECDHE-ECDSA-CHACHA20-POLY1305",
                                                         "ECDHE-RSA-CHACHA20-POLY1305",
                                                         "ECDHE-ECDSA-AES128-SHA",
                                                         "ECDHE-RSA-AES128-SHA",
                                                         "ECDHE-ECDSA-AES256-SHA",
                                                         "ECDHE-RSA-AES256-SHA",
                                                         "AES128-GCM-SHA256",
                                                         "AES256-GCM-SHA384",
                                                         "AES128-SHA",
                                                         "AES256-SHA",
                                                         "ECDHE-ECDSA-AES128-SHA256",
                                                         "ECDHE-RSA-AES128-SHA256"};
  return std::ranges::find(kCiphers, name) != kCiphers.end();
}

std::vector<std::string> ReadCiphers(Fields& tls) {
  std::vector<std::string> ciphers;
  const std::vector<std::string> names = tls.Texts("cipherSuites");
  for (const std::string& name : names) {
    const bool again = std::ranges::find(ciphers, name) != ciphers.end();
    if (IsCipher(name) && !again) {
      ciphers.push_back(name);
      continue;
    }
    tls.scope().Warn(
        "IST0133", tls.MarkOf("cipherSuites"),
        Format("the cipher suite `{}` is {} and left out", name.substr(0, 80), again ? "given twice" : "not known"),
        again ? "" : "write OpenSSL's names of suites of TLS 1.2, such as ECDHE-RSA-AES128-GCM-SHA256");
  }
  if (ciphers.empty() && !names.empty()) {
    tls.scope().Error("IST0106", tls.MarkOf("cipherSuites"), "none of the cipher suites is known",
                      "leave the list out for the default");
  }
  return ciphers;
}

bool IsSha256Hex(std::string_view text) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 64 && std::ranges::all_of(text, hex);
}

// verifyCertificateHash: 64 hex digits, with or without colons between bytes.
void ReadHashes(Fields& tls, ServerTlsPolicy& policy) {
  for (const std::string& text : tls.Texts("verifyCertificateHash")) {
    std::string hash = core::Fold(text);
    std::erase(hash, ':');
    if (IsSha256Hex(hash)) {
      policy.certificate_sha256.push_back(std::move(hash));
      continue;
    }
    tls.scope().Error("IST0106", tls.MarkOf("verifyCertificateHash"),
                      Format("`{}` is no SHA-256 in hex digits", text.substr(0, 80)),
                      "openssl x509 -noout -fingerprint -sha256 prints it");
  }
  for (const std::string& text : tls.Texts("verifyCertificateSpki")) {
    const auto bytes = DecodeBase64(text);
    if (bytes.has_value() && bytes->size() == 32) {
      policy.spki_sha256.push_back(text);
      continue;
    }
    tls.scope().Error("IST0106", tls.MarkOf("verifyCertificateSpki"),
                      Format("`{}` is no SHA-256 in Base64", text.substr(0, 80)), "it has 44 characters");
  }
}

core::TlsKeyPair ReadPair(Fields& fields) {
  fields.Require("serverCertificate");
  fields.Require("privateKey");
  return {ReadPath(fields, "serverCertificate"), ReadPath(fields, "privateKey")};
}

void TooMany(Fields& tls, std::string_view key) {
  tls.scope().Error("IST0106", tls.MarkOf(key),
                    Format("{} has more than {} entries", tls.PathOf(key), kCertificatesMax),
                    "write one certificate for each type of key, RSA and ECDSA");
}

void ReadCredentialNames(Fields& tls, std::vector<std::string>& names) {
  const auto add = [&](const YamlNode& node, const std::string& path) {
    std::string name = ReadCredentialName(node, path, tls.scope());
    if (!name.empty()) names.push_back(std::move(name));
  };
  if (const YamlNode* node = tls.Get("credentialName")) add(*node, tls.PathOf("credentialName"));
  const YamlNode* list = tls.List("credentialNames");
  if (list == nullptr) return;
  if (list->items.size() > kCertificatesMax) TooMany(tls, "credentialNames");
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    add(list->items[i], Format("{}[{}]", tls.PathOf("credentialNames"), i));
  }
}

// Where the certificate comes from: one way only.
void ReadSource(Fields& tls, ServerTls& into) {
  ServerTlsPolicy& policy = into.policy;
  const bool files = tls.Has("serverCertificate") || tls.Has("privateKey");
  const int given = (files ? 1 : 0) + (tls.Has("credentialName") ? 1 : 0) + (tls.Has("credentialNames") ? 1 : 0) +
                    (tls.Has("tlsCertificates") ? 1 : 0);
  if (given != 1) {
    tls.scope().Error("IST0106", tls.mark(),
                      Format("this server's tls has {} source of its certificate", given == 0 ? "no" : "more than one"),
                      "write one of credentialName, credentialNames, tlsCertificates, or serverCertificate with "
                      "privateKey");
  }
  if (files) policy.certificates.push_back(ReadPair(tls));
  ReadCredentialNames(tls, into.credentials);
  policy.ca = ReadPath(tls, "caCertificates");
  policy.crl = ReadPath(tls, "caCrl");
  const YamlNode* list = tls.List("tlsCertificates");
  if (list == nullptr) return;
  if (list->items.size() > kCertificatesMax) TooMany(tls, "tlsCertificates");
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    Fields entry(list->items[i], Format("{}[{}]", tls.PathOf("tlsCertificates"), i), tls.scope());
    policy.certificates.push_back(ReadPair(entry));
    if (entry.Has("caCertificates")) policy.ca = ReadPath(entry, "caCertificates");
  }
}

// What is asked of the client.
void ReadClientChecks(Fields& tls, ServerTls& into) {
  ServerTlsPolicy& policy = into.policy;
  policy.subject_alt_names = tls.Texts("subjectAltNames");
  ReadHashes(tls, policy);
  if (policy.client == ServerTlsPolicy::ClientCertificate::kNone) {
    for (const std::string_view key :
         {"caCertificates", "caCrl", "subjectAltNames", "verifyCertificateHash", "verifyCertificateSpki"}) {
      if (!tls.Has(key)) continue;
      tls.scope().Warn("IST0133", tls.MarkOf(key),
                       Format("{} has no effect with mode SIMPLE, which asks clients for nothing", tls.PathOf(key)),
                       "write mode: MUTUAL, or remove it");
    }
    policy.ca.clear();
    policy.crl.clear();
    return;
  }
  if (!policy.ca.empty() || !into.credentials.empty()) return;
  tls.scope().Error("IST0106", tls.mark(), "clients are asked for a certificate, but nothing says whose are trusted",
                    "name the authority's file with caCertificates");
}

void ReadWorkload(Fields& tls) {
  for (const std::string_view key :
       {"serverCertificate", "privateKey", "caCertificates", "caCrl", "credentialName", "credentialNames",
        "tlsCertificates", "subjectAltNames", "verifyCertificateHash", "verifyCertificateSpki"}) {
    if (!tls.Has(key)) continue;
    tls.scope().Error(
        "IST0106", tls.MarkOf(key),
        Format("{} cannot be given with mode ISTIO_MUTUAL, which uses the workload's own certificate", tls.PathOf(key)),
        "remove it");
  }
}

void ReadTerminating(Fields& tls, GatewayServerSpec& server) {
  const auto mode = ReadMode(tls);
  ServerTls into;
  into.mark = tls.mark();
  ServerTlsPolicy& policy = into.policy;
  if (mode == Mode::kMutual) policy.client = ServerTlsPolicy::ClientCertificate::kRequired;
  if (mode == Mode::kOptionalMutual) policy.client = ServerTlsPolicy::ClientCertificate::kOptional;
  into.workload = mode == Mode::kIstioMutual;
  if (into.workload) {
    ReadWorkload(tls);
  } else {
    ReadSource(tls, into);
    ReadClientChecks(tls, into);
  }
  policy.min = ReadVersion(tls, "minProtocolVersion", core::TlsVersion::k12);
  policy.max = ReadVersion(tls, "maxProtocolVersion", core::TlsVersion::k13);
  if (policy.min > policy.max) {
    tls.scope().Error("IST0106", tls.MarkOf("maxProtocolVersion"),
                      "maxProtocolVersion is below minProtocolVersion, so no client could connect", "swap them");
  }
  policy.ciphers = ReadCiphers(tls);
  if (mode.has_value()) server.tls = std::move(into);
}

}  // namespace

void ReadServerTls(Fields& fields, bool secured, GatewayServerSpec& server) {
  const YamlNode* node = fields.Map("tls");
  if (node == nullptr) {
    if (secured) {
      fields.scope().Error("IST0106", fields.mark(),
                           Format("{}: a port of protocol HTTPS needs tls", fields.PathOf("tls")),
                           "write tls: {mode: SIMPLE, credentialName: NAME}");
    }
    return;
  }
  Fields tls(*node, fields.PathOf("tls"), fields.scope());
  const bool redirect = tls.Flag("httpsRedirect").value_or(false);
  if (secured) {
    if (redirect) {
      fields.scope().Warn("IST0133", tls.MarkOf("httpsRedirect"), "httpsRedirect has no effect on a port that is HTTPS",
                          "it belongs to the server of the plaintext port");
    }
    return ReadTerminating(tls, server);
  }
  server.https_redirect = redirect;
  for (const YamlMember& member : node->members) {
    if (member.key == "httpsRedirect") continue;
    tls.Has(member.key);
    fields.scope().Error("IST0106", member.mark,
                         Format("{}.{} on a plaintext port: only httpsRedirect may stand there", fields.PathOf("tls"),
                                member.key.substr(0, 80)),
                         "write protocol: HTTPS, or remove it");
  }
}

}  // namespace sluice::config
