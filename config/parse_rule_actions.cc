// What a VirtualService rule does besides choosing a destination: redirect, directResponse, rewrite, fault, corsPolicy,
// retries (istio-reference.md sections 1.3 and 1.5).
#include "config/parse.h"

#include "core/base/text.h"
#include "core/http/field_text.h"
#include "core/route/predicate.h"

#include "config/base64.h"
#include "config/format.h"
#include "config/grpc_code.h"
#include "config/hostname.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::size_t kBodyMax = 1024 * 1024;
constexpr std::size_t kBodyLarge = 100 * 1024;

// Parts of a target or an authority: what the writer of a request line, of Host or of Location would refuse.
std::optional<std::string> ReadUriPart(Fields& fields, std::string_view key) {
  auto text = fields.Text(key);
  if (!text.has_value() || core::IsVisibleText(*text)) return text;
  fields.scope().Error("IST0106", fields.MarkOf(key),
                       Format("{} holds blanks or control characters", fields.PathOf(key)), "write a blank as %20");
  return std::nullopt;
}

bool OnlyPrefixes(const std::vector<MatchItem>& matches) {
  return std::ranges::all_of(matches, [](const MatchItem& item) {
    return !item.match.uri.has_value() || item.match.uri->kind() == core::StringMatch::Kind::kPrefix;
  });
}

// Parts of a million; the deprecated integer `percent` is still read, as Istio does.
std::uint32_t ReadFaultShare(Fields& fault, const std::string& path) {
  const auto share = ReadPercentage(fault, "percentage");
  const auto old = fault.Count("percent", 0, 100);
  if (old.has_value()) {
    fault.scope().Warn("IST0002", fault.MarkOf("percent"), Format("{} is deprecated", fault.PathOf("percent")),
                       Format("write percentage: {value: {}}", *old));
  }
  if (share.has_value()) return *share;
  if (old.has_value()) return *old * 10'000;
  fault.scope().Warn("IST0133", fault.mark(), Format("{} has no percentage, so it never happens", path),
                     "write percentage: {value: 100}");
  return 0;
}

void ReadAbort(Fields& parent, core::Fault& into) {
  const YamlNode* node = parent.Map("abort");
  if (node == nullptr) return;
  Fields abort(*node, parent.PathOf("abort"), parent.scope());
  const auto http = abort.Count("httpStatus", 200, 600);
  const auto grpc = abort.Text("grpcStatus");
  abort.Refuse("http2Error", "it was never implemented in Istio either", "use httpStatus");
  if (http.has_value() == grpc.has_value()) {
    parent.scope().Error("IST0106", node->mark,
                         Format("{} must hold exactly one of httpStatus, grpcStatus", parent.PathOf("abort")));
  }
  if (http.has_value()) into.abort_http_status = static_cast<std::uint16_t>(*http);
  if (grpc.has_value()) {
    const auto code = GrpcCodeOf(*grpc);
    if (code.has_value()) {
      into.abort_grpc_status = code;
    } else {
      parent.scope().Error("IST0106", abort.MarkOf("grpcStatus"), Format("`{}` is no gRPC status", grpc->substr(0, 80)),
                           "write its name, such as UNAVAILABLE");
    }
  }
  into.abort_per_million = ReadFaultShare(abort, parent.PathOf("abort"));
}

void ReadDelay(Fields& parent, core::Fault& into) {
  const YamlNode* node = parent.Map("delay");
  if (node == nullptr) return;
  Fields delay(*node, parent.PathOf("delay"), parent.scope());
  delay.Require("fixedDelay");
  into.delay = delay.Time("fixedDelay").value_or(core::Duration(0));
  delay.Refuse("exponentialDelay", "it was never implemented in Istio either", "use fixedDelay");
  into.delay_per_million = ReadFaultShare(delay, parent.PathOf("delay"));
}

std::string Join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ",") + word;
  return joined;
}

// Names of headers or methods.
std::string ReadTokens(Fields& fields, std::string_view key) {
  const std::vector<std::string> words = fields.Texts(key);
  for (const std::string& word : words) {
    if (core::IsToken(word)) continue;
    fields.scope().Error("IST0106", fields.MarkOf(key),
                         Format("{}: `{}` is no name", fields.PathOf(key), word.substr(0, 80)));
  }
  return Join(words);
}

void ReadOrigins(Fields& cors, core::CorsPolicy& into) {
  const YamlNode* list = cors.List("allowOrigins");
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    auto match = ReadStringMatch(list->items[i], Format("{}[{}]", cors.PathOf("allowOrigins"), i), {}, cors.scope());
    if (match.has_value()) into.allow_origins.push_back(std::move(*match));
  }
}

void ReadRegexRewrite(Fields& parent, core::Rewrite& into) {
  const YamlNode* node = parent.Map("uriRegexRewrite");
  if (node == nullptr) return;
  Fields regex(*node, parent.PathOf("uriRegexRewrite"), parent.scope());
  regex.Require("match");
  regex.Require("rewrite");
  const auto pattern = regex.Text("match");
  const auto replacement = ReadUriPart(regex, "rewrite");
  if (!pattern.has_value() || !replacement.has_value()) return;
  const auto compiled = core::CompileRegex(*pattern);
  if (!compiled.has_value()) {
    parent.scope().Error("IST0106", regex.MarkOf("match"),
                         Format("{}: {}", regex.PathOf("match"), compiled.error().cause), compiled.error().cure);
    return;
  }
  if (const auto checked = core::CheckReplacement(**compiled, *replacement); !checked.has_value()) {
    parent.scope().Error("IST0106", regex.MarkOf("rewrite"),
                         Format("{}: {}", regex.PathOf("rewrite"), checked.error().cause), checked.error().cure);
    return;
  }
  into.regex = *pattern;
  into.regex_replacement = *replacement;
  into.compiled_regex = *compiled;
}

bool IsKnownTokenList(Fields& retries, const std::string& list, core::RetryPolicy& policy) {
  const auto parsed = core::ParseRetryOn(list, policy);
  if (parsed.has_value()) return true;
  retries.scope().Error("IST0106", retries.MarkOf("retryOn"),
                        Format("{}: {}", retries.PathOf("retryOn"), parsed.error().cause), parsed.error().cure);
  return false;
}

}  // namespace

std::optional<core::Redirect> ReadRedirect(Fields& rule, const std::vector<MatchItem>& matches) {
  const YamlNode* node = rule.Map("redirect");
  if (node == nullptr) return std::nullopt;
  Fields fields(*node, rule.PathOf("redirect"), rule.scope());
  core::Redirect redirect;
  redirect.uri = ReadUriPart(fields, "uri");
  redirect.prefix_rewrite = ReadUriPart(fields, "prefixRewrite");
  redirect.authority = ReadUriPart(fields, "authority");
  if (const auto port = fields.Count("port", 1, 65535)) redirect.port = static_cast<std::uint16_t>(*port);
  constexpr std::array<std::string_view, 2> kDerive = {"FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"};
  if (const auto derive = fields.Choice("derivePort", kDerive)) {
    redirect.derive_port =
        *derive == 0 ? core::Redirect::DerivePort::kFromProtocolDefault : core::Redirect::DerivePort::kFromRequestPort;
  }
  constexpr std::array<std::string_view, 2> kSchemes = {"http", "https"};
  if (const auto scheme = fields.Choice("scheme", kSchemes)) redirect.scheme = kSchemes.at(*scheme);
  const auto code = fields.Count("redirectCode", 301, 308).value_or(301);
  const Scope& scope = rule.scope();
  if (code != 301 && code != 302 && code != 303 && code != 307 && code != 308) {
    scope.Error("IST0106", fields.MarkOf("redirectCode"), Format("{} is no redirect", code),
                "write 301, 302, 303, 307 or 308");
  }
  redirect.code = static_cast<std::uint16_t>(code);
  if (node->members.empty()) scope.Error("IST0106", node->mark, Format("{} is empty", rule.PathOf("redirect")));
  if (redirect.uri.has_value() && redirect.prefix_rewrite.has_value()) {
    scope.Error("IST0106", fields.MarkOf("prefixRewrite"), "a redirect has both uri and prefixRewrite", "keep one");
  }
  if (redirect.prefix_rewrite.has_value() && !OnlyPrefixes(matches)) {
    scope.Error("IST0106", fields.MarkOf("prefixRewrite"), "prefixRewrite needs prefix matches on the uri");
  }
  if (redirect.port.has_value() && redirect.derive_port != core::Redirect::DerivePort::kNone) {
    scope.Error("IST0106", fields.MarkOf("derivePort"), "a redirect has both port and derivePort", "keep one");
  }
  return redirect;
}

std::optional<core::DirectResponse> ReadDirectResponse(Fields& rule) {
  const YamlNode* node = rule.Map("directResponse");
  if (node == nullptr) return std::nullopt;
  Fields fields(*node, rule.PathOf("directResponse"), rule.scope());
  core::DirectResponse response;
  fields.Require("status");
  response.status = static_cast<std::uint16_t>(fields.Count("status", 200, 599).value_or(200));
  const YamlNode* body_node = fields.Map("body");
  if (body_node == nullptr) return response;
  Fields body(*body_node, fields.PathOf("body"), rule.scope());
  const auto text = body.Text("string");
  const auto bytes = body.Text("bytes");
  if (text.has_value() == bytes.has_value()) {
    rule.scope().Error("IST0106", body_node->mark, "a body must hold exactly one of string, bytes");
    return response;
  }
  const auto decoded = text.has_value() ? text : DecodeBase64(*bytes);
  if (!decoded.has_value()) {
    rule.scope().Error("IST0106", body.MarkOf("bytes"), Format("{} is not base64", body.PathOf("bytes")));
    return response;
  }
  response.body = *decoded;
  if (response.body.size() > kBodyMax) {
    rule.scope().Error("IST0106", body_node->mark, "the body is larger than 1 MiB", "serve it from an upstream");
  } else if (response.body.size() > kBodyLarge) {
    rule.scope().Warn("IST0133", body_node->mark, "the body is larger than 100 KiB", "serve it from an upstream");
  }
  return response;
}

core::Rewrite ReadRewrite(Fields& rule) {
  core::Rewrite rewrite;
  const YamlNode* node = rule.Map("rewrite");
  if (node == nullptr) return rewrite;
  Fields fields(*node, rule.PathOf("rewrite"), rule.scope());
  rewrite.uri = ReadUriPart(fields, "uri");
  rewrite.authority = ReadUriPart(fields, "authority");
  ReadRegexRewrite(fields, rewrite);
  if (node->members.empty()) rule.scope().Error("IST0106", node->mark, Format("{} is empty", rule.PathOf("rewrite")));
  if (fields.Has("uri") && fields.Has("uriRegexRewrite")) {
    rule.scope().Error("IST0106", fields.MarkOf("uriRegexRewrite"), "a rewrite has both uri and uriRegexRewrite",
                       "keep one");
  }
  return rewrite;
}

std::optional<core::Fault> ReadFault(Fields& rule) {
  const YamlNode* node = rule.Map("fault");
  if (node == nullptr) return std::nullopt;
  Fields fields(*node, rule.PathOf("fault"), rule.scope());
  core::Fault fault;
  ReadDelay(fields, fault);
  ReadAbort(fields, fault);
  if (!fields.Has("delay") && !fields.Has("abort")) {
    rule.scope().Error("IST0106", node->mark, Format("{} needs abort, delay or both", rule.PathOf("fault")));
  }
  return fault;
}

std::optional<core::CorsPolicy> ReadCors(Fields& rule) {
  const YamlNode* node = rule.Map("corsPolicy");
  if (node == nullptr) return std::nullopt;
  Fields fields(*node, rule.PathOf("corsPolicy"), rule.scope());
  core::CorsPolicy cors;
  ReadOrigins(fields, cors);
  for (const std::string& origin : fields.Texts("allowOrigin")) {
    cors.allow_origins.push_back(origin == "*" ? core::StringMatch::Prefix("") : core::StringMatch::Exact(origin));
  }
  if (fields.Has("allowOrigin")) {
    rule.scope().Warn("IST0002", fields.MarkOf("allowOrigin"), "allowOrigin is deprecated",
                      "write allowOrigins with exact, prefix or regex");
  }
  cors.allow_methods = ReadTokens(fields, "allowMethods");
  cors.allow_headers = ReadTokens(fields, "allowHeaders");
  cors.expose_headers = ReadTokens(fields, "exposeHeaders");
  cors.max_age = fields.Time("maxAge", true);
  if (cors.max_age.has_value() && *cors.max_age % core::Seconds(1) != core::Duration(0)) {
    rule.scope().Error("IST0106", fields.MarkOf("maxAge"), "maxAge must be whole seconds");
  }
  cors.allow_credentials = fields.Flag("allowCredentials").value_or(false);
  constexpr std::array<std::string_view, 3> kUnmatched = {"FORWARD", "IGNORE", "UNSPECIFIED"};
  cors.forward_unmatched_preflights = fields.Choice("unmatchedPreflights", kUnmatched).value_or(0) != 1;
  return cors;
}

std::optional<RetrySpec> ReadRetries(Fields& rule) {
  const YamlNode* node = rule.Map("retries");
  if (node == nullptr) return std::nullopt;
  Fields fields(*node, rule.PathOf("retries"), rule.scope());
  RetrySpec spec;
  spec.mark = rule.MarkOf("retries");
  core::RetryPolicy& policy = spec.policy;
  // Without the field Istio reads 0, which it then refuses beside other fields: so it has to be written.
  fields.Require("attempts");
  policy.attempts = fields.Count("attempts").value_or(policy.attempts);
  policy.per_try_timeout = fields.Time("perTryTimeout").value_or(core::Duration(0));
  if (const auto backoff = fields.Time("backoff")) policy.backoff_base = *backoff;
  if (const auto avoid = fields.Flag("retryIgnorePreviousHosts")) {
    policy.avoid_previous_hosts = *avoid;
    spec.avoid_previous_given = true;
  }
  fields.Ignore("retryRemoteLocalities", "this gateway knows no localities");
  if (const auto list = fields.Text("retryOn")) {
    spec.tokens = *list;
    if (!list->empty()) IsKnownTokenList(fields, *list, policy);
  }
  if (fields.Has("attempts") && policy.attempts == 0 && node->members.size() > 1) {
    rule.scope().Error("IST0106", fields.MarkOf("attempts"),
                       "attempts: 0 switches retries off, so the other fields mean nothing", "remove them");
  }
  return spec;
}

}  // namespace sluice::config
