// What the resource API says when something is wrong or worth a word: Kubernetes' Status objects, and the Warning headers
// that kubectl prints. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/resource_json.h"
#include "config/resource_kind.h"
#include "gateway/admin/admin_message.h"

namespace sluice::gateway {

struct StatusCause {
  std::string reason;  // "FieldValueInvalid", "FieldManagerConflict"
  std::string message;
  std::string field;  // "spec.http"; kubectl prints "field: message"
};

// A refusal. `kind` and `name` are of the object that it is about; null and empty where there is none.
struct ApiError {
  std::uint16_t code = 400;
  std::string reason = "BadRequest";
  std::string message{};
  const config::ResourceKind* kind = nullptr;
  std::string name{};
  std::vector<StatusCause> causes{};
};

ApiError BadRequest(std::string message);
ApiError NotFound(const config::ResourceKind& kind, std::string_view name);
// A resource that does not exist on the server: a wrong path.
ApiError NoSuchResource();
ApiError MethodNotAllowed(std::string_view method);
ApiError Invalid(const config::ResourceKind& kind, std::string_view name, std::vector<StatusCause> causes);
ApiError Conflict(const config::ResourceKind& kind, std::string_view name, std::string_view why);

AdminAnswer Answer(const ApiError& error);
AdminAnswer Answer(std::uint16_t status, const config::Json& json);

// The Status of a deletion.
config::Json Deleted(const config::ResourceKind& kind, std::string_view name, std::string_view uid);

// A finding as a cause; its field is the path that the message speaks of.
StatusCause CauseOf(const config::Finding& finding);

// `Warning: 299 - "text"` headers, in ASCII and of bounded length; equal texts once.
void Warn(AdminAnswer& answer, const std::vector<std::string>& texts);

// Text of JSON for the wire; bytes that are no UTF-8 become U+FFFD.
std::string Dump(const config::Json& json);

}  // namespace sluice::gateway
