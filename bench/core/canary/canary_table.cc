// How long a broken challenger stays, and how often a good one is rolled back, in simulated time: Sluice's canary beside
// the rule of the article that Sluice is built from. Prints the table of bench/RESULTS.md.
//   sluice_canary_table [RUNS]     100 for each cell by default
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/core/canary/simulated_canary.h"

namespace sluice::core {
namespace {

constexpr SimulatedVersion kChampion{.error_rate = 0.001, .median_us = 20'000, .sigma = 0.5};

// design.md section 2.
CanarySpec Designed() {
  CanarySpec spec;
  spec.stages = {{5, Seconds(600)}, {10, Seconds(900)}, {25, Seconds(1200)}, {50, Seconds(1800)}, {100, Seconds(600)}};
  spec.error_rate = ErrorRateGate{};
  spec.latency = LatencyGate{};
  return spec;
}

// The article looks once, at the end of a stage, at the p99 of the last five minutes. Errors it does not look at; here it
// does, by the same kind of rule and the same limits as ours.
bool ArticleIsContent(const VersionSample& champion, const VersionSample& challenger) {
  const auto rate = [](const VersionSample& sample) {
    return static_cast<double>(sample.errors) / static_cast<double>(std::max<std::uint64_t>(sample.answers, 1));
  };
  return challenger.Quantile(0.99) <= champion.Quantile(0.99) * 1.10 && rate(challenger) <= rate(champion) + 0.005;
}
constexpr Duration kArticleWindow = Seconds(300);

double InSeconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string Time(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, seconds < 120 ? "%.1f s" : "%.0f s", seconds);
  return text;
}

std::string Delays(std::vector<double> seconds, std::size_t runs) {
  if (seconds.empty()) return "never";
  std::ranges::sort(seconds);
  std::string text = Time(seconds[seconds.size() / 2]) + " / " + Time(seconds[seconds.size() * 99 / 100]);
  if (seconds.size() < runs) {
    text += ", " + std::to_string((runs - seconds.size()) * 100 / runs) + " % never";
  }
  return text;
}

// Ours: a stage that waits is left waiting.
std::string OursDelays(const CanarySpec& spec, const SimulatedVersion& challenger, double rate, std::size_t runs) {
  std::vector<double> seconds;
  for (std::size_t run = 0; run < runs; ++run) {
    SimulatedCanary canary(spec, kChampion, challenger, rate, 7000 + run);
    const SimulatedEnd end = canary.Run(Seconds(24 * 3600));
    if (end.phase == CanaryPhase::kRolledBack) seconds.push_back(InSeconds(end.took));
  }
  return Delays(std::move(seconds), runs);
}

std::string ArticleDelays(const SimulatedVersion& challenger, double rate, std::size_t runs) {
  std::vector<double> seconds;
  for (std::size_t run = 0; run < runs; ++run) {
    SimulatedCanary canary(Designed(), kChampion, challenger, rate, 7000 + run);
    const SimulatedEnd end = canary.RunByStages(kArticleWindow, ArticleIsContent);
    if (end.phase == CanaryPhase::kRolledBack) seconds.push_back(InSeconds(end.took));
  }
  return Delays(std::move(seconds), runs);
}

struct Fault {
  const char* name;
  SimulatedVersion challenger;
};

void PrintDelays(std::size_t runs) {
  CanarySpec half = Designed();
  half.stages = {{50, Seconds(1800)}, {100, Seconds(600)}};
  const auto errors = [](double rate) { return SimulatedVersion{rate, kChampion.median_us, kChampion.sigma}; };
  const auto slower = [](double factor) {
    return SimulatedVersion{kChampion.error_rate, kChampion.median_us * factor, kChampion.sigma};
  };
  const Fault faults[] = {{"errors 0.1 % -> 1 %", errors(0.01)},
                          {"errors 0.1 % -> 2 %", errors(0.02)},
                          {"errors 0.1 % -> 5 %", errors(0.05)},
                          {"p99 +20 %", slower(1.2)},
                          {"p99 +50 %", slower(1.5)},
                          {"p99 +100 %", slower(2)}};
  std::printf(
      "| fault | requests/s at the challenger | 5 %% weight: median / p99 | 50 %% weight | the article's rule |\n");
  std::printf("| --- | --- | --- | --- | --- |\n");
  for (const Fault& fault : faults) {
    for (const double rate : {50.0, 500.0}) {
      std::printf("| %s | %.0f | %s | %s | %s |\n", fault.name, rate,
                  OursDelays(Designed(), fault.challenger, rate / 0.05, runs).c_str(),
                  OursDelays(half, fault.challenger, rate / 0.5, runs).c_str(),
                  ArticleDelays(fault.challenger, rate / 0.05, std::min<std::size_t>(runs, 50)).c_str());
      std::fflush(stdout);
    }
  }
}

// The goal of the issue, which has a gate on errors only.
void PrintGoal(std::size_t runs) {
  const SimulatedVersion failing{0.05, kChampion.median_us, kChampion.sigma};
  std::printf("\n| tolerance | 5 %% weight: median / p99 | 50 %% weight |\n| --- | --- | --- |\n");
  for (const double points : {0.0, 0.1, 0.25, 0.5}) {
    CanarySpec spec = Designed();
    spec.latency.reset();
    spec.error_rate->max_increase_points = points;
    CanarySpec half = spec;
    half.stages = {{50, Seconds(1800)}, {100, Seconds(600)}};
    std::printf("| %.2f points | %s | %s |\n", points, OursDelays(spec, failing, 1000, runs * 10).c_str(),
                OursDelays(half, failing, 100, runs * 10).c_str());
    std::fflush(stdout);
  }
}

void PrintFalseRollbacks(std::size_t runs) {
  Duration planned{0};
  for (const CanaryStage& stage : Designed().stages) planned += stage.hold;
  std::printf(
      "\n| requests/s at the challenger | Sluice: rolled back | promoted later than planned, mean | the article's rule "
      "|\n");
  std::printf("| --- | --- | --- | --- |\n");
  for (const double rate : {1.0, 5.0, 50.0}) {
    const SimulatedVersion same{0.01, kChampion.median_us, kChampion.sigma};
    int ours = 0;
    double late = 0;
    int article = 0;
    for (std::size_t run = 0; run < runs; ++run) {
      SimulatedCanary canary(Designed(), same, same, rate / 0.05, 9000 + run);
      const SimulatedEnd end = canary.Run(Seconds(1800));
      ours += end.phase == CanaryPhase::kRolledBack ? 1 : 0;
      if (end.phase == CanaryPhase::kSucceeded) late += InSeconds(end.took - planned);
      SimulatedCanary other(Designed(), same, same, rate / 0.05, 9000 + run);
      article += other.RunByStages(kArticleWindow, ArticleIsContent).phase == CanaryPhase::kRolledBack ? 1 : 0;
    }
    const auto percent = [&](int part) { return 100.0 * part / static_cast<double>(runs); };
    std::printf("| %.0f | %.1f %% | %.1f s of %.0f min | %.1f %% |\n", rate, percent(ours),
                late / static_cast<double>(runs), InSeconds(planned) / 60, percent(article));
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace sluice::core

int main(int count, char** arguments) {
  const std::size_t runs = count > 1 ? static_cast<std::size_t>(std::max(std::atoi(arguments[1]), 1)) : 100;
  std::printf("Delay until a broken challenger is rolled back (%zu runs a cell)\n\n", runs);
  sluice::core::PrintDelays(runs);
  std::printf("\nErrors 0.1 %% -> 5 %% at 50 requests/s, a gate on errors only (%zu runs a cell)\n", runs * 10);
  sluice::core::PrintGoal(runs);
  std::printf("\nRollbacks of a challenger that is as good as the champion (1 %% errors; %zu runs a row)\n", runs);
  sluice::core::PrintFalseRollbacks(runs);
  return 0;
}
