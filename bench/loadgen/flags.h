// The command line of sluice-bench. Owned by main; one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "bench/loadgen/options.h"
#include "bench/loadgen/report_flags.h"
#include "bench/loadgen/request_mix.h"

namespace sluice::bench {

struct Flags {
  RequestParts parts = {};
  LoadOptions load = {};
  std::string duration = {};
  std::string timeout = "10s";
  std::string warm_up = {};
  ReportFlags report = {};
};

void AddFlags(CLI::App& app, Flags& flags);

// What the flags come to: fills `load` from the texts and makes the requests. kInvalidArgument says what is wrong.
core::Result<RequestMix> Complete(Flags& flags);

}  // namespace sluice::bench
