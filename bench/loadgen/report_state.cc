// Saving and loading a report for a merge of several processes.
#include "bench/loadgen/report_json.h"

namespace sluice::bench {
namespace {

using core::ErrorCode;
using nlohmann::ordered_json;
using std::chrono::nanoseconds;

constexpr int kForm = 1;  // raised when the form changes

const ordered_json& List(const ordered_json& saved, std::size_t most) {
  if (!saved.is_array() || saved.size() > most) throw std::out_of_range("list");
  return saved;
}

using VersionCounts = std::array<std::uint64_t, VersionTable::kSlots>;

// One for each version that has a name, and at the end the one that stands for all others.
ordered_json SaveCounts(const VersionCounts& counts, std::size_t names) {
  ordered_json saved = ordered_json::array();
  for (std::size_t i = 0; i < names; ++i) saved.push_back(counts[i]);
  saved.push_back(counts[VersionTable::kOther]);
  return saved;
}

void LoadCounts(const ordered_json& saved, VersionCounts& counts) {
  const std::size_t size = List(saved, counts.size()).size();
  for (std::size_t i = 0; i < size; ++i) {
    counts[i + 1 < size ? i : VersionTable::kOther] = saved[i].get<std::uint64_t>();
  }
}

LatencyHistogram LoadHistogram(const ordered_json& saved) {
  auto parsed = LatencyHistogram::Parse(saved.get_ref<const std::string&>());
  if (!parsed) throw std::out_of_range("histogram");
  return *parsed;
}

template <typename Key>
std::map<Key, std::uint64_t> LoadMap(const ordered_json& saved) {
  std::map<Key, std::uint64_t> counts;
  constexpr std::size_t kStatusesMax = 1000;
  for (const auto& pair : List(saved, kStatusesMax))
    counts[pair.at(0).get<Key>()] = pair.at(1).template get<std::uint64_t>();
  return counts;
}

template <typename Map>
ordered_json SaveMap(const Map& counts) {
  ordered_json saved = ordered_json::array();
  for (const auto& [key, count] : counts) saved.push_back({key, count});
  return saved;
}

ordered_json SaveKinds(const ReportData& data) {
  ordered_json kinds = ordered_json::array();
  for (const ReportData::Kind& kind : data.kinds) {
    ordered_json latency = ordered_json::object();
    for (std::size_t i = 0; i < kind.latency.size(); ++i) {
      if (kind.latency[i]) latency[std::to_string(i)] = kind.latency[i]->Compact();
    }
    kinds.push_back({{"name", kind.name},
                     {"answered", kind.answered},
                     {"failed", kind.failed},
                     {"lost", kind.lost},
                     {"latency", std::move(latency)}});
  }
  return kinds;
}

std::vector<ReportData::Kind> LoadKinds(const ordered_json& saved) {
  std::vector<ReportData::Kind> kinds;
  for (const auto& one : List(saved, RequestMix::kKindsMax)) {
    ReportData::Kind kind{.name = one.at("name").get<std::string>(),
                          .answered = one.at("answered").get<std::uint64_t>(),
                          .failed = one.at("failed").get<std::uint64_t>(),
                          .lost = one.at("lost").get<std::uint64_t>()};
    for (const auto& [number, text] : one.at("latency").items()) {
      const std::size_t index = std::stoul(number);
      if (index >= VersionTable::kSlots) throw std::out_of_range("version");
      if (kind.latency.size() <= index) kind.latency.resize(index + 1);
      kind.latency[index] = std::make_unique<LatencyHistogram>(LoadHistogram(text));
    }
    kinds.push_back(std::move(kind));
  }
  return kinds;
}

ordered_json SaveSeries(const ReportData& data) {
  ordered_json slices = ordered_json::array();
  for (const TimeSlice& slice : data.series.slices()) {
    slices.push_back({{"lost", slice.lost},
                      {"latency", slice.latency.Compact()},
                      {"versions", SaveCounts(slice.versions, data.versions.size())}});
  }
  return {{"width_ns", data.series.width().count()}, {"slices", std::move(slices)}};
}

TimeSeries LoadSeries(const ordered_json& saved) {
  const nanoseconds width(saved.at("width_ns").get<std::int64_t>());
  std::deque<TimeSlice> slices;
  const auto& list = List(saved.at("slices"), TimeSeries::kSlicesMax);
  const auto times = static_cast<std::uint64_t>(width / TimeSeries::kWidthMin);
  if (width != TimeSeries::kWidthMin * static_cast<std::int64_t>(times) || times == 0 || (times & (times - 1)) != 0 ||
      times > (1ULL << 32)) {
    throw std::out_of_range("series");
  }
  for (const auto& one : list) {
    TimeSlice slice{.lost = one.at("lost").get<std::uint64_t>(), .latency = LoadHistogram(one.at("latency"))};
    LoadCounts(one.at("versions"), slice.versions);
    slices.push_back(slice);
  }
  return TimeSeries::FromSlices(width, std::move(slices));
}

ordered_json SaveStickiness(const ReportData& data) {
  const Stickiness::Result result = data.stickiness.Tell();
  ordered_json saved = StickinessJson(result);
  saved["units_of"] = SaveCounts(result.units_of, data.versions.size());
  return saved;
}

Stickiness LoadStickiness(const ordered_json& saved) {
  Stickiness::Result result{.units = saved.at("units").get<std::uint64_t>(),
                            .units_split = saved.at("units_split").get<std::uint64_t>(),
                            .answers_astray = saved.at("answers_astray").get<std::uint64_t>(),
                            .answers_unwatched = saved.at("answers_unwatched").get<std::uint64_t>(),
                            .apart = true};
  LoadCounts(saved.at("units_of"), result.units_of);
  Stickiness stickiness;
  stickiness.MergeResult(result, VersionTable::Same());
  return stickiness;
}

ReportData LoadData(const ordered_json& saved) {
  if (saved.at("form").get<int>() != kForm) throw std::out_of_range("form");
  ReportData data{.elapsed = nanoseconds(saved.at("elapsed_ns").get<std::int64_t>()),
                  .by_status = LoadMap<std::uint16_t>(saved.at("by_status")),
                  .by_grpc_status = LoadMap<int>(saved.at("by_grpc_status")),
                  .kinds = LoadKinds(saved.at("kinds")),
                  .series = LoadSeries(saved.at("series")),
                  .stickiness = LoadStickiness(saved.at("stickiness"))};
  for (const auto& [name, count] : ReportData::kCounts) data.*count = saved.at(std::string(name)).get<std::uint64_t>();
  for (std::size_t i = 0; i < kLostNames.size(); ++i) {
    data.lost[i] = saved.at("lost").at(std::string(kLostNames[i])).get<std::uint64_t>();
  }
  for (const auto& name : List(saved.at("versions"), VersionTable::kMax)) data.versions.Number(name.get<std::string>());
  return data;
}

}  // namespace

ordered_json SaveReport(const Report& report) {
  const ReportData& data = report.data();
  ordered_json lost = ordered_json::object();
  for (std::size_t i = 0; i < data.lost.size(); ++i) lost[std::string(kLostNames[i])] = data.lost[i];
  ordered_json names = ordered_json::array();
  for (const std::string& name : data.versions.names()) names.push_back(name);
  ordered_json saved = {{"form", kForm},
                        {"elapsed_ns", data.elapsed.count()},
                        {"lost", std::move(lost)},
                        {"by_status", SaveMap(data.by_status)},
                        {"by_grpc_status", SaveMap(data.by_grpc_status)},
                        {"versions", std::move(names)},
                        {"kinds", SaveKinds(data)},
                        {"series", SaveSeries(data)},
                        {"stickiness", SaveStickiness(data)}};
  for (const auto& [name, count] : ReportData::kCounts) saved[std::string(name)] = data.*count;
  return saved;
}

core::Result<Report> LoadReport(const ordered_json& saved) {
  try {
    return Report(LoadData(saved));
  } catch (const std::exception& error) {  // of the JSON library, or thrown above
    return core::Fail(ErrorCode::kInvalidArgument, std::string("not what --mergeable writes: ") + error.what(),
                      "make it with sluice-bench ... -o json --mergeable");
  }
}

}  // namespace sluice::bench
