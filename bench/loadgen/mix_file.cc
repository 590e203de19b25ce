#include "bench/loadgen/mix_file.h"

#include <array>
#include <cmath>
#include <fstream>
#include <set>

#include "config/duration.h"
#include "config/fields.h"

namespace sluice::bench {
namespace {

using config::Fields;
using config::Scope;
using config::YamlNode;
using core::ErrorCode;

constexpr std::string_view kCode = "mix";
constexpr std::array<std::string_view, 2> kUserLaws{"uniform", "zipf"};
constexpr std::array<std::string_view, 2> kSizeLaws{"uniform", "lognormal"};
constexpr std::array<std::string_view, 2> kThinkLaws{"fixed", "exponential"};
constexpr std::uint32_t kWeightMax = 1'000'000;
constexpr auto kThinkMax = std::chrono::hours(1);

// The first finding as an error, with how many more there are.
core::Error FirstOf(config::Findings& findings) {
  const std::size_t errors = findings.errors();
  const auto all = findings.Take();
  for (const config::Finding& finding : all) {
    if (finding.severity != config::Severity::kError) continue;
    std::string cause = finding.place.file;
    cause.append(":").append(std::to_string(finding.place.mark.line)).append(": ").append(finding.message);
    if (errors > 1) cause.append(" (and ").append(std::to_string(errors - 1)).append(" more)");
    return {ErrorCode::kInvalidArgument, std::move(cause), finding.cure};
  }
  return {ErrorCode::kInternal, "no finding", {}};
}

std::optional<UserSpec> ReadUsers(const YamlNode& node, const Scope& scope) {
  Fields fields(node, "users", scope);
  UserSpec users;
  if (!fields.Require("count")) return std::nullopt;
  users.count = static_cast<std::uint64_t>(
      fields.Integer("count", 1, static_cast<std::int64_t>(UserSpec::kCountMax)).value_or(1));
  const bool zipf = fields.Choice("distribution", kUserLaws).value_or(0) == 1;
  const bool has_exponent = fields.Has("exponent");
  const double exponent = fields.Number("exponent", 0.01, 10).value_or(1.0);
  if (zipf) users.exponent = exponent;
  if (has_exponent && !zipf) {
    scope.Error(kCode, fields.MarkOf("exponent"), "users.exponent has no effect on a uniform distribution",
                "write distribution: zipf, or leave it out");
  }
  if (auto header = fields.Text("header")) users.header = *header;
  if (auto format = fields.Text("format")) users.format = *format;
  if (users.format.find("{user}") == std::string::npos) {
    scope.Error(kCode, fields.MarkOf("format"), "users.format gives every user the same name",
                "write {user} where its number goes, for example 'u{user}'");
  }
  return users;
}

void ReadSizeLaw(const YamlNode& node, const std::string& path, const Scope& scope, BodySize& size) {
  Fields fields(node, path, scope);
  const bool lognormal = fields.Choice("distribution", kSizeLaws).value_or(0) == 1;
  size.law = lognormal ? BodySize::Law::kLogNormal : BodySize::Law::kUniform;
  size.min = fields.Bytes("min", BodySize::kMax).value_or(lognormal ? 1 : 0);
  if (!fields.Require("max")) return;
  size.max = fields.Bytes("max", BodySize::kMax).value_or(size.min);
  const bool shaped = fields.Has("median") || fields.Has("sigma");
  const auto median = fields.Bytes("median", BodySize::kMax);
  const auto sigma = fields.Number("sigma", 0.01, 10);
  if (size.min > size.max || (lognormal && size.min == 0)) {
    scope.Error(kCode, fields.MarkOf("max"), path + ": min must be at most max, and above 0 for lognormal",
                "for example min: 64, max: 64KiB");
    return;
  }
  if (shaped && !lognormal) {
    scope.Error(kCode, fields.mark(), path + ": median and sigma have no effect on a uniform distribution",
                "write distribution: lognormal, or leave them out");
  }
  if (median && (*median < size.min || *median > size.max)) {
    scope.Error(kCode, fields.MarkOf("median"), path + ".median is not between min and max", "write one between");
  }
  // Left out: the middle of the bounds by ratio, and the bounds two standard deviations off.
  const auto low = static_cast<double>(size.min);
  const auto high = static_cast<double>(size.max);
  if (!lognormal) return;
  size.median = median ? static_cast<double>(*median) : std::sqrt(low * high);
  size.sigma = sigma.value_or(std::log(high / low) / 4);
}

std::chrono::nanoseconds ReadThinkTime(const std::string& text, config::Mark mark, const Scope& scope) {
  const auto time = config::ParseDuration(text);
  if (time && *time >= core::Duration::zero() && *time <= kThinkMax) return *time;
  scope.Error(kCode, mark, "'" + text + "' is no time to think", "write for example 5ms, at most 1h");
  return {};
}

ThinkTime ReadThink(const YamlNode& node, const std::string& path, const Scope& scope) {
  ThinkTime think;
  if (node.kind != YamlNode::Kind::kMap) {
    if (const auto text = config::ReadText(node, path, scope)) think.mean = ReadThinkTime(*text, node.mark, scope);
    return think;
  }
  Fields fields(node, path, scope);
  think.exponential = fields.Choice("distribution", kThinkLaws).value_or(0) == 1;
  if (!fields.Require("mean")) return think;
  if (const auto mean = fields.Text("mean")) think.mean = ReadThinkTime(*mean, fields.MarkOf("mean"), scope);
  return think;
}

void ReadBody(Fields& fields, const RequestParts& defaults, const Scope& scope, KindSpec& spec) {
  const bool has_body = fields.Has("body");
  if (has_body) spec.body = fields.Text("body").value_or("");
  const YamlNode* bytes = fields.Get("bodyBytes");
  if (bytes != nullptr && has_body) {
    scope.Error(kCode, fields.MarkOf("bodyBytes"), fields.PathOf("bodyBytes") + " stands beside body",
                "write one of the two");
  } else if (bytes != nullptr && bytes->kind == YamlNode::Kind::kMap) {
    ReadSizeLaw(*bytes, fields.PathOf("bodyBytes"), scope, spec.body_size);
  } else if (bytes != nullptr) {
    spec.body_size.max = fields.Bytes("bodyBytes", BodySize::kMax).value_or(0);
    spec.body_size.min = spec.body_size.max;
  } else if (!has_body) {
    spec.body = defaults.body;
    spec.body_size = {.min = defaults.body_bytes, .max = defaults.body_bytes};
  }
}

KindSpec ReadKind(const YamlNode& node, std::size_t index, const RequestParts& defaults, const Scope& scope) {
  Fields fields(node, "requests[" + std::to_string(index) + "]", scope);
  KindSpec spec{.headers = defaults.headers, .grpc = defaults.grpc};
  spec.name = fields.Text("name").value_or("request-" + std::to_string(index + 1));
  spec.weight = fields.Count("weight", 1, kWeightMax).value_or(1);
  spec.method = fields.Text("method").value_or(defaults.method);
  spec.path = fields.Text("path").value_or("");
  for (const auto& [name, value] : fields.TextsByKey("headers")) {
    std::string line = name;
    spec.headers.push_back(line.append(": ").append(value));
  }
  ReadBody(fields, defaults, scope, spec);
  if (const YamlNode* think = fields.Get("think")) spec.think = ReadThink(*think, fields.PathOf("think"), scope);
  constexpr std::size_t kNameMax = 64;
  if (spec.name.empty() || spec.name.size() > kNameMax) {
    scope.Error(kCode, fields.MarkOf("name"), fields.PathOf("name") + " has 1 to 64 characters", "write a shorter one");
  }
  return spec;
}

void ReadMix(const YamlNode& root, const RequestParts& defaults, const Target& target, const Scope& scope,
             MixFile& mix) {
  Fields fields(root, "", scope);
  if (const YamlNode* users = fields.Map("users")) mix.users = ReadUsers(*users, scope);
  if (!fields.Require("requests")) return;
  const YamlNode* requests = fields.List("requests");
  if (requests == nullptr) return;
  if (requests->items.empty() || requests->items.size() > RequestMix::kKindsMax) {
    scope.Error(kCode, requests->mark, "requests has 1 to 64 entries", "write at least one, merge alike ones");
    return;
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < requests->items.size(); ++i) {
    const YamlNode& node = requests->items[i];
    KindSpec spec = ReadKind(node, i, defaults, scope);
    if (!names.insert(spec.name).second) {
      scope.Error(kCode, node.mark, "a second entry is named '" + spec.name + "'", "give it another name");
    }
    spec.user_places = mix.users.has_value();
    if (mix.users && !mix.users->header.empty()) {
      std::string line = mix.users->header;
      spec.user_headers.push_back(line.append(": ").append(mix.users->format));
    }
    auto kind = RequestKind::Compile(spec, target);
    if (kind) {
      mix.kinds.push_back(std::move(*kind));
    } else {
      scope.Error(kCode, node.mark, kind.error().cause, kind.error().cure);
    }
  }
}

}  // namespace

core::Result<MixFile> ParseMix(std::string_view text, const std::string& path, const RequestParts& defaults,
                               const Target& target) {
  if (text.size() > config::kYamlBytesMax) {
    return core::Fail(ErrorCode::kLimitExceeded, path + " is larger than 1 MiB", "split the mix");
  }
  config::Findings findings;
  const Scope scope{path, findings};
  const auto documents = config::ParseYaml(text, path, findings);
  MixFile mix;
  if (documents.size() == 1) {
    ReadMix(documents.front(), defaults, target, scope, mix);
  } else if (!findings.has_errors()) {
    scope.Error(kCode, {.line = 1, .column = 1}, "a mix file is one document",
                "write one, which begins with requests:");
  }
  if (findings.has_errors()) return std::unexpected(FirstOf(findings));
  return mix;
}

core::Result<MixFile> ReadMixFile(const std::string& path, const RequestParts& defaults, const Target& target) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return core::Fail(ErrorCode::kIo, "cannot read the mix file " + path, "check its name and rights");
  std::string text(config::kYamlBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return ParseMix(text, path, defaults, target);
}

}  // namespace sluice::bench
