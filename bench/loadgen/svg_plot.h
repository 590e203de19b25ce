// Draws a plot as SVG for a page: lines, points and bands over two axes, with a legend. Colours are classes c0 to c7 of
// the page's style, so that they follow its theme. Pure.
#pragma once

#include <string>
#include <vector>

#include "bench/loadgen/plot_axis.h"

namespace sluice::bench {

struct PlotPoint {
  double x = 0;
  double y = 0;
};

struct PlotBand {
  double x = 0;
  double low = 0;
  double high = 0;
};

struct PlotSeries {
  static constexpr std::size_t kColours = 8;

  std::string name = {};
  std::vector<PlotPoint> line = {};
  std::vector<PlotBand> band = {};  // around the line
  bool dots = false;                // a mark on each point
  bool dashed = false;
  std::size_t colour = 0;
};

struct Plot {
  std::string title = {};
  std::string x_title = {};
  std::string y_title = {};
  PlotAxis x;
  PlotAxis y;
  std::vector<PlotSeries> series = {};
};

// A <figure>: title, drawing, legend.
std::string DrawPlot(const Plot& plot);

}  // namespace sluice::bench
