#include "config/tls_policies.h"

#include "config/format.h"
#include "config/hostname.h"

#include <algorithm>
#include <utility>

namespace sluice::config {
namespace {

core::TlsOrigin OriginOf(const Place& place) { return {place.file, place.mark.line, place.mark.column}; }

std::string InDirectory(const Documents& documents, std::string_view name) {
  return Format("{}/{}", documents.settings.identity.certificate_directory, name);
}

core::TlsKeyPair WorkloadPair(const Documents& documents) {
  return {InDirectory(documents, "cert-chain.pem"), InDirectory(documents, "key.pem")};
}

std::string OfCredential(const Documents& documents, const std::string& credential, std::string_view file) {
  return InDirectory(documents, Format("{}/{}", credential, file));
}

core::TlsKeyPair CredentialPair(const Documents& documents, const std::string& credential) {
  return {OfCredential(documents, credential, "tls.crt"), OfCredential(documents, credential, "tls.key")};
}

// Names that a certificate of the service may be made out to: what the service is called, never what a client asked for.
std::vector<std::string> ServerNames(const Service& service) {
  std::vector<std::string> names = ServiceNames(service.host);
  if (!NamespaceOf(service.host).empty()) names.push_back(ShortName(service.host));
  return names;
}

// Whoever may answer for the service by what its ServiceEntries say.
std::vector<std::string> ExpectedIdentities(const Documents& documents, const Service& service) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const ServiceEndpoint& from : service.endpoints) {
    for (const std::string& name : from.entry->subject_alt_names) add(name);
    if (from.endpoint->service_account.empty()) continue;
    add(Format("spiffe://{}/ns/{}/sa/{}", documents.settings.identity.trust_domain, from.entry->meta.name_space,
               from.endpoint->service_account));
  }
  return names;
}

void UseWorkload(const Documents& documents, const core::Cluster& cluster, core::ClientTlsPolicy& policy) {
  policy.istio = true;
  policy.trust_domain = documents.settings.identity.trust_domain;
  policy.certificate = WorkloadPair(documents);
  policy.ca = InDirectory(documents, "root-cert.pem");
  policy.crl = InDirectory(documents, "ca-crl.pem");
  policy.crl_optional = true;
  if (policy.sni.empty()) {
    policy.sni = Format("outbound_.{}_.{}_.{}", cluster.port, cluster.subset, cluster.service_host);
  }
}

void UseFiles(const Documents& documents, const UpstreamTls& tls, core::ClientTlsPolicy& policy) {
  policy.ca = tls.ca;
  policy.crl = tls.crl;
  if (tls.mode == UpstreamTls::Mode::kMutual) policy.certificate = tls.certificate;
  if (tls.credential.empty()) return;
  if (tls.mode == UpstreamTls::Mode::kMutual) policy.certificate = CredentialPair(documents, tls.credential);
  if (policy.verify) policy.ca = OfCredential(documents, tls.credential, "ca.crt");
  policy.crl = policy.verify ? OfCredential(documents, tls.credential, "ca.crl") : std::string();
  policy.crl_optional = true;
}

}  // namespace

core::ServerTlsPolicy MakeWorkloadPolicy(const Documents& documents, const Place& place) {
  core::ServerTlsPolicy policy;
  policy.name = "workload";
  policy.certificates = {WorkloadPair(documents)};
  policy.ca = InDirectory(documents, "root-cert.pem");
  policy.crl = InDirectory(documents, "ca-crl.pem");
  policy.crl_optional = true;
  policy.client = core::ServerTlsPolicy::ClientCertificate::kRequired;
  policy.trust_domain = documents.settings.identity.trust_domain;
  policy.origin = OriginOf(place);
  return policy;
}

core::ServerTlsPolicy MakeServerPolicy(const Documents& documents, const Metadata& gateway,
                                       const GatewayServerSpec& server) {
  const ServerTls& tls = *server.tls;
  core::ServerTlsPolicy policy = tls.policy;
  if (tls.workload) {
    core::ServerTlsPolicy own = MakeWorkloadPolicy(documents, {gateway.file, tls.mark});
    own.min = policy.min;
    own.max = policy.max;
    own.ciphers = std::move(policy.ciphers);
    policy = std::move(own);
  }
  const bool asks = policy.client != core::ServerTlsPolicy::ClientCertificate::kNone;
  for (const std::string& credential : tls.credentials) {
    policy.certificates.push_back(CredentialPair(documents, credential));
    if (!asks || !policy.ca.empty()) continue;
    policy.ca = OfCredential(documents, credential, "ca.crt");
    policy.crl = OfCredential(documents, credential, "ca.crl");
    policy.crl_optional = true;
  }
  policy.name = Format("{}/{}", gateway.Id(), server.name);
  policy.origin = OriginOf({gateway.file, tls.mark});
  return policy;
}

core::ClientTlsPolicy MakeClientPolicy(const Documents& documents, const Service& service, const core::Cluster& cluster,
                                       const UpstreamTls& tls) {
  core::ClientTlsPolicy policy;
  policy.name = cluster.name;
  policy.verify = !tls.skip_verify;
  policy.subject_alt_names = tls.subject_alt_names;
  if (policy.subject_alt_names.empty()) policy.subject_alt_names = ExpectedIdentities(documents, service);
  policy.sni = tls.sni;
  policy.origin = OriginOf(tls.place);
  if (tls.mode == UpstreamTls::Mode::kIstioMutual) {
    UseWorkload(documents, cluster, policy);
    return policy;
  }
  UseFiles(documents, tls, policy);
  policy.server_names = tls.sni.empty() ? ServerNames(service) : std::vector{tls.sni};
  if (tls.sni.empty() && !IsIpLiteral(service.host) && !service.host.starts_with('*')) policy.sni = service.host;
  return policy;
}

}  // namespace sluice::config
