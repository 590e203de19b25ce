// Names of gRPC status codes as a VirtualService writes them. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::config {

// "UNAVAILABLE" -> 14; nullopt for other texts.
std::optional<std::uint32_t> GrpcCodeOf(std::string_view name);

}  // namespace sluice::config
