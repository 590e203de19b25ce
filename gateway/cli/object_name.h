// Objects as people name them on a command line: `vs/ranking`, `VirtualService ml-serving/ranking`, `dr`. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "config/resource.h"
#include "core/base/result.h"

namespace sluice::gateway {

// "vs", "virtualservices", "VirtualService" -> "VirtualService"; an error names the nearest kind.
core::Result<std::string> KindNamed(std::string_view name);

// "ranking" or "ml-serving/ranking"; `name_space` is for names without one.
core::Result<config::ResourceKey> ObjectNamed(std::string_view kind, std::string_view name,
                                              std::string_view name_space);

// "KIND/NAME" or "KIND/NAMESPACE/NAME".
core::Result<config::ResourceKey> ObjectNamed(std::string_view text, std::string_view name_space);

}  // namespace sluice::gateway
