// Fields of an answer that may be missing or of another type: a gateway of another version must not crash a verb. Pure;
// any thread.
#pragma once

#include <cstdint>
#include <string>

#include "config/resource_json.h"
#include "gateway/cli/admin_client.h"

namespace sluice::gateway {

// Null when `object` is none or has no such field.
const config::Json& FieldOf(const config::Json& object, const char* key);
std::string TextOf(const config::Json& object, const char* key);           // else empty
std::uint64_t NumberOf(const config::Json& object, const char* key);       // else 0
bool FlagOf(const config::Json& object, const char* key, bool otherwise);  // else `otherwise`
const config::Json& ListOf(const config::Json& object, const char* key);   // else empty

// What a refusal with a JSON body says, on stderr; the exit code.
int ReportRefusal(const JsonAnswer& answer);

// Microseconds since the epoch as "2026-11-26 16:09:35Z".
std::string TimeText(std::int64_t unix_micros);

}  // namespace sluice::gateway
