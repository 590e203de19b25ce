#include "gateway/cli/test_report.h"

#include <algorithm>
#include <cmath>

#include "config/format.h"
#include "config/utf8.h"
#include "gateway/cli/terminal.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

constexpr std::string_view kIndent = "      ";

// A name or a value is free text: what is no printable character becomes a blank, so that a line stays a line.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if ((c >= 0 && c < ' ') || c == '\x7f') c = ' ';
  }
  return text;
}

// What is below "FAIL".
std::vector<std::string> Story(const CaseResult& result) {
  std::vector<std::string> lines;
  for (const CaseFailure& failure : result.failures) {
    lines.push_back(Format("{}: expected {}, got {}", failure.field, failure.wanted, failure.got));
  }
  if (result.first_id) {
    lines.push_back(Format("so for {} of {} requests, the first with id {}", result.failed_requests, result.requests,
                           *result.first_id));
  }
  if (!result.asked.empty()) lines.push_back("asked: " + result.asked);
  if (!result.decided_by.empty()) lines.push_back("decided by " + result.decided_by);
  lines.insert(lines.end(), result.why.begin(), result.why.end());
  std::ranges::transform(lines, lines.begin(), OneLine);
  return lines;
}

std::size_t Failed(const std::vector<CaseRecord>& records) {
  return static_cast<std::size_t>(
      std::ranges::count_if(records, [](const CaseRecord& record) { return !record.result.ok(); }));
}

// Six decimals at most, never in powers of ten.
std::string SecondsText(core::Duration time) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  const std::string fraction = std::to_string(micros % 1'000'000);
  return Format("{}.{}{}", micros / 1'000'000, std::string(6 - fraction.size(), '0'), fraction);
}

// XML 1.0 has no way to write most control characters, nor bytes that are no UTF-8: they become question marks.
std::string Escaped(std::string_view text) {
  std::string valid(text);
  while (const auto bad = config::FindInvalidUtf8(valid)) valid[*bad] = '?';
  std::string xml;
  for (const char c : valid) {
    switch (c) {
      case '&': xml += "&amp;"; break;
      case '<': xml += "&lt;"; break;
      case '>': xml += "&gt;"; break;
      case '"': xml += "&quot;"; break;
      case '\n': xml += "&#10;"; break;
      case '\t': xml += "&#9;"; break;
      default: xml += c >= 0 && c < ' ' ? '?' : c;
    }
  }
  return xml;
}

std::string CaseXml(const CaseRecord& record) {
  const RouteCase& test = *record.test;
  std::string xml =
      Format(R"(    <testcase classname="{}" name="{}" file="{}" line="{}" time="{}")", Escaped(record.suite->name),
             Escaped(test.name), Escaped(test.place.file), test.place.mark.line, SecondsText(record.time));
  if (record.result.ok()) return xml + "/>\n";
  const CaseFailure& first = record.result.failures.front();
  std::string story;
  for (const std::string& line : Story(record.result)) story += line + '\n';
  return xml + Format(">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                      Escaped(first.field),
                      Escaped(Format("{}: expected {}, got {}", first.field, first.wanted, first.got)),
                      Escaped(Format("{}:{}\n{}", test.place.file, test.place.mark.line, story)));
}

core::Duration TimeOf(const std::vector<CaseRecord>& records) {
  core::Duration sum{0};
  for (const CaseRecord& record : records) sum += record.time;
  return sum;
}

}  // namespace

std::string TestText(const std::vector<CaseRecord>& records, bool colours) {
  std::string text;
  for (const CaseRecord& record : records) {
    const bool ok = record.result.ok();
    text += Paint(ok ? "ok  " : "FAIL", ok ? Colour::kGreen : Colour::kRed, colours);
    text += "  " + OneLine(record.suite->name + ": " + record.test->name);
    if (!ok) text += Format("  {}:{}", OneLine(record.test->place.file), record.test->place.mark.line);
    text += '\n';
    if (ok) continue;
    for (const std::string& line : Story(record.result)) text.append(kIndent).append(line) += '\n';
  }
  const std::size_t failed = Failed(records);
  const std::string summary =
      Format("{} {}, {} failed", records.size(), records.size() == 1 ? "test" : "tests", failed);
  return text + Paint(summary, failed == 0 ? Colour::kGreen : Colour::kRed, colours) + '\n';
}

Json TestJson(const std::vector<CaseRecord>& records) {
  Json tests = Json::array();
  for (const CaseRecord& record : records) {
    const CaseResult& result = record.result;
    Json failures = Json::array();
    for (const CaseFailure& failure : result.failures) {
      failures.push_back({{"field", failure.field}, {"expected", failure.wanted}, {"got", failure.got}});
    }
    const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
    tests.push_back({{"suite", record.suite->name},
                     {"name", record.test->name},
                     {"file", record.test->place.file},
                     {"line", record.test->place.mark.line},
                     {"ok", result.ok()},
                     {"requests", result.requests},
                     {"failed_requests", result.failed_requests},
                     {"first_failed_id", result.first_id ? Json(*result.first_id) : Json()},
                     {"seconds", std::chrono::duration<double>(record.time).count()},
                     {"failures", std::move(failures)},
                     {"asked", text(result.asked)},
                     {"decided_by", text(result.decided_by)},
                     {"why", result.why}});
  }
  const std::size_t failed = Failed(records);
  return {{"tests", std::move(tests)}, {"passed", records.size() - failed}, {"failed", failed}};
}

std::string JUnitXml(const std::vector<CaseRecord>& records) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml += Format("<testsuites name=\"sluice test\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{}\">\n",
                records.size(), Failed(records), SecondsText(TimeOf(records)));
  for (auto at = records.begin(); at != records.end();) {
    const auto end = std::find_if(at, records.end(), [&](const CaseRecord& other) { return other.suite != at->suite; });
    const std::vector<CaseRecord> suite(at, end);
    xml += Format(
        "  <testsuite name=\"{}\" file=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\" time=\"{}\">\n",
        Escaped(at->suite->name), Escaped(at->suite->place.file), suite.size(), Failed(suite),
        SecondsText(TimeOf(suite)));
    for (const CaseRecord& record : suite) xml += CaseXml(record);
    xml += "  </testsuite>\n";
    at = end;
  }
  return xml + "</testsuites>\n";
}

}  // namespace sluice::gateway
