#include "bench/loadgen/html_report.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "bench/loadgen/html_text.h"
#include "core/base/random.h"

namespace sluice::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Report SomeReport(const std::string& hostile = "") {
  Report report;
  core::Random random(5);
  report.NameKinds({"rank" + hostile, "profile"});
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const std::string version = (i % 10 == 0 ? "v47" : "v45") + hostile;
    report.CountSent();
    report.CountAnswer({.status = 200,
                        .kind = static_cast<std::uint32_t>(i % 2),
                        .unit = i % 1000,
                        .version = version,
                        .latency = microseconds(500 + random.Below(3000)),
                        .at = microseconds(i * 500)});
  }
  report.CountSent();
  report.CountLost(Lost::kReset, milliseconds(100));
  report.Finish(std::chrono::seconds(10), 0);
  return report;
}

RunRecord Sweep(const std::string& hostile = "") {
  RunRecord record{.command = "sluice-bench " + hostile,
                   .versions = "1.0" + hostile,
                   .started = "2026-01-01" + hostile,
                   .saturation = 4000,
                   .sweep = true};
  for (const double share : {0.5, 0.9}) {
    record.steps.push_back(
        {.label = "step" + hostile, .rate = 4000 * share, .of_saturation = share, .report = SomeReport(hostile)});
  }
  return record;
}

std::size_t Count(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Every tag that is opened is closed, in order; the page is written so that this is easy to see.
std::string FirstUnbalanced(const std::string& page) {
  std::vector<std::string> open;
  for (auto at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const auto end = page.find('>', at);
    if (end == std::string::npos) return "unclosed at the end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    const std::string name =
        tag.substr(tag.starts_with('/') ? 1 : 0, tag.find_first_of(" \n") - (tag.starts_with('/') ? 1 : 0));
    if (tag.starts_with('!') || tag.ends_with('/') || name == "meta") continue;
    if (!tag.starts_with('/')) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return tag;
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back();
}

TEST(HtmlReport, ASweepHasItsPlotsAndTables) {
  const std::string page = HtmlReport(Sweep());
  for (const std::string_view part : {"Latency over load", "Latency by percentile", "Split over time", "Share of v47",
                                      "<td>v45</td><td>18000</td><td>90.00 %</td>", "<td>reset</td><td>1</td>",
                                      "1000 units", "Saturation", "99.99"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(Count(page, "<section>"), 2U);
  EXPECT_EQ(FirstUnbalanced(page), "");
}

TEST(HtmlReport, NeedsNothingFromElsewhereAndNoScripts) {
  const std::string page = HtmlReport(Sweep());
  for (const std::string_view part : {"<script", "<link", "src=", "href=", "url(", "@import", "http://", "https://"}) {
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  }
  EXPECT_NE(page.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_NE(page.find("width=device-width"), std::string::npos);
}

TEST(HtmlReport, WhatComesFromOutsideIsEscapedEverywhere) {
  const std::string page = HtmlReport(Sweep("<script>\"'&\x01\xff"));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find('\x01'), std::string::npos);
  EXPECT_EQ(page.find('\xff'), std::string::npos);
  EXPECT_GT(Count(page, "&lt;script&gt;&quot;&#39;&amp;\xEF\xBF\xBD\xEF\xBF\xBD"), 10U);
  EXPECT_EQ(FirstUnbalanced(page), "");
}

TEST(HtmlReport, ARunThatAnsweredNothingIsAPageToo) {
  RunRecord record;
  record.steps.push_back({.label = "closed loop"});
  const std::string page = HtmlReport(record);
  EXPECT_EQ(FirstUnbalanced(page), "");
  EXPECT_EQ(page.find("nan"), std::string::npos);
  EXPECT_EQ(page.find("inf"), std::string::npos);
  EXPECT_EQ(FirstUnbalanced(HtmlReport({})), "");
}

TEST(HtmlReport, TheFileIsReplacedInOneStep) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "html_report_test";
  std::filesystem::create_directories(folder);
  const std::string path = folder / "page.html";
  ASSERT_TRUE(WriteFile(path, "one"));
  ASSERT_TRUE(WriteFile(path, "two"));
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
  EXPECT_FALSE(WriteFile(path, "three"));
}

TEST(HtmlEscape, TextBecomesTextAgain) {
  EXPECT_EQ(HtmlEscape("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
  EXPECT_EQ(HtmlEscape("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(HtmlEscape("\xC3<"), "\xEF\xBF\xBD&lt;");
}

}  // namespace
}  // namespace sluice::bench
