// Every field of Canary: carried out, or reported.
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

using core::CanarySpec;

const std::string kRules = WithRules(
    "  - match: [{uri: {exact: /old}}]\n    redirect: {uri: /x}\n  - name: all\n    route:\n    - {destination: {host: "
    "ranking, subset: v1}, weight: 90}\n"
    "    - {destination: {host: ranking, subset: v2}, weight: 10}\n");
const std::string kStages = "stages: [{weight: 10, hold: 5m}, {weight: 100, bake: 10m}]";
const std::string kGates = "gates: {errorRate: {maxIncreasePercentagePoints: 0.5}}";

std::string Canary(const std::string& fields, const std::string& name = "v2") {
  return "---\napiVersion: sluice.dev/v1alpha1\nkind: Canary\nmetadata: {name: " + name + "}\nspec: {" + fields + "}\n";
}
std::string With(const std::string& fields) { return kRules + Canary(fields); }
// A canary that is fine, with one more field.
const std::string kWhole =
    "virtualService: rules, route: all, champion: v1, challenger: v2, " + kStages + ", " + kGates;
std::string And(const std::string& field) { return With(kWhole + ", " + field); }
std::string Stages(const std::string& stages) {
  return With("virtualService: rules, route: all, champion: v1, challenger: v2, " + kGates + ", stages: [" + stages +
              "]");
}
std::string Gates(const std::string& gates) {
  return With("virtualService: rules, route: all, champion: v1, challenger: v2, " + kStages + ", gates: {" + gates +
              "}");
}
std::string Prometheus(const std::string& fields) {
  return Gates("prometheus: [{address: \"http://prometheus:9090\", query: up, " + fields + "}]");
}
std::string About(const std::string& route, const std::string& champion = "v1", const std::string& challenger = "v2") {
  return With("virtualService: rules, route: " + route + ", champion: " + champion + ", challenger: " + challenger +
              ", " + kStages + ", " + kGates);
}

using Effect = std::function<bool(const CanaryDocument&)>;
Effect OnSpec(std::function<bool(const CanarySpec&)> holds) {
  return [holds](const CanaryDocument& canary) { return holds(canary.spec); };
}

struct CanaryRow {
  const char* field;
  std::string text;
  std::string finding;  // empty: none at all
  Effect effect;        // null: the finding is an error
};
void PrintTo(const CanaryRow& row, std::ostream* out) { *out << row.field; }

class CanaryField : public testing::TestWithParam<CanaryRow> {};

TEST_P(CanaryField, IsCarriedOutOrReported) {
  const CanaryRow& row = GetParam();

  const Loaded loaded = LoadText(row.text);

  if (row.finding.empty()) {
    EXPECT_EQ(TextOf(loaded), "");
  } else {
    EXPECT_TRUE(Says(loaded, row.finding)) << row.finding << "\nis not in\n" << TextOf(loaded);
  }
  EXPECT_EQ(loaded.ok, row.effect != nullptr) << TextOf(loaded);
  if (row.effect == nullptr) return;
  ASSERT_EQ(loaded.documents->canaries.size(), 1U);
  EXPECT_TRUE(row.effect(loaded.documents->canaries.front())) << "the field has no effect";
}

std::string NameOfRow(const testing::TestParamInfo<CanaryRow>& info) {
  std::string name = std::to_string(info.index) + "_" + info.param.field;
  for (char& c : name) c = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Route, CanaryField,
    testing::Values(
        CanaryRow{"all of it", With(kWhole), "",
                  [](const CanaryDocument& c) {
                    return c.virtual_service.fqdn == "default/rules" && c.route == "all" && c.champion == "v1" &&
                           c.challenger == "v2" && c.meta.name == "v2";
                  }},
        CanaryRow{
            "virtualService with namespace",
            With("virtualService: default/rules, route: all, champion: v1, challenger: v2, " + kStages + ", " + kGates),
            "", [](const CanaryDocument& c) { return c.virtual_service.fqdn == "default/rules"; }},
        CanaryRow{"virtualService missing",
                  With("route: all, champion: v1, challenger: v2, " + kStages),
                  "spec.virtualService is required",
                  {}},
        CanaryRow{"virtualService no name",
                  With("virtualService: a/b/c, route: all, champion: v1, challenger: v2, " + kStages),
                  "`a/b/c` names no VirtualService",
                  {}},
        CanaryRow{
            "virtualService unknown",
            With("virtualService: rule, route: all, champion: v1, challenger: v2, " + kStages + ", " + kGates),
            "warning SL2060 the VirtualService default/rule is not known, so this canary cannot run; did you mean "
            "default/rules?",
            [](const CanaryDocument& c) { return c.virtual_service.given == "rule"; }},
        CanaryRow{"route by index", About("1"), "", [](const CanaryDocument& c) { return c.route == "1"; }},
        CanaryRow{"route by index as text", About("\"1\""), "", [](const CanaryDocument& c) { return c.route == "1"; }},
        CanaryRow{"route no scalar", About("[all]"), "spec.route names no rule", {}},
        CanaryRow{"route unknown", About("al"), "warning SL2018 default/rules has no rule al",
                  [](const CanaryDocument& c) { return c.route == "al"; }},
        CanaryRow{"route beyond", About("2"), "warning SL2018", [](const CanaryDocument&) { return true; }},
        CanaryRow{"route of a redirect", About("0"),
                  "warning SL2060 the rule redirects or answers by itself, so this canary cannot run",
                  [](const CanaryDocument&) { return true; }},
        CanaryRow{"champion missing",
                  With("virtualService: rules, route: all, challenger: v2, " + kStages),
                  "spec.champion is required",
                  {}},
        CanaryRow{"challenger missing",
                  With("virtualService: rules, route: all, champion: v1, " + kStages),
                  "spec.challenger is required",
                  {}},
        CanaryRow{"both the same", About("all", "v1", "v1"), "v1 cannot be champion and challenger", {}},
        CanaryRow{"challenger unknown",
                  About("all", "v1", "v3"),
                  "error IST0101 the service ranking.default.svc.cluster.local has no subset v3",
                  {}},
        CanaryRow{"two on one route",
                  With(kWhole) + Canary(kWhole, "again"),
                  "error SL2061 the Canary default/v2 is about this route already",
                  {}},
        CanaryRow{"field unknown", And("onNodata: hold"), "error SL1101", {}}),
    NameOfRow);

INSTANTIATE_TEST_SUITE_P(
    Stages, CanaryField,
    testing::Values(
        CanaryRow{"stages", Stages("{weight: 5, hold: 10m}, {weight: 50, hold: 0s}, {weight: 100, bake: 1h}"), "",
                  OnSpec([](const CanarySpec& s) {
                    return s.stages.size() == 3 && s.stages[0].weight == 5 && s.stages[0].hold == core::Seconds(600) &&
                           s.stages[2].hold == core::Seconds(3600);
                  })},
        CanaryRow{"hold of the last", Stages("{weight: 100, hold: 1h}"), "",
                  OnSpec([](const CanarySpec& s) { return s.stages[0].hold == core::Seconds(3600); })},
        CanaryRow{"without bake", Stages("{weight: 100}"), "warning SL2064 the last stage does not bake",
                  OnSpec([](const CanarySpec& s) { return s.stages[0].hold == core::Duration(0); })},
        CanaryRow{"bake of nothing", Stages("{weight: 100, bake: 0s}"), "",
                  OnSpec([](const CanarySpec& s) { return s.stages[0].hold == core::Duration(0); })},
        CanaryRow{"missing",
                  With("virtualService: rules, route: all, champion: v1, challenger: v2, " + kGates),
                  "spec.stages is required",
                  {}},
        CanaryRow{"none", Stages(""), "spec.stages must hold 1 to 50 stages", {}},
        CanaryRow{
            "hold missing", Stages("{weight: 5}, {weight: 100, bake: 1s}"), "spec.stages[0].hold is required", {}},
        CanaryRow{"bake too early",
                  Stages("{weight: 5, bake: 1s}, {weight: 100, bake: 1s}"),
                  "only the last stage bakes; write hold",
                  {}},
        CanaryRow{"hold and bake", Stages("{weight: 100, hold: 1s, bake: 1s}"), "a stage has either hold or bake", {}},
        CanaryRow{"not growing",
                  Stages("{weight: 5, hold: 1s}, {weight: 5, hold: 1s}, {weight: 100, bake: 1s}"),
                  "stage 1 gives 5 % after 5 %: weights must grow",
                  {}},
        CanaryRow{
            "weight zero", Stages("{weight: 0, hold: 1s}, {weight: 100, bake: 1s}"), "must be between 1 and 100", {}},
        CanaryRow{"end below 100",
                  Stages("{weight: 5, hold: 1s}, {weight: 50, hold: 1s}"),
                  "the last stage gives 50 %, and the challenger is promoted at 100 %; add {weight: 100, bake: 10m}",
                  {}}),
    NameOfRow);

INSTANTIATE_TEST_SUITE_P(
    Gates, CanaryField,
    testing::Values(
        CanaryRow{"latency", Gates("latency: {quantile: 0.95, maxRegressionPercent: 20}"), "",
                  OnSpec([](const CanarySpec& s) {
                    return s.latency && s.latency->quantile == 0.95 && s.latency->max_regression_percent == 20 &&
                           !s.error_rate;
                  })},
        CanaryRow{"latency defaults", Gates("latency: {}"), "", OnSpec([](const CanarySpec& s) {
                    return s.latency && s.latency->quantile == 0.99 && s.latency->max_regression_percent == 10;
                  })},
        CanaryRow{
            "latency quantile", Gates("latency: {quantile: 99}"), "error IST0106 spec.gates.latency.quantile", {}},
        CanaryRow{"errorRate", Gates("errorRate: {maxIncreasePercentagePoints: 2}"), "",
                  OnSpec([](const CanarySpec& s) {
                    return s.error_rate && s.error_rate->max_increase_points == 2 && !s.latency;
                  })},
        CanaryRow{"errorRate too much", Gates("errorRate: {maxIncreasePercentagePoints: 101}"), "error IST0106", {}},
        CanaryRow{"none", Gates(""), "warning SL2062 without gates this canary is promoted by the clock",
                  OnSpec([](const CanarySpec& s) { return !s.latency && !s.error_rate && s.prometheus.empty(); })},
        CanaryRow{"prometheus", Prometheus("name: p99, max: 0.2, min: -1, interval: 30s, timeout: 2s, failures: 3"), "",
                  OnSpec([](const CanarySpec& s) {
                    const core::PrometheusGate& gate = s.prometheus.at(0);
                    return gate.name == "p99" && gate.address == "http://prometheus:9090" && gate.query == "up" &&
                           gate.max == 0.2 && gate.min == -1 && gate.interval == core::Seconds(30) &&
                           gate.timeout == core::Seconds(2) && gate.failures == 3;
                  })},
        CanaryRow{"prometheus defaults", Prometheus("max: 1"), "", OnSpec([](const CanarySpec& s) {
                    const core::PrometheusGate& gate = s.prometheus.at(0);
                    return gate.name == "prometheus[0]" && !gate.min && gate.interval == core::Seconds(15) &&
                           gate.timeout == core::Seconds(5) && gate.failures == 2;
                  })},
        CanaryRow{"prometheus address missing",
                  Gates("prometheus: [{query: up, max: 1}]"),
                  "spec.gates.prometheus[0].address is required",
                  {}},
        CanaryRow{"prometheus address of TLS",
                  Gates("prometheus: [{address: \"https://p\", query: up, max: 1}]"),
                  "Prometheus is asked in plain HTTP only; reach it by http:// inside the cluster",
                  {}},
        CanaryRow{"prometheus query missing",
                  Gates("prometheus: [{address: \"http://p\", max: 1}]"),
                  "spec.gates.prometheus[0].query is required",
                  {}},
        CanaryRow{"prometheus query empty",
                  Gates("prometheus: [{address: \"http://p\", query: \" \", max: 1}]"),
                  "query must have 1 to 8192 bytes",
                  {}},
        CanaryRow{"prometheus query long",
                  Gates("prometheus: [{address: \"http://p\", query: " + std::string(8193, 'a') + ", max: 1}]"),
                  "query must have 1 to 8192 bytes",
                  {}},
        CanaryRow{
            "prometheus without bounds", Prometheus("failures: 1"), "forbids nothing; write max, min or both", {}},
        CanaryRow{
            "prometheus bounds crossed", Prometheus("min: 2, max: 1"), "no value is at least min and at most max", {}},
        CanaryRow{
            "prometheus interval short", Prometheus("max: 1, interval: 10ms"), "interval must be at least 100ms", {}},
        CanaryRow{
            "prometheus name twice",
            Gates("prometheus: [{address: \"http://p\", query: a, max: 1, name: x}, {address: \"http://p\", query: "
                  "b, max: 1, name: x}]"),
            "the gate x is given twice",
            {}},
        CanaryRow{"prometheus no name", Prometheus("name: \"\", max: 1"), "name must have 1 to 200 bytes", {}}),
    NameOfRow);

INSTANTIATE_TEST_SUITE_P(
    Analysis, CanaryField,
    testing::Values(
        CanaryRow{"confidence", And("analysis: {confidence: 0.99, minRequests: 50}"), "",
                  OnSpec([](const CanarySpec& s) { return s.confidence == 0.99 && s.min_requests == 50; })},
        CanaryRow{"defaults", With(kWhole), "", OnSpec([](const CanarySpec& s) {
                    return s.confidence == 0.95 && s.min_requests == 500 && s.on_no_data == core::NoDataPolicy::kHold &&
                           s.no_data_limit == core::Seconds(3600);
                  })},
        CanaryRow{
            "confidence in percent", And("analysis: {confidence: 95}"), "error IST0106 spec.analysis.confidence", {}},
        CanaryRow{"minRequests zero", And("analysis: {minRequests: 0}"), "error IST0106 spec.analysis.minRequests", {}},
        CanaryRow{"onNoData hold", And("onNoData: hold"), "",
                  OnSpec([](const CanarySpec& s) { return s.on_no_data == core::NoDataPolicy::kHold; })},
        CanaryRow{"onNoData rollback", And("onNoData: rollback"), "",
                  OnSpec([](const CanarySpec& s) { return s.on_no_data == core::NoDataPolicy::kRollback; })},
        CanaryRow{"onNoData promote", And("onNoData: promote"), "warning SL2063 onNoData: promote takes silence for",
                  OnSpec([](const CanarySpec& s) { return s.on_no_data == core::NoDataPolicy::kPromote; })},
        CanaryRow{"onNoData other", And("onNoData: wait"), "spec.onNoData cannot be `wait`", {}},
        CanaryRow{"noDataLimit", And("noDataLimit: 90s"), "",
                  OnSpec([](const CanarySpec& s) { return s.no_data_limit == core::Seconds(90); })},
        CanaryRow{"noDataLimit never", And("noDataLimit: 0s"), "",
                  OnSpec([](const CanarySpec& s) { return s.no_data_limit == core::Duration(0); })}),
    NameOfRow);

std::string MostAnd(int more, int most, const std::string& item) {
  std::string text;
  for (int i = 0; i < most + more; ++i) text += (i == 0 ? "" : ", ") + item;
  return text;
}

TEST(CanaryLimits, OneBeyondThemIsRefused) {
  const std::string gate = "{address: \"http://p\", query: up, max: 1}";

  EXPECT_TRUE(LoadText(Gates("prometheus: [" + MostAnd(0, 20, gate) + "]")).ok);
  EXPECT_TRUE(Says(LoadText(Gates("prometheus: [" + MostAnd(1, 20, gate) + "]")), "more than 20 Prometheus gates"));
  EXPECT_TRUE(Says(LoadText(Stages(MostAnd(1, 50, "{weight: 1, hold: 1s}"))), "must hold 1 to 50 stages"));
}

}  // namespace
}  // namespace sluice::config
