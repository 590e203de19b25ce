#include "bench/loadgen/svg_plot.h"

#include "bench/loadgen/figures.h"
#include "bench/loadgen/html_text.h"

namespace sluice::bench {
namespace {

// Units of the drawing. It is scaled to the width of its column, and narrow enough to be read on a phone.
constexpr double kWidth = 440;
constexpr double kHeight = 280;
constexpr double kLeft = 56;
constexpr double kRight = 22;
constexpr double kTop = 10;
constexpr double kBottom = 42;

std::string Number(double value) { return Fixed(value, 1); }

class Drawing {
 public:
  explicit Drawing(const Plot& plot) : plot_(plot) {}

  std::string Svg() {
    out_.append("<svg viewBox=\"0 0 ").append(Fixed(kWidth, 0)).append(" ").append(Fixed(kHeight, 0));
    out_.append("\" role=\"img\" aria-label=\"").append(HtmlEscape(plot_.title)).append("\">");
    Grid();
    for (const PlotSeries& series : plot_.series) Band(series);
    for (const PlotSeries& series : plot_.series) Line(series);
    Titles();
    return std::move(out_.append("</svg>"));
  }

 private:
  double X(double value) const { return kLeft + plot_.x.Place(value) * (kWidth - kLeft - kRight); }
  double Y(double value) const { return kHeight - kBottom - plot_.y.Place(value) * (kHeight - kTop - kBottom); }
  std::string At(double x, double y) const { return Number(X(x)).append(",").append(Number(Y(y))); }

  void Grid() {
    out_ += "<path class=\"grid\" d=\"";
    for (const auto& tick : plot_.x.ticks()) {
      const double x = kLeft + tick.at * (kWidth - kLeft - kRight);
      out_.append("M").append(Number(x)).append(" ").append(Number(kTop)).append("V").append(Number(kHeight - kBottom));
    }
    for (const auto& tick : plot_.y.ticks()) {
      const double y = kHeight - kBottom - tick.at * (kHeight - kTop - kBottom);
      out_.append("M").append(Number(kLeft)).append(" ").append(Number(y)).append("H").append(Number(kWidth - kRight));
    }
    out_ += "\"/>";
    for (const auto& tick : plot_.x.ticks()) {
      Text(kLeft + tick.at * (kWidth - kLeft - kRight), kHeight - kBottom + 15, "mid", tick.label);
    }
    for (const auto& tick : plot_.y.ticks()) {
      Text(kLeft - 6, kHeight - kBottom - tick.at * (kHeight - kTop - kBottom) + 4, "end", tick.label);
    }
  }

  void Text(double x, double y, const char* kind, const std::string& text) {
    out_.append("<text class=\"").append(kind).append("\" x=\"").append(Number(x)).append("\" y=\"");
    out_.append(Number(y)).append("\">").append(HtmlEscape(text)).append("</text>");
  }

  void Titles() {
    Text((kLeft + kWidth - kRight) / 2, kHeight - 6, "mid", plot_.x_title);
    if (plot_.y_title.empty()) return;
    out_.append("<text class=\"mid\" transform=\"translate(12 ").append(Number((kTop + kHeight - kBottom) / 2));
    out_.append(") rotate(-90)\">").append(HtmlEscape(plot_.y_title)).append("</text>");
  }

  void Band(const PlotSeries& series) {
    if (series.band.empty()) return;
    out_.append("<polygon class=\"band c").append(std::to_string(series.colour)).append("\" points=\"");
    for (const PlotBand& band : series.band) out_.append(At(band.x, band.high)).append(" ");
    for (std::size_t i = series.band.size(); i-- > 0;) {
      out_.append(At(series.band[i].x, series.band[i].low)).append(" ");
    }
    out_ += "\"/>";
  }

  void Line(const PlotSeries& series) {
    if (series.line.empty()) return;
    const std::string colour = "c" + std::to_string(series.colour);
    out_.append("<polyline class=\"line ").append(colour).append(series.dashed ? " dashed" : "");
    out_ += "\" points=\"";
    for (const PlotPoint& point : series.line) out_.append(At(point.x, point.y)).append(" ");
    out_ += "\"/>";
    if (!series.dots) return;
    for (const PlotPoint& point : series.line) {
      out_.append("<circle class=\"dot ").append(colour).append("\" cx=\"").append(Number(X(point.x)));
      out_.append("\" cy=\"").append(Number(Y(point.y))).append("\" r=\"3.5\"><title>");
      out_.append(HtmlEscape(series.name)).append(": ").append(Fixed(point.y, 3)).append(" at ");
      out_.append(Fixed(point.x, 1)).append("</title></circle>");
    }
  }

  const Plot& plot_;
  std::string out_;
};

}  // namespace

std::string DrawPlot(const Plot& plot) {
  std::string out = "<figure><figcaption>";
  out.append(HtmlEscape(plot.title)).append("</figcaption>").append(Drawing(plot).Svg());
  out += "<ul class=\"legend\">";
  for (const PlotSeries& series : plot.series) {
    if (series.name.empty()) continue;
    out.append("<li><i class=\"c").append(std::to_string(series.colour)).append(series.dashed ? " dashed" : "");
    out.append("\"></i>").append(HtmlEscape(series.name)).append("</li>");
  }
  return out.append("</ul></figure>\n");
}

}  // namespace sluice::bench
