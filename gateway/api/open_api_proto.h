// The OpenAPI v2 document in the encoding that kubectl up to 1.26 insists on: protobuf messages of openapi.v2 (gnostic's
// OpenAPIv2.proto), written by hand, since it is one document and nothing is read. Pure; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace sluice::gateway {

// Clients ask for it with an '@', which they themselves do not take for a media type.
inline constexpr std::string_view kOpenApiProtoType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

// Query parameters of every operation that writes.
inline constexpr std::array<std::string_view, 4> kWriteParameters = {"dryRun", "fieldManager", "fieldValidation",
                                                                     "force"};

// For each kind and version a PATCH with its parameters, and a definition with its description.
std::string OpenApiProto();

}  // namespace sluice::gateway
