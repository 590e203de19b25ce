#include "bench/loadgen/run_record.h"

#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>

#include <array>
#include <ctime>

#include "bench/loadgen/report_json.h"
#include "core/base/text.h"

namespace sluice::bench {
namespace {

// A word as a shell takes it.
std::string Quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,%@+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out += '\'';
}

// Reports are passed on: what a header proves who one is with stays out of them.
std::string WithoutSecret(const std::string& word) {
  constexpr std::array<std::string_view, 4> kSecret{"authorization", "proxy-authorization", "cookie", "x-api-key"};
  const auto colon = word.find(':');
  if (colon == std::string::npos) return word;
  for (const std::string_view name : kSecret) {
    // With what may stand before it in the same word: -HName: or --header=Name:
    if (core::Fold(word.substr(0, colon)).ends_with(name)) return word.substr(0, colon) + ": ***";
  }
  return word;
}

}  // namespace

std::string ProgramVersions() {
  std::string out = "sluice-bench " SLUICE_VERSION ", g++ " __VERSION__ ", ";
  return out.append(OpenSSL_version(OPENSSL_VERSION)).append(", nghttp2 ").append(nghttp2_version(0)->version_str);
}

std::string CommandLine(int argc, const char* const* argv) {
  std::string out;
  for (int i = 0; i < argc; ++i) {
    if (i > 0) out += ' ';
    const std::string word = argv[i];
    out += Quoted(i == 0 ? word.substr(word.rfind('/') + 1) : WithoutSecret(word));
  }
  return out;
}

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  std::array<char, 32> text{};
  gmtime_r(&now, &parts);
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::string RecordJson(const RunRecord& record, bool mergeable) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  const auto about = [&] {
    json["command"] = record.command;
    json["versions"] = record.versions;
    json["started"] = record.started;
  };
  if (!record.sweep && record.steps.size() == 1) {
    json = ReportJson(record.steps.front().report);
    about();
    if (mergeable) json["mergeable"] = SaveReport(record.steps.front().report);
    return DumpByLine(json) + "\n";
  }
  about();
  if (record.saturation > 0) json["saturation_per_second"] = record.saturation;
  auto& steps = json["steps"] = nlohmann::ordered_json::array();
  for (const RunStep& step : record.steps) {
    nlohmann::ordered_json one = {{"label", step.label}, {"rate", step.rate}};
    if (step.of_saturation > 0) one["of_saturation"] = step.of_saturation;
    one.update(ReportJson(step.report));
    if (mergeable) one["mergeable"] = SaveReport(step.report);
    steps.push_back(std::move(one));
  }
  return DumpByLine(json) + "\n";
}

}  // namespace sluice::bench
