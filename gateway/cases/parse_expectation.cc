#include "gateway/cases/parse_expectation.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "config/format.h"
#include "core/base/text.h"
#include "core/resilience/retry_policy.h"
#include "gateway/cases/case_check.h"

namespace sluice::gateway {
namespace {

using config::Fields;
using config::Format;
using config::YamlNode;

// `10%`, `0.5 %` or 10.
std::optional<double> PercentOf(const YamlNode& node, const std::string& path, const config::Scope& scope) {
  std::string_view text = core::Trim(node.text);
  if (text.ends_with('%')) text = core::Trim(text.substr(0, text.size() - 1));
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error == std::errc() && stop == text.data() + text.size() && value >= 0 && value <= 100;
  if (node.kind == YamlNode::Kind::kScalar && number) return value;
  scope.Error("IST0106", node.mark, Format("{} is no percentage", path), "write a number from 0% to 100%");
  return std::nullopt;
}

std::optional<double> ReadPercent(Fields& fields, std::string_view key) {
  const YamlNode* node = fields.Get(key);
  return node == nullptr ? std::nullopt : PercentOf(*node, fields.PathOf(key), fields.scope());
}

std::optional<std::uint16_t> ReadShort(Fields& fields, std::string_view key, std::uint32_t min, std::uint32_t max) {
  const auto number = fields.Count(key, min, max);
  return number ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
}

ExpectedHeaders ReadHeaders(Fields& expect, std::string_view key) {
  ExpectedHeaders headers;
  const YamlNode* node = expect.Map(key);
  if (node == nullptr) return headers;
  Fields fields(*node, expect.PathOf(key), expect.scope());
  headers.set = ReadWords(fields, "set");
  headers.absent = fields.Texts("absent");
  for (auto& [name, value] : headers.set) name = core::Fold(name);
  for (std::string& name : headers.absent) name = core::Fold(name);
  if (headers.empty()) expect.scope().Error("IST0106", node->mark, Format("{} says nothing", expect.PathOf(key)));
  return headers;
}

std::optional<std::vector<ExpectedMirror>> ReadMirrors(Fields& expect) {
  const YamlNode* list = expect.List("mirrors");
  if (list == nullptr) return std::nullopt;
  std::vector<ExpectedMirror> mirrors;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    Fields fields(list->items[i], Format("{}[{}]", expect.PathOf("mirrors"), i), expect.scope());
    ExpectedMirror& mirror = mirrors.emplace_back();
    mirror.host = ReadWord(fields, "host").value_or("");
    mirror.subset = ReadWord(fields, "subset").value_or("");
    mirror.port = ReadShort(fields, "port", 1, 65535);
    mirror.percent = ReadPercent(fields, "percent");
    if (mirror.host.empty() && mirror.subset.empty()) {
      expect.scope().Error("IST0106", fields.mark(),
                           Format("{}[{}] names neither host nor subset", expect.PathOf("mirrors"), i));
    }
  }
  return mirrors;
}

std::optional<ExpectedFault> ReadFault(Fields& expect) {
  const YamlNode* node = expect.Map("fault");
  if (node == nullptr) return std::nullopt;
  Fields fields(*node, expect.PathOf("fault"), expect.scope());
  return ExpectedFault{.delay = fields.Time("delay", true),
                       .delay_percent = ReadPercent(fields, "delayPercent"),
                       .abort = ReadShort(fields, "abort", 200, 599),
                       .abort_percent = ReadPercent(fields, "abortPercent")};
}

// In the one spelling that is compared.
std::optional<std::string> ReadRetryOn(Fields& expect) {
  const auto text = ReadWord(expect, "retryOn");
  if (!text) return std::nullopt;
  core::RetryPolicy policy;
  if (const core::Status parsed = core::ParseRetryOn(*text, policy); !parsed) {
    expect.scope().Error("IST0106", expect.MarkOf("retryOn"),
                         Format("{}: {}", expect.PathOf("retryOn"), parsed.error().cause), parsed.error().cure);
    return std::nullopt;
  }
  return RetryOnText(std::move(policy));
}

void ReadShares(Fields& expect, Expectation& into) {
  struct Key {
    std::string_view name;
    ExpectedShares::By by;
  };
  constexpr std::array kKeys = {
      Key{"shares", ExpectedShares::By::kSubset}, Key{"ruleShares", ExpectedShares::By::kRule},
      Key{"armShares", ExpectedShares::By::kArm}, Key{"mirrorShares", ExpectedShares::By::kMirror}};
  for (const Key& key : kKeys) {
    const YamlNode* map = expect.Map(key.name);
    if (map == nullptr) continue;
    ExpectedShares& shares = into.shares.emplace_back();
    shares.by = key.by;
    double sum = 0;
    for (const config::YamlMember& member : map->members) {
      const std::string path = Format("{}.{}", expect.PathOf(key.name), member.key);
      const auto percent = PercentOf(member.value, path, expect.scope());
      if (!percent) continue;
      shares.percents.emplace_back(member.key, *percent);
      sum += *percent;
    }
    if (shares.percents.empty() && map->members.empty()) {
      expect.scope().Error("IST0106", map->mark, Format("{} names nobody", expect.PathOf(key.name)));
    }
    // A request may be copied to several mirrors, but has one subset, rule and arm.
    if (key.by != ExpectedShares::By::kMirror && sum > 100.000001) {
      expect.scope().Error("IST0106", map->mark, Format("{} add up to {}%", expect.PathOf(key.name), sum),
                           "shares of one whole are 100% at most");
    }
  }
  into.tolerance = ReadPercent(expect, "tolerance");
  if (into.tolerance && into.shares.empty()) {
    expect.scope().Error("IST0106", expect.MarkOf("tolerance"), "a tolerance without shares says nothing",
                         "write shares, ruleShares, armShares or mirrorShares");
  }
}

}  // namespace

std::optional<std::string> ReadWord(Fields& fields, std::string_view key) {
  const YamlNode* node = fields.Get(key);
  if (node == nullptr) return std::nullopt;
  return node->kind == YamlNode::Kind::kScalar ? node->text
                                               : config::ReadText(*node, fields.PathOf(key), fields.scope());
}

HeaderList ReadWords(Fields& fields, std::string_view key) {
  HeaderList words;
  const YamlNode* map = fields.Map(key);
  if (map == nullptr) return words;
  const std::string path = fields.PathOf(key);
  Fields entries(*map, path, fields.scope());
  for (const config::YamlMember& member : map->members) {
    if (auto word = ReadWord(entries, member.key)) words.emplace_back(member.key, std::move(*word));
  }
  std::ranges::sort(words);
  return words;
}

Expectation ParseExpectation(Fields& expect) {
  Expectation into;
  into.rule = ReadWord(expect, "rule");
  into.match = ReadWord(expect, "match");
  into.host = ReadWord(expect, "host");
  into.subset = ReadWord(expect, "subset");
  into.port = ReadShort(expect, "port", 1, 65535);
  into.path = ReadWord(expect, "path");
  into.authority = ReadWord(expect, "authority");
  into.timeout = expect.Time("timeout", true);
  into.per_try_timeout = expect.Time("perTryTimeout", true);
  into.attempts = expect.Count("attempts");
  into.retry_on = ReadRetryOn(expect);
  into.backoff = expect.Time("backoff");
  into.mirrors = ReadMirrors(expect);
  into.fault = ReadFault(expect);
  into.status = ReadShort(expect, "status", 100, 599);
  into.redirect = ReadWord(expect, "redirect");
  into.body = ReadWord(expect, "body");
  into.flag = ReadWord(expect, "flag");
  into.experiment = ReadWord(expect, "experiment");
  into.arm = ReadWord(expect, "arm");
  into.bucket = expect.Count("bucket");
  into.request_headers = ReadHeaders(expect, "requestHeaders");
  into.response_headers = ReadHeaders(expect, "responseHeaders");
  ReadShares(expect, into);
  return into;
}

}  // namespace sluice::gateway
