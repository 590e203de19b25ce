// Counts the calls of operator new, for tests of paths that must not ask the heap. A program that names Allocations() gets
// the replaced operators with it. Any thread; each sees its own count.
#pragma once

namespace sluice {

// Calls by this thread since it began.
long Allocations();

}  // namespace sluice
