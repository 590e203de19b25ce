#include "gateway/api/request_body.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/format.h"
#include "config/yaml_node.h"
#include "core/base/text.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

constexpr const char* kTooDeep = "the object is nested too deeply; rules are at most 30 levels deep";

// Watches the parser: what is too deep is left out of the tree, keys that come twice are remembered.
class Guard {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    const bool opens = event == Event::object_start || event == Event::array_start;
    if (opens && depth >= static_cast<int>(kObjectDepthMax)) too_deep_ = true;
    if (too_deep_) return false;
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second && twice_.empty()) twice_ = key;
    }
    return true;
  }

  bool too_deep() const { return too_deep_; }
  const std::string& twice() const { return twice_; }

 private:
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  std::string twice_;
  bool too_deep_ = false;
};

}  // namespace

ApiError TooLarge() {
  ApiError error{.code = 413, .reason = "RequestEntityTooLarge"};
  error.message = Format("the object is longer than {} bytes", kObjectBytesMax);
  return error;
}

ApiError UnsupportedMediaType(std::string_view accepted) {
  ApiError error{.code = 415, .reason = "UnsupportedMediaType"};
  error.message =
      Format("the body of the request was in an unknown format - accepted media types include: {}", accepted);
  return error;
}

bool DepthAllowed(const Json& json, std::size_t depth) {
  if (!json.is_structured()) return true;
  return depth != 0 && std::ranges::all_of(json, [&](const Json& value) { return DepthAllowed(value, depth - 1); });
}

std::string MediaType(std::string_view content_type) {
  return core::Fold(core::Trim(content_type.substr(0, content_type.find(';'))));
}

std::expected<Json, ApiError> ParseJson(std::string_view text) {
  if (text.size() > kObjectBytesMax) return std::unexpected(TooLarge());
  Guard guard;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) { return guard(depth, event, parsed); };
  Json json;
  try {
    json = Json::parse(text, watch);
  } catch (const Json::exception& error) {
    // Its text begins with the parser's own number in brackets.
    const std::string_view what = error.what();
    const std::size_t bracket = what.find("] ");
    return std::unexpected(BadRequest(
        Format("the body is no JSON: {}", bracket == std::string_view::npos ? what : what.substr(bracket + 2, 300))));
  }
  if (guard.too_deep()) return std::unexpected(BadRequest(kTooDeep));
  if (!guard.twice().empty()) {
    return std::unexpected(
        BadRequest(Format("strict decoding error: duplicate field \"{}\"; keep one of the two", guard.twice())));
  }
  return json;
}

std::expected<Json, ApiError> ParseYamlText(std::string_view text) {
  // kubectl sends JSON under the name of YAML: the stricter parser reads it, and says better what is wrong.
  if (core::Trim(text.substr(0, 64)).starts_with('{')) return ParseJson(text);
  if (text.size() > kObjectBytesMax) return std::unexpected(TooLarge());
  config::Findings findings;
  const std::vector<config::YamlNode> roots = config::ParseYaml(text, "body", findings);
  for (const config::Finding& finding : findings.Take()) {
    if (finding.severity != config::Severity::kError) continue;
    return std::unexpected(BadRequest(Format("the body is no YAML that is read here: line {}: {}; {}",
                                             finding.place.mark.line, finding.message, finding.cure)));
  }
  if (roots.size() != 1) return std::unexpected(BadRequest("the body must be one YAML document"));
  Json json = config::ToJson(roots.front());
  if (!DepthAllowed(json)) return std::unexpected(BadRequest(kTooDeep));
  return json;
}

std::expected<Json, ApiError> ReadBody(std::string_view content_type, std::string_view text) {
  const std::string type = MediaType(content_type);
  if (text.empty()) return std::unexpected(BadRequest("the request has no body"));
  if (type.empty() || type == "application/json") return ParseJson(text);
  if (type == "application/yaml" || type == "application/x-yaml" || type == "text/yaml") return ParseYamlText(text);
  return std::unexpected(UnsupportedMediaType("application/json, application/yaml"));
}

}  // namespace sluice::gateway
