// What experiments and canaries tell the exporter: plain copies, made on every scrape, because telemetry knows neither of
// them. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::gateway {

struct ExperimentMetrics {
  struct Arm {
    std::string name;  // "holdout" among them
    std::uint64_t exposures = 0;
  };
  std::string name_space;
  std::string name;
  std::vector<Arm> arms;
  double ratio_p_value = 1;
  bool ratio_alarm = false;
};

struct ExposureMetrics {
  std::vector<ExperimentMetrics> experiments;
  std::uint64_t log_lines = 0;
  std::uint64_t dropped_by_log = 0;         // the file could not take them
  std::uint64_t dropped_by_feed = 0;        // more than the control thread could read
  std::uint64_t dropped_by_generation = 0;  // of a configuration that is long gone
  std::uint64_t memory_turns = 0;           // times that users were forgotten
};

struct CanaryMetrics {
  std::string name_space;
  std::string name;
  std::string phase;         // "Progressing"
  std::uint64_t stage = 0;   // from 0
  std::uint64_t weight = 0;  // percent of the challenger
  std::uint64_t rollbacks = 0;
  std::uint64_t promotions = 0;
};

}  // namespace sluice::gateway
