#include "gateway/store/field_diff.h"

#include <algorithm>
#include <cstddef>
#include <set>

namespace sluice::gateway {
namespace {

using config::Json;
using Texts = std::vector<std::string>;

constexpr std::size_t kValueMax = 60;  // bytes of a value in a line

std::string Under(const std::string& path, const std::string& key) { return path.empty() ? key : path + '.' + key; }

bool IsList(const Json& json) { return json.is_array() || json.is_null(); }

// All items have a call of their own, so that the order says nothing.
bool Called(const Json& json) { return IsList(json) && ByCall(json).size() == json.size(); }

bool Plain(const Json& json) { return IsList(json) && std::ranges::all_of(json, &Json::is_primitive); }

void DescribeMaps(const std::string& path, const Json& before, const Json& after, Texts& lines) {
  std::set<std::string> keys;
  for (const auto& [key, value] : before.items()) keys.insert(key);
  for (const auto& [key, value] : after.items()) keys.insert(key);
  for (const std::string& key : keys) {
    DescribeFields(Under(path, key), ValueAt(before, key), ValueAt(after, key), lines);
  }
}

void DescribeCalled(const std::string& path, const Json& before, const Json& after, Texts& lines) {
  const auto had = ByCall(before);
  const auto has = ByCall(after);
  for (const auto& [call, item] : had) {
    const auto found = has.find(call);
    if (found == has.end()) {
      lines.push_back(path + ' ' + call + " is gone");
    } else {
      DescribeFields(path + '[' + call + ']', *item, *found->second, lines);
    }
  }
  for (const auto& [call, item] : has) {
    if (!had.contains(call)) lines.push_back(path + ' ' + call + " is new");
  }
}

void DescribePlain(const std::string& path, const Json& before, const Json& after, Texts& lines) {
  const auto tell = [&](const Json& of, const Json& other, const char* what) {
    for (const Json& item : of) {
      if (std::ranges::count(of, item) > std::ranges::count(other, item)) {
        lines.push_back(path + ": " + Short(item) + what);
      }
    }
  };
  tell(before, after, " is gone");
  tell(after, before, " is new");
}

void DescribeLists(const std::string& path, const Json& before, const Json& after, Texts& lines) {
  const std::size_t told = lines.size();
  if (Called(before) && Called(after)) {
    DescribeCalled(path, before, after, lines);
  } else if (Plain(before) && Plain(after)) {
    DescribePlain(path, before, after, lines);
  } else if (before.size() == after.size()) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      DescribeFields(path + '[' + std::to_string(i) + ']', before[i], after[i], lines);
    }
  } else {
    lines.push_back(path + ": " + Short(before) + " -> " + Short(after));
  }
  if (lines.size() == told) lines.push_back(path + " is in another order");
}

}  // namespace

void DescribeFields(const std::string& path, const Json& before, const Json& after, Texts& lines) {
  if (before == after) return;
  if (before.is_object() && after.is_object()) return DescribeMaps(path, before, after, lines);
  const bool lists = IsList(before) && IsList(after);
  if (lists && !before.empty() && !after.empty()) return DescribeLists(path, before, after, lines);
  if (lists && before.size() + after.size() > 0 && Called(before) && Called(after)) {
    return DescribeCalled(path, before, after, lines);
  }
  if (before.is_null()) {
    lines.push_back(path + ": " + Short(after) + " is new");
  } else if (after.is_null()) {
    lines.push_back(path + ": " + Short(before) + " is gone");
  } else {
    lines.push_back(path + ": " + Short(before) + " -> " + Short(after));
  }
}

const Json& ValueAt(const Json& json, const std::string& key) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

std::string CallOf(const Json& item) {
  for (const char* key : {"name", "address"}) {
    if (const Json& call = ValueAt(item, key); call.is_string()) return call;
  }
  const Json& number = ValueAt(ValueAt(item, "port"), "number");
  return number.is_number() ? number.dump() : std::string();
}

std::map<std::string, const Json*> ByCall(const Json& list) {
  std::map<std::string, const Json*> items;
  for (const Json& item : list) {
    if (std::string call = CallOf(item); !call.empty()) items.emplace(std::move(call), &item);
  }
  return items;
}

std::string Short(const Json& value) {
  // Text with control characters is quoted: these lines go to terminals and logs.
  const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  std::string text = value.is_string() && std::ranges::none_of(value.get_ref<const std::string&>(), control)
                         ? value.get<std::string>()
                         : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kValueMax) return text;
  std::size_t end = kValueMax - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "...";
}

}  // namespace sluice::gateway
