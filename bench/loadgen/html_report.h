// A run as one page: plots, tables, the command line and versions. It needs no other file, no network and no scripts,
// follows light and dark, and can be read on a phone. Pure but for WriteFile().
#pragma once

#include <string>

#include "bench/loadgen/run_record.h"

namespace sluice::bench {

std::string HtmlReport(const RunRecord& record);

// Replaces the file in one step, so that nobody reads half a page.
core::Status WriteFile(const std::string& path, const std::string& text);

}  // namespace sluice::bench
