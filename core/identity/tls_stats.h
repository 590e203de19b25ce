// What connections of one side count about TLS. One per worker and side; the worker writes, the metrics get copies.
#pragma once

#include <array>
#include <cstdint>

#include "core/identity/tls_failure.h"

namespace sluice::core {

struct TlsStats {
  std::uint64_t handshakes = 0;  // done
  std::uint64_t resumed = 0;     // of them
  std::array<std::uint64_t, kTlsFailureCount> failures{};

  void Count(TlsFailure failure) { ++failures[static_cast<std::size_t>(failure)]; }
};

}  // namespace sluice::core
