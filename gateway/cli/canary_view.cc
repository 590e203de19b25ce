#include "gateway/cli/canary_view.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "gateway/cli/json_fields.h"
#include "gateway/cli/terminal.h"

namespace sluice::gateway {
namespace {

using config::Json;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kBarWidth = 30;

double DoubleOf(const Json& object, const char* key) {
  const Json& value = FieldOf(object, key);
  return value.is_number() ? value.get<double>() : 0;
}

std::string Decimal(double value, int places) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", places, value);
  return text;
}

// "3m20s"; fractions only of less than ten seconds.
std::string DurationText(double seconds) {
  if (seconds < 10) return Decimal(seconds, seconds == std::floor(seconds) ? 0 : 1) + "s";
  const auto whole = static_cast<std::uint64_t>(seconds);
  std::string text;
  if (whole >= 3600) text += std::to_string(whole / 3600) + 'h';
  if (whole % 3600 >= 60) text += std::to_string(whole % 3600 / 60) + 'm';
  if (whole % 60 != 0 || text.empty()) text += std::to_string(whole % 60) + 's';
  return text;
}

Colour ColourOf(const std::string& phase) {
  if (phase == "Succeeded") return Colour::kGreen;
  if (phase == "RolledBack" || phase == "Aborted") return Colour::kRed;
  return phase == "Progressing" ? Colour::kCyan : Colour::kBold;
}

// "5 % -- [10 %] -- 25 % -- 100 %": those that are over, the one that it is in, those that come.
std::string StageLine(const Json& status, bool colours) {
  std::string line;
  std::size_t index = 0;
  for (const Json& stage : ListOf(status, "stages")) {
    const std::string weight = std::to_string(NumberOf(stage, "weight")) + " %";
    const bool current = CanaryRuns(status) && index == NumberOf(status, "stage");
    if (!line.empty()) line += " -- ";
    line += current ? Paint('[' + weight + ']', ColourOf(TextOf(status, "phase")), colours) : weight;
    ++index;
  }
  return line;
}

std::string HoldLine(const Json& status) {
  const Json& stages = ListOf(status, "stages");
  const std::uint64_t stage = NumberOf(status, "stage");
  if (!CanaryRuns(status) || stage >= stages.size()) return {};
  const double hold = DoubleOf(stages[stage], "holdSeconds");
  const double held = DoubleOf(status, "heldSeconds");
  const double part = hold > 0 ? std::clamp(held / hold, 0.0, 1.0) : 1;
  const auto full = static_cast<std::size_t>(part * kBarWidth);
  return DurationText(held) + " of " + DurationText(hold) + "  " + std::string(full, '#') +
         std::string(kBarWidth - full, '.');
}

std::string VerdictText(const Json& gate) {
  if (FlagOf(gate, "broken", false)) return "broken";
  if (FlagOf(gate, "beyond", false)) return "worse, not certain yet";
  return "fine";
}

// "p99", "p99.9"
std::string QuantileText(double quantile) {
  std::string text = Decimal(quantile * 100, 2);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return 'p' + text;
}

// A ratio between two ends; null is an end that is not known, and of two such nothing is.
std::string RatioText(const Json& gate) {
  const double low = DoubleOf(gate, "low");
  if (!FieldOf(gate, "high").is_null()) return 'x' + Decimal(low, 2) + " to x" + Decimal(DoubleOf(gate, "high"), 2);
  return low == 0 ? "" : 'x' + Decimal(low, 2) + " or more";
}

Rows GateRows(const Json& status) {
  const Json& verdict = FieldOf(status, "verdict");
  Rows rows = {{"GATE", TextOf(status, "champion"), TextOf(status, "challenger"), "DIFFERENCE", "VERDICT"}};
  rows.push_back({"requests", std::to_string(NumberOf(verdict, "championRequests")),
                  std::to_string(NumberOf(verdict, "challengerRequests")), "",
                  FlagOf(verdict, "enough", false) ? "enough" : "more are needed"});
  for (const Json& gate : ListOf(verdict, "gates")) {
    const double champion = DoubleOf(gate, "champion");
    const double challenger = DoubleOf(gate, "challenger");
    if (TextOf(gate, "gate") == "latency") {
      rows.push_back({QuantileText(DoubleOf(gate, "quantile")), Decimal(champion, 1) + " ms",
                      Decimal(challenger, 1) + " ms", RatioText(gate), VerdictText(gate)});
    } else {
      rows.push_back(
          {"error rate", Decimal(champion * 100, 2) + " %", Decimal(challenger * 100, 2) + " %",
           Decimal(DoubleOf(gate, "low") * 100, 2) + " to " + Decimal(DoubleOf(gate, "high") * 100, 2) + " points",
           VerdictText(gate)});
    }
  }
  for (const Json& reading : ListOf(status, "prometheus")) {
    const std::string text = TextOf(reading, "text");
    rows.push_back({TextOf(reading, "name"), "", "", "", TextOf(reading, "state") + (text.empty() ? "" : ": " + text)});
  }
  return rows;
}

Rows EventRows(const Json& status) {
  Rows rows = {{"TIME", "EVENT", "BY", "REVISION", "WHAT"}};
  for (const Json& event : ListOf(status, "events")) {
    const std::uint64_t revision = NumberOf(event, "revision");
    rows.push_back({TimeText(static_cast<std::int64_t>(NumberOf(event, "timeUs"))), TextOf(event, "what"),
                    TextOf(event, "author"), revision == 0 ? "" : std::to_string(revision), TextOf(event, "text")});
  }
  return rows;
}

// "Progressing, stage 2 of 5 (10 %)".
std::string PhaseText(const Json& status) {
  std::string text = TextOf(status, "phase");
  if (!CanaryRuns(status)) return text;
  return text + ", stage " + std::to_string(NumberOf(status, "stage") + 1) + " of " +
         std::to_string(ListOf(status, "stages").size()) + " (" + std::to_string(NumberOf(status, "weight")) + " %)";
}

}  // namespace

bool CanaryRuns(const Json& status) {
  const std::string phase = TextOf(status, "phase");
  return phase == "Progressing" || phase == "Paused";
}

std::string CanaryLine(const Json& status) {
  const std::string reason = TextOf(status, "reason");
  return PhaseText(status) + (reason.empty() ? "" : ": " + reason);
}

std::string CanaryView(const Json& status, bool colours) {
  std::string text;
  const auto add = [&text](const char* label, const std::string& value) {
    if (!value.empty()) text += Columns({{label, value}});
  };
  add("canary ", TextOf(status, "namespace") + '/' + TextOf(status, "name"));
  add("route  ", TextOf(status, "route") + " of " + TextOf(status, "virtualService") + ": from " +
                     TextOf(status, "champion") + " to " + TextOf(status, "challenger"));
  add("phase  ", PhaseText(status));
  text += "stages    " + StageLine(status, colours) + '\n';  // colours are control characters to Columns()
  add("hold   ", HoldLine(status));
  add("reason ", TextOf(status, "reason"));
  const bool judged = NumberOf(FieldOf(status, "verdict"), "championRequests") != 0;
  if (CanaryRuns(status) || judged) text += '\n' + Columns(GateRows(status));
  if (!ListOf(status, "events").empty()) text += '\n' + Columns(EventRows(status));
  return text;
}

std::string CanaryTable(const Json& canaries) {
  Rows rows = {{"NAMESPACE", "NAME", "ROUTE", "FROM", "TO", "STATUS"}};
  for (const Json& status : canaries) {
    rows.push_back({TextOf(status, "namespace"), TextOf(status, "name"),
                    TextOf(status, "virtualService") + '/' + TextOf(status, "route"), TextOf(status, "champion"),
                    TextOf(status, "challenger"), CanaryLine(status)});
  }
  return Columns(rows);
}

}  // namespace sluice::gateway
