// A JSON line of the access log as a request to be explained, and what the line says was decided beside what is decided
// now. Pure; any thread.
#pragma once

#include "config/resource_json.h"
#include "core/base/result.h"
#include "gateway/explain/sample_json.h"

namespace sluice::gateway {

// The line knows method, authority, path, client, port, SNI, principal, User-Agent, X-Forwarded-For, X-Request-ID and the draw. It does
// not know other request headers or cookies: they come from whoever asks.
core::Result<SampleQuery> ReadLogLine(const config::Json& line);

// {"agrees", "differs": [{field, logged, explained}], "notes": [...]} of a line and ExplanationJson.
config::Json CompareWithLine(const config::Json& line, const config::Json& explanation);

}  // namespace sluice::gateway
