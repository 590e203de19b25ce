// Every field of Experiment and GatewaySettings, our annotations, and what all resources have in common.
#include <variant>

#include "core/experiment/assignment.h"

#include "tests/config/coverage.h"

namespace sluice::config {
namespace {

using core::Experiment;
using core::Settings;
using core::Snapshot;

std::string Trial(const std::string& fields) {
  return kService +
         "apiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {name: trial}\nspec: {host: ranking, " + fields +
         "}\n";
}
std::string Gate(const std::string& fields) {
  return kService + "apiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: gateway}\nspec: {" +
         fields + "}\n";
}
std::string Annotated(const std::string& annotations) {
  return kService + "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a, annotations: {" +
         annotations + "}}\nspec: {hosts: [ranking], http: [{route: [{destination: {host: ranking}}]}]}\n";
}
std::string Document(const std::string& text) { return kService + text; }
const std::string kUnit = "unit: {header: X-User-Id}";
const std::string kArms = ", arms: [{name: a, buckets: 0-49, subset: v1}, {name: b, buckets: 50-99, subset: v2}]";

// A second experiment, behind a first one.
std::string Other(const std::string& fields) {
  return "---\napiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {name: other}\nspec: {host: ranking, " +
         fields + "}\n";
}
std::string ManyUnits() {
  std::string units;
  for (int i = 0; i <= 10'000; ++i) units += (i == 0 ? "u" : ",u") + std::to_string(i);
  return units;
}

Effect OnExperiment(std::function<bool(const Experiment&)> holds) {
  return [holds](const Snapshot& snapshot) { return !snapshot.experiments.empty() && holds(snapshot.experiments[0]); };
}
Effect OnSettings(std::function<bool(const Settings&)> holds) {
  return [holds](const Snapshot& snapshot) { return holds(snapshot.settings); };
}
Effect OnSticky(core::Sticky::Source source, std::string name) {
  return [=](const Snapshot& snapshot) {
    const auto& sticky = snapshot.routes.at(0).sticky;
    return sticky && sticky->source == source && sticky->name == name && sticky->salt == "default/a";
  };
}

class SluiceField : public testing::TestWithParam<Row> {};

TEST_P(SluiceField, IsCarriedOutOrReported) { ExpectRow(GetParam(), kService); }

std::string ManyTrials(int count) {
  std::string text = kService;
  for (int i = 0; i < count; ++i) {
    text += "---\napiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {name: t" + std::to_string(i) +
            "}\nspec: {host: ranking, " + kUnit + "}\n";
  }
  return text;
}

TEST(Experiments, OneBeyondWhatAHostCanHaveIsRefused) {
  const int most = static_cast<int>(core::kExperimentsPerHostMax);

  EXPECT_TRUE(LoadText(ManyTrials(most)).ok);
  EXPECT_TRUE(Says(LoadText(ManyTrials(most + 1)), "error SL1103 ranking.default.svc.cluster.local has more than"));
}

INSTANTIATE_TEST_SUITE_P(
    Experiments, SluiceField,
    testing::Values(
        Done("host", Trial(kUnit),
             [](const Snapshot& s) { return s.route_table.FindHost("ranking")->experiments.size() == 1; }),
        Said("host missing",
             Document("apiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {name: t}\nspec: {" + kUnit +
                      "}\n"),
             "spec.host is required"),
        Said("host unknown",
             Document("apiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {name: t}\nspec: {host: nowhere, " +
                      kUnit + "}\n"),
             "error IST0101 the service nowhere.default.svc.cluster.local"),
        Done("unit header", Trial(kUnit), OnExperiment([](const Experiment& e) {
               return e.unit == Experiment::Unit::kHeader && e.unit_name == "x-user-id";
             })),
        Done("unit cookie", Trial("unit: {cookie: User}"), OnExperiment([](const Experiment& e) {
               return e.unit == Experiment::Unit::kCookie && e.unit_name == "User";
             })),
        Done("unit queryParam", Trial("unit: {queryParam: User}"), OnExperiment([](const Experiment& e) {
               return e.unit == Experiment::Unit::kQueryParam && e.unit_name == "User";
             })),
        Said("unit missing", Trial("buckets: 10"), "spec.unit is required"),
        Said("unit two", Trial("unit: {header: a, cookie: b}"), "exactly one of header, cookie, queryParam"),
        Said("unit empty", Trial("unit: {header: \"\"}"), "names no header, cookie or query parameter"),
        Done("salt default", Trial(kUnit), OnExperiment([](const Experiment& e) { return e.salt == "trial"; })),
        Done("salt", Trial(kUnit + ", salt: pepper"),
             OnExperiment([](const Experiment& e) { return e.salt == "pepper"; })),
        Done("buckets", Trial(kUnit + ", buckets: 1000"),
             OnExperiment([](const Experiment& e) { return e.buckets == 1000; })),
        Said("buckets zero", Trial(kUnit + ", buckets: 0"), "must be between 1"),
        Done("unit generate", Trial("unit: {cookie: uid, generate: {ttl: 720h, path: /rank}}"),
             OnExperiment([](const Experiment& e) {
               return e.generate && e.generate->ttl == std::chrono::hours(720) && e.generate->path == "/rank";
             })),
        Done("unit generate for the session", Trial("unit: {cookie: uid, generate: {}}"),
             OnExperiment([](const Experiment& e) {
               return e.generate && e.generate->ttl == core::Duration(0) && e.generate->path == "/";
             })),
        Said("unit generate without cookie", Trial("unit: {header: x, generate: {ttl: 1h}}"),
             "IST0106 spec.unit.generate needs a cookie"),
        Said("unit generate path", Trial("unit: {cookie: uid, generate: {path: \"/;Domain=x\"}}"),
             "spec.unit.generate.path is no cookie path"),
        Done("match", Trial(kUnit + ", match: [{headers: {x-team: {exact: search}}}, {uri: {prefix: /v2}}]"),
             OnExperiment([](const Experiment& e) {
               return e.matches.size() == 2 && e.matches[0].headers.size() == 1 && e.matches[1].uri.has_value();
             })),
        Said("match empty", Trial(kUnit + ", match: []"), "spec.match is empty"),
        Said("match gateway unknown", Trial(kUnit + ", match: [{gateways: [nowhere]}]"),
             "warning IST0101 the gateway default/nowhere is not known"),
        Noted("match for other proxies", Trial(kUnit + ", match: [{sourceLabels: {app: x}}]"), "info SL2020",
              [](const Snapshot& s) {
                return !s.experiments.empty() && s.route_table.FindHost("ranking")->experiments.empty();
              }),
        Done("layer", Trial(kUnit + ", layer: ranking"), OnExperiment([](const Experiment& e) {
               return e.layer && e.layer->name == "ranking" && e.layer->first == 0 && e.layer->last == 9'999;
             })),
        Done("layerBuckets", Trial(kUnit + ", layer: ranking, layerBuckets: 5000-9999"),
             OnExperiment([](const Experiment& e) { return e.layer && e.layer->first == 5'000; })),
        Said("layerBuckets beyond", Trial(kUnit + ", layer: ranking, layerBuckets: 0-10000"),
             "is no range within 0-9999"),
        Said("layerBuckets alone", Trial(kUnit + ", layerBuckets: 0-1"), "spec.layerBuckets needs a layer"),
        Said("layer empty", Trial(kUnit + ", layer: \"\""), "spec.layer is empty"),
        Said("layer is the salt", Trial(kUnit + ", layer: trial"),
             "IST0106 the layer and the salt of the experiment are both trial"),
        Said("layer shared", Trial(kUnit + ", layer: ranking") + Other(kUnit + ", layer: ranking, layerBuckets: 7-9"),
             "error SL1103 default/other has 7-9 of the layer ranking, of which default/trial has 0-9999"),
        Said("layer of two units",
             Trial(kUnit + ", layer: ranking, layerBuckets: 0-9") +
                 Other("unit: {cookie: uid}, layer: ranking, layerBuckets: 10-19"),
             "error SL1103 default/trial and default/other of the layer ranking have different units"),
        Done("holdout", Trial(kUnit + ", holdout: {name: q4, percent: 2.25}"), OnExperiment([](const Experiment& e) {
               return e.holdout && e.holdout->name == "q4" && e.holdout->buckets == 225;
             })),
        Done("holdout name default", Trial(kUnit + ", holdout: {percent: 5}"),
             OnExperiment([](const Experiment& e) { return e.holdout && e.holdout->name == "holdout"; })),
        Said("holdout percent missing", Trial(kUnit + ", holdout: {}"), "spec.holdout.percent is required"),
        Said("holdout percent fine", Trial(kUnit + ", holdout: {percent: 0.125}"), "more than two decimals"),
        Said("holdout percent beyond", Trial(kUnit + ", holdout: {percent: 101}"), "between 0 and 100"),
        Said("holdout is the layer", Trial(kUnit + ", layer: q4, holdout: {name: q4, percent: 5}"),
             "the holdout and the layer of the experiment are both q4"),
        Said("holdout is the salt", Trial(kUnit + ", holdout: {name: trial, percent: 5}"),
             "the holdout and the salt of the experiment are both trial"),
        Done("overrides", Trial(kUnit + kArms + ", overrides: [{arm: b, units: [qa, boss]}, {arm: a, units: [u1]}]"),
             OnExperiment([](const Experiment& e) {
               return e.overrides.size() == 3 && e.override_index.Find("boss") == 1u &&
                      e.override_index.Find("u1") == 0u && !e.override_index.Find("u2");
             })),
        Said("overrides arm unknown", Trial(kUnit + kArms + ", overrides: [{arm: c, units: [qa]}]"),
             "IST0106 the experiment has no arm c"),
        Said("overrides unit twice",
             Trial(kUnit + kArms + ", overrides: [{arm: a, units: [qa]}, {arm: b, units: [qa]}]"),
             "IST0106 the unit qa is given an arm twice"),
        Said("overrides unit empty", Trial(kUnit + kArms + ", overrides: [{arm: a, units: [\"\"]}]"),
             "an empty unit names nobody"),
        Said("overrides too many", Trial(kUnit + kArms + ", overrides: [{arm: a, units: [" + ManyUnits() + "]}]"),
             "10001 units have an override, at most 10000 can"),
        Said("arms called holdout", Trial(kUnit + ", arms: [{name: holdout, buckets: 0-1, subset: v1}]"),
             "IST0106 no arm can be called holdout"),
        Done("arms",
             Trial(kUnit + ", arms: [{name: b, buckets: 80-99, subset: v2}, {name: a, buckets: 0-79, subset: v1}, ]"),
             OnExperiment([](const Experiment& e) {
               return e.arms.size() == 2 && e.arms[0].last == 79 && e.arms[1].subset == "v2";
             })),
        Done("arms of one bucket", Trial(kUnit + ", arms: [{name: b, buckets: \"7\", subset: v2}]"),
             OnExperiment([](const Experiment& e) {
               return e.arms.size() == 1 && e.arms[0].first == 7 && e.arms[0].last == 7;
             })),
        Said("arms overlap",
             Trial(kUnit + ", arms: [{name: b, buckets: 0-50, subset: v2}, {name: a, buckets: 50-60, subset: v1}]"),
             "the buckets 50-60 of arm a overlap 0-50 of arm b"),
        Said("arms beyond", Trial(kUnit + ", arms: [{name: b, buckets: 0-100, subset: v2}]"),
             "is no range within 0-99"),
        Said("arms backwards", Trial(kUnit + ", arms: [{name: b, buckets: 9-1, subset: v2}]"),
             "is no range within 0-99"),
        Said("arms name twice",
             Trial(kUnit + ", arms: [{name: b, buckets: 0-1, subset: v2}, {name: b, buckets: 2-3, subset: v1}]"),
             "the arm b is given twice"),
        Said("arms subset missing", Trial(kUnit + ", arms: [{name: b, buckets: 0-1}]"), "arms[0].subset is required"),
        Said("arms subset unknown", Trial(kUnit + ", arms: [{name: b, buckets: 0-1, subset: v9}]"),
             "error IST0101 the service ranking.default.svc.cluster.local has no subset v9"),
        Noted("routes", Trial(kUnit + ", routes: [main]"), "warning SL2018 no rule is named main",
              OnExperiment([](const Experiment& e) { return e.routes.size() == 1; }))),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    GatewaySettings, SluiceField,
    testing::Values(
        Done("workers", Gate("workers: 3"), OnSettings([](const Settings& s) { return s.workers == 3; })),
        Said("workers zero", Gate("workers: 0"), "must be between 1 and 1024"),
        Done("limits headerBytes", Gate("limits: {headerBytes: 8KiB}"),
             OnSettings([](const Settings& s) { return s.limits.header_bytes == 8192; })),
        Said("limits headerBytes small", Gate("limits: {headerBytes: 10}"), "at least 1 KiB"),
        Done("limits headerCount", Gate("limits: {headerCount: 50}"),
             OnSettings([](const Settings& s) { return s.limits.header_count == 50; })),
        Done("limits replayBuffer", Gate("limits: {replayBuffer: 64KiB}"),
             OnSettings([](const Settings& s) { return s.limits.replay_buffer == 65'536; })),
        Done("limits mirrorBody", Gate("limits: {mirrorBody: 1KiB}"),
             OnSettings([](const Settings& s) { return s.limits.mirror_body == 1024; })),
        Done("limits connections", Gate("limits: {connections: 9}"),
             OnSettings([](const Settings& s) { return s.limits.connections == 9; })),
        Done("limits streamsPerConnection", Gate("limits: {streamsPerConnection: 9}"),
             OnSettings([](const Settings& s) { return s.limits.streams_per_connection == 9; })),
        Done("limits requestsPerConnection", Gate("limits: {requestsPerConnection: 9}"),
             OnSettings([](const Settings& s) { return s.limits.requests_per_connection == 9; })),
        Done("limits mirrorsInFlight", Gate("limits: {mirrorsInFlight: 9}"),
             OnSettings([](const Settings& s) { return s.limits.mirrors_in_flight == 9; })),
        Done("timeouts requestHead", Gate("timeouts: {requestHead: 3s}"),
             OnSettings([](const Settings& s) { return s.timeouts.request_head == core::Seconds(3); })),
        Done("timeouts tlsHandshake", Gate("timeouts: {tlsHandshake: 3s}"),
             OnSettings([](const Settings& s) { return s.timeouts.tls_handshake == core::Seconds(3); })),
        Done("timeouts streamIdle", Gate("timeouts: {streamIdle: 3s}"),
             OnSettings([](const Settings& s) { return s.timeouts.stream_idle == core::Seconds(3); })),
        Done("timeouts connectionIdle", Gate("timeouts: {connectionIdle: 3s}"),
             OnSettings([](const Settings& s) { return s.timeouts.connection_idle == core::Seconds(3); })),
        Done("timeouts drain", Gate("timeouts: {drain: 0s}"),
             OnSettings([](const Settings& s) { return s.timeouts.drain == core::Duration(0); })),
        Done("timeouts mirror", Gate("timeouts: {mirror: 3s}"),
             OnSettings([](const Settings& s) { return s.timeouts.mirror == core::Seconds(3); })),
        Done("accessLog", Gate("accessLog: {path: /dev/stdout, format: text, sampling: 5}"),
             OnSettings([](const Settings& s) {
               return s.access_log.path == "/dev/stdout" && s.access_log.format == Settings::AccessLog::Format::kText &&
                      s.access_log.sampling_percent == 5;
             })),
        Done("exposureLog", Gate("exposureLog: {path: /var/log/exposures, maxBytes: 1MiB, keep: 3}"),
             OnSettings([](const Settings& s) {
               return s.exposure_log.path == "/var/log/exposures" && s.exposure_log.max_bytes == 1024 * 1024 &&
                      s.exposure_log.keep == 3;
             })),
        Said("exposureLog maxBytes", Gate("exposureLog: {path: e, maxBytes: 100}"), "at least 4 KiB"),
        Said("exposureLog path", Gate("accessLog: {path: /tmp/log}, exposureLog: {path: /tmp/log}"),
             "the file of the access log"),
        Said("exposureLog keep", Gate("exposureLog: {path: e, keep: -1}"), "keep"),
        Done("telemetry versionLabels", Gate("telemetry: {versionLabels: [rev]}"),
             OnSettings([](const Settings& s) { return s.telemetry.version_labels.size() == 1; })),
        Done("telemetry reporter", Gate("telemetry: {reporter: both}"), OnSettings([](const Settings& s) {
               return s.telemetry.reporter == Settings::Telemetry::Reporter::kBoth;
             })),
        Done("telemetry extraBuckets", Gate("telemetry: {extraBuckets: [7, 3.5]}"), OnSettings([](const Settings& s) {
               return s.telemetry.extra_buckets.size() == 2 && s.telemetry.extra_buckets[0] == 3.5;
             })),
        Done("telemetry seriesMax", Gate("telemetry: {seriesMax: 500}"),
             OnSettings([](const Settings& s) { return s.telemetry.series_max == 500; })),
        Done("forwarding", Gate("forwarding: {trustedHops: 1, trustedCidrs: [10.0.0.0/8], serverHeader: x}"),
             OnSettings([](const Settings& s) {
               return s.forwarding.trusted_hops == 1 && s.forwarding.trusted_cidrs.size() == 1 &&
                      s.forwarding.server_header == "x";
             })),
        Said("forwarding trustedCidrs", Gate("forwarding: {trustedCidrs: [10.0.0.0/33]}"), "no address range"),
        Done("forwarding upgrades", Gate("forwarding: {upgrades: [WebSocket, foo/2]}"),
             OnSettings([](const Settings& s) {
               return s.forwarding.upgrades == std::vector<std::string>{"websocket", "foo/2"};
             })),
        Done("forwarding without upgrades", Gate("forwarding: {upgrades: []}"),
             OnSettings([](const Settings& s) { return s.forwarding.upgrades.empty(); })),
        Said("forwarding upgrades of HTTP", Gate("forwarding: {upgrades: [h2c]}"), "cannot be upgraded to"),
        Said("forwarding upgrades no name", Gate("forwarding: {upgrades: [\"a b\"]}"), "is no protocol name"),
        Said("forwarding serverHeader", Gate("forwarding: {serverHeader: \"a\\nb\"}"),
             "serverHeader must be visible ASCII"),
        Done("identity", Gate("identity: {workload: w, namespace: ns, cluster: c, labels: {a: b}}"),
             OnSettings([](const Settings& s) {
               return s.identity.workload == "w" && s.identity.name_space == "ns" && s.identity.cluster == "c" &&
                      s.identity.labels.size() == 1;
             })),
        Done("identity trustDomain", Gate("identity: {trustDomain: t}"),
             OnSettings([](const Settings& s) { return s.identity.trust_domain == "t"; })),
        Said("identity trustDomain syntax", Gate("identity: {trustDomain: T/x}"), "is no trust domain"),
        Done("identity certificateDirectory", Gate("identity: {certificateDirectory: /c}"),
             OnSettings([](const Settings& s) { return s.identity.certificate_directory == "/c"; })),
        Said("identity certificateDirectory empty", Gate("identity: {certificateDirectory: \"\"}"), "name a file"),
        Done("forwarding clientCertificate", Gate("forwarding: {clientCertificate: SANITIZE_SET}"),
             OnSettings([](const Settings& s) { return s.forwarding.set_client_certificate; })),
        Said("forwarding clientCertificate other", Gate("forwarding: {clientCertificate: FORWARD_ONLY}"),
             "spec.forwarding.clientCertificate cannot be `FORWARD_ONLY`"),
        Said("identity labels", Gate("identity: {labels: {a: \"b c\"}}"), "is no label"),
        Done("dns refresh", Gate("dns: {refresh: 5s}"),
             OnSettings([](const Settings& s) { return s.dns.refresh == core::Seconds(5); })),
        Said("dns timeout", Gate("dns: {timeout: 5s}"), "warning SL2013 spec.dns.timeout is accepted and ignored"),
        Done("paths normalization", Gate("paths: {normalization: MERGE_SLASHES}"), OnSettings([](const Settings& s) {
               return s.paths.normalization == Settings::Paths::Normalization::kMergeSlashes;
             })),
        Said("second settings",
             Gate("workers: 3") + "---\napiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: "
                                  "more}\nspec: {workers: 4}\n",
             "error SL1104 a second GatewaySettings")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    Annotations, SluiceField,
    testing::Values(Done("sticky header", Annotated("sluice.dev/sticky: \"header:X-User\""),
                         OnSticky(core::Sticky::Source::kHeader, "x-user")),
                    Done("sticky cookie", Annotated("sluice.dev/sticky: \"cookie:User\""),
                         OnSticky(core::Sticky::Source::kCookie, "User")),
                    Done("sticky query", Annotated("sluice.dev/sticky: \"query:User\""),
                         OnSticky(core::Sticky::Source::kQuery, "User")),
                    Said("sticky other source", Annotated("sluice.dev/sticky: \"ip:a\""),
                         "error SL1105 the annotation sluice.dev/sticky cannot be `ip:a`"),
                    Said("sticky without name", Annotated("sluice.dev/sticky: \"header:\""), "error SL1105"),
                    Said("unknown of ours", Annotated("sluice.dev/stiky: \"header:a\""),
                         "error SL1105 unknown annotation sluice.dev/stiky; did you mean sluice.dev/sticky?"),
                    Said("of another kind", Annotated("sluice.dev/ejection-backoff: linear"),
                         "has no meaning on a VirtualService")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    AllResources, SluiceField,
    testing::Values(
        Said("kind missing", Document("apiVersion: networking.istio.io/v1\nmetadata: {name: a}\n"), "error"),
        Said("kind unknown", Document("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
             "error SL1102 the kind `ConfigMap` is not known here"),
        Said("apiVersion missing", Document("kind: VirtualService\nmetadata: {name: a}\nspec: {}\n"),
             "apiVersion is required"),
        Said("apiVersion of another group",
             Document("apiVersion: sluice.dev/v1alpha1\nkind: VirtualService\nmetadata: {name: a}\nspec: {}\n"),
             "error SL1102"),
        Said("metadata missing",
             Document("apiVersion: networking.istio.io/v1\nkind: VirtualService\nspec: {hosts: [a], http: "
                      "[{directResponse: {status: 200}}]}\n"),
             "metadata is required"),
        Said("name missing",
             Document("apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {}\nspec: {hosts: [a], "
                      "http: [{directResponse: {status: 200}}]}\n"),
             "metadata.name is required"),
        Said("spec missing",
             Document("apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\n"),
             "the VirtualService has no spec"),
        Said("identity twice", Annotated("") + "---\n" + Annotated("").substr(kService.size()),
             "error SL1104 VirtualService default/a is defined twice"),
        Done("List",
             Document("apiVersion: v1\nkind: List\nitems:\n- apiVersion: networking.istio.io/v1beta1\n  kind: "
                      "VirtualService\n  metadata: {name: a, namespace: b, uid: u, resourceVersion: \"1\"}\n  spec: "
                      "{hosts: [x], http: [{directResponse: {status: 200}}]}\n"),
             [](const Snapshot& s) { return s.route_table.FindHost("x.b") != nullptr; }),
        Done("version v1alpha3",
             Document("apiVersion: networking.istio.io/v1alpha3\nkind: VirtualService\nmetadata: {name: a}\nspec: "
                      "{hosts: [x], http: [{directResponse: {status: 200}}]}\n"),
             [](const Snapshot& s) { return s.route_table.FindHost("x") != nullptr; })),
    RowName);

}  // namespace
}  // namespace sluice::config
