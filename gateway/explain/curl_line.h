// A command line of curl as a request: for `explain --curl '...'`, pasted from a runbook or a browser. Pure; any thread.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/plan/sample_request.h"

namespace sluice::gateway {

// Quotes and backslashes as a POSIX shell reads them, and $'...'; no variables. Understands what shapes the request (-X, -H, -b, -A, -e, -u,
// -d and its kin, -F, -G, -I, -T, --url, --json) and passes over what does not (-s, -k, -v, -o FILE, ...). Anything else
// is an error that names the option. The content of a body is of no interest, so files are not read.
core::Result<core::SampleRequest> ParseCurlLine(std::string_view line);

}  // namespace sluice::gateway
