// Builds the gateway in order, runs it, takes it down in reverse. The control thread is the one that calls Run(): it
// owns signals, files, names, admin pages, outlier sweeps and accepts connections; workers own the rest.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/base/result.h"
#include "gateway/app/admin_server.h"
#include "gateway/app/config_manager.h"
#include "gateway/app/drain.h"
#include "gateway/app/options.h"
#include "gateway/app/proxy_listeners.h"
#include "gateway/app/worker_world.h"
#include "gateway/canary/canary_controller.h"
#include "gateway/experiment/experiment_monitor.h"
#include "gateway/net/listener.h"
#include "gateway/runtime/snapshot_hub.h"
#include "gateway/telemetry/access_log.h"
#include "gateway/telemetry/prometheus_collector.h"

namespace sluice::gateway {

class App {
 public:
  explicit App(RunOptions options);
  ~App();

  // Until SIGTERM, SIGINT or POST /drain. Returns the process's exit code: 0 drained, 65 bad configuration, 1 could not
  // start.
  int Run();

 private:
  void Build(const core::Settings& settings);
  core::Status OpenListeners();
  core::Status OpenProxy();
  void FollowListeners();
  core::Status OpenPages(const std::string& name, const std::string& address, PageSet pages);
  void AwaitSignal();
  void OnSignal(int number);
  void BeginDrain();
  void ArmSweep();
  void FollowSettings();
  std::uint32_t ConnectionsMax(const core::Settings& settings) const;
  void Shutdown();
  MetricsSource Source();
  ProcessFacts Facts() const;
  void WatchExperiments();
  AdminContext AdminSource();
  ChangeHook Changes();
  void StartCanaries();
  ServerFacts Server() const;
  // Client connections: held by workers or on their way to one, and accepted so far.
  ClientTraffic Traffic() const;

  RunOptions options_;
  SteadyClock clock_;
  core::TimePoint started_;
  Worker control_;
  const std::uint32_t descriptor_share_;  // client connections when the file names no limit
  std::unique_ptr<SeriesRegistry> registry_;
  AccessLogWriter log_writer_;
  std::string log_path_;
  std::vector<std::unique_ptr<WorkerWorld>> worlds_;
  std::unique_ptr<SnapshotHub> hub_;
  std::unique_ptr<ConfigManager> config_;
  std::unique_ptr<ExperimentMonitor> experiments_;
  std::unique_ptr<CanaryController> canaries_;  // works on the one above
  std::unique_ptr<PrometheusCollector> collector_;
  AdminAccess admin_access_;
  std::unique_ptr<AdminServer> admin_;
  ListenerStats listener_stats_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unique_ptr<ProxyListeners> proxy_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer sweep_;
  Drain drain_;
  bool draining_ = false;
  bool health_failed_ = false;
  std::uint64_t listened_generation_ = 0;  // whose ports are open
};

}  // namespace sluice::gateway
