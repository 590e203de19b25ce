#include "bench/loadgen/report_tables.h"

#include "bench/loadgen/figures.h"

namespace sluice::bench {
namespace {

constexpr std::string_view kNoVersion = "(none)";

std::string NameOf(const std::string& version) { return version.empty() ? std::string(kNoVersion) : version; }

// p50 to p99.99, and the longest.
void AddQuantiles(std::vector<std::string>& row, const LatencyHistogram& latency) {
  for (const double q : {0.5, 0.9, 0.99, 0.999, 0.9999}) row.push_back(MillisText(latency.Quantile(q)));
  row.push_back(MillisText(latency.max()));
}

std::vector<std::string> LatencyRow(std::string name, const LatencyHistogram& latency) {
  std::vector<std::string> row{std::move(name), MillisText(latency.Mean())};
  AddQuantiles(row, latency);
  return row;
}

}  // namespace

ReportTable LatencyTable(const Report& report) {
  ReportTable table{.title = "Latency",
                    .head = {"latency ms", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max"},
                    .rows = {LatencyRow("all", report.Latency())}};
  const auto versions = report.Versions();
  for (const auto& version : versions) {
    if (versions.size() > 1) table.rows.push_back(LatencyRow("version " + NameOf(version.name), version.latency));
  }
  const ReportData& data = report.data();
  for (std::size_t i = 0; i < data.kinds.size(); ++i) {
    if (data.kinds.size() > 1)
      table.rows.push_back(LatencyRow("request " + data.KindName(i), LatencyOf(data.kinds[i])));
  }
  return table;
}

ReportTable SplitTable(const Report& report) {
  ReportTable table{.title = "Split", .head = {"version", "answers", "share", "95 % interval"}, .rows = {}};
  const Stickiness::Result sticky = report.data().stickiness.Tell();
  const bool with_units = sticky.units > 0;
  if (with_units) table.head.insert(table.head.end(), {"units", "of units", "95 % interval"});
  for (const auto& version : report.Versions()) {
    std::vector<std::string> row{NameOf(version.name), std::to_string(version.count)};
    row.push_back(version.share ? PercentText(*version.share) : "");
    row.push_back(version.share ? IntervalText(version.likely) : "");
    if (with_units && version.share) {
      row.push_back(std::to_string(version.units));
      row.push_back(PercentText(static_cast<double>(version.units) / static_cast<double>(sticky.units)));
      row.push_back(IntervalText(Wilson(version.units, sticky.units)));
    }
    row.resize(table.head.size());
    table.rows.push_back(std::move(row));
  }
  if (table.rows.size() == 1 && table.rows.front().front() == kNoVersion) table.rows.clear();
  return table;
}

ReportTable KindTable(const Report& report) {
  const ReportData& data = report.data();
  ReportTable table{.title = "Requests", .head = {"request", "answered", "failed", "lost"}, .rows = {}};
  const auto versions = report.Versions();
  for (const auto& version : versions) {
    if (versions.size() > 1) table.head.push_back(NameOf(version.name));
  }
  if (data.kinds.size() < 2) return table;
  VersionTable numbers = data.versions;
  for (std::size_t i = 0; i < data.kinds.size(); ++i) {
    const ReportData::Kind& kind = data.kinds[i];
    std::vector<std::string> row{data.KindName(i), std::to_string(kind.answered), std::to_string(kind.failed),
                                 std::to_string(kind.lost)};
    for (const auto& version : versions) {
      if (versions.size() == 1) break;
      const std::size_t number = numbers.Number(version.name);
      const bool seen = number < kind.latency.size() && kind.latency[number];
      row.push_back(std::to_string(seen ? kind.latency[number]->count() : 0));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

ReportTable StatusTable(const Report& report) {
  ReportTable table{.title = "Statuses", .head = {"status", "answers", "share"}, .rows = {}};
  const double all = report.answered() > 0 ? static_cast<double>(report.answered()) : 1.0;
  const auto add = [&](std::string name, std::uint64_t count) {
    table.rows.push_back({std::move(name), std::to_string(count), PercentText(static_cast<double>(count) / all)});
  };
  for (const auto& [status, count] : report.data().by_status) add(std::to_string(status), count);
  for (const auto& [status, count] : report.data().by_grpc_status) add("grpc " + std::to_string(status), count);
  return table;
}

ReportTable LostTable(const Report& report) {
  ReportTable table{.title = "Lost", .head = {"lost", "requests", "share of sent"}, .rows = {}};
  const double sent = report.sent() > 0 ? static_cast<double>(report.sent()) : 1.0;
  for (std::size_t i = 0; i < kLostNames.size(); ++i) {
    const std::uint64_t count = report.data().lost[i];
    if (count == 0) continue;
    table.rows.push_back(
        {std::string(kLostNames[i]), std::to_string(count), PercentText(static_cast<double>(count) / sent)});
  }
  return table;
}

ReportTable StepTable(const RunRecord& record) {
  ReportTable table{.title = "Steps",
                    .head = {"step", "offered/s", "answered/s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "p99.99 ms",
                             "max ms", "lost", "not sent"},
                    .rows = {}};
  for (const RunStep& step : record.steps) {
    std::vector<std::string> row{step.of_saturation > 0 ? Fixed(100 * step.of_saturation, 0).append(" %") : step.label,
                                 step.rate > 0 ? RateText(step.rate) : "", RateText(step.report.per_second())};
    AddQuantiles(row, step.report.Latency());
    row.push_back(std::to_string(step.report.lost()));
    row.push_back(std::to_string(step.report.data().not_sent));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string StickinessText(const Report& report) {
  const Stickiness::Result sticky = report.data().stickiness.Tell();
  if (sticky.units + sticky.answers_unwatched == 0) return {};
  std::string out = sticky.apart ? "within each process, " : "";
  out += std::to_string(sticky.units_split);
  out.append(" of ").append(std::to_string(sticky.units)).append(" units were answered by more than one version");
  if (sticky.units_split > 0) out.append(", ").append(std::to_string(sticky.answers_astray)).append(" answers astray");
  if (sticky.answers_unwatched > 0) {
    out.append("; ").append(std::to_string(sticky.answers_unwatched)).append(" answers were of units beyond the ");
    out.append(std::to_string(Stickiness::kUnitsMax)).append(" that are watched");
  }
  return out;
}

}  // namespace sluice::bench
