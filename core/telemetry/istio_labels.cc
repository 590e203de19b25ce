#include "core/telemetry/istio_labels.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace sluice::core {

const std::array<std::string_view, kIstioLabelCount> kIstioLabelNames = {
    "reporter",
    "source_workload",
    "source_workload_namespace",
    "source_canonical_service",
    "source_canonical_revision",
    "source_principal",
    "source_app",
    "source_version",
    "source_cluster",
    "destination_workload",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_service",
    "destination_canonical_service",
    "destination_canonical_revision",
    "destination_service_name",
    "destination_service_namespace",
    "destination_cluster",
    "request_protocol",
    "response_code",
    "grpc_response_status",
    "response_flags",
    "connection_security_policy",
};

namespace {

// First of `names` that `labels` hold with a value, else `otherwise`.
std::string FirstLabel(const Labels& labels, std::initializer_list<std::string_view> names,
                       std::string_view otherwise) {
  for (const std::string_view name : names) {
    const auto found = std::ranges::find(labels, name, &Labels::value_type::first);
    if (found != labels.end() && !found->second.empty()) return found->second;
  }
  return std::string(otherwise);
}

void FillSource(const Settings::Identity& identity, PeerLabels& peer) {
  peer[IstioLabel::kSourceWorkload] = identity.workload;
  peer[IstioLabel::kSourceWorkloadNamespace] = identity.name_space;
  peer[IstioLabel::kSourceCanonicalService] = FirstLabel(
      identity.labels, {"service.istio.io/canonical-name", "app.kubernetes.io/name", "app"}, identity.workload);
  peer[IstioLabel::kSourceCanonicalRevision] = FirstLabel(
      identity.labels, {"service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"}, "latest");
  peer[IstioLabel::kSourceApp] = FirstLabel(identity.labels, {"app"}, kUnknown);
  peer[IstioLabel::kSourceVersion] = FirstLabel(identity.labels, {"version"}, kUnknown);
  peer[IstioLabel::kSourceCluster] = identity.cluster;
}

void FillDestination(const Settings::Identity& identity, const Endpoint& endpoint, PeerLabels& peer) {
  peer[IstioLabel::kDestinationWorkload] = endpoint.workload;
  peer[IstioLabel::kDestinationWorkloadNamespace] = endpoint.workload_namespace;
  peer[IstioLabel::kDestinationApp] = endpoint.app;
  peer[IstioLabel::kDestinationVersion] = endpoint.version;
  peer[IstioLabel::kDestinationCanonicalService] = endpoint.canonical_service;
  peer[IstioLabel::kDestinationCanonicalRevision] = endpoint.canonical_revision;
  // Endpoints are of our own cluster; Kiali skips series that know a namespace but no cluster.
  peer[IstioLabel::kDestinationCluster] = identity.cluster;
}

}  // namespace

PeerLabels MakePeerLabels(const Settings& settings, const Cluster* cluster, const Endpoint* endpoint,
                          const Principals& principals) {
  PeerLabels peer;
  peer.reporter = settings.telemetry.reporter;
  peer[IstioLabel::kReporter] = peer.reporter == Settings::Telemetry::Reporter::kDestination ? "destination" : "source";
  FillSource(settings.identity, peer);
  peer[IstioLabel::kSourcePrincipal] = principals.source;
  peer[IstioLabel::kDestinationPrincipal] = principals.destination;
  if (cluster != nullptr) {
    peer.cluster = cluster->name;
    peer[IstioLabel::kDestinationService] = cluster->service_host;
    peer[IstioLabel::kDestinationServiceName] = cluster->service_name;
    peer[IstioLabel::kDestinationServiceNamespace] = cluster->service_namespace;
  }
  if (endpoint != nullptr) {
    peer.reached = true;
    FillDestination(settings.identity, *endpoint, peer);
  }
  for (std::string& value : peer.values) {
    if (value.empty()) value = kUnknown;
  }
  return peer;
}

PeerLabels OverflowPeerLabels() {
  PeerLabels peer;
  peer.values.fill("overflow");
  return peer;
}

RequestLabels MakeRequestLabels(const SeriesKey& key, char* buffer) {
  RequestLabels labels;
  labels.request_protocol = key.grpc() ? "grpc" : "http";
  const char* end = std::to_chars(buffer, buffer + 8, key.code()).ptr;
  labels.response_code = {buffer, static_cast<std::size_t>(end - buffer)};
  if (key.grpc_status() >= 0) {
    end = std::to_chars(buffer + 8, buffer + 16, key.grpc_status()).ptr;
    labels.grpc_response_status = {buffer + 8, static_cast<std::size_t>(end - buffer - 8)};
  }
  ResponseFlags flags;
  for (unsigned bit = 0; bit < static_cast<unsigned>(ResponseFlag::kCount); ++bit) {
    if ((key.flag_bits() & (1u << bit)) != 0) flags.Set(static_cast<ResponseFlag>(bit));
  }
  labels.response_flags = flags.Text(buffer + 16);
  return labels;
}

}  // namespace sluice::core
