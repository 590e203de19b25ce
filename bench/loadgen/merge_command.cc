#include "bench/loadgen/merge_command.h"

#include <fstream>
#include <iostream>

#include "bench/loadgen/report_flags.h"
#include "bench/loadgen/report_json.h"

namespace sluice::bench {
namespace {

using core::ErrorCode;

constexpr int kFailed = 1;
constexpr int kUsage = 64;
constexpr std::size_t kFileMax = 64U << 20;
constexpr std::size_t kFilesMax = 1000;

core::Result<nlohmann::ordered_json> ReadJson(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return core::Fail(ErrorCode::kIo, "cannot read " + path, "check its name and rights");
  std::string text;
  std::string part(1U << 16, '\0');
  while (file.read(part.data(), static_cast<std::streamsize>(part.size())) || file.gcount() > 0) {
    text.append(part, 0, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kFileMax) return core::Fail(ErrorCode::kLimitExceeded, path + " is larger than 64 MiB", "");
  }
  auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    return core::Fail(ErrorCode::kInvalidArgument, path + " is no JSON object", "write it with -o json --mergeable");
  }
  return json;
}

std::string TextAt(const nlohmann::ordered_json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

core::Result<RunRecord> MergeFiles(const std::vector<std::string>& paths) {
  RunRecord record;
  Report merged;
  for (const std::string& path : paths) {
    const auto json = ReadJson(path);
    if (!json) return std::unexpected(json.error());
    if (json->contains("steps")) {
      return core::Fail(ErrorCode::kInvalidArgument, path + " is a sweep, whose steps are not merged",
                        "run the steps one by one with -r");
    }
    const auto report = LoadReport(json->value("mergeable", nlohmann::ordered_json()));
    if (!report) return core::Fail(report.error().code, path + " is " + report.error().cause, report.error().cure);
    merged.Merge(*report);
    record.command.append(record.command.empty() ? "" : "; ").append(TextAt(*json, "command"));
    if (record.started.empty() || TextAt(*json, "started") < record.started) record.started = TextAt(*json, "started");
  }
  record.versions = ProgramVersions();
  record.steps.push_back(
      {.label = "merged from " + std::to_string(paths.size()) + " runs", .report = std::move(merged)});
  return record;
}

int MergeMain(int argc, const char* const* argv) {
  CLI::App app{"adds up what several processes wrote that ran side by side", "sluice-bench merge"};
  std::vector<std::string> paths;
  ReportFlags flags;
  app.add_option("files", paths, "written with -o json --mergeable")->required()->expected(1, kFilesMax);
  AddOutputFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  const auto record = MergeFiles(paths);
  const auto fail = [](const core::Error& error) {
    std::cerr << "sluice-bench merge: " << error.Text() << '\n';
    return kFailed;
  };
  if (!record) return fail(record.error());
  if (const auto written = WriteOutputs(flags, *record); !written) return fail(written.error());
  return 0;
}

}  // namespace sluice::bench
