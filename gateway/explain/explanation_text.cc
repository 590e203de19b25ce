#include "gateway/explain/explanation_text.h"

#include <algorithm>
#include <vector>

#include "config/format.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kPlain = "\x1b[0m";

// As it is when nothing in it needs care, else quoted with escapes.
std::string Word(const Json& value) {
  if (!value.is_string()) return value.is_null() ? "-" : value.dump();
  const auto& text = value.get_ref<const std::string&>();
  const bool simple =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
  return simple ? text : value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string Quoted(const Json& value) {
  return value.is_string() ? value.dump(-1, ' ', true, Json::error_handler_t::replace) : Word(value);
}

// One decimal: 12.5 %.
std::string PercentText(const Json& value) {
  const auto tenths = static_cast<std::int64_t>(value.get<double>() * 10 + 0.5);
  return Format("{}.{} %", tenths / 10, tenths % 10);
}

class Writer {
 public:
  explicit Writer(bool colour) : colour_(colour) {}

  using Row = std::vector<std::string>;

  void Title(const std::string& text) { out_ += (out_.empty() ? "" : "\n") + Coloured(kBold, text) + "\n"; }
  void Line(const std::string& text) { out_ += "  " + text + "\n"; }
  // Columns are as wide as their widest cell; the last one is not filled up. `colours` beside rows; null: plain.
  void Table(const std::vector<Row>& rows, const std::vector<const char*>& colours) {
    std::vector<std::size_t> widths;
    for (const Row& row : rows) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (std::size_t at = 0; at < rows.size(); ++at) {
      std::string line;
      for (std::size_t i = 0; i < rows[at].size(); ++i) {
        const std::string& cell = rows[at][i];
        line += cell;
        if (i + 1 < rows[at].size()) line.append(widths[i] - cell.size() + 2, ' ');
      }
      line.erase(line.find_last_not_of(' ') + 1);
      Line(colours[at] == nullptr ? line : Coloured(colours[at], line));
    }
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string Coloured(const char* colour, const std::string& text) const {
    return colour_ ? colour + text + kPlain : text;
  }

  bool colour_;
  std::string out_;
};

std::string PlaceOf(const Json& rule) {
  return rule["file"].is_null() ? "" : Word(rule["file"]) + ":" + rule["line"].dump();
}

std::string NameOf(const Json& rule) {
  std::string name = Format("rule {}", Word(rule["rule_index"]));
  if (!rule["route_name"].is_null()) name += " " + Quoted(rule["route_name"]);
  return rule["virtual_service"].is_null() ? name + " (implied)" : name + " of " + Word(rule["virtual_service"]);
}

void WriteDecision(const Json& all, Writer& out) {
  const Json& request = all["request"];
  const Json& decision = all["decision"];
  out.Title(Format("{} {}://{}{}", Word(request["method"]), Word(request["scheme"]), Word(request["authority"]),
                   Word(request["path"])));
  std::string from = "from " + Word(request["client_address"]) + " at " + request["place"].get<std::string>();
  if (!request["port"].is_null()) from += Format(", port {}", Word(request["port"]));
  if (!request["sni"].is_null()) from += ", SNI " + Word(request["sni"]);
  if (!request["principal"].is_null()) from += ", " + Word(request["principal"]);
  out.Line(from);
  std::string verdict = decision["action"].get<std::string>();
  if (const Json& to = all["destination"]; !to.is_null()) {
    verdict += " to " + (to["subset"].is_null() ? "" : "subset " + Word(to["subset"]) + " of ") +
               Format("{} port {}", Word(to["host"]), Word(to["port"]));
  } else {
    verdict += Format(": {} {}", Word(decision["response_code"]), Word(decision["response_code_details"]));
    if (!decision["location"].is_null()) verdict += ", location " + Quoted(decision["location"]);
  }
  out.Line(verdict);
  if (const Json& to = all["destination"]; !to.is_null() && to["rewritten"].get<bool>()) {
    out.Line("sent as " + Quoted(to["path"]) + " with host " + Quoted(to["authority"]));
  }
  if (decision["route_name"].is_null() && decision["rule_index"].is_null() && decision["file"].is_null()) return;
  out.Line("by " + NameOf(decision) + (decision["file"].is_null() ? "" : ", " + PlaceOf(decision)));
}

std::string WhyNot(const Json& match) {
  const Json& failed = match["failed"];
  const bool without = failed["field"].get_ref<const std::string&>().starts_with("without");
  const std::string saw = failed["saw"].is_null() ? "has none" : "saw " + Quoted(failed["saw"]);
  return failed["field"].get<std::string>() + ": " + (without ? "unwanted " : "wanted ") +
         failed["wanted"].get<std::string>() + ", " + saw;
}

void WriteRules(const Json& all, Writer& out) {
  if (all["host"].is_null()) {
    if (all["decision"]["response_code_details"] == "route_not_found") {
      out.Title("rules");
      out.Line("no virtual host covers " + Quoted(all["request"]["authority"]));
    }
    return;
  }
  std::string hosts;
  for (const Json& host : all["host"]) hosts += (hosts.empty() ? "" : ", ") + Word(host);
  out.Title("rules of " + hosts);
  std::vector<Writer::Row> rows;
  std::vector<const char*> colours;
  std::size_t others = 0;
  for (const Json& rule : all["rules"]) {
    const bool reached = rule["reached"].get<bool>();
    const bool holds = rule["holds"].get<bool>();
    if (!reached && !holds) {
      ++others;
      continue;
    }
    Writer::Row row = {!reached ? "-" : holds ? "yes" : "no", NameOf(rule), PlaceOf(rule)};
    const Json& matches = rule["matches"];
    colours.push_back(!reached ? kDim : holds ? kGreen : nullptr);
    if (matches.empty()) {
      row.push_back(reached ? "no conditions" : "not reached, though it has no conditions");
      rows.push_back(std::move(row));
      continue;
    }
    // Every item that failed has a line of its own.
    for (std::size_t i = 0; i < matches.size(); ++i) {
      const Json& match = matches[i];
      const std::string item = match["name"].is_null() ? Format("match[{}]", i) : "match " + Quoted(match["name"]);
      if (i > 0) {
        row = {"", "", ""};
        colours.push_back(colours.back());
      }
      row.push_back((reached ? "" : "not reached: ") + item +
                    (match["holds"] ? reached ? " holds" : " would hold too" : " " + WhyNot(match)));
      rows.push_back(row);
    }
  }
  out.Table(rows, colours);
  if (others > 0) out.Line(Format("and {} more behind it that would not hold either", others));
}

void WriteHash(const Json& hash, Writer& out) {
  out.Line(Format("  md5({}) begins {} = {}; modulo {} = bucket {}", Quoted(hash["md5_of"]), Word(hash["md5_start"]),
                  Word(hash["number"]), Word(hash["buckets"]), Word(hash["bucket"])));
}

// Holdout and layer, as far as they were asked.
void WriteGates(const Json& one, Writer& out) {
  const Json& holdout = one["holdout"];
  if (!holdout.is_null() && holdout.contains("bucket")) {
    const bool holds = one["outcome"] == "holdout";
    out.Line(Format("  {} the holdout {}, which has the buckets below {}:", holds ? "in" : "not in",
                    Word(holdout["name"]), Word(holdout["holds_below"])));
    WriteHash(holdout, out);
  }
  const Json& layer = one["layer"];
  if (layer.is_null() || !layer.contains("bucket")) return;
  out.Line(Format("  {} its buckets {}-{} of the layer {}:", one["outcome"] == "not-in-layer" ? "not in" : "in",
                  Word(layer["first"]), Word(layer["last"]), Word(layer["name"])));
  WriteHash(layer, out);
}

void WriteArm(const Json& one, Writer& out) {
  const Json& arm = one["arm"];
  if (arm.is_null()) {
    out.Line(one["outcome"] == "holdout" ? "  no arm, as all of the holdout" : "  in no arm");
    return;
  }
  const std::string how =
      one["outcome"] == "override" ? "by name" : Format("{}-{}", Word(arm["first"]), Word(arm["last"]));
  out.Line(Format("  arm {} ({}): subset {}{}", Word(arm["name"]), how, Word(arm["subset"]),
                  one["replaces_subset"].get<bool>() ? ", in place of the split's" : ", not applied to this rule"));
}

void WriteExperiment(const Json& one, Writer& out) {
  const std::string name = Format("{}: {}", Word(one["name"]), one["unit"].get<std::string>());
  const Json& outcome = one["outcome"];
  if (outcome == "no-unit") return out.Line(name + ": the request has none, so it takes no part");
  std::string user = one["user"].is_null() ? "" : " = " + Quoted(one["user"]);
  if (one["generated"].get<bool>()) user += user.empty() ? ": the request has none" : ", made for this request";
  out.Line(name + user);
  for (const Json& match : one["matches"]) {
    if (match["holds"].get<bool>()) continue;
    out.Line("  " + WhyNot(match));
  }
  if (outcome == "no-match") return out.Line("  no match holds, so it takes no part");
  if (outcome == "no-md5") return out.Line("  MD5 is not to be had here, so it takes no part");
  WriteGates(one, out);
  if (outcome == "not-in-layer") return out.Line("  so it takes no part");
  WriteHash(one, out);
  WriteArm(one, out);
}

void WriteExperiments(const Json& all, Writer& out) {
  if (all["experiments"].empty()) return;
  out.Title("experiments");
  for (const Json& one : all["experiments"]) WriteExperiment(one, out);
}

void WriteSplit(const Json& all, Writer& out) {
  const Json& split = all["split"];
  if (split.is_null()) return;
  out.Title("split");
  if (split["by"] == "user") {
    out.Line(Format("sticky by {} = {}: the user's hash decides", split["sticky"]["key"].get<std::string>(),
                    Quoted(split["sticky"]["user"])));
  } else if (split["by"] == "draw") {
    if (!split["sticky"].is_null()) {
      out.Line("sticky by " + split["sticky"]["key"].get<std::string>() +
               ": the request has none, so the draw decides");
    }
    const bool given = split["draw_given"].get<bool>();
    out.Line(Format("draw {} modulo {} = {}{}", Word(split["draw"]), Word(split["total"]), Word(split["point"]),
                    given ? "" : " (no draw was given: this one is an example)"));
  }
  std::vector<Writer::Row> rows;
  std::vector<const char*> colours;
  for (const Json& share : split["shares"]) {
    const bool chosen = share["chosen"].get<bool>();
    const bool points = split["by"] == "draw" && share.contains("points");
    rows.push_back({chosen ? "yes" : "no", share["subset"].is_null() ? Word(share["host"]) : Word(share["subset"]),
                    Format("weight {}", Word(share["weight"])), PercentText(share["percent"]),
                    points ? Format("{}-{}", Word(share["points"][0]), Word(share["points"][1])) : ""});
    colours.push_back(chosen ? kGreen : nullptr);
  }
  out.Table(rows, colours);
}

void WriteFault(const Json& all, Writer& out) {
  const Json& fault = all["fault"];
  if (fault.is_null() || fault.empty()) return;
  out.Title("fault");
  const auto drawn = [](const Json& part) { return part["drawn"].get<bool>() ? ", this time yes" : ", this time no"; };
  if (fault.contains("delay")) {
    out.Line(Format("delay {} for {}{}", Word(fault["delay"]["fixed"]), PercentText(fault["delay"]["percent"]),
                    drawn(fault["delay"])));
  }
  if (fault.contains("abort")) {
    const Json& abort = fault["abort"];
    const std::string what =
        abort["grpc_status"].is_null() ? Word(abort["http_status"]) : "gRPC status " + Word(abort["grpc_status"]);
    out.Line(Format("abort with {} for {}{}", what, PercentText(abort["percent"]), drawn(abort)));
  }
}

void WriteMirrors(const Json& all, Writer& out) {
  if (all["mirrors"].empty()) return;
  out.Title("mirrors");
  for (const Json& mirror : all["mirrors"]) {
    const std::string to = mirror["subset"].is_null() ? Word(mirror["host"]) : Word(mirror["subset"]);
    out.Line(Format("{}  {}  {} of requests; this one is at {}", mirror["selected"].get<bool>() ? "yes" : "no ", to,
                    PercentText(mirror["percent"]), PercentText(mirror["point_percent"])));
  }
}

void WriteDestination(const Json& all, Writer& out) {
  const Json& to = all["destination"];
  if (to.is_null()) return;
  out.Title("endpoints, " + to["endpoints_are"].get<std::string>() + " (" + to["load_balancer"].get<std::string>() +
            ")");
  std::vector<Writer::Row> rows;
  std::vector<const char*> colours;
  for (const Json& endpoint : to["endpoints"]) {
    const bool in = endpoint["candidate"].get<bool>();
    rows.push_back({in ? "yes" : "no", Word(endpoint["address"]), in ? "" : endpoint["out"].get<std::string>()});
    colours.push_back(in ? kGreen : nullptr);
  }
  if (rows.empty()) {
    const bool live = to["endpoints_are"] == "live";
    out.Line(live ? "none: 503 UH" : "none; names are looked up by a running gateway only, which --server asks");
  }
  out.Table(rows, colours);
  out.Title("limits, time-outs and retries");
  std::string limits;
  for (const char* name : {"max_connections", "max_pending_requests", "max_requests", "max_retries"}) {
    if (!to["limits"][name].is_null())
      limits += Format("{}{} {}", limits.empty() ? "" : ", ", name, Word(to["limits"][name]));
  }
  out.Line((limits.empty() ? "no limits" : limits) + "; connect within " + Word(to["limits"]["connect_timeout"]));
  const Json& times = all["timeouts"];
  const auto time = [&](const char* key) { return times[key].is_null() ? std::string("none") : Word(times[key]); };
  out.Line(Format("time-out {} (rule {}{}), per try {}{}", time("effective"), time("route"),
                  times["client"].is_null() ? "" : ", client " + Word(times["client"]), time("effective_per_try"),
                  times["per_try"] == times["effective_per_try"] ? "" : " (" + time("per_try") + " is not shorter)"));
  const Json& retries = all["retries"];
  if (retries["attempts"] == 0) return out.Line("no retries");
  std::string pauses;
  for (const Json& pause : retries["backoff_below"]) pauses += (pauses.empty() ? "" : ", ") + Word(pause);
  out.Line(Format("up to {} more tries on {}; pauses below {}", Word(retries["attempts"]), Word(retries["retry_on"]),
                  pauses));
}

void WriteChanges(const Json& changes, const std::string& title, Writer& out) {
  if (changes.empty()) return;
  out.Title(title);
  for (const Json& change : changes) {
    const std::string name = Word(change["name"]);
    if (change["after"].is_null()) {
      out.Line("- " + name + ": " + Quoted(change["before"]));
    } else {
      out.Line((change["before"].is_null() ? "+ " : "~ ") + name + ": " + Quoted(change["after"]));
    }
  }
}

void WriteAuthorization(const Json& all, Writer& out) {
  const Json& verdict = all["authorization"];
  if (verdict.is_null()) return;
  out.Title("authorization");
  const std::string policies =
      Format("{} DENY and {} ALLOW policies", Word(verdict["deny_policies"]), Word(verdict["allow_policies"]));
  out.Line(verdict["allowed"].get<bool>() ? "allowed by " + policies : "denied: " + Word(verdict["details"]));
  if (verdict["dry_run_denied"].get<bool>()) out.Line("a policy that is only tried out would have denied it");
}

void WriteLogLine(const Json& all, Writer& out) {
  if (!all.contains("log_line")) return;
  const Json& line = all["log_line"];
  out.Title("log line");
  if (line["agrees"].get<bool>()) out.Line("the line says the same");
  for (const Json& differs : line["differs"]) {
    out.Line(Format("{}: the line says {}, here it is {}", Word(differs["field"]), Quoted(differs["logged"]),
                    Quoted(differs["explained"])));
  }
  for (const Json& note : line["notes"]) out.Line(note.get<std::string>());
}

}  // namespace

std::string ExplanationText(const Json& explanation, bool colour) {
  Writer out(colour);
  WriteDecision(explanation, out);
  WriteLogLine(explanation, out);
  WriteAuthorization(explanation, out);
  WriteRules(explanation, out);
  WriteExperiments(explanation, out);
  WriteFault(explanation, out);
  WriteSplit(explanation, out);
  WriteMirrors(explanation, out);
  WriteDestination(explanation, out);
  WriteChanges(explanation["headers"]["request"], "headers to the model", out);
  WriteChanges(explanation["headers"]["response"], "headers to the client", out);
  const Json& removed = explanation["headers"]["response_removed"];
  if (!removed.empty()) out.Title("headers taken from the model's answer");
  for (const Json& name : removed) out.Line(Word(name));
  return out.Take();
}

}  // namespace sluice::gateway
