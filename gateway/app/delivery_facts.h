// Experiments and canaries as the exporter wants them: it knows neither. Control thread.
#pragma once

#include <vector>

#include "gateway/canary/canary_controller.h"
#include "gateway/experiment/experiment_monitor.h"
#include "gateway/telemetry/delivery_metrics.h"

namespace sluice::gateway {

ExposureMetrics MetricsOf(const ExperimentMonitor& monitor);
std::vector<CanaryMetrics> MetricsOf(const CanaryController& controller);

}  // namespace sluice::gateway
