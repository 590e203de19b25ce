// The process and its configuration in numbers.
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>

#include "gateway/telemetry/families.h"

namespace sluice::gateway {
namespace {

double ResidentBytes() {
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%" SCNu64 " %" SCNu64, &all, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

MetricFamily SingleValue(std::string name, std::string help, MetricType type, double value) {
  return {std::move(name), std::move(help), type, {{{}, value, {}}}};
}

MetricType TotalType(std::string_view name) {
  return name.ends_with("_total") ? MetricType::kCounter : MetricType::kUntyped;
}

void AppendServerFamilies(const MetricsSource& source, const core::Snapshot* snapshot,
                          std::vector<MetricFamily>& families) {
  const auto add = [&families](std::string name, std::string help, MetricType type, double value) {
    families.push_back(SingleValue(std::move(name), std::move(help), type, value));
  };
  MetricFamily build{"istio_build", "Version of this proxy.", MetricType::kGauge, {}};
  build.samples.push_back({{{"component", "proxy"}, {"tag", SLUICE_VERSION}}, 1, {}});
  families.push_back(std::move(build));

  const ProcessFacts facts = source.process != nullptr ? source.process(source.self) : ProcessFacts{};
  add("envoy_server_live", "1 while the process takes requests.", MetricType::kGauge, facts.live ? 1 : 0);
  add("envoy_server_state", "0 live, 1 draining, 2 and 3 starting.", MetricType::kGauge, facts.state);
  add("envoy_server_uptime", "Seconds since the start.", MetricType::kGauge, facts.uptime_seconds);
  add("envoy_server_concurrency", "Workers.", MetricType::kGauge, facts.workers);
  add("envoy_server_total_connections", "Open client connections.", MetricType::kGauge,
      static_cast<double>(facts.connections));
  add("envoy_server_memory_allocated", "Heap bytes in use.", MetricType::kGauge,
      static_cast<double>(::mallinfo2().uordblks));
  add("process_resident_memory_bytes", "Resident memory.", MetricType::kGauge, ResidentBytes());
  add("process_cpu_seconds_total", "User and system time.", MetricType::kCounter, CpuSeconds());

  add("sluice_config_generation", "How many configurations have been in force.", MetricType::kGauge,
      snapshot == nullptr ? 0 : static_cast<double>(snapshot->generation));
  add("sluice_config_revision", "Number of the revision in force, as `sluice history` counts.", MetricType::kGauge,
      static_cast<double>(facts.revision));
  add("sluice_config_reload_success_total", "Configurations accepted.", MetricType::kCounter,
      static_cast<double>(facts.reload_success));
  add("sluice_config_reload_failed_total", "Configurations rejected.", MetricType::kCounter,
      static_cast<double>(facts.reload_failed));
  add("sluice_config_last_ok", "0 when the last configuration was rejected.", MetricType::kGauge,
      facts.last_reload_ok ? 1 : 0);
  if (snapshot != nullptr) {
    MetricFamily info{"sluice_config_info", "Revision of the configuration in force.", MetricType::kGauge, {}};
    info.samples.push_back({{{"revision", snapshot->revision}}, 1, {}});
    families.push_back(std::move(info));
  }
  add("sluice_series", "Request series in use.", MetricType::kGauge,
      static_cast<double>(source.registry->Read().series.size()));
}

}  // namespace sluice::gateway
