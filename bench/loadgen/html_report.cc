#include "bench/loadgen/html_report.h"

#include <cstdio>
#include <fstream>

#include "bench/loadgen/figures.h"
#include "bench/loadgen/html_text.h"
#include "bench/loadgen/report_plots.h"
#include "bench/loadgen/report_tables.h"

namespace sluice::bench {
namespace {

// Eight colours that stay apart for people who see fewer of them, a set for each theme.
constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--bg:#fff;--ink:#1b1f24;--dim:#5c6670;--rule:#dde2e7;--card:#f6f8fa;
--c0:#0b6bcb;--c1:#c2560c;--c2:#1a8754;--c3:#8a3fc2;--c4:#c62840;--c5:#0f8a99;--c6:#8a6d00;--c7:#5c6670}
@media(prefers-color-scheme:dark){:root{--bg:#14181d;--ink:#e4e8ec;--dim:#98a3ae;--rule:#2c343c;--card:#1b2127;
--c0:#5aa9f5;--c1:#f0954f;--c2:#4fc78a;--c3:#bf8bf0;--c4:#f2707f;--c5:#4fc4d3;--c6:#d3b23c;--c7:#98a3ae}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:72rem;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--rule);
padding-bottom:.25rem}h3{font-size:1rem;margin:1.2rem 0 .3rem}
p{margin:.4rem 0}.dim{color:var(--dim)}code{font:13px/1.5 ui-monospace,Consolas,monospace;overflow-wrap:anywhere}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.6rem,1fr));gap:.6rem;margin:1rem 0;padding:0}
.facts div{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:.5rem .7rem}
.facts dt{color:var(--dim);font-size:.8rem}.facts dd{margin:0;font-size:1.2rem;font-variant-numeric:tabular-nums}
.bad dd{color:var(--c4)}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));gap:1rem;margin:1rem 0}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:.6rem;min-width:0}
figcaption{font-weight:600}svg{display:block;width:100%;height:auto}
svg text{font-size:12.5px;fill:var(--dim)}.mid{text-anchor:middle}.end{text-anchor:end}
.grid{stroke:var(--rule);stroke-width:1;fill:none}
.line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}.band{fill:var(--c);opacity:.22}
.dot{fill:var(--c)}.dashed{stroke-dasharray:6 4}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}.c5{--c:var(--c5)}
.c6{--c:var(--c6)}.c7{--c:var(--c7)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.4rem 0 0;padding:0;font-size:.85rem}
.legend li{min-width:0;overflow-wrap:anywhere}
.legend i{display:inline-block;width:1.4em;border-top:3px solid var(--c);vertical-align:middle;margin-right:.4em}
.legend i.dashed{border-top-style:dashed}
.table{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
th{color:var(--dim);font-weight:600}th:first-child,td:first-child{text-align:left;padding-left:0}
td:first-child{max-width:18rem;overflow:hidden;text-overflow:ellipsis}
details{margin:.6rem 0}summary{cursor:pointer;color:var(--dim)}
@media(max-width:30rem){svg text{font-size:15px}th,td{padding:.25rem .45rem}}
@media print{figure,.facts div{break-inside:avoid}}
)";

void AddTable(std::string& out, const ReportTable& table) {
  if (table.rows.empty()) return;
  out.append("<h3>").append(HtmlEscape(table.title)).append("</h3><div class=\"table\"><table><thead><tr>");
  for (const std::string& cell : table.head) out.append("<th scope=\"col\">").append(HtmlEscape(cell)).append("</th>");
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (const std::string& cell : row) out.append("<td>").append(HtmlEscape(cell)).append("</td>");
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
}

void AddFact(std::string& out, std::string_view name, const std::string& value, bool bad = false) {
  out.append(bad ? "<div class=\"bad\"><dt>" : "<div><dt>").append(HtmlEscape(name)).append("</dt><dd>");
  out.append(HtmlEscape(value)).append("</dd></div>");
}

void AddFacts(std::string& out, const Report& report) {
  const LatencyHistogram latency = report.Latency();
  out += "<dl class=\"facts\">";
  AddFact(out, "answers", std::to_string(report.answered()));
  AddFact(out, "a second", RateText(report.per_second()));
  AddFact(out, "seconds", Fixed(report.seconds(), 2));
  AddFact(out, "p50 ms", MillisText(latency.Quantile(0.5)));
  AddFact(out, "p99 ms", MillisText(latency.Quantile(0.99)));
  AddFact(out, "p99.99 ms", MillisText(latency.Quantile(0.9999)));
  AddFact(out, "lost", std::to_string(report.lost()), report.lost() > 0);
  if (report.data().not_sent > 0) AddFact(out, "due, but not sent", std::to_string(report.data().not_sent), true);
  AddFact(out, "connections", std::to_string(report.connects()));
  if (report.data().connect_failures > 0) {
    AddFact(out, "connections failed", std::to_string(report.data().connect_failures), true);
  }
  out += "</dl>\n";
}

void AddStep(std::string& out, const RunStep& step) {
  const Report& report = step.report;
  out.append("<section><h2>").append(HtmlEscape(step.label)).append("</h2>\n");
  AddFacts(out, report);
  out += "<div class=\"plots\">\n";
  for (const auto& plot : {SplitOverTime(report), LatencyOverTime(report), RateOverTime(report)}) {
    if (plot) out += DrawPlot(*plot);
  }
  out += "</div>\n";
  if (const auto details = SplitsInDetail(report); !details.empty()) {
    out += "<details><summary>Each version's share on an axis of its own</summary><div class=\"plots\">\n";
    for (const Plot& plot : details) out += DrawPlot(plot);
    out += "</div></details>\n";
  }
  AddTable(out, SplitTable(report));
  if (const std::string sticky = StickinessText(report); !sticky.empty()) {
    out.append("<p>").append(HtmlEscape(sticky)).append(".</p>\n");
  }
  AddTable(out, LatencyTable(report));
  AddTable(out, KindTable(report));
  AddTable(out, LostTable(report));
  AddTable(out, StatusTable(report));
  out += "</section>\n";
}

}  // namespace

std::string HtmlReport(const RunRecord& record) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      // Whatever slipped through an escape would still load and run nothing.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<title>Load report</title><style>";
  out.append(kStyle).append("</style></head><body>\n<h1>Load report</h1>\n");
  out.append("<p class=\"dim\">").append(HtmlEscape(record.started)).append("</p>\n<p><code>");
  out.append(HtmlEscape(record.command)).append("</code></p>\n");
  if (record.saturation > 0) {
    out.append("<p>Saturation, measured first in a closed loop: <b>").append(RateText(record.saturation));
    out += "</b> answers a second.</p>\n";
  }
  out += "<div class=\"plots\">\n";
  for (const auto& plot : {LatencyOverLoad(record), PercentileCurves(record)}) {
    if (plot) out += DrawPlot(*plot);
  }
  out += "</div>\n";
  if (record.steps.size() > 1) AddTable(out, StepTable(record));
  for (const RunStep& step : record.steps) AddStep(out, step);
  out.append("<h2>About</h2><p class=\"dim\">").append(HtmlEscape(record.versions)).append("</p>\n");
  out +=
      "<p class=\"dim\">Latency counts from when a request was due (open loop) or sent (closed loop). Quantiles are "
      "exact "
      "to 0.8 %. Bands and intervals are Wilson's, 95 %; answers to the same unit depend on each other, so with units "
      "the interval of units is the one to trust.</p>\n</body></html>\n";
  return out;
}

core::Status WriteFile(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  {
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file) {
      return core::Fail(core::ErrorCode::kIo, "cannot write " + part, "check that its folder is there and has room");
    }
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) {
    return core::Fail(core::ErrorCode::kIo, "cannot write " + path, "check that its folder is there and has room");
  }
  return {};
}

}  // namespace sluice::bench
