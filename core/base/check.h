// CHECK and DCHECK: a broken invariant stops the process with a message. For bugs only, never for bad input.
// Any thread.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace sluice::core {

[[noreturn]] inline void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, condition);
  std::abort();
}

}  // namespace sluice::core

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sluice::core::CheckFailed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(sizeof(!(condition)))
#else
#define DCHECK(condition) CHECK(condition)
#endif
