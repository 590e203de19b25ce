// The consistent-hash key of a request (istio-reference.md section 2.2, consistentHash). Pure; a generated cookie lies in
// the arena.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/random.h"
#include "core/http/head.h"
#include "core/upstream/cluster.h"

namespace sluice::core {

struct Affinity {
  bool found = false;  // false: any endpoint will do for this request
  std::uint64_t hash = 0;
  std::string_view set_cookie;  // Set-Cookie value for the response; empty: none was generated
};

// `query` without '?'; `client_address` as text without port.
Affinity FindAffinity(const HashKey& key, const Head& request, std::string_view query, std::string_view client_address,
                      Random& random, Arena& arena);

}  // namespace sluice::core
