#include "bench/loadgen/report.h"

#include <algorithm>
#include <numeric>

namespace sluice::bench {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint16_t kServerError = 500;

LatencyHistogram& LatencyAt(ReportData::Kind& kind, std::uint8_t version) {
  if (kind.latency.size() <= version) kind.latency.resize(std::size_t{version} + 1);
  auto& histogram = kind.latency[version];
  if (!histogram) histogram = std::make_unique<LatencyHistogram>();
  return *histogram;
}

void MergeKind(ReportData::Kind& into, const ReportData::Kind& from, const VersionTable::Mapping& mapping) {
  if (into.name.empty()) into.name = from.name;
  into.answered += from.answered;
  into.failed += from.failed;
  into.lost += from.lost;
  for (std::size_t i = 0; i < from.latency.size(); ++i) {
    if (from.latency[i]) LatencyAt(into, mapping[i]).Merge(*from.latency[i]);
  }
}

}  // namespace

constinit const std::array<std::pair<std::string_view, std::uint64_t ReportData::*>, 8> ReportData::kCounts{{
    {"sent", &ReportData::sent},
    {"answered", &ReportData::answered},
    {"not_sent", &ReportData::not_sent},
    {"extra_bytes", &ReportData::extra_bytes},
    {"retried", &ReportData::retried},
    {"connects", &ReportData::connects},
    {"connect_failures", &ReportData::connect_failures},
    {"body_bytes", &ReportData::body_bytes},
}};

std::string ReportData::KindName(std::size_t index) const {
  const std::string& name = kinds[index].name;
  return name.empty() ? "request-" + std::to_string(index + 1) : name;
}

LatencyHistogram LatencyOf(const ReportData::Kind& kind) {
  LatencyHistogram all;
  for (const auto& histogram : kind.latency) {
    if (histogram) all.Merge(*histogram);
  }
  return all;
}

ReportData::Kind& Report::KindAt(std::uint32_t kind) {
  const std::size_t index = std::min<std::size_t>(kind, RequestMix::kKindsMax - 1);
  if (data_.kinds.size() <= index) data_.kinds.resize(index + 1);
  return data_.kinds[index];
}

void Report::CountAnswer(const Answer& answer) {
  ++data_.answered;
  ++data_.by_status[answer.status];
  if (answer.grpc_status) ++data_.by_grpc_status[*answer.grpc_status];
  data_.body_bytes += answer.body_bytes;
  const std::uint8_t version = data_.versions.Number(answer.version);
  ReportData::Kind& kind = KindAt(answer.kind);
  ++kind.answered;
  if (answer.status >= kServerError || answer.grpc_status.value_or(0) != 0) ++kind.failed;
  LatencyAt(kind, version).Add(answer.latency);
  data_.series.CountAnswer(answer.at, answer.latency, version);
  if (answer.unit != kNoUnit && !answer.version.empty()) data_.stickiness.Count(answer.unit, version);
  live_->CountAnswer(answer.latency, version, answer.version);
}

void Report::CountLost(Lost why, nanoseconds at, std::uint32_t kind) {
  ++data_.lost[static_cast<std::size_t>(why)];
  ++KindAt(kind).lost;
  data_.series.CountLost(at);
  live_->CountLost();
}

void Report::Merge(const Report& other) {
  const ReportData& more = other.data_;
  data_.elapsed = std::max(data_.elapsed, more.elapsed);
  for (const auto& [name, count] : ReportData::kCounts) data_.*count += more.*count;
  for (std::size_t i = 0; i < data_.lost.size(); ++i) data_.lost[i] += more.lost[i];
  for (const auto& [status, count] : more.by_status) data_.by_status[status] += count;
  for (const auto& [status, count] : more.by_grpc_status) data_.by_grpc_status[status] += count;
  const VersionTable::Mapping mapping = data_.versions.TakeIn(more.versions);
  for (std::size_t i = 0; i < more.kinds.size(); ++i) {
    MergeKind(KindAt(static_cast<std::uint32_t>(i)), more.kinds[i], mapping);
  }
  data_.series.Merge(more.series, mapping);
  data_.stickiness.Merge(more.stickiness, mapping);
}

void Report::Finish(nanoseconds elapsed, std::uint64_t not_sent) {
  data_.elapsed = elapsed;
  data_.not_sent = not_sent;
}

void Report::NameKinds(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) KindAt(static_cast<std::uint32_t>(i)).name = names[i];
}

std::uint64_t Report::lost() const { return std::accumulate(data_.lost.begin(), data_.lost.end(), std::uint64_t{0}); }

LatencyHistogram Report::Latency() const {
  LatencyHistogram all;
  for (const ReportData::Kind& kind : data_.kinds) all.Merge(LatencyOf(kind));
  return all;
}

std::vector<Report::VersionResult> Report::Versions() const {
  const Stickiness::Result sticky = data_.stickiness.Tell();
  std::vector<VersionResult> results;
  std::uint64_t named = 0;
  for (std::size_t number = 0; number < VersionTable::kSlots; ++number) {
    VersionResult result{.name = std::string(data_.versions.Name(static_cast<std::uint8_t>(number))),
                         .units = sticky.units_of[number]};
    for (const ReportData::Kind& kind : data_.kinds) {
      if (number < kind.latency.size() && kind.latency[number]) result.latency.Merge(*kind.latency[number]);
    }
    result.count = result.latency.count();
    if (result.count == 0) continue;
    if (!result.name.empty()) named += result.count;
    results.push_back(std::move(result));
  }
  for (VersionResult& result : results) {
    if (result.name.empty()) continue;
    result.share = static_cast<double>(result.count) / static_cast<double>(named);
    result.likely = Wilson(result.count, named);
  }
  std::ranges::sort(results, {}, &VersionResult::name);
  return results;
}

}  // namespace sluice::bench
