// Base64 with padding (RFC 4648 section 4), for what YAML cannot hold as text. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

// nullopt for foreign characters, wrong padding, or bits left over in the last character.
std::optional<std::string> DecodeBase64(std::string_view text);

std::string EncodeBase64(std::string_view bytes);

}  // namespace sluice::config
