// DestinationRules beside the services they rule: settings that an override loses, ejection limits that can never be
// met, subsets without endpoints, protocols that do not fit (istio-reference.md sections 0, 2.1 and 6).
#include "config/validate.h"

#include "config/format.h"
#include "config/hostname.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {
namespace {

// Blocks of a subset replace the parent's: what the parent wrote in one and the subset did not is lost.
void CheckLostFields(const Metadata& meta, const TrafficPolicy& parent, const Subset& subset, Findings& findings) {
  if (!subset.policy.has_value()) return;
  const TrafficPolicy& own = *subset.policy;
  const auto check = [&](bool given, std::string_view block, Mark mark) {
    std::string lost;
    for (const auto& field : parent.fields) {
      // One kind of balancing takes the place of another: that is what the override is for.
      const bool kind = field.second == "simple" || field.second == "consistentHash";
      if (!given || kind || field.first != block || std::ranges::find(own.fields, field) != own.fields.end()) continue;
      lost += (lost.empty() ? "" : ", ") + field.second;
    }
    if (lost.empty()) return;
    findings.Warn(
        "SL2001", {meta.file, mark},
        Format("{} of subset {} replaces the rule's whole block, so {} no longer hold there", block, subset.name, lost),
        "repeat the settings that shall hold");
  };
  check(own.pool.has_value(), "connectionPool", own.pool_mark);
  check(own.outlier.has_value(), "outlierDetection", own.outlier_mark);
  check(own.load_balancer.has_value(), "loadBalancer", own.balancer_mark);
  if (own.tls.has_value()) check(true, "tls", own.tls->place.mark);
}

// An entry of portLevelSettings replaces every block, given or not.
void CheckPortEntries(const Metadata& meta, const TrafficPolicy& policy, Findings& findings) {
  for (const PortPolicy& port : policy.ports) {
    std::string lost;
    const auto check = [&](bool parent, bool own, std::string_view name) {
      if (parent && !own) lost += (lost.empty() ? "" : ", ") + std::string(name);
    };
    check(policy.pool.has_value(), port.policy.pool.has_value(), "connectionPool");
    check(policy.outlier.has_value(), port.policy.outlier.has_value(), "outlierDetection");
    check(policy.load_balancer.has_value(), port.policy.load_balancer.has_value(), "loadBalancer");
    check(policy.tls.has_value(), port.policy.tls.has_value(), "tls");
    if (lost.empty()) continue;
    findings.Warn(
        "SL2001", {meta.file, policy.mark},
        Format("the settings of port {} replace the whole policy, so {} fall to the defaults there", port.number, lost),
        "repeat the blocks that shall hold");
  }
}

// Files that only GatewaySettings can lead to, and trust that nobody has chosen.
void CheckTls(const Documents& documents, const std::optional<UpstreamTls>& tls, bool of_port, Findings& findings) {
  using Mode = UpstreamTls::Mode;
  if (!tls.has_value() || tls->mode == Mode::kDisable) return;
  const bool directory = tls->mode == Mode::kIstioMutual || !tls->credential.empty();
  if (directory) {
    NeedCertificateDirectory(documents, tls->place, tls->credential.empty() ? "mode ISTIO_MUTUAL" : "credentialName",
                             findings);
  }
  if (directory || !tls->ca.empty() || tls->skip_verify) return;
  findings.Warn(of_port ? "IST0129" : "IST0128", tls->place,
                "without caCertificates every authority that the system trusts may vouch for the service",
                "name the authority's file with caCertificates");
}

void CheckTlsOf(const Documents& documents, const std::optional<TrafficPolicy>& policy, Findings& findings) {
  if (!policy.has_value()) return;
  CheckTls(documents, policy->tls, false, findings);
  for (const PortPolicy& port : policy->ports) CheckTls(documents, port.policy.tls, true, findings);
}

std::size_t CountEndpoints(const Service& service, const Subset* subset) {
  return subset == nullptr ? service.endpoints.size() : service.EndpointsOf(subset).size();
}

// Strict since Envoy 1.28: one of N may go only if 100/N is within the limit.
void CheckEjection(const Metadata& meta, const Service& service, const Subset* subset, const TrafficPolicy& written,
                   Findings& findings) {
  const std::size_t count = CountEndpoints(service, subset);
  if (service.ports.empty() || count == 0 || service.has_names) return;
  const EffectivePolicy policy = PolicyFor(service, service.ports.front()->number, subset);
  if (policy.outlier == nullptr || policy.outlier->max_ejection_percent * count >= 100) return;
  const Mark mark = written.outlier_mark.line != 0 ? written.outlier_mark : written.mark;
  findings.Warn(
      "SL2002", {meta.file, mark},
      Format("maxEjectionPercent {} never ejects any of the {} endpoints of {}{}: one of them is already more",
             policy.outlier->max_ejection_percent, count, service.host,
             subset == nullptr ? "" : " subset " + subset->name),
      Format("write at least {}", (100 + count - 1) / count));
}

void CheckUpgrade(const Metadata& meta, const Service& service, const TrafficPolicy& written, Findings& findings) {
  if (!written.pool.has_value() || !written.pool->upgrade) return;
  const auto plain = [](const ServicePort* port) { return port->protocol == core::PortProtocol::kHttp; };
  if (std::ranges::none_of(service.ports, plain)) return;
  findings.Warn("SL2012", {meta.file, written.pool_mark},
                Format("h2UpgradePolicy UPGRADE towards {}, whose port says HTTP", service.host),
                "see that the model servers speak HTTP/2, or name the port's protocol HTTP2");
}

void CheckSubset(const Metadata& meta, const Service& service, const Subset& subset, Findings& findings) {
  if (!service.endpoints.empty() && CountEndpoints(service, &subset) == 0) {
    // Istio calls this an error. Here it must not stop the other rules: a version that is scaled to nothing is an
    // everyday sight, and requests to it get a plain answer.
    findings.Warn("IST0173", {meta.file, subset.mark},
                  Format("the labels of subset {} match no endpoint of {}; requests to it are answered 503 UH",
                         subset.name, service.host),
                  "correct the labels, or remove the subset");
  }
}

bool InForce(const Service& service, const DestinationRule& rule) {
  return service.rule != nullptr && service.rule->first->host.fqdn == rule.host.fqdn &&
         service.rule->first->meta.name_space == rule.meta.name_space;
}

// Of rules with one host and namespace the first trafficPolicy and the first subset of a name stay.
void CheckMerged(const Service& service, const DestinationRule& rule, Findings& findings) {
  const std::string cure = "merge the two";
  if (rule.policy.has_value() && service.rule->policy != &*rule.policy) {
    findings.Warn("SL2019", {rule.meta.file, rule.policy->mark},
                  Format("this trafficPolicy is ignored: an earlier DestinationRule of {} has one", rule.host.fqdn),
                  cure);
  }
  for (const Subset& subset : rule.subsets) {
    if (service.rule->FindSubset(subset.name) == &subset) continue;
    findings.Warn("SL2019", {rule.meta.file, subset.mark},
                  Format("this subset is ignored: an earlier DestinationRule of {} has one named {}", rule.host.fqdn,
                         subset.name),
                  cure);
  }
}

void CheckRule(const Service& service, const DestinationRule& rule, Findings& findings) {
  if (rule.policy.has_value()) {
    CheckEjection(rule.meta, service, nullptr, *rule.policy, findings);
    CheckUpgrade(rule.meta, service, *rule.policy, findings);
  }
  for (const Subset& subset : rule.subsets) {
    CheckSubset(rule.meta, service, subset, findings);
    if (subset.policy.has_value()) {
      CheckEjection(rule.meta, service, &subset, *subset.policy, findings);
      CheckUpgrade(rule.meta, service, *subset.policy, findings);
    } else if (rule.policy.has_value()) {
      CheckEjection(rule.meta, service, &subset, *rule.policy, findings);
    }
  }
}

std::vector<const Service*> CoveredBy(const DestinationRule& rule, const ServiceCatalog& catalog) {
  std::vector<const Service*> covered;
  if (!rule.host.fqdn.starts_with('*')) {
    if (const Service* service = catalog.Find(rule.host.fqdn)) covered.push_back(service);
    return covered;
  }
  for (const Service& service : catalog.services()) {
    if (HostCovers(rule.host.fqdn, service.host)) covered.push_back(&service);
  }
  return covered;
}

void CheckServices(const DestinationRule& rule, const ServiceCatalog& catalog, Findings& findings) {
  const std::vector<const Service*> covered = CoveredBy(rule, catalog);
  bool followed = false;
  for (const Service* service : covered) {
    if (!InForce(*service, rule)) continue;
    CheckRule(*service, rule, findings);
    if (!followed) CheckMerged(*service, rule, findings);
    followed = true;
  }
  if (covered.empty() || followed) return;
  const Service& service = *covered.front();
  const std::string winner = service.rule == nullptr ? "rules of its namespace are not looked at"
                                                     : service.rule->first->meta.Id() + " goes before it";
  findings.Warn("SL2019", {rule.meta.file, rule.host.mark},
                Format("this DestinationRule has no effect on {}: {}", service.host, winner),
                "a rule counts in this gateway's namespace, then in the service's, then in istio-system");
}

}  // namespace

void ValidatePolicies(const Documents& documents, const ServiceCatalog& catalog, Findings& findings) {
  for (const DestinationRule& rule : documents.destination_rules) {
    if (rule.policy.has_value()) CheckPortEntries(rule.meta, *rule.policy, findings);
    CheckTlsOf(documents, rule.policy, findings);
    for (const Subset& subset : rule.subsets) {
      CheckTlsOf(documents, subset.policy, findings);
      if (rule.policy.has_value()) CheckLostFields(rule.meta, *rule.policy, subset, findings);
      if (subset.policy.has_value()) CheckPortEntries(rule.meta, *subset.policy, findings);
    }
    CheckServices(rule, catalog, findings);
  }
}

}  // namespace sluice::config
