#include "gateway/canary/prometheus_answer.h"

#include <charconv>
#include <optional>
#include <utility>

#include "config/format.h"
#include "config/resource_json.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;
using core::ErrorCode;

constexpr std::size_t kLabelsMax = 200;
constexpr std::size_t kMessageMax = 300;

core::Error NoAnswer(std::string_view why) {
  return {ErrorCode::kInvalidArgument, Format("this is no answer of Prometheus: {}", why),
          "look whether the address leads to Prometheus' HTTP API"};
}

const Json* Find(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::string TextAt(const Json& json, const char* key) {
  const Json* found = Find(json, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

// "0.25", "1e-05", "NaN", "+Inf": numbers as Go writes them.
std::optional<double> ReadValue(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && stop == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

// [seconds, "value"]
std::optional<double> ReadPoint(const Json* point) {
  if (point == nullptr || !point->is_array() || point->size() != 2 || !(*point)[1].is_string()) return std::nullopt;
  return ReadValue((*point)[1].get_ref<const std::string&>());
}

std::string LabelsOf(const Json& sample) {
  const Json* metric = Find(sample, "metric");
  if (metric == nullptr || !metric->is_object() || metric->empty()) return {};
  std::string text;
  for (const auto& [name, value] : metric->items()) {
    if (text.size() > kLabelsMax) break;
    text += text.empty() ? "" : ",";
    text += Format("{}=\"{}\"", name, value.is_string() ? value.get_ref<const std::string&>() : value.dump());
  }
  return "{" + ShortText(text, kLabelsMax) + "}";
}

core::Result<std::vector<PrometheusSample>> ReadVector(const Json& result) {
  if (!result.is_array()) return std::unexpected(NoAnswer("its result is no list"));
  if (result.size() > kPrometheusSamplesMax) {
    return core::Fail(ErrorCode::kLimitExceeded,
                      Format("the query gives {} samples, more than {}", result.size(), kPrometheusSamplesMax),
                      "aggregate them, with sum or max");
  }
  std::vector<PrometheusSample> samples;
  samples.reserve(result.size());
  for (const Json& sample : result) {
    if (Find(sample, "histogram") != nullptr) {
      return core::Fail(ErrorCode::kInvalidArgument, "the query gives histograms, which no bound can be compared with",
                        "take histogram_quantile of them");
    }
    const auto value = ReadPoint(Find(sample, "value"));
    if (!value.has_value()) return std::unexpected(NoAnswer("a sample has no value"));
    samples.push_back({*value, LabelsOf(sample)});
  }
  return samples;
}

core::Result<std::vector<PrometheusSample>> ReadData(const Json& data) {
  const std::string type = TextAt(data, "resultType");
  const Json* result = Find(data, "result");
  if (result == nullptr) return std::unexpected(NoAnswer("it has no result"));
  if (type == "vector") return ReadVector(*result);
  if (type == "scalar") {
    const auto value = ReadPoint(result);
    if (!value.has_value()) return std::unexpected(NoAnswer("its scalar has no value"));
    return std::vector{PrometheusSample{*value}};
  }
  if (type == "matrix") {
    return core::Fail(ErrorCode::kInvalidArgument, "the query gives ranges of time, not values of now",
                      "wrap it, as in rate(...) or max_over_time(...)");
  }
  return core::Fail(ErrorCode::kInvalidArgument,
                    Format("the query gives `{}`, which is no number", ShortText(type, kMessageMax)),
                    "write a query that gives a vector or a scalar");
}

}  // namespace

std::string ShortText(std::string_view text, std::size_t most) {
  std::size_t size = std::min(text.size(), most);
  // Not in the middle of a character.
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  std::string result(text.substr(0, size));
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  if (size < text.size()) result += "...";
  return result;
}

core::Result<std::vector<PrometheusSample>> ParsePrometheusAnswer(std::string_view body) {
  const Json answer = Json::parse(body, nullptr, false);
  if (answer.is_discarded()) return std::unexpected(NoAnswer("it is no JSON"));
  const std::string status = TextAt(answer, "status");
  if (status == "error") {
    const std::string said = TextAt(answer, "error");
    const std::string type = TextAt(answer, "errorType");
    return core::Fail(ErrorCode::kUnavailable,
                      Format("Prometheus says {}: {}", ShortText(type, kMessageMax), ShortText(said, kMessageMax)));
  }
  const Json* data = Find(answer, "data");
  if (status != "success" || data == nullptr) return std::unexpected(NoAnswer("it has no status and data"));
  return ReadData(*data);
}

}  // namespace sluice::gateway
