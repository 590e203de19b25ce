// `sluice-bench merge A.json B.json`: the results of several processes, which ran side by side, as those of one. Pure
// but for the files it reads and writes.
#pragma once

#include <string>
#include <vector>

#include "bench/loadgen/run_record.h"

namespace sluice::bench {

// Adds up what files hold that were written with -o json --mergeable.
core::Result<RunRecord> MergeFiles(const std::vector<std::string>& paths);

// The whole command; its exit code.
int MergeMain(int argc, const char* const* argv);

}  // namespace sluice::bench
