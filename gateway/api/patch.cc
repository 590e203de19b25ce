#include "gateway/api/patch.h"

#include <string>
#include <string_view>
#include <utility>

#include "config/format.h"
#include "gateway/api/request_body.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

std::string OperationOf(const Json& step) {
  const auto operation = step.is_object() ? step.find("op") : step.end();
  return step.is_object() && operation != step.end() && operation->is_string() ? operation->get<std::string>()
                                                                               : std::string();
}

std::string PathOf(const Json& step) {
  const auto path = step.is_object() ? step.find("path") : step.end();
  return step.is_object() && path != step.end() && path->is_string() ? path->get<std::string>() : std::string();
}

ApiError DoesNotFit(std::size_t index, const Json& step, const char* why) {
  ApiError error{.code = 422, .reason = "Invalid"};
  const std::string text =
      Format("step {} ({} {}) {}", index, OperationOf(step).substr(0, 20), PathOf(step).substr(0, 200), why);
  error.message = "the server rejected our request due to an error in our request: the patch: " + text;
  error.causes = {{.reason = "FieldValueInvalid", .message = text, .field = "patch"}};
  return error;
}

// The library takes it for granted that what a new value goes into is a map or a list.
bool ParentHolds(const Json& object, const Json& step) {
  const std::string path = PathOf(step);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return true;
  const Json::json_pointer parent(path.substr(0, slash));
  return !object.contains(parent) || object.at(parent).is_structured();
}

}  // namespace

std::expected<Json, ApiError> ApplyJsonPatch(const Json& object, const Json& steps) {
  if (!steps.is_array()) return std::unexpected(BadRequest("a JSON patch is a list of steps"));
  if (steps.size() > kPatchStepsMax) {
    return std::unexpected(BadRequest(Format("a JSON patch has at most {} steps", kPatchStepsMax)));
  }
  Json patched = object;
  std::size_t copies = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Json& step = steps[i];
    const bool copies_now = OperationOf(step) == "copy";
    if (copies_now && ++copies > kPatchCopiesMax) {
      return std::unexpected(BadRequest(Format("a JSON patch has at most {} copies", kPatchCopiesMax)));
    }
    try {
      if (!ParentHolds(patched, step))
        return std::unexpected(DoesNotFit(i, step, "goes into a value that has no parts"));
      patched.patch_inplace(Json::array({step}));
    } catch (const Json::parse_error&) {
      return std::unexpected(BadRequest(Format("step {} of the patch is no step of RFC 6902", i)));
    } catch (const Json::other_error&) {
      return std::unexpected(DoesNotFit(i, step, "did not find the value that it tests for"));
    } catch (const Json::exception&) {
      return std::unexpected(DoesNotFit(i, step, "names a place that the object does not have"));
    }
    if (copies_now && patched.dump(-1, ' ', false, Json::error_handler_t::replace).size() > kObjectBytesMax) {
      return std::unexpected(TooLarge());
    }
  }
  return patched;
}

std::expected<Json, ApiError> ApplyMergePatch(const Json& object, const Json& patch) {
  if (!patch.is_object()) return std::unexpected(BadRequest("a merge patch is an object"));
  Json patched = object;
  patched.merge_patch(patch);
  return patched;
}

}  // namespace sluice::gateway
