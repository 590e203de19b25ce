// The Prometheus gates of one canary in its stage: asks each at its interval and remembers what it said. Owned by the
// canary's run; the control thread only.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/base/clock.h"
#include "core/canary/canary_machine.h"
#include "core/canary/canary_spec.h"

namespace sluice::gateway {

class PrometheusWatch {
 public:
  PrometheusWatch(boost::asio::io_context& context, std::vector<core::PrometheusGate> gates);
  ~PrometheusWatch();
  PrometheusWatch(const PrometheusWatch&) = delete;
  PrometheusWatch& operator=(const PrometheusWatch&) = delete;

  // A new stage: what was said of the last one does not count any more; answers that are still to come neither.
  void Reset();
  // Starts the queries that are due: each at once, then at its interval. One that is still under way is waited for.
  void Tick(core::TimePoint now);
  // Beside the gates of the spec.
  std::span<const core::PrometheusReading> readings() const { return readings_; }

 private:
  struct Gate;
  std::vector<std::unique_ptr<Gate>> gates_;
  std::vector<core::PrometheusReading> readings_;
};

}  // namespace sluice::gateway
