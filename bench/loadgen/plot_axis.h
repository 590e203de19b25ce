// One axis of a plot: from values to places on it, and where its ticks are. Immutable; pure.
#pragma once

#include <string>
#include <vector>

namespace sluice::bench {

// kNines is for shares below 1: 0.9, 0.99 and 0.999 are equally far apart.
enum class Scale : unsigned char { kLinear, kLog, kNines };

class PlotAxis {
 public:
  struct Tick {
    double at = 0;  // from 0 to 1
    std::string label;
  };

  // For values from `low` to `high`, widened to round ones; `exact` keeps the bounds. `unit` is written behind labels.
  PlotAxis(Scale scale, double low, double high, bool exact = false, std::string unit = {});

  double Place(double value) const;  // from 0 to 1, values beyond the bounds at them
  const std::vector<Tick>& ticks() const { return ticks_; }

 private:
  double Transform(double value) const;
  void TickLinear(double low, double high, bool exact);
  void TickLog(double low, double high, bool exact);
  void TickNines();
  void AddTick(double value, std::string label);

  Scale scale_;
  std::string unit_;
  double from_ = 0;  // transformed bounds
  double to_ = 1;
  std::vector<Tick> ticks_;
};

}  // namespace sluice::bench
