#include "gateway/api/request_path.h"

#include <algorithm>
#include <utility>

#include "config/format.h"
#include "config/utf8.h"
#include "core/base/text.h"

namespace sluice::gateway {
namespace {

using config::Format;

constexpr std::size_t kManagerMax = 128;

std::optional<std::string> Decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = i + 2 < text.size() ? core::ParseHex(text.substr(i + 1, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    decoded += static_cast<char>(*byte);
    i += 2;
  }
  return decoded;
}

}  // namespace

std::optional<std::vector<std::string>> Segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // a path begins with '/', and so does what is left of it
    const std::size_t end = std::min(path.find('/'), path.size());
    auto segment = Decoded(path.substr(0, end));
    if (!segment) return std::nullopt;
    path.remove_prefix(end);
    if (!segment->empty() || !path.empty()) segments.push_back(std::move(*segment));
  }
  return segments;
}

std::expected<ResourcePath, ApiError> ParseResourcePath(const std::vector<std::string>& segments) {
  if (segments.size() < 4 || segments[0] != "apis") return std::unexpected(NoSuchResource());
  ResourcePath path;
  std::size_t at = 3;
  if (segments[at] == "namespaces" && segments.size() > at + 2) {
    path.name_space = segments[at + 1];
    if (path.name_space.empty()) return std::unexpected(NoSuchResource());
    at += 2;
  }
  path.kind = config::FindPlural(segments[1], segments[at]);
  path.version = segments[2];
  if (path.kind == nullptr || !config::HasVersion(*path.kind, path.version)) {
    return std::unexpected(NoSuchResource());
  }
  if (++at < segments.size()) path.name = segments[at++];
  // A subresource, or one object of no namespace.
  if (at != segments.size() || (!path.name.empty() && path.name_space.empty())) {
    return std::unexpected(NoSuchResource());
  }
  return path;
}

bool IsSet(const AdminRequest& request, std::string_view name) {
  const auto value = request.Parameter(name);
  return value && (value->empty() || *value == "1" || *value == "true" || *value == "True");
}

std::expected<std::optional<std::uint64_t>, ApiError> NumberOf(const AdminRequest& request, std::string_view name) {
  const auto value = request.Parameter(name);
  if (!value || value->empty()) return std::nullopt;
  const auto number = core::ParseDecimal(*value);
  if (!number) return std::unexpected(BadRequest(Format("{} is no number: \"{}\"", name, value->substr(0, 80))));
  return number;
}

std::expected<bool, ApiError> DryRunOf(const AdminRequest& request) {
  const auto value = request.Parameter("dryRun");
  if (!value || value->empty()) return false;
  if (*value == "All") return true;
  return std::unexpected(BadRequest(Format("dryRun cannot be \"{}\"; write dryRun=All", value->substr(0, 80))));
}

std::optional<ApiError> CheckManager(const AdminRequest& request) {
  const std::string manager = request.Parameter("fieldManager").value_or("");
  if (manager.size() > kManagerMax) return BadRequest(Format("fieldManager is longer than {} bytes", kManagerMax));
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (config::FindInvalidUtf8(manager) || std::ranges::any_of(manager, control)) {
    return BadRequest("fieldManager holds characters that cannot be printed");
  }
  return std::nullopt;
}

std::string ManagerOf(const AdminRequest& request) {
  auto manager = request.Parameter("fieldManager");
  if (manager && !manager->empty()) return std::move(*manager);
  std::string agent(request.user_agent.substr(0, request.user_agent.find_first_of("/ ")));
  std::erase_if(agent, [](char c) { return c <= 0x20 || c >= 0x7F; });
  return agent.empty() ? "unknown" : agent.substr(0, kManagerMax);
}

}  // namespace sluice::gateway
