#include "config/resource_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "config/format.h"

namespace sluice::config {
namespace {

constexpr std::array<std::string_view, 4> kOrder = {"apiVersion", "kind", "metadata", "spec"};

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

bool IsNull(std::string_view text) { return IsOneOf(text, {"", "~", "null", "Null", "NULL"}); }
bool IsTrue(std::string_view text) { return IsOneOf(text, {"true", "True", "TRUE"}); }
bool IsFalse(std::string_view text) { return IsOneOf(text, {"false", "False", "FALSE"}); }

// [+-]? digits, without a leading zero: `010` means different numbers to different readers, so it stays text.
std::optional<std::int64_t> Integer(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A decimal with a point or an exponent. Infinity and NaN are not JSON.
std::optional<double> Decimal(std::string_view text) {
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
  if (text.find_first_of("0123456789") == std::string_view::npos) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

Json ScalarToJson(const YamlNode& node) {
  if (node.quoted) return node.text;
  if (IsNull(node.text)) return nullptr;
  if (IsTrue(node.text)) return true;
  if (IsFalse(node.text)) return false;
  // Of the same type as the parser of JSON makes it: readers ask for unsigned numbers.
  if (const auto integer = Integer(node.text)) {
    return *integer < 0 ? Json(*integer) : Json(static_cast<std::uint64_t>(*integer));
  }
  if (node.text.find_first_of(".eE") != std::string::npos) {
    if (const auto decimal = Decimal(node.text)) return *decimal;
  }
  return node.text;
}

// Text that a reader of YAML could take for something else is quoted.
bool IsPlainText(std::string_view text) {
  if (IsNull(text) || IsTrue(text) || IsFalse(text) || Integer(text) || Decimal(text)) return false;
  if (IsOneOf(text, {"yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N"}))
    return false;
  constexpr std::string_view kAnywhere =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./*+=()$^~;<> ";
  if (text.find_first_not_of(kAnywhere) != std::string_view::npos) return false;
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/^$(_";
  if (kFirst.find(text.front()) == std::string_view::npos && !(text.front() >= '0' && text.front() <= '9'))
    return false;
  // Numbers of other notations: 0x1F, 0o17, 1_000, 12:30.
  if (text.front() >= '0' && text.front() <= '9' &&
      text.find_first_not_of("0123456789abcdefABCDEFxXo_.") == std::string_view::npos) {
    return false;
  }
  return text.back() != ' ';
}

std::string Scalar(const Json& json) {
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    return IsPlainText(text) ? text : json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return json.dump();
}

bool IsLeaf(const Json& json) { return json.empty() || !json.is_structured(); }

class YamlWriter {
 public:
  void Map(const Json& json, std::size_t depth) {
    std::vector<const std::string*> keys;
    for (const auto& [key, value] : json.items()) keys.push_back(&json.find(key).key());
    if (depth == 0) {
      const auto rank = [](const std::string* key) {
        return std::ranges::find(kOrder, std::string_view(*key)) - kOrder.begin();
      };
      std::ranges::stable_sort(keys, {}, rank);
    }
    bool first = true;
    for (const std::string* key : keys) {
      if (!std::exchange(first, false)) Indent(depth);
      text_ += Scalar(Json(*key)) + ':';
      Value(json.at(*key), depth);
    }
  }

  std::string Take() { return std::move(text_); }

  void Root(const Json& json) {
    if (IsLeaf(json)) {
      text_ += (json.is_structured() ? json.dump() : Scalar(json)) + '\n';
    } else if (json.is_object()) {
      Map(json, 0);
    } else {
      List(json, 0);
    }
  }

 private:
  void Indent(std::size_t depth) { text_.append(depth * 2, ' '); }

  void Value(const Json& json, std::size_t depth) {
    if (IsLeaf(json)) {
      text_ += ' ' + (json.is_structured() ? json.dump() : Scalar(json)) + '\n';
      return;
    }
    text_ += '\n';
    // Lists stand at the depth of their key, as kubectl writes them.
    if (json.is_array()) {
      Indent(depth);
      return List(json, depth);
    }
    Indent(depth + 1);
    Map(json, depth + 1);
  }

  // The first item's indentation is written already.
  void List(const Json& json, std::size_t depth) {
    bool first = true;
    for (const Json& item : json) {
      if (!std::exchange(first, false)) Indent(depth);
      text_ += "- ";
      if (IsLeaf(item)) {
        text_ += (item.is_structured() ? item.dump() : Scalar(item)) + '\n';
      } else if (item.is_array()) {
        List(item, depth + 1);
      } else {
        Map(item, depth + 1);
      }
    }
  }

  std::string text_;
};

// metadata that an API server writes; a manifest saved with `kubectl get -o yaml` holds it.
bool IsServerField(std::string_view key) {
  return IsOneOf(
      key, {"creationTimestamp", "generation", "resourceVersion", "uid", "managedFields", "selfLink", "ownerReferences",
            "finalizers", "generateName", "deletionTimestamp", "deletionGracePeriodSeconds"});
}

bool IsNothing(const Json& json) { return json.is_null() || (json.is_object() && json.empty()); }

std::string TextOr(const Json& json, const char* key, std::string otherwise = {}) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::move(otherwise);
}

}  // namespace

Json ToJson(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull: return nullptr;
    case YamlNode::Kind::kScalar: return ScalarToJson(node);
    case YamlNode::Kind::kList: {
      Json list = Json::array();
      for (const YamlNode& item : node.items) list.push_back(ToJson(item));
      return list;
    }
    case YamlNode::Kind::kMap: break;
  }
  Json map = Json::object();
  for (const YamlMember& member : node.members) map[member.key] = ToJson(member.value);
  return map;
}

std::string ToYaml(const Json& json) {
  YamlWriter writer;
  writer.Root(json);
  return writer.Take();
}

Json CanonicalBody(const Json& resource, const std::string& default_namespace) {
  Json body = Json::object();
  body["apiVersion"] = TextOr(resource, "apiVersion");
  body["kind"] = TextOr(resource, "kind");
  Json metadata = Json::object();
  const auto given = resource.is_object() ? resource.find("metadata") : resource.end();
  if (given != resource.end() && given->is_object()) {
    for (const auto& [key, value] : given->items()) {
      if (!IsServerField(key) && !IsNothing(value)) metadata[key] = value;
    }
    metadata["namespace"] = TextOr(*given, "namespace", default_namespace);
    if (metadata["namespace"] == "") metadata["namespace"] = default_namespace;
  }
  body["metadata"] = std::move(metadata);
  // What no kind has is kept, so that it is found out as unknown.
  if (resource.is_object()) {
    for (const auto& [key, value] : resource.items()) {
      if (key != "status" && !body.contains(key)) body[key] = value;
    }
  }
  return body;
}

core::Result<ResourceKey> KeyOf(const Json& resource, const std::string& default_namespace) {
  const auto missing = [](std::string_view what) {
    return core::Fail(core::ErrorCode::kInvalidArgument, Format("this is no resource: it has no {}", what),
                      "write apiVersion, kind, metadata.name and spec");
  };
  if (TextOr(resource, "apiVersion").empty()) return missing("apiVersion");
  if (TextOr(resource, "kind").empty()) return missing("kind");
  const auto metadata = resource.find("metadata");
  if (metadata == resource.end() || TextOr(*metadata, "name").empty()) return missing("metadata.name");
  std::string name_space = TextOr(*metadata, "namespace", default_namespace);
  if (name_space.empty()) name_space = default_namespace;
  return ResourceKey{TextOr(resource, "kind"), std::move(name_space), TextOr(*metadata, "name")};
}

Resource FromJson(const Json& body, std::string origin, const std::string& default_namespace) {
  Resource resource;
  resource.origin = std::move(origin);
  resource.key = KeyOf(body, default_namespace).value_or(ResourceKey{TextOr(body, "kind"), default_namespace, ""});
  Findings nothing;  // what we have written ourselves can be read
  std::vector<YamlNode> roots = ParseYaml(ToYaml(body), resource.origin, nothing);
  if (!roots.empty()) resource.root = std::move(roots.front());
  return resource;
}

}  // namespace sluice::config
