// The hash behind consistent hashing and sticky splits: xxHash64, as Envoy's (istio-reference.md section 2.2), so that a
// key lands where it would land there. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::core {

std::uint64_t AffinityHash(std::string_view text, std::uint64_t seed = 0);

}  // namespace sluice::core
