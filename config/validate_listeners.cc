// Gateways and PeerAuthentications among themselves: ports that cannot be shared, hosts with two servers, policies that
// hold nowhere, TLS without files (istio-reference.md sections 3.2, 3.3 and 6.1: IST0132, IST0145).
#include "config/validate.h"

#include "config/format.h"
#include "config/gateway_plan.h"
#include "config/host_plan.h"
#include "config/mtls_mode.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace sluice::config {
namespace {

std::string LabelsText(const core::Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) text += Format("{}{}={}", text.empty() ? "" : ", ", key, value);
  return text;
}

void CheckSelector(const Documents& documents, const Gateway& gateway, Findings& findings) {
  if (gateway.selector.empty()) return;
  const core::Settings::Identity& identity = documents.settings.identity;
  const Place place{gateway.meta.file, gateway.selector_mark};
  if (identity.labels.empty()) {
    findings.Info(
        "SL2032", place,
        Format("the Gateway {} holds here: this gateway has no labels to tell it from the one that is selected",
               gateway.meta.Id()),
        "set GatewaySettings.identity.labels where there are several");
  } else if (!SelectsUs(gateway, identity)) {
    findings.Warn("SL2032", place,
                  Format("the Gateway {} does not hold here: it selects {}, and this gateway is {}", gateway.meta.Id(),
                         LabelsText(gateway.selector), LabelsText(identity.labels)),
                  "compare with GatewaySettings.identity.labels");
  }
}

void CheckShared(const PlannedPort& port, Findings& findings) {
  std::map<std::string, const PlannedServer*, std::less<>> owners;
  for (const PlannedServer& planned : port.servers) {
    const GatewayServerSpec& server = *planned.server;
    const std::string& file = planned.gateway->meta.file;
    const Metadata& first = port.servers.front().gateway->meta;
    if (server.tls.has_value() != port.secured) {
      findings.Error(
          "IST0145", {file, server.mark},
          Format("port {} is {} here and {} in the Gateway {}", port.port,
                 server.tls.has_value() ? "HTTPS" : "plaintext", port.secured ? "HTTPS" : "plaintext", first.Id()),
          "give one of them another port");
    }
    for (const GatewayHost& host : server.hosts) {
      const auto [at, added] = owners.try_emplace(host.host, &planned);
      if (added || at->second == &planned) continue;
      findings.Error("IST0145", {file, host.mark},
                     Format("port {} has another server for {}, in the Gateway {}", port.port, host.host,
                            at->second->gateway->meta.Id()),
                     "give each host one server");
    }
  }
}

// A client may send requests for one server's hosts over a connection that was made for another's when both show the
// same certificate.
void CheckCertificates(const PlannedPort& port, Findings& findings) {
  std::map<std::string, const Gateway*> owners;
  for (const PlannedServer& planned : port.servers) {
    if (!planned.server->tls.has_value()) continue;
    const ServerTls& tls = *planned.server->tls;
    std::vector<std::string> names = tls.credentials;
    for (const core::TlsKeyPair& pair : tls.policy.certificates) names.push_back(pair.certificate);
    for (const std::string& name : names) {
      const auto [at, added] = owners.try_emplace(name, planned.gateway);
      if (added || name.empty() || at->second == planned.gateway) continue;
      findings.Warn("IST0138", {planned.gateway->meta.file, tls.mark},
                    Format("the Gateway {} shows the same certificate, {}, on port {}: a client may reuse a connection "
                           "for the hosts of both, and is answered 421",
                           at->second->meta.Id(), name, port.port),
                    "write one Gateway with both hosts, or use two certificates");
    }
  }
}

void CheckBinds(const std::vector<PlannedPort>& ports, Findings& findings) {
  for (const PlannedPort& port : ports) {
    if (port.bind.empty()) continue;
    const auto everywhere = [&](const PlannedPort& other) { return other.bind.empty() && other.port == port.port; };
    if (std::ranges::none_of(ports, everywhere)) continue;
    const PlannedServer& first = port.servers.front();
    findings.Error("IST0145", {first.gateway->meta.file, first.server->mark},
                   Format("port {} is bound to {} here and to every address elsewhere", port.port, port.bind),
                   "bind both in the same way, or choose another port");
  }
}

void CheckFiles(const Documents& documents, const PlannedServer& planned, Findings& findings) {
  if (!planned.server->tls.has_value()) return;
  const ServerTls& tls = *planned.server->tls;
  const std::string& file = planned.gateway->meta.file;
  if (tls.workload) NeedCertificateDirectory(documents, {file, tls.mark}, "mode ISTIO_MUTUAL", findings);
  if (!tls.credentials.empty()) NeedCertificateDirectory(documents, {file, tls.mark}, "credentialName", findings);
}

// Without the own certificate there is plaintext only: what asks for more must not be silently less.
void CheckModes(const Documents& documents, const std::vector<PlannedPort>& ports, Findings& findings) {
  std::vector<std::uint16_t> plain;
  for (const PlannedPort& port : ports) {
    if (!port.secured) plain.push_back(port.port);
  }
  if (ports.empty()) plain.push_back(documents.own_port);
  for (const std::uint16_t port : plain) {
    const MtlsDecision decision = MtlsModeOf(documents, port);
    if (decision.mode == MtlsMode::kStrict) {
      NeedCertificateDirectory(documents, {decision.from->meta.file, decision.mark}, "mode STRICT", findings);
    } else if (decision.mode == MtlsMode::kPermissive && documents.settings.identity.certificate_directory.empty()) {
      findings.Warn("SL2031", {decision.from->meta.file, decision.mark},
                    "mode PERMISSIVE takes plaintext only: no directory with certificates is named",
                    "set certificateDirectory in GatewaySettings.identity");
    }
  }
}

void CheckPeerAuthentication(const Documents& documents, const PeerAuthentication& policy,
                             const std::vector<PlannedPort>& ports, Findings& findings) {
  const core::Settings::Identity& identity = documents.settings.identity;
  if (!SpeaksForUs(policy, identity)) {
    findings.Warn(
        "SL2032", {policy.meta.file, policy.meta.mark},
        Format("the PeerAuthentication {} does not hold here: this gateway is {} in the namespace {}", policy.meta.Id(),
               identity.labels.empty() ? "without labels" : LabelsText(identity.labels), identity.name_space),
        "compare with GatewaySettings.identity");
    return;
  }
  for (const PortMtls& port : policy.ports) {
    const auto at = std::ranges::find(ports, port.port, &PlannedPort::port);
    const bool own = ports.empty() && (documents.own_port == 0 || documents.own_port == port.port);
    if (own || (at != ports.end() && !at->secured)) continue;
    findings.Warn("SL2033", {policy.meta.file, port.mark},
                  at == ports.end()
                      ? Format("portLevelMtls names port {}, on which nothing listens", port.port)
                      : Format("portLevelMtls has no effect on port {}, which a Gateway secures", port.port),
                  "name a port that takes plaintext, or remove it");
  }
}

// A second policy of the same reach is never asked.
void CheckFirst(const Documents& documents, Findings& findings) {
  std::map<std::pair<std::string, bool>, const PeerAuthentication*> first;
  for (const PeerAuthentication& policy : documents.peer_authentications) {
    if (!SpeaksForUs(policy, documents.settings.identity)) continue;
    const auto [at, added] = first.try_emplace({policy.meta.name_space, policy.selector.empty()}, &policy);
    if (added) continue;
    findings.Warn("SL2019", {policy.meta.file, policy.meta.mark},
                  Format("this PeerAuthentication is ignored: {} comes first", at->second->meta.Id()), "merge the two");
  }
}

// Hosts of rules that name a Gateway, which none of its servers has.
void CheckHosts(const Documents& documents, const VirtualService& service, Findings& findings) {
  for (const HostRef& name : service.gateways) {
    const auto gateway = std::ranges::find(documents.gateways, name.fqdn, [](const Gateway& g) { return g.meta.Id(); });
    if (gateway == documents.gateways.end()) continue;
    for (const HostRef& host : service.hosts) {
      const auto serves = [&](const GatewayServerSpec& server) {
        return !ServedHosts(host, service.meta.name_space, server).empty();
      };
      if (std::ranges::any_of(gateway->servers, serves)) continue;
      findings.Warn("IST0132", {service.meta.file, host.mark},
                    Format("no server of the Gateway {} has the host {} for rules of the namespace {}", name.fqdn,
                           host.fqdn, service.meta.name_space),
                    "add it to servers[].hosts");
    }
  }
}

}  // namespace

void NeedCertificateDirectory(const Documents& documents, Place place, std::string_view what, Findings& findings) {
  if (!documents.settings.identity.certificate_directory.empty()) return;
  findings.Error("SL2031", std::move(place), Format("{} needs a directory with certificates, and none is named", what),
                 "set certificateDirectory in GatewaySettings.identity; `sluice certs init DIR` makes one to try");
}

void ValidateListeners(const Documents& documents, Findings& findings) {
  const std::vector<PlannedPort> ports = PlanPorts(documents);
  for (const Gateway& gateway : documents.gateways) CheckSelector(documents, gateway, findings);
  CheckBinds(ports, findings);
  for (const PlannedPort& port : ports) {
    CheckShared(port, findings);
    CheckCertificates(port, findings);
    for (const PlannedServer& server : port.servers) CheckFiles(documents, server, findings);
  }
  for (const VirtualService& service : documents.virtual_services) CheckHosts(documents, service, findings);
  CheckModes(documents, ports, findings);
  for (const PeerAuthentication& policy : documents.peer_authentications) {
    CheckPeerAuthentication(documents, policy, ports, findings);
  }
  CheckFirst(documents, findings);
}

}  // namespace sluice::config
