// What a request's path and query ask for, taken apart. Pure; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/resource_kind.h"
#include "gateway/admin/admin_message.h"
#include "gateway/api/status.h"

namespace sluice::gateway {

// Objects of one kind: /apis/GROUP/VERSION[/namespaces/NS]/PLURAL[/NAME].
struct ResourcePath {
  const config::ResourceKind* kind = nullptr;
  std::string version;
  std::string name_space;  // empty: all
  std::string name;        // empty: the collection
};

// Percent-decoded segments between slashes; an empty last one is left out. nullopt for broken escapes.
std::optional<std::vector<std::string>> Segments(std::string_view path);

std::expected<ResourcePath, ApiError> ParseResourcePath(const std::vector<std::string>& segments);

// "true", "1" and an empty value; absent is false.
bool IsSet(const AdminRequest& request, std::string_view name);

// The parameter as a number; nullopt when absent, an error when it is none.
std::expected<std::optional<std::uint64_t>, ApiError> NumberOf(const AdminRequest& request, std::string_view name);

// dryRun: All or nothing.
std::expected<bool, ApiError> DryRunOf(const AdminRequest& request);

// fieldManager is text that can be kept and shown.
std::optional<ApiError> CheckManager(const AdminRequest& request);

// fieldManager, else what the client calls itself: "kubectl/v1.20.2 (...)" is "kubectl".
std::string ManagerOf(const AdminRequest& request);

}  // namespace sluice::gateway
