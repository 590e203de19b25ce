// The version of HTTP that a connection speaks. The one thing that is known of it outside gateway/codec: which to ask
// for, because h2UpgradePolicy, useClientProtocol and a port's protocol are about nothing else
// (istio-reference.md section 2.3).
#pragma once

#include <cstdint>

namespace sluice::core {

enum class Wire : std::uint8_t {
  kHttp1,  // 1.1, and 1.0 where the peer speaks nothing newer
  kHttp2,
};

}  // namespace sluice::core
