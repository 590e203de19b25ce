// Bodies of requests as JSON: JSON read strictly (no key twice, bounded depth and size) and YAML read as rules are.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "config/resource_json.h"
#include "gateway/api/status.h"

namespace sluice::gateway {

inline constexpr std::size_t kObjectBytesMax = 1024 * 1024;  // of one object or patch; rules are read up to that size
inline constexpr std::size_t kObjectDepthMax = 30;           // likewise, config/yaml_node.h

std::expected<config::Json, ApiError> ParseJson(std::string_view text);
std::expected<config::Json, ApiError> ParseYamlText(std::string_view text);

// By Content-Type: application/json (also when there is none) or application/yaml.
std::expected<config::Json, ApiError> ReadBody(std::string_view content_type, std::string_view text);

// "application/json" of "application/json; charset=utf-8", in lower case.
std::string MediaType(std::string_view content_type);

ApiError UnsupportedMediaType(std::string_view accepted);
ApiError TooLarge();

// Whether a tree that was patched together is no deeper than one that could have been sent.
bool DepthAllowed(const config::Json& json, std::size_t depth = kObjectDepthMax);

}  // namespace sluice::gateway
