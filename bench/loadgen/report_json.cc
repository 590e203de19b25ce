#include "bench/loadgen/report_json.h"

#include <cmath>

#include "bench/loadgen/figures.h"

namespace sluice::bench {
namespace {

using nlohmann::ordered_json;

// Six digits behind the point are enough for a share, and kinder to the reader than seventeen.
double Rounded(double share) { return std::round(share * 1e6) / 1e6; }

ordered_json Latencies(const LatencyHistogram& histogram) {
  return {{"mean", Millis(histogram.Mean())},
          {"p50", Millis(histogram.Quantile(0.5))},
          {"p90", Millis(histogram.Quantile(0.9))},
          {"p99", Millis(histogram.Quantile(0.99))},
          {"p99.9", Millis(histogram.Quantile(0.999))},
          {"p99.99", Millis(histogram.Quantile(0.9999))},
          {"max", Millis(histogram.max())}};
}

ordered_json VersionsJson(const Report& report) {
  ordered_json versions = ordered_json::object();
  for (const Report::VersionResult& version : report.Versions()) {
    ordered_json& told = versions[version.name];
    told["count"] = version.count;
    if (version.share) {
      told["share"] = Rounded(*version.share);
      told["share_95"] = {Rounded(version.likely.low), Rounded(version.likely.high)};
    }
    if (version.units > 0) told["units"] = version.units;
    told["latency_ms"] = Latencies(version.latency);
  }
  return versions;
}

ordered_json KindsJson(const ReportData& data) {
  ordered_json kinds = ordered_json::object();
  for (std::size_t i = 0; i < data.kinds.size(); ++i) {
    const ReportData::Kind& kind = data.kinds[i];
    const std::string name = data.KindName(i);
    kinds[name] = {{"answered", kind.answered},
                   {"failed", kind.failed},
                   {"lost", kind.lost},
                   {"latency_ms", Latencies(LatencyOf(kind))}};
    ordered_json& by_version = kinds[name]["by_version"] = ordered_json::object();
    for (std::size_t version = 0; version < kind.latency.size(); ++version) {
      if (!kind.latency[version]) continue;
      by_version[std::string(data.versions.Name(static_cast<std::uint8_t>(version)))] = kind.latency[version]->count();
    }
  }
  return kinds;
}

ordered_json SeriesJson(const ReportData& data) {
  ordered_json answered = ordered_json::array();
  ordered_json lost = ordered_json::array();
  ordered_json p50 = ordered_json::array();
  ordered_json p99 = ordered_json::array();
  ordered_json versions = ordered_json::object();
  for (const TimeSlice& slice : data.series.slices()) {
    answered.push_back(slice.latency.count());
    lost.push_back(slice.lost);
    p50.push_back(Millis(slice.latency.Quantile(0.5)));
    p99.push_back(Millis(slice.latency.Quantile(0.99)));
  }
  for (std::size_t i = 0; i < data.versions.size(); ++i) {
    ordered_json& counts = versions[data.versions.names()[i]] = ordered_json::array();
    for (const TimeSlice& slice : data.series.slices()) counts.push_back(slice.versions[i]);
  }
  return {{"slice_seconds", static_cast<double>(data.series.width().count()) / 1e9},
          {"answered", std::move(answered)},
          {"lost", std::move(lost)},
          {"p50_ms", std::move(p50)},
          {"p99_ms", std::move(p99)},
          {"versions", std::move(versions)}};
}

template <typename Map>
ordered_json CountsJson(const Map& counts) {
  ordered_json json = ordered_json::object();
  for (const auto& [key, count] : counts) json[std::to_string(key)] = count;
  return json;
}

}  // namespace

ordered_json StickinessJson(const Stickiness::Result& result) {
  return {{"units", result.units},
          {"units_split", result.units_split},
          {"answers_astray", result.answers_astray},
          {"answers_unwatched", result.answers_unwatched}};
}

ordered_json ReportJson(const Report& report) {
  const ReportData& data = report.data();
  ordered_json lost = ordered_json::object();
  for (std::size_t i = 0; i < data.lost.size(); ++i) {
    // Those of HTTP/1.1 are always there: who reads them compares them all.
    const auto why = static_cast<Lost>(i);
    const bool always = why == Lost::kClosed || why == Lost::kTimeout || why == Lost::kBadAnswer;
    if (always || data.lost[i] > 0) lost[std::string(kLostNames[i])] = data.lost[i];
  }
  ordered_json json = {{"seconds", report.seconds()},
                       {"sent", data.sent},
                       {"answered", data.answered},
                       {"not_sent", data.not_sent},
                       {"lost", std::move(lost)},
                       {"retried", data.retried},
                       {"extra_bytes", data.extra_bytes},
                       {"connects", data.connects},
                       {"connect_failures", data.connect_failures},
                       {"per_second", report.per_second()},
                       {"body_bytes", data.body_bytes},
                       {"by_status", CountsJson(data.by_status)},
                       {"by_grpc_status", CountsJson(data.by_grpc_status)},
                       {"by_version", VersionsJson(report)},
                       {"by_kind", KindsJson(data)},
                       {"latency_ms", Latencies(report.Latency())}};
  const Stickiness::Result sticky = data.stickiness.Tell();
  if (sticky.units + sticky.answers_unwatched > 0) json["stickiness"] = StickinessJson(sticky);
  json["series"] = SeriesJson(data);
  return json;
}

std::string DumpByLine(const ordered_json& object) {
  std::string out = "{";
  const char* before = "\n  ";
  for (const auto& [key, value] : object.items()) {
    constexpr auto kReplace = ordered_json::error_handler_t::replace;
    out.append(before).append(ordered_json(key).dump(-1, ' ', false, kReplace));
    out.append(": ").append(value.dump(-1, ' ', false, kReplace));
    before = ",\n  ";
  }
  return out.append("\n}");
}

std::string Report::Json() const { return DumpByLine(ReportJson(*this)); }

}  // namespace sluice::bench
