#include "core/telemetry/istio_labels.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

TEST(IstioLabels, NamesStandInIstiosOrder) {
  EXPECT_EQ(kIstioLabelNames.size(), 25u);
  EXPECT_EQ(kIstioLabelNames[static_cast<std::size_t>(IstioLabel::kReporter)], "reporter");
  EXPECT_EQ(kIstioLabelNames[static_cast<std::size_t>(IstioLabel::kSourceCluster)], "source_cluster");
  EXPECT_EQ(kIstioLabelNames[static_cast<std::size_t>(IstioLabel::kDestinationVersion)], "destination_version");
  EXPECT_EQ(kIstioLabelNames[static_cast<std::size_t>(IstioLabel::kDestinationCluster)], "destination_cluster");
  EXPECT_EQ(kIstioLabelNames[static_cast<std::size_t>(IstioLabel::kRequestProtocol)], "request_protocol");
  EXPECT_EQ(kIstioLabelNames.back(), "connection_security_policy");
}

TEST(IstioLabels, NothingKnownIsUnknownEverywhere) {
  const Settings settings;

  const PeerLabels peer = MakePeerLabels(settings, nullptr, nullptr);

  EXPECT_EQ(peer[IstioLabel::kReporter], "source");
  EXPECT_EQ(peer[IstioLabel::kSourceWorkload], "sluice");
  EXPECT_EQ(peer[IstioLabel::kSourceCanonicalService], "sluice");
  EXPECT_EQ(peer[IstioLabel::kSourceCanonicalRevision], "latest");
  EXPECT_EQ(peer[IstioLabel::kSourceCluster], "Kubernetes");
  for (const IstioLabel label :
       {IstioLabel::kSourcePrincipal, IstioLabel::kSourceApp, IstioLabel::kDestinationWorkload,
        IstioLabel::kDestinationService, IstioLabel::kDestinationServiceName, IstioLabel::kDestinationCluster}) {
    EXPECT_EQ(peer[label], "unknown");
  }
}

TEST(IstioLabels, OurOwnLabelsNameTheSource) {
  Settings settings;
  settings.identity.labels = {{"app", "edge"}, {"app.kubernetes.io/name", "edge-proxy"}, {"version", "v2"}};

  const PeerLabels peer = MakePeerLabels(settings, nullptr, nullptr);

  EXPECT_EQ(peer[IstioLabel::kSourceApp], "edge");
  EXPECT_EQ(peer[IstioLabel::kSourceVersion], "v2");
  EXPECT_EQ(peer[IstioLabel::kSourceCanonicalService], "edge-proxy");
  EXPECT_EQ(peer[IstioLabel::kSourceCanonicalRevision], "v2");
}

TEST(IstioLabels, AnUnreachedServiceIsNamedWithoutAWorkload) {
  const Settings settings;
  Cluster cluster;
  cluster.service_host = "ranking.ml.svc.cluster.local";
  cluster.service_name = "ranking";
  cluster.service_namespace = "ml";

  const PeerLabels peer = MakePeerLabels(settings, &cluster, nullptr);

  EXPECT_EQ(peer[IstioLabel::kDestinationService], "ranking.ml.svc.cluster.local");
  EXPECT_EQ(peer[IstioLabel::kDestinationServiceName], "ranking");
  EXPECT_EQ(peer[IstioLabel::kDestinationServiceNamespace], "ml");
  EXPECT_EQ(peer[IstioLabel::kDestinationWorkload], "unknown");
  EXPECT_FALSE(peer.reached);
}

TEST(IstioLabels, RequestLabelsAreDecimalAndFlagsShort) {
  Record record;
  record.response_code = 504;
  record.flags.Set(ResponseFlag::kUT);
  record.flags.Set(ResponseFlag::kURX);
  record.grpc = true;
  record.grpc_status = 4;
  char buffer[96];

  const RequestLabels labels = MakeRequestLabels(SeriesKey(1, record), buffer);

  EXPECT_EQ(labels.request_protocol, "grpc");
  EXPECT_EQ(labels.response_code, "504");
  EXPECT_EQ(labels.grpc_response_status, "4");
  EXPECT_EQ(labels.response_flags, "UT,URX");
}

TEST(IstioLabels, APlainRequestHasNoGrpcStatusAndNoFlags) {
  Record record;
  char buffer[96];

  const RequestLabels labels = MakeRequestLabels(SeriesKey(1, record), buffer);

  EXPECT_EQ(labels.request_protocol, "http");
  EXPECT_EQ(labels.response_code, "0");
  EXPECT_EQ(labels.grpc_response_status, "");
  EXPECT_EQ(labels.response_flags, "-");
}

}  // namespace
}  // namespace sluice::core
