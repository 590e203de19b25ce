// Changing from HTTP to another protocol on a connection or a stream (RFC 9110 section 7.8, RFC 8441): what is asked for
// and what is agreed to. No state; any thread.
#pragma once

#include <string_view>

#include "core/base/arena.h"
#include "core/http/header_map.h"

namespace sluice::core {

inline constexpr std::string_view kWebsocket = "websocket";

// What the Upgrade fields of a message ask for or agree to, in lower case and in the arena of `fields`: `websocket` if it
// is among several, else the first. Never another version of HTTP: whoever speaks that to us begins with it (reliability
// A11). Empty when there is none.
std::string_view ReadUpgrade(const HeaderMap& fields);

// name or name/version, each a token.
bool IsProtocolName(std::string_view text);
// A version of HTTP, by its name in lower case.
bool IsHttpProtocol(std::string_view lower);

// Of one protocol name, wherever it came from: lower case; empty when it is no name or one of HTTP's own.
std::string_view UpgradeToken(std::string_view name, Arena& arena);

}  // namespace sluice::core
