#include "core/upstream/affinity_hash.h"

#include <xxhash.h>

namespace sluice::core {

std::uint64_t AffinityHash(std::string_view text, std::uint64_t seed) { return XXH64(text.data(), text.size(), seed); }

}  // namespace sluice::core
