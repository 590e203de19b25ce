#include "bench/loadgen/plot_axis.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/loadgen/figures.h"

namespace sluice::bench {
namespace {

constexpr double kSmallest = 1e-9;  // what a logarithm is taken of at least
constexpr std::array<double, 3> kRound{1, 2, 5};

// 0.002, 5, 20k, 3M: as short as its step allows.
std::string Label(double value, double step) {
  double scaled = value;
  std::string suffix;
  if (std::abs(value) >= 1e6) {
    scaled = value / 1e6;
    step /= 1e6;
    suffix = "M";
  } else if (std::abs(value) >= 1e4) {
    scaled = value / 1e3;
    step /= 1e3;
    suffix = "k";
  }
  const int digits = step > 0 ? std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9) : 0;
  return Fixed(scaled, digits).append(suffix);
}

}  // namespace

PlotAxis::PlotAxis(Scale scale, double low, double high, bool exact, std::string unit)
    : scale_(scale), unit_(std::move(unit)) {
  switch (scale) {
    case Scale::kLinear: TickLinear(low, std::max(high, low), exact); break;
    case Scale::kLog: TickLog(std::max(low, kSmallest), std::max(high, kSmallest), exact); break;
    case Scale::kNines:
      to_ = Transform(high);
      TickNines();
      break;
  }
}

double PlotAxis::Transform(double value) const {
  switch (scale_) {
    case Scale::kLinear: return value;
    case Scale::kLog: return std::log10(std::max(value, kSmallest));
    case Scale::kNines: return -std::log10(std::max(1 - value, kSmallest));
  }
  return value;
}

double PlotAxis::Place(double value) const {
  return to_ > from_ ? std::clamp((Transform(value) - from_) / (to_ - from_), 0.0, 1.0) : 0.5;
}

void PlotAxis::AddTick(double value, std::string label) { ticks_.push_back({Place(value), label.append(unit_)}); }

void PlotAxis::TickLinear(double low, double high, bool exact) {
  constexpr double kTicksMax = 6;
  if (high <= low) high = low + std::max(std::abs(low) / 10, kSmallest);
  const double rough = (high - low) / kTicksMax;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double round : {5.0, 2.0, 1.0}) {
    if (round * power >= rough) step = round * power;
  }
  const double first = exact ? std::ceil(low / step - 1e-9) : std::floor(low / step + 1e-9);
  const double last = exact ? std::floor(high / step + 1e-9) : std::ceil(high / step - 1e-9);
  from_ = exact ? low : first * step;
  to_ = exact ? high : last * step;
  for (double i = first; i <= last; ++i) {
    const double value = i == 0 ? 0 : i * step;  // never -0
    AddTick(value, Label(value, step));
  }
}

void PlotAxis::TickLog(double low, double high, bool exact) {
  // The nearest of 1, 2 and 5 times a power of ten outside.
  const auto outward = [](double value, bool up) {
    double best = 0;
    for (double power = std::floor(std::log10(value)) - 1; power <= std::floor(std::log10(value)) + 1; ++power) {
      for (const double round : kRound) {
        const double candidate = round * std::pow(10, power);
        if (!up && candidate <= value * (1 + 1e-9)) best = candidate;
        if (up && candidate >= value * (1 - 1e-9)) return candidate;
      }
    }
    return best;
  };
  const double from = exact ? low : outward(low, false);
  double to = exact ? high : outward(high, true);
  if (to <= from) to = from * 10;
  from_ = Transform(from);
  to_ = Transform(to);
  constexpr double kDecadesWithTwosAndFives = 2.5;
  const bool fine = to_ - from_ <= kDecadesWithTwosAndFives;
  for (double power = std::floor(from_) - 1; power <= to_ + 1; ++power) {
    for (const double round : kRound) {
      const double value = round * std::pow(10, power);
      if (value < from * (1 - 1e-9) || value > to * (1 + 1e-9) || (round > 1 && !fine)) continue;
      AddTick(value, Label(value, std::pow(10, power)));
    }
  }
}

void PlotAxis::TickNines() {
  AddTick(0, "0");
  double rest = 0.1;
  for (int nines = 1; nines <= to_ + 1e-9; ++nines, rest /= 10) {
    const double value = 1 - rest;
    AddTick(value, Fixed(100 * value, std::max(0, nines - 2)));
  }
}

}  // namespace sluice::bench
