#include "config/fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "config/duration.h"
#include "config/format.h"
#include "core/base/text.h"

namespace sluice::config {
namespace {

bool Contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string_view KindText(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull: return "nothing";
    case YamlNode::Kind::kList: return "a list";
    case YamlNode::Kind::kMap: return "a map";
    case YamlNode::Kind::kScalar: break;
  }
  return node.quoted ? "text" : "a value";
}

void WrongType(const YamlNode& node, const std::string& path, std::string_view wanted, const Scope& scope) {
  scope.Error("IST0106", node.mark, Format("{} must be {}, but {} is written", path, wanted, KindText(node)));
}

// Plain text that Kubernetes' tools would take for another type.
bool LooksTyped(std::string_view text) {
  constexpr std::array<std::string_view, 8> kWords = {"true", "false", "yes", "no", "on", "off", "y", "n"};
  if (std::ranges::any_of(kWords, [&](auto word) { return core::EqualsIgnoreCase(word, text); })) return true;
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && stop == text.data() + text.size();
}

std::string IntegerComplaint(const YamlNode& node) {
  if (node.quoted) return "but text is written; remove the quotes";
  std::string_view digits = node.text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  if (digits.size() > 1 && digits.front() == '0' && core::ParseDecimal(digits).has_value()) {
    return Format("but `{}` begins with 0, which is eight-based elsewhere; write it without", node.text);
  }
  return Format("but `{}` is written", node.text.substr(0, 80));
}

}  // namespace

void Scope::Error(std::string_view code, Mark mark, std::string message, std::string cure) const {
  findings.Error(code, At(mark), std::move(message), std::move(cure));
}
void Scope::Warn(std::string_view code, Mark mark, std::string message, std::string cure) const {
  findings.Warn(code, At(mark), std::move(message), std::move(cure));
}
void Scope::Info(std::string_view code, Mark mark, std::string message, std::string cure) const {
  findings.Info(code, At(mark), std::move(message), std::move(cure));
}

std::optional<std::string> ReadText(const YamlNode& node, const std::string& path, const Scope& scope) {
  if (node.kind != YamlNode::Kind::kScalar) {
    WrongType(node, path, "text", scope);
    return std::nullopt;
  }
  if (!node.quoted && LooksTyped(node.text)) {
    scope.Warn("SL2015", node.mark,
               Format("{} is text, and `{}` without quotes is taken as such here but not by kubectl", path, node.text),
               Format("write \"{}\"", node.text));
  }
  return node.text;
}

std::optional<std::int64_t> ReadInteger(const YamlNode& node, const std::string& path, std::int64_t min,
                                        std::int64_t max, const Scope& scope) {
  std::int64_t value = 0;
  const std::string& text = node.text;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::size_t first_digit = text.starts_with('-') ? 1 : 0;
  const bool leading_zero = text.size() > first_digit + 1 && text[first_digit] == '0';
  if (node.kind != YamlNode::Kind::kScalar) {
    WrongType(node, path, "a whole number", scope);
    return std::nullopt;
  }
  if (node.quoted || leading_zero || error == std::errc::invalid_argument || stop != text.data() + text.size()) {
    scope.Error("IST0106", node.mark, Format("{} must be a whole number, {}", path, IntegerComplaint(node)));
    return std::nullopt;
  }
  if (error != std::errc() || value < min || value > max) {
    scope.Error("IST0106", node.mark,
                Format("{} must be between {} and {}, but {} is written", path, min, max, text.substr(0, 80)));
    return std::nullopt;
  }
  return value;
}

std::optional<double> ReadNumber(const YamlNode& node, const std::string& path, double min, double max,
                                 const Scope& scope) {
  double value = 0;
  const std::string& text = node.text;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (node.kind != YamlNode::Kind::kScalar || node.quoted || error != std::errc() ||
      stop != text.data() + text.size()) {
    WrongType(node, path, "a number", scope);
    return std::nullopt;
  }
  if (!(value >= min && value <= max)) {  // also catches NaN
    scope.Error("IST0106", node.mark,
                Format("{} must be between {} and {}, but {} is written", path, min, max, text.substr(0, 80)));
    return std::nullopt;
  }
  return value;
}

std::optional<std::string_view> Nearest(std::string_view name, std::span<const std::string_view> known) {
  // A third of the name may be wrong, and two letters may always be swapped, which counts as two.
  const std::size_t bound = name.size() <= 3 ? 1 : std::clamp<std::size_t>(name.size() / 3, 2, 4);
  std::optional<std::string_view> nearest;
  std::size_t best = bound + 1;
  const std::string folded = core::Fold(name.substr(0, 80));
  for (const std::string_view candidate : known) {
    const std::size_t distance = core::EditDistance(folded, core::Fold(candidate), bound);
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

Fields::Fields(const YamlNode& node, std::string path, const Scope& scope)
    : node_(node), path_(std::move(path)), scope_(scope) {
  if (node.kind != YamlNode::Kind::kMap) WrongType(node, path_.empty() ? "a resource" : path_, "a map", scope);
}

Fields::~Fields() {
  for (const YamlMember& member : node_.members) {
    if (Contains(known_, member.key)) continue;
    const auto nearest = Nearest(member.key, known_);
    scope_.Error(
        "SL1101", member.mark,
        Format("unknown field `{}`{}", member.key.substr(0, 80), path_.empty() ? std::string() : " in " + path_),
        nearest.has_value() ? Format("did you mean `{}`?", *nearest) : "remove it");
  }
}

std::string Fields::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : Format("{}.{}", path_, key);
}

Mark Fields::MarkOf(std::string_view key) const {
  const auto found = std::ranges::find(node_.members, key, &YamlMember::key);
  return found == node_.members.end() ? node_.mark : found->mark;
}

const YamlNode* Fields::Get(std::string_view key) {
  if (!Contains(known_, key)) known_.push_back(key);
  const YamlNode* found = node_.Find(key);
  if (found == nullptr || found->kind != YamlNode::Kind::kNull) return found;
  scope_.Warn("SL1106", MarkOf(key), Format("{} has no value and is taken as absent", PathOf(key)),
              "give it a value or remove it");
  return nullptr;
}

bool Fields::Has(std::string_view key) {
  if (!Contains(known_, key)) known_.push_back(key);
  const YamlNode* found = node_.Find(key);
  return found != nullptr && found->kind != YamlNode::Kind::kNull;
}

const YamlNode* Fields::Typed(std::string_view key, YamlNode::Kind kind, std::string_view what) {
  const YamlNode* found = Get(key);
  if (found == nullptr || found->kind == kind) return found;
  WrongType(*found, PathOf(key), what, scope_);
  return nullptr;
}

const YamlNode* Fields::Map(std::string_view key) { return Typed(key, YamlNode::Kind::kMap, "a map"); }
const YamlNode* Fields::List(std::string_view key) { return Typed(key, YamlNode::Kind::kList, "a list"); }

std::optional<std::string> Fields::Text(std::string_view key) {
  const YamlNode* found = Get(key);
  return found == nullptr ? std::nullopt : ReadText(*found, PathOf(key), scope_);
}

std::optional<bool> Fields::Flag(std::string_view key) {
  const YamlNode* found = Typed(key, YamlNode::Kind::kScalar, "true or false");
  if (found == nullptr) return std::nullopt;
  if (!found->quoted && found->text == "true") return true;
  if (!found->quoted && found->text == "false") return false;
  scope_.Error("IST0106", found->mark,
               Format("{} must be true or false, but {} is written", PathOf(key),
                      found->quoted ? "text" : "`" + found->text.substr(0, 80) + "`"),
               "write true or false, without quotes");
  return std::nullopt;
}

std::optional<std::int64_t> Fields::Integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const YamlNode* found = Get(key);
  return found == nullptr ? std::nullopt : ReadInteger(*found, PathOf(key), min, max, scope_);
}

std::optional<std::uint32_t> Fields::Count(std::string_view key, std::uint32_t min, std::uint32_t max) {
  const auto value = Integer(key, min, max);
  return value.has_value() ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

std::optional<double> Fields::Number(std::string_view key, double min, double max) {
  const YamlNode* found = Get(key);
  return found == nullptr ? std::nullopt : ReadNumber(*found, PathOf(key), min, max, scope_);
}

std::optional<core::Duration> Fields::Time(std::string_view key, bool zero_allowed) {
  const YamlNode* found = Typed(key, YamlNode::Kind::kScalar, "a duration");
  if (found == nullptr) return std::nullopt;
  const auto parsed = ParseDuration(found->text);
  if (!parsed.has_value()) {
    scope_.Error("IST0106", found->mark, Format("{}: {}", PathOf(key), parsed.error().cause), parsed.error().cure);
    return std::nullopt;
  }
  if (*parsed == core::Duration(0) && zero_allowed) return parsed.value();
  if (*parsed < core::Milliseconds(1) || *parsed % core::Milliseconds(1) != core::Duration(0)) {
    scope_.Error("IST0106", found->mark,
                 Format("{} must be whole milliseconds and at least 1ms, but {} is written", PathOf(key), found->text),
                 "to leave it unset, remove the field");
    return std::nullopt;
  }
  return parsed.value();
}

std::optional<std::uint64_t> Fields::Bytes(std::string_view key, std::uint64_t max) {
  struct Unit {
    std::string_view name;
    std::uint64_t size;
  };
  constexpr std::array kUnits = {Unit{"KiB", 1ULL << 10}, Unit{"MiB", 1ULL << 20}, Unit{"GiB", 1ULL << 30}};
  const YamlNode* found = Typed(key, YamlNode::Kind::kScalar, "a size");
  if (found == nullptr) return std::nullopt;
  std::string_view digits = found->text;
  std::uint64_t factor = 1;
  for (const Unit& unit : kUnits) {
    if (!digits.ends_with(unit.name)) continue;
    digits.remove_suffix(unit.name.size());
    factor = unit.size;
  }
  const auto count = core::ParseDecimal(digits);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (!count.has_value() || leading_zero || *count > max / factor) {
    scope_.Error("IST0106", found->mark,
                 Format("{} must be a size of at most {} bytes, but `{}` is written", PathOf(key), max,
                        found->text.substr(0, 80)),
                 "write bytes, or a number with KiB, MiB or GiB");
    return std::nullopt;
  }
  return *count * factor;
}

std::optional<std::size_t> Fields::Choice(std::string_view key, std::span<const std::string_view> choices) {
  const YamlNode* found = Typed(key, YamlNode::Kind::kScalar, "one of the known words");
  if (found == nullptr) return std::nullopt;
  const auto at = std::ranges::find(choices, std::string_view(found->text));
  if (at != choices.end()) return static_cast<std::size_t>(at - choices.begin());
  std::string words;
  for (const std::string_view choice : choices) words += (words.empty() ? "" : ", ") + std::string(choice);
  const auto nearest = Nearest(found->text, choices);
  scope_.Error("IST0106", found->mark, Format("{} cannot be `{}`", PathOf(key), found->text.substr(0, 80)),
               nearest.has_value() ? Format("did you mean `{}`?", *nearest) : "write one of " + words);
  return std::nullopt;
}

std::vector<std::string> Fields::Texts(std::string_view key) {
  std::vector<std::string> texts;
  const YamlNode* list = List(key);
  if (list == nullptr) return texts;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    auto text = ReadText(list->items[i], Format("{}[{}]", PathOf(key), i), scope_);
    if (text.has_value()) texts.push_back(std::move(*text));
  }
  return texts;
}

TextMap Fields::TextsByKey(std::string_view key) {
  TextMap texts;
  const YamlNode* map = Map(key);
  if (map == nullptr) return texts;
  for (const YamlMember& member : map->members) {
    auto text = ReadText(member.value, Format("{}.{}", PathOf(key), member.key), scope_);
    if (text.has_value()) texts.emplace_back(member.key, std::move(*text));
  }
  std::ranges::sort(texts);
  return texts;
}

bool Fields::Require(std::string_view key) {
  if (Has(key)) return true;
  if (node_.kind == YamlNode::Kind::kMap) {
    scope_.Error("IST0106", node_.mark, Format("{} is required", PathOf(key)));
  }
  return false;
}

void Fields::Ignore(std::string_view key, std::string_view because) {
  if (!Has(key)) return;
  scope_.Warn("SL2013", MarkOf(key), Format("{} is accepted and ignored: {}", PathOf(key), because));
}

void Fields::Refuse(std::string_view key, std::string_view because, std::string_view cure) {
  if (!Has(key)) return;
  scope_.Error("SL1103", MarkOf(key), Format("{} cannot be carried out: {}", PathOf(key), because), std::string(cure));
}

}  // namespace sluice::config
