#include "gateway/cli/json_fields.h"

#include <array>
#include <ctime>

#include "gateway/cli/terminal.h"

namespace sluice::gateway {

using config::Json;

const Json& FieldOf(const Json& object, const char* key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string TextOf(const Json& object, const char* key) {
  const Json& field = FieldOf(object, key);
  return field.is_string() ? field.get<std::string>() : std::string();
}

std::uint64_t NumberOf(const Json& object, const char* key) {
  const Json& field = FieldOf(object, key);
  return field.is_number_unsigned() ? field.get<std::uint64_t>() : 0;
}

bool FlagOf(const Json& object, const char* key, bool otherwise) {
  const Json& field = FieldOf(object, key);
  return field.is_boolean() ? field.get<bool>() : otherwise;
}

const Json& ListOf(const Json& object, const char* key) {
  static const Json kEmpty = Json::array();
  const Json& field = FieldOf(object, key);
  return field.is_array() ? field : kEmpty;
}

int ReportRefusal(const JsonAnswer& answer) {
  std::string why = TextOf(answer.body, "error");
  if (why.empty()) why = "the gateway answered " + std::to_string(answer.status);
  return Report({answer.status == 404 ? core::ErrorCode::kNotFound : core::ErrorCode::kInternal, std::move(why), {}});
}

std::string TimeText(std::int64_t unix_micros) {
  const std::time_t seconds = unix_micros / 1'000'000;
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "?";
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace sluice::gateway
