// What the workers count about their clients, added up over all of them.
#include <string>

#include "gateway/telemetry/families.h"

namespace sluice::gateway {
namespace {

constexpr std::string_view kPrefix = "ingress_http";  // as Envoy names a listener's statistics

struct DownstreamTotal {
  std::string_view name;
  std::string_view help;
  core::Counter DownstreamCounters::* counter;
  bool envoy = true;  // carries Envoy's label for the listener
};

constexpr DownstreamTotal kTotals[] = {
    {"envoy_http_downstream_cx_total", "Connections accepted.", &DownstreamCounters::cx_total},
    {"envoy_http_downstream_cx_drain_close", "Connections closed by a drain or a request cap.",
     &DownstreamCounters::cx_drain_close},
    {"envoy_http_downstream_cx_protocol_error", "Connections closed over a malformed message.",
     &DownstreamCounters::cx_protocol_error},
    {"envoy_http_downstream_cx_idle_timeout", "Connections closed for idleness.", &DownstreamCounters::cx_idle_timeout},
    {"envoy_http_downstream_cx_upgrades_total", "Requests that another protocol took over.",
     &DownstreamCounters::cx_upgrades_total},
    {"envoy_http_downstream_rq_total", "Requests accepted.", &DownstreamCounters::rq_total},
    {"envoy_http_downstream_rq_completed", "Requests finished.", &DownstreamCounters::rq_completed},
    {"envoy_http_downstream_rq_timeout", "Requests that ran out of their overall time.",
     &DownstreamCounters::rq_timeout},
    {"envoy_http_downstream_rq_header_timeout", "Heads that did not arrive in time.",
     &DownstreamCounters::cx_head_timeout},
    {"envoy_http_downstream_rq_idle_timeout", "Streams on which nothing moved.", &DownstreamCounters::rq_idle_timeout},
    {"envoy_http_downstream_rq_rx_reset", "Requests the client gave up.", &DownstreamCounters::rq_rx_reset},
    {"envoy_http_downstream_rq_tx_reset", "Requests we reset.", &DownstreamCounters::rq_tx_reset},
    {"envoy_http_downstream_rq_too_large", "Requests refused for their size.", &DownstreamCounters::rq_too_large},
    {"envoy_http_downstream_rq_overload_close", "Requests refused under overload.",
     &DownstreamCounters::rq_overload_close},
    {"envoy_http_downstream_rq_failed_path_normalization", "Requests with a path that cannot be normalised.",
     &DownstreamCounters::rq_path_refused},
    {"envoy_http_rbac_denied", "Requests that an AuthorizationPolicy refused.", &DownstreamCounters::rq_denied},
    {"envoy_http_rbac_shadow_denied", "Requests that an AuthorizationPolicy in dry run would have refused.",
     &DownstreamCounters::rq_dry_run_denied},
    {"envoy_http_no_route", "Requests no rule matched.", &DownstreamCounters::no_route},
    {"envoy_http_no_cluster", "Requests whose rule names an unknown destination.", &DownstreamCounters::no_cluster},
    {"envoy_http_rq_direct_response", "Requests a rule answered itself.", &DownstreamCounters::rq_direct_response},
    {"sluice_ambiguous_requests_total", "Requests refused over ambiguous framing.", &DownstreamCounters::rq_ambiguous,
     false},
    {"sluice_replay_overflow_total", "Bodies too large to keep for another try.", &DownstreamCounters::replay_overflow,
     false},
    {"sluice_mirror_body_overflow_total", "Bodies too large to mirror.", &DownstreamCounters::mirror_body_overflow,
     false},
    {"sluice_access_log_lines_total", "Lines given to the log writer.", &DownstreamCounters::access_log_lines, false},
};

struct CodecTotal {
  std::string_view name;
  std::string_view help;
  core::Counter CodecCounters::* counter;
};

constexpr CodecTotal kCodecTotals[] = {
    {"sluice_codec_protocol_errors_total", "Malformed messages.", &CodecCounters::protocol_errors},
    {"sluice_codec_headers_too_large_total", "Heads beyond a limit.", &CodecCounters::headers_too_large},
    {"sluice_codec_body_too_large_total", "Bodies beyond the limit.", &CodecCounters::body_too_large},
    {"sluice_codec_interim_overflow_total", "Answers with too many interim heads.", &CodecCounters::interim_overflow},
    {"sluice_codec_trailers_dropped_total", "Trailer fields dropped by policy.", &CodecCounters::trailers_dropped},
    {"sluice_codec_desync_total", "Bytes that belong to no message.", &CodecCounters::desync},
    {"sluice_codec_reset_flood_total", "Connections ended over requests made and reset.", &CodecCounters::reset_flood},
    {"sluice_codec_glitch_flood_total", "Connections ended over frames that break small rules or mean nothing.",
     &CodecCounters::glitch_flood},
    {"sluice_codec_ping_flood_total", "Connections ended over PING.", &CodecCounters::ping_flood},
    {"sluice_codec_settings_flood_total", "Connections ended over SETTINGS.", &CodecCounters::settings_flood},
    {"sluice_codec_priority_flood_total", "Connections ended over PRIORITY.", &CodecCounters::priority_flood},
    {"sluice_codec_window_update_flood_total", "Connections ended over WINDOW_UPDATE.",
     &CodecCounters::window_update_flood},
    {"sluice_codec_empty_frame_flood_total", "Connections ended over DATA without data.",
     &CodecCounters::empty_frame_flood},
    {"sluice_codec_continuation_flood_total", "Connections ended over heads without end.",
     &CodecCounters::continuation_flood},
    {"sluice_codec_control_flood_total", "Connections ended over answers to control frames that nobody reads.",
     &CodecCounters::control_flood},
    {"sluice_codec_unread_reset_total", "Streams given up because their answer was not read.",
     &CodecCounters::unread_reset},
};

MetricSample Prefixed(double value) { return {{{"envoy_http_conn_manager_prefix", std::string(kPrefix)}}, value, {}}; }

template <typename Read>
double Sum(const MetricsSource& source, Read read) {
  double sum = 0;
  for (const MetricsShard* shard : source.shards) sum += static_cast<double>(read(*shard));
  return sum;
}

MetricFamily AnswerClasses(const MetricsSource& source) {
  MetricFamily family{"envoy_http_downstream_rq_xx", "Answers by class of status.", MetricType::kUntyped, {}};
  for (std::size_t i = 0; i < 5; ++i) {
    MetricSample sample =
        Prefixed(Sum(source, [i](const MetricsShard& shard) { return shard.downstream().rq_class[i].value(); }));
    sample.labels.insert(sample.labels.begin(), {"envoy_response_code_class", std::to_string(i + 1)});
    family.samples.push_back(std::move(sample));
  }
  return family;
}

void AppendLogFamilies(const MetricsSource& source, std::vector<MetricFamily>& families) {
  double dropped = Sum(source, [](const MetricsShard& shard) { return shard.downstream().access_log_dropped.value(); });
  families.push_back(SingleValue("sluice_access_log_dropped_total", "Lines dropped because the writer lagged.",
                                 MetricType::kCounter, dropped));
  if (source.access_log == nullptr) return;
  const auto lost = static_cast<double>(source.access_log->lines_lost());
  families.push_back(SingleValue("sluice_access_log_written_total", "Lines in the file.", MetricType::kCounter,
                                 static_cast<double>(source.access_log->lines_written())));
  families.push_back(SingleValue("sluice_log_dropped_total", "Lines that reached no file, for whatever reason.",
                                 MetricType::kCounter, dropped + lost));
  families.push_back(SingleValue("sluice_access_log_healthy", "0 while the file takes no lines.", MetricType::kGauge,
                                 source.access_log->healthy() ? 1 : 0));
}

// Counted where connections are accepted, before a worker has them.
void AppendAcceptFamilies(const MetricsSource& source, std::vector<MetricFamily>& families) {
  const ProcessFacts facts = source.process != nullptr ? source.process(source.self) : ProcessFacts{};
  MetricFamily refused{
      "envoy_http_downstream_cx_overflow", "Connections refused at the limit.", MetricType::kUntyped, {}};
  refused.samples.push_back(Prefixed(static_cast<double>(facts.connections_refused)));
  families.push_back(std::move(refused));
  families.push_back(SingleValue("sluice_accept_paused_total",
                                 "Times that no descriptor was left for a new connection.", MetricType::kCounter,
                                 static_cast<double>(facts.accept_paused)));
}

}  // namespace

void AppendDownstreamFamilies(const MetricsSource& source, std::vector<MetricFamily>& families) {
  for (const DownstreamTotal& total : kTotals) {
    const double sum =
        Sum(source, [&total](const MetricsShard& shard) { return (shard.downstream().*total.counter).value(); });
    MetricFamily family{std::string(total.name), std::string(total.help), TotalType(total.name), {}};
    family.samples.push_back(total.envoy ? Prefixed(sum) : MetricSample{{}, sum, {}});
    families.push_back(std::move(family));
  }
  MetricFamily connections{"envoy_http_downstream_cx_active", "Open connections.", MetricType::kGauge, {}};
  connections.samples.push_back(
      Prefixed(Sum(source, [](const MetricsShard& shard) { return shard.downstream().cx_active.value(); })));
  MetricFamily upgrades{
      "envoy_http_downstream_cx_upgrades_active", "Requests that speak another protocol now.", MetricType::kGauge, {}};
  upgrades.samples.push_back(
      Prefixed(Sum(source, [](const MetricsShard& shard) { return shard.downstream().cx_upgrades_active.value(); })));
  MetricFamily requests{"envoy_http_downstream_rq_active", "Requests in flight.", MetricType::kGauge, {}};
  requests.samples.push_back(
      Prefixed(Sum(source, [](const MetricsShard& shard) { return shard.downstream().rq_active.value(); })));
  MetricFamily time{"envoy_http_downstream_rq_time",
                    "Milliseconds from first request byte to end of stream.",
                    MetricType::kHistogram,
                    {}};
  time.samples.push_back(Prefixed(0));
  for (const MetricsShard* shard : source.shards) time.samples[0].histogram.Add(shard->request_time());
  families.push_back(std::move(connections));
  families.push_back(std::move(upgrades));
  families.push_back(std::move(requests));
  families.push_back(std::move(time));
  families.push_back(AnswerClasses(source));

  for (const CodecTotal& total : kCodecTotals) {
    MetricFamily family{std::string(total.name), std::string(total.help), MetricType::kCounter, {}};
    for (const bool server : {true, false}) {
      const double sum = Sum(source, [&](const MetricsShard& shard) {
        const CodecCounters& codec = server ? shard.server_codec() : shard.client_codec();
        return (codec.*total.counter).value();
      });
      family.samples.push_back({{{"side", server ? "downstream" : "upstream"}}, sum, {}});
    }
    families.push_back(std::move(family));
  }
  families.push_back(SingleValue("sluice_series_dropped_total", "Requests counted under the overflow series.",
                                 MetricType::kCounter,
                                 Sum(source, [](const MetricsShard& shard) { return shard.series_dropped(); })));
  AppendAcceptFamilies(source, families);
  AppendLogFamilies(source, families);
}

}  // namespace sluice::gateway
