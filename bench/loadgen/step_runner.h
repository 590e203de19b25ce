// Runs steps against the server of a mix, one after the other, and tells on standard error how each goes. Owned by main,
// used by its thread; Stop() by anyone, signal handlers too.
#pragma once

#include <atomic>
#include <string>

#include "bench/loadgen/load_run.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/report.h"

namespace sluice::bench {

class LoadSteps {
 public:
  // `mix` outlives it.
  LoadSteps(const RequestMix& mix, bool progress) : mix_(mix), progress_(progress) {}

  // kUnavailable when the server cannot be reached, kInvalidArgument for certificates that cannot be used.
  core::Result<Report> Run(const LoadOptions& options, const std::string& label);

  // Ends the step that runs; no further one is to be begun.
  void Stop();
  const std::atomic<bool>& stopped() const { return stopped_; }

 private:
  void Watch(LoadRun& run, const LoadOptions& options, const std::string& label);

  const RequestMix& mix_;
  bool progress_;
  std::atomic<bool> stopped_ = false;
  std::atomic<LoadRun*> current_ = nullptr;
};

}  // namespace sluice::bench
