// Asks a running gateway's admin port one thing and waits for the answer: the client side of the verbs. Blocking; main
// thread of its own process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/resource_json.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "gateway/cli/admin_target.h"

namespace sluice::gateway {

struct AdminResponse {
  std::uint16_t status = 0;
  std::string content_type;
  std::string body;
};

// Connection, handshake and answer together; looking up a name takes what the system's resolver takes.
inline constexpr core::Duration kAskTimeout = core::Seconds(30);
inline constexpr std::uint64_t kAnswerMax = 256ULL * 1024 * 1024;

// One request on a connection of its own; `path` with its query. Any status is an answer. kUnavailable when nobody
// answers, with what to do about it; kInvalidArgument when the target's files are no good, or when the token would cross
// a network in the clear.
core::Result<AdminResponse> Ask(const AdminTarget& target, std::string_view method, std::string_view path,
                                std::string_view body = {}, std::string_view content_type = {},
                                core::Duration timeout = kAskTimeout);

// The same for the pages that speak JSON, /sluice/v1/ above all. A refusal without JSON is an error: 401 and 403 tell
// how to be let in (kInvalidArgument), others cite what the gateway said.
struct JsonAnswer {
  std::uint16_t status = 0;
  config::Json body;
};
core::Result<JsonAnswer> AskJson(const AdminTarget& target, std::string_view method, std::string_view path,
                                 const config::Json* body = nullptr);

// Who asks, for the history: "sluice/0.1.0 (ana@build-7)".
std::string ClientName();

}  // namespace sluice::gateway
