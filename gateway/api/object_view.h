// Objects in force as Kubernetes' clients see them: in the version asked for, with what an API server adds. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/resource_json.h"
#include "config/resource_kind.h"
#include "gateway/store/live_object.h"

namespace sluice::gateway {

// "networking.istio.io/v1beta1"
std::string ApiVersion(const config::ResourceKind& kind, std::string_view version);

config::Json ViewOf(const LiveObject& object, std::string_view version);

// Its metadata alone; `meta_version` is that of meta.k8s.io.
config::Json MetadataViewOf(const LiveObject& object, std::string_view meta_version);

// RFC 3339, UTC, whole seconds.
std::string TimestampText(std::int64_t unix_us);

// How long ago, as kubectl says it: 45s, 12m, 3h20m, 5d.
std::string AgeText(std::int64_t created_us, std::int64_t now_us);

}  // namespace sluice::gateway
