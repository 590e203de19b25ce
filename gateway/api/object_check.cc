#include "gateway/api/object_check.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "config/fields.h"
#include "config/fingerprint.h"
#include "config/format.h"
#include "config/hostname.h"
#include "gateway/api/object_view.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

constexpr std::array<std::string_view, 16> kMetadata = {"name",
                                                        "namespace",
                                                        "labels",
                                                        "annotations",
                                                        "generateName",
                                                        "uid",
                                                        "generation",
                                                        "managedFields",
                                                        "selfLink",
                                                        "resourceVersion",
                                                        "clusterName",
                                                        "finalizers",
                                                        "creationTimestamp",
                                                        "ownerReferences",
                                                        "deletionTimestamp",
                                                        "deletionGracePeriodSeconds"};

std::string TextAt(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A DNS-1123 subdomain, as Kubernetes wants names of objects.
bool IsObjectName(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (label.empty() || !plain(label.front()) || !plain(label.back())) return false;
    if (!std::ranges::all_of(label, [&](char c) { return plain(c) || c == '-'; })) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

StatusCause Wrong(std::string field, std::string message) {
  return {.reason = "FieldValueInvalid", .message = std::move(message), .field = std::move(field)};
}

// Kubernetes' bound: annotations are for tools, and tools leave much in them.
void CheckSize(const Json& metadata, std::vector<StatusCause>& causes) {
  constexpr std::size_t kAnnotationsMax = 256 * 1024;
  const auto map = metadata.find("annotations");
  if (map == metadata.end() || !map->is_object()) return;
  std::size_t size = 0;
  for (const auto& [key, value] : map->items()) {
    if (value.is_string()) size += key.size() + value.get_ref<const std::string&>().size();
  }
  if (size > kAnnotationsMax) {
    causes.push_back(Wrong("metadata.annotations", Format("too long: at most {} bytes together", kAnnotationsMax)));
  }
}

void CheckTexts(const Json& metadata, const char* key, std::vector<StatusCause>& causes) {
  const auto map = metadata.find(key);
  if (map == metadata.end() || map->is_null()) return;
  const bool texts = map->is_object() && std::ranges::all_of(*map, [](const Json& value) { return value.is_string(); });
  if (!texts)
    causes.push_back(Wrong(Format("metadata.{}", key), "must be a map from text to text; put numbers in quotes"));
}

std::vector<StatusCause> CheckMetadata(const Json& metadata) {
  std::vector<StatusCause> causes;
  for (const auto& [key, value] : metadata.items()) {
    if (std::ranges::find(kMetadata, std::string_view(key)) != kMetadata.end()) continue;
    const auto nearest = config::Nearest(key, kMetadata);
    causes.push_back(
        Wrong(Format("metadata.{}", key.substr(0, 80)),
              nearest ? Format("unknown field; did you mean `{}`?", *nearest) : "unknown field; remove it"));
  }
  CheckTexts(metadata, "labels", causes);
  CheckTexts(metadata, "annotations", causes);
  CheckSize(metadata, causes);
  if (!IsObjectName(TextAt(metadata, "name"))) {
    causes.push_back(Wrong(
        "metadata.name", Format("\"{}\" is no name: lower-case letters, digits, '-' and '.', beginning and ending with "
                                "a letter or digit, at most 253 characters",
                                TextAt(metadata, "name").substr(0, 80))));
  }
  if (!config::IsDnsLabel(TextAt(metadata, "namespace"))) {
    causes.push_back(
        Wrong("metadata.namespace", "must be lower-case letters, digits and inner '-', at most 63 characters"));
  }
  return causes;
}

std::optional<ApiError> CheckType(const ResourcePath& path, const Json& object) {
  if (!object.is_object()) return BadRequest("the body must be an object");
  const std::string kind = TextAt(object, "kind");
  if (kind != path.kind->kind) {
    return BadRequest(
        Format("the kind in the data ({}) does not match the expected kind ({})", kind.substr(0, 80), path.kind->kind));
  }
  const std::string expected = ApiVersion(*path.kind, path.version);
  if (TextAt(object, "apiVersion") != expected) {
    return BadRequest(Format("the API version in the data ({}) does not match the expected API version ({})",
                             TextAt(object, "apiVersion").substr(0, 80), expected));
  }
  return std::nullopt;
}

}  // namespace

std::optional<ApiError> CheckObject(const ResourcePath& path, Json& object) {
  if (auto wrong = CheckType(path, object)) return wrong;
  Json& metadata = object["metadata"];
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.is_object()) return BadRequest("metadata must be a map");
  for (const char* key : {"name", "namespace"}) {
    const auto given = metadata.find(key);
    if (given != metadata.end() && !given->is_string() && !given->is_null()) {
      return BadRequest(Format("metadata.{} must be text", key));
    }
  }
  if (TextAt(metadata, "namespace").empty()) metadata["namespace"] = path.name_space;
  if (TextAt(metadata, "namespace") != path.name_space) {
    return BadRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (!path.name.empty()) {
    if (TextAt(metadata, "name").empty()) metadata["name"] = path.name;
    if (TextAt(metadata, "name") != path.name) {
      return BadRequest(Format("the name of the object ({}) does not match the name on the URL ({})",
                               TextAt(metadata, "name").substr(0, 80), path.name));
    }
  }
  if (TextAt(metadata, "name").empty()) {
    return Invalid(*path.kind, "",
                   {{.reason = "FieldValueRequired",
                     .message = "Required value: name or generateName is required",
                     .field = "metadata.name"}});
  }
  std::vector<StatusCause> causes = CheckMetadata(metadata);
  if (!causes.empty()) return Invalid(*path.kind, TextAt(metadata, "name"), std::move(causes));
  return std::nullopt;
}

std::vector<std::string> NotKept(const Json& object) {
  std::vector<std::string> texts;
  for (const char* key : {"finalizers", "ownerReferences"}) {
    const auto given = object.at("metadata").find(key);
    if (given == object.at("metadata").end() || given->empty()) continue;
    texts.push_back(Format("metadata.{} is not kept: nothing here acts on it", key));
  }
  return texts;
}

// Five characters, as Kubernetes adds, of an alphabet without vowels.
std::string GeneratedName(const std::string& prefix, std::int64_t now_us, int turn) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrst";
  const std::string hash =
      config::Fingerprint().Add(prefix).Add(std::to_string(now_us)).Add(std::to_string(turn)).Text();
  std::string name = prefix.substr(0, 248);
  for (const char digit : std::string_view(hash).substr(hash.size() - 5)) {
    name += kAlphabet[static_cast<std::size_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10)];
  }
  return name;
}

}  // namespace sluice::gateway
