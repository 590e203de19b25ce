#include "gateway/api/object_view.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "config/format.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

Json MetadataOf(const LiveObject& object) {
  Json metadata = object.body.at("metadata");
  metadata["uid"] = object.uid;
  metadata["resourceVersion"] = std::to_string(object.version);
  metadata["generation"] = object.generation;
  metadata["creationTimestamp"] = TimestampText(object.created_us);
  if (!object.managed_fields.empty()) metadata["managedFields"] = object.managed_fields;
  return metadata;
}

}  // namespace

std::string ApiVersion(const config::ResourceKind& kind, std::string_view version) {
  return Format("{}/{}", kind.group, version);
}

Json ViewOf(const LiveObject& object, std::string_view version) {
  Json view = object.body;
  if (const config::ResourceKind* kind = config::FindKind(object.key.kind)) {
    view["apiVersion"] = ApiVersion(*kind, version);
  }
  view["metadata"] = MetadataOf(object);
  return view;
}

Json MetadataViewOf(const LiveObject& object, std::string_view meta_version) {
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", Format("meta.k8s.io/{}", meta_version)},
          {"metadata", MetadataOf(object)}};
}

std::string TimestampText(std::int64_t unix_us) {
  const std::time_t seconds = unix_us / 1'000'000;
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "1970-01-01T00:00:00Z";
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

// Two units while the small one says something: the rule that kubectl's own columns follow.
std::string AgeText(std::int64_t created_us, std::int64_t now_us) {
  const std::int64_t seconds = std::max<std::int64_t>(0, (now_us - created_us) / 1'000'000);
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  const std::int64_t days = hours / 24;
  const auto two = [](std::int64_t big, const char* unit, std::int64_t small, const char* part) {
    return small == 0 ? Format("{}{}", big, unit) : Format("{}{}{}{}", big, unit, small, part);
  };
  if (seconds < 120) return Format("{}s", seconds);
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (hours < 3) return Format("{}m", minutes);
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return Format("{}h", hours);
  if (days < 8) return two(days, "d", hours % 24, "h");
  if (days < 2 * 365) return Format("{}d", days);
  if (days < 8 * 365) return two(days / 365, "y", days % 365, "d");
  return Format("{}y", days / 365);
}

}  // namespace sluice::gateway
