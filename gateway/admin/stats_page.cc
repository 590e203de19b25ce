// /stats: every metric as `name: value` under Envoy's own dotted names.
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/route/string_match.h"
#include "gateway/admin/admin_pages.h"

namespace sluice::gateway {
namespace {

// Up to here the page of metrics is written whole and its length told; what is longer goes out as it is written.
constexpr std::size_t kMetricsWholeMax = 1024 * 1024;

struct Stat {
  std::string name;
  double value = 0;
  std::string text;  // what the text page shows
  bool used = false;
};

void ReplaceFirst(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

// "envoy_cluster_upstream_rq_xx" with its labels -> "cluster.NAME.upstream_rq_5xx"; others keep name and labels.
std::string StatName(const MetricFamily& family, const MetricSample& sample) {
  std::string scope;
  std::string tail = family.name;
  std::string rest;
  for (const auto& [label, value] : sample.labels) {
    if (label == "envoy_cluster_name" && tail.starts_with("envoy_cluster_")) {
      scope = "cluster." + value + ".";
      tail.erase(0, std::string_view("envoy_cluster_").size());
    } else if (label == "envoy_http_conn_manager_prefix") {
      scope = "http." + value + ".";
      tail.erase(0, std::string_view("envoy_http_").size());
    } else if (label == "envoy_response_code") {
      tail += "_" + value;
    } else if (label == "envoy_response_code_class") {
      ReplaceFirst(tail, "_xx", "_" + value + "xx");
    } else {
      rest += "." + std::string(label) + "." + value;
    }
  }
  if (tail.starts_with("envoy_server_")) {
    scope = "server.";
    tail.erase(0, std::string_view("envoy_server_").size());
  }
  ReplaceFirst(tail, "circuit_breakers_default_", "circuit_breakers.default.");
  ReplaceFirst(tail, "outlier_detection_", "outlier_detection.");
  return scope + tail + rest;
}

std::string NumberText(double value) {
  char text[40];
  const char* format = value == std::floor(value) && std::abs(value) < 1e15 ? "%.0f" : "%.6g";
  return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, format, value))};
}

Stat StatOf(const MetricFamily& family, const MetricSample& sample) {
  Stat stat;
  stat.name = StatName(family, sample);
  if (family.type != MetricType::kHistogram) {
    stat.value = sample.value;
    stat.used = sample.value != 0;
    stat.text = NumberText(sample.value);
    return stat;
  }
  const core::HistogramTotal& total = sample.histogram;
  stat.value = static_cast<double>(total.count());
  stat.used = stat.value > 0;
  if (!stat.used) {
    stat.text = "No recorded values";
    return stat;
  }
  for (const int percent : {50, 90, 99}) {
    stat.text += "P" + std::to_string(percent) + "(" + NumberText(total.Quantile(percent / 100.0)) + ") ";
  }
  stat.text += "count(" + NumberText(stat.value) + ") sum(" + NumberText(total.sum()) + ")";
  return stat;
}

}  // namespace

AdminAnswer MetricsPage(const AdminContext& context) {
  AdminAnswer answer(200, "text/plain; version=0.0.4; charset=utf-8", "");
  auto page = std::make_shared<TextPage>(context.collector->Page());
  page->Write(answer.body, kMetricsWholeMax);
  if (!page->ended()) answer.rest = std::move(page);
  return answer;
}

AdminAnswer StatsPage(const AdminContext& context, const AdminRequest& request) {
  const std::string format = request.Parameter("format").value_or("text");
  if (format == "prometheus") return MetricsPage(context);
  core::StringMatch filter = core::StringMatch::Present();
  if (const auto pattern = request.Parameter("filter"); pattern && !pattern->empty()) {
    core::Result<core::StringMatch> regex = core::StringMatch::Regex("(?s:.*)(?:" + *pattern + ")(?s:.*)");
    if (!regex) return {400, "text/plain; charset=utf-8", regex.error().Text() + "\n"};
    filter = std::move(*regex);
  }
  const bool used_only = request.Parameter("usedonly").has_value();

  std::string text;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const MetricFamily& family : context.collector->Families()) {
    for (const MetricSample& sample : family.samples) {
      const Stat stat = StatOf(family, sample);
      if ((used_only && !stat.used) || !filter.Matches(stat.name)) continue;
      if (format == "json") {
        list.push_back({{"name", stat.name}, {"value", stat.value}});
      } else {
        text += stat.name + ": " + stat.text + "\n";
      }
    }
  }
  if (format != "json") return {200, "text/plain; charset=utf-8", std::move(text)};
  return {200, "application/json",
          nlohmann::ordered_json{{"stats", std::move(list)}}.dump(-1, ' ', false,
                                                                  nlohmann::json::error_handler_t::replace) +
              "\n"};
}

}  // namespace sluice::gateway
