// Merges the shards' series into Istio's metrics. Series that differ only in what is not exported (the cluster, the
// reporter of an earlier configuration) are added up here.
#include <algorithm>
#include <array>
#include <compare>
#include <map>
#include <optional>
#include <span>

#include "gateway/telemetry/families.h"

namespace sluice::gateway {
namespace {

using core::IstioLabel;
using Labels = std::vector<std::pair<std::string_view, std::string>>;
using Reporter = core::Settings::Telemetry::Reporter;

struct Totals {
  std::uint64_t requests = 0;
  core::HistogramTotal duration;
  core::HistogramTotal request_bytes;
  core::HistogramTotal response_bytes;
};

struct Messages {
  std::uint64_t request = 0;
  std::uint64_t response = 0;
};

// One exported series: the labels of a destination under one reporter, and those of the request.
struct Emission {
  std::uint32_t peer = 0;  // the first number with these labels
  bool destination = false;
  core::SeriesKey key;  // under `peer`
  friend auto operator<=>(const Emission&, const Emission&) = default;
};

using ByCode = std::map<std::pair<std::string_view, std::uint32_t>, std::uint64_t>;

class RequestTotals {
 public:
  explicit RequestTotals(const MetricsSource& source);

  void AppendTo(std::vector<MetricFamily>& families) const;

 private:
  void AddSeries(const MetricsShard::Series& series);
  void AddTotals(const Emission& emission, const MetricsShard::Series& series);
  void AddPeer(const MetricsShard::Peer& peer);
  void AddMessages(const MetricsShard::Peer& peer, bool destination);
  void UnifyPeers();

  Labels PeerLabels(std::uint32_t peer, bool destination) const;
  Labels LabelsOf(const Emission& emission) const;

  SeriesRegistry::Names names_;
  std::vector<std::uint32_t> first_;  // peer number -> first number with the same exported labels
  std::map<Emission, Totals> totals_;
  std::map<std::pair<std::uint32_t, bool>, Messages> messages_;
  std::map<std::string_view, core::HistogramTotal> inference_;      // by destination_version
  std::map<std::string_view, core::HistogramTotal> upstream_time_;  // by cluster
  ByCode cluster_codes_;
};

RequestTotals::RequestTotals(const MetricsSource& source) {
  // Counts first, names second: every number that a shard published is in the registry by then.
  std::vector<std::pair<std::size_t, std::size_t>> sizes;
  for (const MetricsShard* shard : source.shards) sizes.emplace_back(shard->series().size(), shard->peers().size());
  names_ = source.registry->Read();
  UnifyPeers();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    for (std::size_t s = 0; s < sizes[i].first; ++s) AddSeries(source.shards[i]->series()[s]);
    for (std::size_t p = 0; p < sizes[i].second; ++p) AddPeer(source.shards[i]->peers()[p]);
  }
}

void RequestTotals::UnifyPeers() {
  std::map<std::span<const std::string>, std::uint32_t,
           decltype([](const auto& a, const auto& b) { return std::ranges::lexicographical_compare(a, b); })>
      known;
  for (std::uint32_t number = 0; number < names_.peers.size(); ++number) {
    // Without the first label: the reporter is decided per emission.
    const auto labels = std::span<const std::string>(names_.peers[number]->values).subspan(1);
    first_.push_back(known.try_emplace(labels, number).first->second);
  }
}

void RequestTotals::AddSeries(const MetricsShard::Series& series) {
  const core::SeriesKey& key = names_.series[series.number];
  const core::PeerLabels& peer = *names_.peers[key.peer()];
  const std::uint32_t first = first_[key.peer()];
  // The source cannot tell how the client's connection was secured, so its series do not differ by that.
  if (peer.reporter != Reporter::kDestination) {
    AddTotals({first, false, key.WithPeer(first).WithoutMutualTls()}, series);
  }
  if (peer.reporter != Reporter::kSource) AddTotals({first, true, key.WithPeer(first)}, series);
  if (peer.reached && key.code() != 0) cluster_codes_[{peer.cluster, key.code()}] += series.requests.value();
}

void RequestTotals::AddTotals(const Emission& emission, const MetricsShard::Series& series) {
  Totals& totals = totals_[emission];
  totals.requests += series.requests.value();
  totals.duration.Add(series.duration);
  totals.request_bytes.Add(series.request_bytes);
  totals.response_bytes.Add(series.response_bytes);
  // Every gRPC call has a sample, if only of zero messages.
  if (emission.key.grpc()) messages_.try_emplace({emission.peer, emission.destination});
}

void RequestTotals::AddMessages(const MetricsShard::Peer& peer, bool destination) {
  const std::uint64_t request = peer.request_messages.value();
  const std::uint64_t response = peer.response_messages.value();
  if (request == 0 && response == 0) return;
  Messages& messages = messages_[{first_[peer.number], destination}];
  messages.request += request;
  messages.response += response;
}

void RequestTotals::AddPeer(const MetricsShard::Peer& peer) {
  const core::PeerLabels& labels = *names_.peers[peer.number];
  if (labels.reporter != Reporter::kDestination) AddMessages(peer, false);
  if (labels.reporter != Reporter::kSource) AddMessages(peer, true);
  core::HistogramTotal inference;
  inference.Add(peer.inference);
  if (inference.count() == 0) return;
  inference_[labels[IstioLabel::kDestinationVersion]].Add(inference);
  if (!labels.cluster.empty()) upstream_time_[labels.cluster].Add(peer.upstream_time);
}

Labels RequestTotals::PeerLabels(std::uint32_t peer, bool destination) const {
  Labels labels;
  labels.reserve(core::kIstioLabelCount);
  labels.emplace_back(core::kIstioLabelNames[0], destination ? "destination" : "source");
  for (std::size_t i = 1; i < core::kPeerLabelCount; ++i) {
    labels.emplace_back(core::kIstioLabelNames[i], names_.peers[peer]->values[i]);
  }
  return labels;
}

Labels RequestTotals::LabelsOf(const Emission& emission) const {
  Labels labels = PeerLabels(emission.peer, emission.destination);
  char buffer[96];
  const core::RequestLabels request = core::MakeRequestLabels(emission.key, buffer);
  std::array<std::string, 5> values = {std::string(request.request_protocol), std::string(request.response_code),
                                       std::string(request.grpc_response_status), std::string(request.response_flags),
                                       std::string(core::kUnknown)};
  if (emission.peer == SeriesRegistry::kOverflow)
    values.fill("overflow");
  else if (emission.destination)
    values[4] = emission.key.mutual_tls() ? "mutual_tls" : "none";
  for (std::size_t i = 0; i < values.size(); ++i) {
    labels.emplace_back(core::kIstioLabelNames[core::kPeerLabelCount + i], std::move(values[i]));
  }
  return labels;
}

void RequestTotals::AppendTo(std::vector<MetricFamily>& families) const {
  MetricFamily requests{"istio_requests_total", "Finished requests.", MetricType::kCounter, {}};
  MetricFamily duration{
      "istio_request_duration_milliseconds", "First request byte to end of stream.", MetricType::kHistogram, {}};
  MetricFamily request_bytes{"istio_request_bytes", "Request size, head included.", MetricType::kHistogram, {}};
  MetricFamily response_bytes{"istio_response_bytes", "Response size, head included.", MetricType::kHistogram, {}};
  for (const auto& [emission, totals] : totals_) {
    Labels labels = LabelsOf(emission);
    requests.samples.push_back({labels, static_cast<double>(totals.requests), {}});
    duration.samples.push_back({labels, 0, totals.duration});
    request_bytes.samples.push_back({labels, 0, totals.request_bytes});
    response_bytes.samples.push_back({std::move(labels), 0, totals.response_bytes});
  }
  MetricFamily sent{"istio_request_messages_total", "gRPC messages of clients.", MetricType::kCounter, {}};
  MetricFamily received{"istio_response_messages_total", "gRPC messages of upstreams.", MetricType::kCounter, {}};
  for (const auto& [peer, messages] : messages_) {
    sent.samples.push_back({PeerLabels(peer.first, peer.second), static_cast<double>(messages.request), {}});
    received.samples.push_back({PeerLabels(peer.first, peer.second), static_cast<double>(messages.response), {}});
  }
  MetricFamily inference{"inference_latency_seconds",
                         "Time of requests that a model answered; the same moments as "
                         "istio_request_duration_milliseconds.",
                         MetricType::kHistogram,
                         {}};
  for (const auto& [version, total] : inference_) {
    inference.samples.push_back({{{"model_version", std::string(version)}}, 0, total});
  }
  MetricFamily time{"envoy_cluster_upstream_rq_time",
                    "Milliseconds from the whole request to the upstream's head.",
                    MetricType::kHistogram,
                    {}};
  for (const auto& [cluster, total] : upstream_time_) {
    time.samples.push_back({{{"envoy_cluster_name", std::string(cluster)}}, 0, total});
  }
  MetricFamily codes{"envoy_cluster_upstream_rq", "Final answers by status.", MetricType::kUntyped, {}};
  for (const auto& [which, count] : cluster_codes_) {
    codes.samples.push_back(
        {{{"envoy_cluster_name", std::string(which.first)}, {"envoy_response_code", std::to_string(which.second)}},
         static_cast<double>(count),
         {}});
  }
  for (MetricFamily* family :
       {&requests, &duration, &request_bytes, &response_bytes, &sent, &received, &inference, &time, &codes}) {
    families.push_back(std::move(*family));
  }
}

}  // namespace

void AppendRequestFamilies(const MetricsSource& source, std::vector<MetricFamily>& families) {
  RequestTotals(source).AppendTo(families);
}

}  // namespace sluice::gateway
