#include "gateway/api/status.h"

#include <algorithm>
#include <utility>

#include "config/format.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

constexpr std::size_t kWarningMax = 500;  // characters of one text
constexpr std::size_t kWarningsMax = 20;  // headers of one answer

// "virtualservices.networking.istio.io"
std::string ResourceName(const config::ResourceKind& kind) { return Format("{}.{}", kind.plural, kind.group); }

std::string CausesText(const std::vector<StatusCause>& causes) {
  std::string text;
  for (const StatusCause& cause : causes) {
    if (!text.empty()) text += ", ";
    text += cause.field.empty() ? cause.message : Format("{}: {}", cause.field, cause.message);
  }
  return causes.size() > 1 ? "[" + text + "]" : text;
}

bool InField(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '[' ||
         c == ']' || c == '-' || c == '_' || c == '/';
}

// The first path like spec.http[0].route that a message names.
std::string FieldIn(std::string_view message) {
  for (const std::string_view root : {"spec", "metadata"}) {
    for (std::size_t at = message.find(root); at != std::string_view::npos; at = message.find(root, at + 1)) {
      const std::size_t after = at + root.size();
      if ((at > 0 && InField(message[at - 1])) ||
          (after < message.size() && InField(message[after]) && message[after] != '.' && message[after] != '[')) {
        continue;
      }
      std::size_t end = after;
      while (end < message.size() && InField(message[end])) ++end;
      std::string_view field = message.substr(at, end - at);
      while (field.ends_with('.') || field.ends_with('/')) field.remove_suffix(1);
      return std::string(field);
    }
  }
  return {};
}

// "spec.htpp" of "unknown field `htpp` in spec", which is how the configuration's reader says it.
std::string UnknownField(std::string_view message) {
  constexpr std::string_view kBegin = "unknown field `";
  if (!message.starts_with(kBegin)) return {};
  message.remove_prefix(kBegin.size());
  const std::size_t end = message.find('`');
  if (end == std::string_view::npos) return {};
  const std::string_view name = message.substr(0, end);
  const std::size_t in = message.find(" in ", end);
  return in == std::string_view::npos ? std::string(name) : Format("{}.{}", message.substr(in + 4), name);
}

// The header's quoted string: visible ASCII; quotes and backslashes are escaped.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  std::size_t written = 0;
  for (const char c : text) {
    if (++written > kWarningMax) {
      quoted += "...";
      break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // the rest of a character that was replaced
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += byte >= 0x80 ? '?' : byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  return quoted + '"';
}

}  // namespace

ApiError BadRequest(std::string message) {
  ApiError error;
  error.message = std::move(message);
  return error;
}

ApiError NotFound(const config::ResourceKind& kind, std::string_view name) {
  ApiError error{.code = 404, .reason = "NotFound", .kind = &kind, .name = std::string(name)};
  error.message = Format("{} \"{}\" not found", ResourceName(kind), name);
  return error;
}

ApiError NoSuchResource() {
  ApiError error{.code = 404, .reason = "NotFound"};
  error.message = "the server could not find the requested resource";
  return error;
}

ApiError MethodNotAllowed(std::string_view method) {
  ApiError error{.code = 405, .reason = "MethodNotAllowed"};
  error.message = Format("{} is not possible on the requested resource", method);
  return error;
}

ApiError Invalid(const config::ResourceKind& kind, std::string_view name, std::vector<StatusCause> causes) {
  ApiError error{.code = 422, .reason = "Invalid", .kind = &kind, .name = std::string(name)};
  error.message = Format("{}.{} \"{}\" is invalid: {}", kind.kind, kind.group, name, CausesText(causes));
  error.causes = std::move(causes);
  return error;
}

ApiError Conflict(const config::ResourceKind& kind, std::string_view name, std::string_view why) {
  ApiError error{.code = 409, .reason = "Conflict", .kind = &kind, .name = std::string(name)};
  error.message = Format("Operation cannot be fulfilled on {} \"{}\": {}", ResourceName(kind), name, why);
  return error;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

AdminAnswer Answer(std::uint16_t status, const Json& json) { return {status, "application/json", Dump(json)}; }

AdminAnswer Answer(const ApiError& error) {
  Json status = {{"kind", "Status"},    {"apiVersion", "v1"},       {"metadata", Json::object()},
                 {"status", "Failure"}, {"message", error.message}, {"reason", error.reason},
                 {"code", error.code}};
  Json details = Json::object();
  if (error.kind != nullptr) {
    details["group"] = error.kind->group;
    // As Kubernetes has it: an invalid object by its kind, everything else by its resource.
    details["kind"] = error.reason == "Invalid" ? error.kind->kind : error.kind->plural;
  }
  if (!error.name.empty()) details["name"] = error.name;
  for (const StatusCause& cause : error.causes) {
    details["causes"].push_back({{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  }
  if (!details.empty()) status["details"] = std::move(details);
  return Answer(error.code, status);
}

Json Deleted(const config::ResourceKind& kind, std::string_view name, std::string_view uid) {
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", Json::object()},
          {"status", "Success"},
          {"details", {{"name", name}, {"group", kind.group}, {"kind", kind.plural}, {"uid", uid}}}};
}

StatusCause CauseOf(const config::Finding& finding) {
  StatusCause cause{.reason = "FieldValueInvalid",
                    .message = Format("{} {}", finding.code, finding.message),
                    .field = UnknownField(finding.message)};
  if (cause.field.empty()) cause.field = FieldIn(finding.message);
  if (!finding.cure.empty()) cause.message += "; " + finding.cure;
  if (cause.field.empty()) cause.field = "spec";
  return cause;
}

void Warn(AdminAnswer& answer, const std::vector<std::string>& texts) {
  std::vector<std::string> said;
  for (const std::string& text : texts) {
    if (std::ranges::find(said, text) != said.end()) continue;
    if (said.size() == kWarningsMax) {
      answer.headers.emplace_back("warning", "299 - \"there is more to say: see `sluice validate`\"");
      return;
    }
    answer.headers.emplace_back("warning", "299 - " + Quoted(text));
    said.push_back(text);
  }
}

}  // namespace sluice::gateway
