// The patches that need nothing but the object: JSON Patch (RFC 6902) and merge patch (RFC 7386). Pure; any thread.
#pragma once

#include <cstddef>
#include <expected>

#include "config/resource_json.h"
#include "gateway/api/status.h"

namespace sluice::gateway {

inline constexpr std::size_t kPatchStepsMax = 1000;
inline constexpr std::size_t kPatchCopiesMax = 64;  // a copy of a copy doubles the object

// An error has code 422 when the patch does not fit the object, 400 when it is none.
std::expected<config::Json, ApiError> ApplyJsonPatch(const config::Json& object, const config::Json& steps);

std::expected<config::Json, ApiError> ApplyMergePatch(const config::Json& object, const config::Json& patch);

}  // namespace sluice::gateway
