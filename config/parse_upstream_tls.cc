// trafficPolicy.tls of a DestinationRule (istio-reference.md section 2.5, hard rules of 6.2).
#include "config/parse.h"

#include "config/format.h"
#include "config/hostname.h"

#include <array>
#include <utility>

namespace sluice::config {
namespace {

// Fields that a mode cannot use: an error for each that is there.
void Exclude(Fields& fields, std::initializer_list<std::string_view> keys, std::string_view because) {
  for (const std::string_view key : keys) {
    if (!fields.Has(key)) continue;
    fields.scope().Error("IST0106", fields.MarkOf(key), Format("{} {}", fields.PathOf(key), because), "remove it");
  }
}

void CheckMode(Fields& fields, const UpstreamTls& tls) {
  constexpr std::string_view kFiles = "has no meaning beside credentialName";
  switch (tls.mode) {
    case UpstreamTls::Mode::kDisable:
      return Exclude(fields,
                     {"clientCertificate", "privateKey", "caCertificates", "caCrl", "credentialName", "subjectAltNames",
                      "sni", "insecureSkipVerify"},
                     "has no meaning with mode DISABLE");
    case UpstreamTls::Mode::kIstioMutual:
      return Exclude(
          fields,
          {"clientCertificate", "privateKey", "caCertificates", "caCrl", "credentialName", "insecureSkipVerify"},
          "cannot be given with mode ISTIO_MUTUAL, which uses the workload's own certificate");
    case UpstreamTls::Mode::kSimple:
      Exclude(fields, {"clientCertificate", "privateKey"}, "has no meaning with mode SIMPLE: write MUTUAL");
      break;
    case UpstreamTls::Mode::kMutual:
      if (tls.credential.empty()) {
        fields.Require("clientCertificate");
        fields.Require("privateKey");
      }
      break;
  }
  if (fields.Has("credentialName")) {
    Exclude(fields, {"clientCertificate", "privateKey", "caCertificates", "caCrl"}, kFiles);
  }
  if (tls.skip_verify) {
    Exclude(fields, {"caCertificates", "caCrl", "subjectAltNames"}, "has no effect with insecureSkipVerify");
    fields.scope().Warn("SL2030", fields.MarkOf("insecureSkipVerify"),
                        "insecureSkipVerify: whoever answers at the address is taken for the service",
                        "name its authority with caCertificates");
  }
}

}  // namespace

std::optional<UpstreamTls> ReadUpstreamTls(Fields& policy, TrafficPolicy& into) {
  const YamlNode* node = policy.Map("tls");
  if (node == nullptr) return std::nullopt;
  for (const YamlMember& field : node->members) into.fields.emplace_back("tls", field.key);
  Fields fields(*node, policy.PathOf("tls"), policy.scope());
  UpstreamTls tls;
  tls.place = policy.scope().At(policy.MarkOf("tls"));
  constexpr std::array<std::string_view, 4> kModes = {"DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"};
  fields.Require("mode");
  tls.mode = static_cast<UpstreamTls::Mode>(fields.Choice("mode", kModes).value_or(0));
  tls.certificate = {ReadPath(fields, "clientCertificate"), ReadPath(fields, "privateKey")};
  tls.ca = ReadPath(fields, "caCertificates");
  tls.crl = ReadPath(fields, "caCrl");
  if (const YamlNode* name = fields.Get("credentialName")) {
    tls.credential = ReadCredentialName(*name, fields.PathOf("credentialName"), fields.scope());
  }
  tls.subject_alt_names = fields.Texts("subjectAltNames");
  tls.sni = fields.Text("sni").value_or("");
  if (!tls.sni.empty() && !IsHostName(tls.sni, false)) {
    fields.scope().Error("IST0106", fields.MarkOf("sni"), Format("`{}` is no server name", tls.sni.substr(0, 300)),
                         "write a DNS name");
  }
  tls.skip_verify = fields.Flag("insecureSkipVerify").value_or(false);
  CheckMode(fields, tls);
  return tls;
}

}  // namespace sluice::config
