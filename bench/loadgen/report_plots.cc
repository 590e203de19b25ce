#include "bench/loadgen/report_plots.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/loadgen/figures.h"

namespace sluice::bench {
namespace {

constexpr double kNinesMax = 0.9999;

struct Bounds {
  double low = 1e300;
  double high = -1e300;

  void Add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

double SliceSeconds(const ReportData& data) { return static_cast<double>(data.series.width().count()) / 1e9; }

double SliceMiddle(const ReportData& data, std::size_t index) {
  return (static_cast<double>(index) + 0.5) * SliceSeconds(data);
}

// The last slice is mostly cut short by the end of the run, and few answers make its figures jump: it is left out, unless
// the run was so short that there is hardly another.
std::size_t SlicesShown(const Report& report) {
  const ReportData& data = report.data();
  const auto whole = static_cast<std::size_t>(data.elapsed / data.series.width());
  const std::size_t all = data.series.slices().size();
  return whole < 2 ? all : std::min(whole, all);
}

PlotAxis TimeAxis(const Report& report) { return {Scale::kLinear, 0, std::max(report.seconds(), 0.001), true}; }

// The number of a version in the report, by the order in which results tell them.
struct Shown {
  std::string name;
  std::uint8_t number = 0;
  double share = 0;
};

std::vector<Shown> NamedVersions(const Report& report) {
  std::vector<Shown> shown;
  VersionTable table = report.data().versions;
  for (const auto& version : report.Versions()) {
    if (version.share) shown.push_back({version.name, table.Number(version.name), *version.share});
  }
  return shown;
}

// Share of `version` in each slice with its interval, in percent.
PlotSeries ShareSeries(const Report& report, const std::vector<Shown>& versions, std::size_t index) {
  const ReportData& data = report.data();
  PlotSeries series{.name = versions[index].name, .colour = index % PlotSeries::kColours};
  const std::size_t count = SlicesShown(report);
  for (std::size_t i = 0; i < count; ++i) {
    const TimeSlice& slice = data.series.slices()[i];
    std::uint64_t all = 0;
    for (const Shown& version : versions) all += slice.versions[version.number];
    if (all == 0) continue;
    const std::uint64_t hits = slice.versions[versions[index].number];
    const Interval likely = Wilson(hits, all);
    const double at = std::min(SliceMiddle(data, i), report.seconds());
    series.line.push_back({at, 100 * static_cast<double>(hits) / static_cast<double>(all)});
    series.band.push_back({at, 100 * likely.low, 100 * likely.high});
  }
  return series;
}

}  // namespace

std::optional<Plot> LatencyOverLoad(const RunRecord& record) {
  if (record.steps.size() < 2) return std::nullopt;
  constexpr std::array<double, 5> kQuantiles{0.5, 0.9, 0.99, 0.999, 0.9999};
  const std::array<const char*, 5> names{"p50", "p90", "p99", "p99.9", "p99.99"};
  std::vector<PlotSeries> all;
  Bounds latency;
  Bounds load;
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
    PlotSeries series{.name = names[i], .dots = true, .colour = i};
    for (const RunStep& step : record.steps) {
      const double rate = step.rate > 0 ? step.rate : step.report.per_second();
      const double millis = Millis(step.report.Latency().Quantile(kQuantiles[i]));
      if (millis <= 0) continue;
      series.line.push_back({rate, millis});
      load.Add(rate);
      latency.Add(millis);
    }
    std::ranges::sort(series.line, {}, &PlotPoint::x);
    all.push_back(std::move(series));
  }
  if (all.front().line.empty()) return std::nullopt;
  return Plot{.title = "Latency over load",
              .x_title = "offered requests a second",
              .y_title = "ms",
              .x = PlotAxis(Scale::kLinear, 0, load.high * 1.02),
              .y = PlotAxis(Scale::kLog, latency.low, latency.high),
              .series = std::move(all)};
}

std::optional<Plot> PercentileCurves(const RunRecord& record) {
  Bounds latency;
  std::vector<PlotSeries> all;
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    const LatencyHistogram histogram = record.steps[i].report.Latency();
    if (histogram.count() == 0) continue;
    PlotSeries series{
        .name = record.steps[i].label, .dashed = i >= PlotSeries::kColours, .colour = i % PlotSeries::kColours};
    // Evenly spaced on the axis, 20 to each nine, as far as there are answers to tell one percentile from the next.
    const double last = std::min(kNinesMax, 1 - 1 / static_cast<double>(histogram.count()));
    for (int point = 0; point <= 80; ++point) {
      const double share = 1 - std::pow(10, -point / 20.0);
      if (share > last + 1e-9) break;
      const double millis = std::max(1e-6, Millis(histogram.Quantile(share)));
      series.line.push_back({share, millis});
      latency.Add(millis);
    }
    all.push_back(std::move(series));
  }
  if (all.empty()) return std::nullopt;
  return Plot{.title = "Latency by percentile",
              .x_title = "percent of answers that were at least as fast",
              .y_title = "ms",
              .x = PlotAxis(Scale::kNines, 0, kNinesMax),
              .y = PlotAxis(Scale::kLog, latency.low, latency.high),
              .series = std::move(all)};
}

std::optional<Plot> SplitOverTime(const Report& report) {
  const auto versions = NamedVersions(report);
  if (versions.empty()) return std::nullopt;
  Plot plot{.title = "Split over time, share of answers",
            .x_title = "seconds",
            .x = TimeAxis(report),
            .y = PlotAxis(Scale::kLinear, 0, 100, true, " %")};
  for (std::size_t i = 0; i < versions.size(); ++i) plot.series.push_back(ShareSeries(report, versions, i));
  return plot;
}

std::vector<Plot> SplitsInDetail(const Report& report) {
  constexpr std::size_t kPlotsMax = 8;
  const auto versions = NamedVersions(report);
  std::vector<Plot> plots;
  if (versions.size() < 2) return plots;
  // The greatest share is what the others leave.
  const auto greatest = std::ranges::max_element(versions, {}, &Shown::share) - versions.begin();
  for (std::size_t i = 0; i < versions.size() && plots.size() < kPlotsMax; ++i) {
    if (static_cast<std::ptrdiff_t>(i) == greatest) continue;
    PlotSeries series = ShareSeries(report, versions, i);
    Bounds bounds;
    for (const PlotBand& band : series.band) {
      bounds.Add(band.low);
      bounds.Add(band.high);
    }
    if (series.band.empty()) continue;
    const double share = 100 * versions[i].share;
    series.name = "each slice, with its 95 % interval";
    PlotSeries whole{.name = "whole run: " + Fixed(share, 2) + " %",
                     .line = {{0, share}, {report.seconds(), share}},
                     .dashed = true,
                     .colour = PlotSeries::kColours - 1};
    plots.push_back({.title = "Share of " + versions[i].name,
                     .x_title = "seconds",
                     .x = TimeAxis(report),
                     .y = PlotAxis(Scale::kLinear, bounds.low, bounds.high, false, " %"),
                     .series = {std::move(series), std::move(whole)}});
  }
  return plots;
}

std::optional<Plot> LatencyOverTime(const Report& report) {
  const ReportData& data = report.data();
  PlotSeries p50{.name = "p50", .colour = 0};
  PlotSeries p99{.name = "p99", .colour = 2};
  PlotSeries max{.name = "max", .dashed = true, .colour = 4};
  Bounds latency;
  const std::size_t count = SlicesShown(report);
  for (std::size_t i = 0; i < count; ++i) {
    const LatencyHistogram& histogram = data.series.slices()[i].latency;
    if (histogram.count() == 0) continue;
    const double at = std::min(SliceMiddle(data, i), report.seconds());
    for (const auto& [series, value] : {std::pair{&p50, histogram.Quantile(0.5)},
                                        std::pair{&p99, histogram.Quantile(0.99)}, std::pair{&max, histogram.max()}}) {
      series->line.push_back({at, std::max(1e-6, Millis(value))});
      latency.Add(series->line.back().y);
    }
  }
  if (p50.line.size() < 2) return std::nullopt;
  return Plot{.title = "Latency over time",
              .x_title = "seconds",
              .y_title = "ms",
              .x = TimeAxis(report),
              .y = PlotAxis(Scale::kLog, latency.low, latency.high),
              .series = {std::move(p50), std::move(p99), std::move(max)}};
}

std::optional<Plot> RateOverTime(const Report& report) {
  const ReportData& data = report.data();
  PlotSeries answers{.name = "answers", .colour = 0};
  PlotSeries losses{.name = "lost", .colour = 4};
  double highest = 0;
  const std::size_t slices = SlicesShown(report);
  for (std::size_t i = 0; i < slices; ++i) {
    const TimeSlice& slice = data.series.slices()[i];
    const double at = SliceMiddle(data, i);
    answers.line.push_back({at, static_cast<double>(slice.latency.count()) / SliceSeconds(data)});
    losses.line.push_back({at, static_cast<double>(slice.lost) / SliceSeconds(data)});
    highest = std::max({highest, answers.line.back().y, losses.line.back().y});
  }
  if (slices < 2) return std::nullopt;
  Plot plot{.title = "Answers over time",
            .x_title = "seconds",
            .y_title = "a second",
            .x = TimeAxis(report),
            .y = PlotAxis(Scale::kLinear, 0, std::max(1.0, highest)),
            .series = {std::move(answers)}};
  if (report.lost() > 0) plot.series.push_back(std::move(losses));
  return plot;
}

}  // namespace sluice::bench
