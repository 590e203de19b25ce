// The labels of Istio's standard metrics (istio-reference.md section 4.1): their names in order and the values that
// depend only on configuration and on the endpoint that answered. Plain data and pure functions; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/snapshot/settings.h"
#include "core/telemetry/series.h"
#include "core/upstream/cluster.h"

namespace sluice::core {

enum class IstioLabel : std::uint8_t {
  kReporter,
  kSourceWorkload,
  kSourceWorkloadNamespace,
  kSourceCanonicalService,
  kSourceCanonicalRevision,
  kSourcePrincipal,
  kSourceApp,
  kSourceVersion,
  kSourceCluster,
  kDestinationWorkload,
  kDestinationWorkloadNamespace,
  kDestinationPrincipal,
  kDestinationApp,
  kDestinationVersion,
  kDestinationService,
  kDestinationCanonicalService,
  kDestinationCanonicalRevision,
  kDestinationServiceName,
  kDestinationServiceNamespace,
  kDestinationCluster,
  kRequestProtocol,
  kResponseCode,
  kGrpcResponseStatus,
  kResponseFlags,
  kConnectionSecurityPolicy,
  kCount,
};
inline constexpr std::size_t kIstioLabelCount = static_cast<std::size_t>(IstioLabel::kCount);
// kReporter to kDestinationCluster.
inline constexpr std::size_t kPeerLabelCount = static_cast<std::size_t>(IstioLabel::kRequestProtocol);

// In emission order; static storage.
extern const std::array<std::string_view, kIstioLabelCount> kIstioLabelNames;
inline constexpr std::string_view kUnknown = "unknown";  // the literal filler

// Everything about a request's series that does not change from request to request.
struct PeerLabels {
  std::array<std::string, kPeerLabelCount> values;
  std::string cluster;  // Envoy cluster name for the per-cluster statistics; empty when none was selected
  Settings::Telemetry::Reporter reporter = Settings::Telemetry::Reporter::kSource;
  bool reached = false;  // an endpoint was tried

  const std::string& operator[](IstioLabel label) const { return values[static_cast<std::size_t>(label)]; }
  std::string& operator[](IstioLabel label) { return values[static_cast<std::size_t>(label)]; }
};

// The two ends as the reporter sees them: towards the model for a source, towards the client for a destination.
struct Principals {
  std::string_view source;
  std::string_view destination;
};

// `cluster` is null for a request that matched no route, `endpoint` when none was reached. Empty values become
// "unknown". With reporter kBoth the value of label reporter is "source"; the exporter emits the second series.
PeerLabels MakePeerLabels(const Settings& settings, const Cluster* cluster, const Endpoint* endpoint,
                          const Principals& principals = {});

// The one that takes what no longer fits: every label is "overflow".
PeerLabels OverflowPeerLabels();

// The five labels after kDestinationCluster. `buffer` (>= 96 bytes) holds the texts that are not static.
struct RequestLabels {
  std::string_view request_protocol;
  std::string_view response_code;
  std::string_view grpc_response_status;  // empty for anything but gRPC
  std::string_view response_flags;
};
RequestLabels MakeRequestLabels(const SeriesKey& key, char* buffer);

}  // namespace sluice::core
