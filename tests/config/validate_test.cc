// Findings, each from the smallest text that earns it.
#include "config/validate.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

struct Case {
  const char* name;
  std::string text;
  const char* said;  // part of a line
  bool ok;           // loads all the same
};

class FindingOn : public testing::TestWithParam<Case> {};

TEST_P(FindingOn, IsReported) {
  const Loaded loaded = LoadText(GetParam().text);

  EXPECT_TRUE(Says(loaded, GetParam().said)) << TextOf(loaded);
  EXPECT_EQ(loaded.ok, GetParam().ok) << TextOf(loaded);
}

const char* const kTo = "    route: [{destination: {host: ranking, subset: v1}}]\n";

std::string Rule(const std::string& fields) { return WithRules("  - name: a\n" + fields); }
std::string Routed(const std::string& fields) { return Rule(fields + kTo); }
std::string Policy(const std::string& policy) {
  return std::string(
             "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: d}\n"
             "spec:\n  host: ranking\n  trafficPolicy: ") +
         policy + "\n";
}
std::string Kind(const std::string& kind, const std::string& group, const std::string& spec) {
  return "apiVersion: " + group + "\nkind: " + kind + "\nmetadata: {name: x}\nspec: " + spec + "\n";
}

INSTANTIATE_TEST_SUITE_P(
    VirtualService, FindingOn,
    testing::Values(
        Case{"UnknownField", Routed("    timout: 1s\n"),
             "error SL1101 unknown field `timout` in spec.http[0]; did you mean `timeout`?", false},
        Case{"UnknownHost", Rule("    route: [{destination: {host: rankin}}]\n"),
             "error IST0101 the service rankin.default", false},
        Case{"UnknownSubset", Rule("    route: [{destination: {host: ranking, subset: v11}}]\n"),
             "has no subset v11; did you mean v1?", false},
        Case{"UnknownMirror", Routed("    mirror: {host: nowhere}\n"), "error IST0101", false},
        Case{"UnknownPort", Rule("    route: [{destination: {host: ranking, port: {number: 1}}}]\n"), "no HTTP port 1",
             false},
        Case{"ZeroWeights",
             Rule("    route: [{destination: {host: ranking, subset: v1}}, {destination: {host: ranking, subset: "
                  "v2}}]\n"),
             "all weights of this split are 0", false},
        Case{"NegativeWeight", Rule("    route: [{destination: {host: ranking}, weight: -1}]\n"), "must be between 0",
             false},
        Case{"QuotedNumber", Rule("    route: [{destination: {host: ranking}, weight: \"9\"}]\n"), "remove the quotes",
             false},
        Case{"LeadingZero", Rule("    route: [{destination: {host: ranking}, weight: 010}]\n"), "begins with 0", false},
        Case{"NoAction", Rule("    timeout: 1s\n"), "exactly one of route, redirect, directResponse", false},
        Case{"TwoActions", Routed("    redirect: {uri: /x}\n"), "exactly one of route, redirect, directResponse",
             false},
        Case{"ZeroTimeout", Routed("    timeout: 0s\n"), "at least 1ms", false},
        Case{"PartMillisecond", Routed("    timeout: 1500us\n"), "whole milliseconds", false},
        Case{"RetryTokenBlank", Routed("    retries: {attempts: 1, retryOn: \"5xx, reset\"}\n"),
             "IST0106 spec.http[0].retries.retryOn", false},
        Case{"RetryZeroWithFields", Routed("    retries: {attempts: 0, retryOn: 5xx}\n"),
             "attempts: 0 switches retries off", false},
        Case{"PerTryAboveTimeout",
             Routed("    timeout: 1s\n    retries: {attempts: 1, perTryTimeout: 2s, retryOn: 5xx}\n"), "warning SL2004",
             true},
        Case{"BudgetWithPauses",
             Routed("    timeout: 250ms\n    retries: {attempts: 2, perTryTimeout: 80ms, retryOn: 5xx}\n"),
             "info SL2003 3 tries of 80ms take up to 240ms, with pauses of up to 75ms between them 315ms, more than "
             "timeout 250ms: the last may be cut off",
             true},
        Case{"BudgetWithoutPauses",
             Routed("    timeout: 200ms\n    retries: {attempts: 5, perTryTimeout: 80ms, retryOn: 5xx}\n"),
             "warning SL2003 6 tries of 80ms take up to 480ms, with pauses of up to", true},
        Case{"RedundantNumbers", Routed("    retries: {attempts: 1, retryOn: \"gateway-error,503,500\"}\n"),
             "info SL2007 gateway-error already covers 503;", true},
        Case{"ResetCoversConnect",
             Routed("    retries: {attempts: 1, retryOn: \"reset-before-request,connect-failure,refused-stream\"}\n"),
             "info SL2007 reset-before-request already covers connect-failure;", true},
        Case{"GatewayErrorRepeatsPost", Routed("    retries: {attempts: 1, retryOn: gateway-error}\n"),
             "info SL2008 gateway-error repeats requests of every method", true},
        Case{"UnusedSubset", Routed(""),
             "rules.yaml:20:5: info SL2046 no rule, mirror or experiment leads to subset v2", true},
        Case{"ZeroWeightSubset",
             Rule("    route:\n    - {destination: {host: ranking, subset: v1}, weight: 1}\n"
                  "    - {destination: {host: ranking, subset: v2}, weight: 0}\n"),
             "rules.yaml:31:37: info SL2046 weight 0 leaves subset v2", true},
        Case{"PerTryWithoutToken", Routed("    retries: {attempts: 1, perTryTimeout: 2s}\n"), "warning SL2005", true},
        Case{"RedundantTokens", Routed("    retries: {attempts: 1, retryOn: \"5xx,reset\"}\n"),
             "info SL2007 5xx already covers reset", true},
        Case{"BadRegex", Routed("    match: [{uri: {regex: \"(\"}}]\n"), "IST0106 spec.http[0].match[0].uri.regex",
             false},
        Case{"PlainRegex", Routed("    match: [{headers: {x: {regex: abc}}}]\n"), "info SL2011", true},
        Case{"TwoMatchers", Routed("    match: [{uri: {exact: /a, prefix: /b}}]\n"),
             "exactly one of exact, prefix, regex", false},
        Case{"EmptyHeaderPrefix", Routed("    match: [{headers: {x: {prefix: \"\"}}}]\n"), "prefix is empty", false},
        Case{"NullHeader", Routed("    match: [{headers: {x: }}]\n"), "write {} to test for presence", false},
        Case{"PseudoNamedHeader", Routed("    match: [{headers: {uri: {exact: a}}}]\n"), "warning SL2013", true},
        Case{"MirrorTwice", Routed("    mirror: {host: ranking}\n    mirrors: [{destination: {host: ranking}}]\n"),
             "both mirror and mirrors", false},
        Case{"MirrorOldPercent", Routed("    mirror: {host: ranking, subset: v2}\n    mirrorPercent: 5\n"),
             "warning IST0002", true},
        Case{"MirrorToItself", Routed("    mirror: {host: ranking, subset: v1}\n"), "warning SL2010", true},
        Case{"MirrorPercentage", Routed("    mirror: {host: ranking}\n    mirrorPercentage: {value: 101}\n"),
             "between 0 and 100", false},
        Case{"Delegate", Rule("    delegate: {name: x}\n"), "error SL1103", false},
        Case{"FaultEmpty", Routed("    fault: {}\n"), "needs abort, delay or both", false},
        Case{"FaultGrpcName", Routed("    fault: {abort: {grpcStatus: NOPE, percentage: {value: 1}}}\n"),
             "no gRPC status", false},
        Case{"HeaderPercent", Routed("    headers: {request: {set: {x: \"100%\"}}}\n"),
             "IST0106 spec.http[0].headers.request.set.x", false},
        Case{"RedirectCode", Rule("    redirect: {uri: /x, redirectCode: 304}\n"), "304 is no redirect", false},
        Case{"DirectBody", Rule("    directResponse: {status: 200, body: {string: a, bytes: YQ==}}\n"),
             "exactly one of string, bytes", false},
        Case{"AuthorityTwice", Routed("    rewrite: {authority: a}\n    headers: {request: {set: {host: b}}}\n"),
             "authority in several places", false},
        Case{"UnreachableRule", WithRules(std::string("  - name: a\n") + kTo + "  - name: b\n" + kTo),
             "warning IST0130", true},
        Case{"CoveredPrefix",
             WithRules(std::string("  - match: [{uri: {prefix: /a}}]\n") + kTo + "  - match: [{uri: {prefix: /ab}}]\n" +
                       kTo),
             "info IST0131", true},
        Case{"DuplicateMatches",
             WithRules(std::string("  - match: [{uri: {exact: /a}}]\n") + kTo + "  - match: [{uri: {exact: /a}}]\n" +
                       kTo),
             "warning IST0130", true}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    DestinationRule, FindingOn,
    testing::Values(
        Case{"NoService", Policy("{loadBalancer: {simple: RANDOM}}"), "warning IST0174", true},
        Case{"LeastConn", Policy("{loadBalancer: {simple: LEAST_CONN}}"), "warning IST0002 LEAST_CONN", true},
        Case{"NearChoice", Policy("{loadBalancer: {simple: LEAST_CON}}"), "did you mean `LEAST_CONN`?", false},
        Case{"Passthrough", Policy("{loadBalancer: {simple: PASSTHROUGH}}"), "error SL1103", false},
        Case{"Empty", Policy("{}"), "trafficPolicy is empty", false},
        Case{"Tls", Policy("{tls: {mode: SIMPLE}}"), "warning IST0128", true},
        Case{"TlsDisabled", Policy("{tls: {mode: DISABLE}}"), "IST0174", true},
        Case{"HashKeys", Policy("{loadBalancer: {consistentHash: {useSourceIp: true, httpHeaderName: a}}}"),
             "exactly one of httpHeaderName", false},
        Case{"MaglevPrime", Policy("{loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 10}}}}"),
             "no prime number", false},
        Case{"UpgradeAndClient",
             Policy("{connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}}"),
             "excludes useClientProtocol", false},
        Case{"EjectPercent", Policy("{outlierDetection: {maxEjectionPercent: 101}}"), "between 0 and 100", false},
        Case{"LocalWithoutSplit", Policy("{outlierDetection: {consecutiveLocalOriginFailures: 3}}"),
             "needs splitExternalLocalOriginErrors", false},
        Case{"GatewayErrors", Policy("{outlierDetection: {consecutiveGatewayErrors: 7}}"), "warning SL2006", true},
        Case{"Locality", Policy("{loadBalancer: {simple: RANDOM, localityLbSetting: {enabled: true}}}"),
             "warning SL2013", true},
        Case{"PortLosesBlocks",
             Policy("{outlierDetection: {interval: 1s}, portLevelSettings: [{port: {number: 80}, loadBalancer: "
                    "{simple: RANDOM}}]}"),
             "warning SL2001", true},
        Case{"NeverEjects",
             kService + "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: e}\nspec:\n  "
                        "host: ranking\n  trafficPolicy: {outlierDetection: {interval: 1s}}\n",
             "warning SL2002 maxEjectionPercent 10", true}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Others, FindingOn,
    testing::Values(
        Case{"Gateway", Kind("Gateway", "networking.istio.io/v1", "{}"), "error IST0106 spec.servers is required",
             false},
        Case{"UnknownKind", Kind("VirtualServise", "networking.istio.io/v1", "{}"), "did you mean `VirtualService`?",
             false},
        Case{"WrongVersion", Kind("VirtualService", "networking.istio.io/v9", "{}"), "error SL1102", false},
        Case{"ResolutionNone",
             Kind("ServiceEntry", "networking.istio.io/v1", "{hosts: [a], ports: [{number: 1, name: a}]}"),
             "resolution NONE", false},
        Case{"StaticName",
             Kind("ServiceEntry", "networking.istio.io/v1",
                  "{hosts: [a], ports: [{number: 1, name: a}], resolution: STATIC, endpoints: [{address: b.c}]}"),
             "is no IP address", false},
        Case{"EndpointPort",
             Kind("ServiceEntry", "networking.istio.io/v1",
                  "{hosts: [a], ports: [{number: 1, name: http}], resolution: STATIC, endpoints: [{address: 1.2.3.4, "
                  "ports: {htp: 1}}]}"),
             "did you mean `http`?", false},
        Case{"TcpPort",
             Kind("ServiceEntry", "networking.istio.io/v1",
                  "{hosts: [a], ports: [{number: 1, name: a, protocol: TCP}], resolution: STATIC}"),
             "warning SL2017", true},
        Case{"ArmsOverlap",
             Kind("Experiment", "sluice.dev/v1alpha1",
                  "{host: a, unit: {header: u}, arms: [{name: a, buckets: 0-50, subset: a}, {name: b, buckets: 50-99, "
                  "subset: b}]}"),
             "overlap", false},
        Case{"ArmRange",
             Kind("Experiment", "sluice.dev/v1alpha1",
                  "{host: a, unit: {header: u}, arms: [{name: a, buckets: 0-100, subset: a}]}"),
             "no range within 0-99", false},
        Case{"TwoUnits", Kind("Experiment", "sluice.dev/v1alpha1", "{host: a, unit: {header: u, cookie: c}}"),
             "exactly one of header, cookie", false},
        Case{"SettingsCidr",
             Kind("GatewaySettings", "sluice.dev/v1alpha1", "{forwarding: {trustedCidrs: [10.0.0.0/33]}}"),
             "no address range", false},
        Case{"SettingsWord", Kind("GatewaySettings", "sluice.dev/v1alpha1", "{timeouts: {drian: 1s}}"),
             "did you mean `drain`?", false}),
    [](const auto& one) { return one.param.name; });

TEST(Validate, WhatIsFreeOfALayerIsTold) {
  const auto experiment = [](const std::string& name, const std::string& layer) {
    return "---\napiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {name: " + name +
           "}\nspec: {host: ranking, unit: {header: u}, layer: page, layerBuckets: " + layer + "}\n";
  };
  const std::string two = kService + experiment("a", "1000-1999") + experiment("b", "3000-3999");

  EXPECT_FALSE(Says(LoadText(two), "SL1103"));
  EXPECT_TRUE(Says(LoadText(two + experiment("c", "3999-4000")),
                   "default/c has 3999-4000 of the layer page, of which default/b has 3000-3999; give it layerBuckets "
                   "that are free: 0-999, 2000-2999, 4001-9999"));
  EXPECT_TRUE(Says(LoadText(two + experiment("c", "0-9999")), "nothing of the layer is free"));
}

TEST(Validate, ThousandsOfArmsAreComparedQuickly) {
  std::string arms;
  for (int i = 0; i < 10'000; ++i) {
    const std::string n = std::to_string(i);
    arms += (i == 0 ? "{name: a" : ", {name: a") + n + ", buckets: \"" + n + "\", subset: v1}";
  }
  const Loaded loaded = LoadText(kService + "---\n" +
                                 Kind("Experiment", "sluice.dev/v1alpha1",
                                      "{host: ranking, unit: {header: u}, buckets: 10000, arms: [" + arms + "]}"));

  ASSERT_TRUE(loaded.ok) << TextOf(loaded).substr(0, 1000);
  EXPECT_EQ(loaded.documents->experiments.at(0).experiment.arms.size(), 10'000U);
}

TEST(Validate, SubsetsOfMirrorsArmsAndWholeServicesAreUsed) {
  const std::string experiment =
      "---\napiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {name: e}\nspec:\n  host: ranking\n"
      "  unit: {header: x-user-id}\n  buckets: 100\n  arms: [{name: b, buckets: 0-9, subset: v2}]\n";
  for (const std::string& text : {Routed("    mirror: {host: ranking, subset: v2}\n"), Routed("") + experiment,
                                  Rule("    route: [{destination: {host: ranking}}]\n"), kService}) {
    const Loaded loaded = LoadText(text);
    EXPECT_FALSE(Says(loaded, "SL2046")) << text << TextOf(loaded);
  }
}

TEST(Validate, AGatewaysRuleToAHostWithMeshRulesPassesThemBy) {
  const std::string gateway =
      "---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: public}\nspec:\n  servers:\n"
      "  - {port: {number: 80, name: http, protocol: HTTP}, hosts: [\"*\"]}\n"
      "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: edge}\nspec:\n"
      "  hosts: [api.example.com]\n  gateways: [public]\n  http: [{route: [{destination: {host: ranking}}]}]\n";

  EXPECT_TRUE(Says(LoadText(Routed("") + gateway), "warning IST0140")) << TextOf(LoadText(Routed("") + gateway));
  EXPECT_FALSE(Says(LoadText(Rule("    route: [{destination: {host: ranking}}]\n") + gateway), "IST0140"));
}

TEST(Validate, OneCertificateOnTwoGatewaysOfAPortIsTold) {
  const auto gateway = [](const std::string& name, const std::string& port) {
    return "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: " + name +
           "}\nspec:\n  servers:\n  - port: {number: " + port + ", name: https, protocol: HTTPS}\n    hosts: [" + name +
           ".example.com]\n    tls: {mode: SIMPLE, serverCertificate: /tls.crt, privateKey: /tls.key}\n---\n";
  };

  EXPECT_TRUE(Says(LoadText(gateway("a", "443") + gateway("b", "443")), "warning IST0138"));
  EXPECT_FALSE(Says(LoadText(gateway("a", "443") + gateway("b", "8443")), "IST0138"));
}

TEST(Validate, ReportsEveryErrorOfAFileWithItsPlace) {
  const Loaded loaded =
      LoadText(WithRules("  - timout: 1s\n    route:\n    - destination: {host: nowhere}\n      wieght: 3\n"));

  EXPECT_TRUE(Says(loaded, "rules.yaml:28:5: error SL1101 unknown field `timout`")) << TextOf(loaded);
  EXPECT_TRUE(Says(loaded, "rules.yaml:30:27: error IST0101")) << TextOf(loaded);
  EXPECT_TRUE(Says(loaded, "rules.yaml:31:7: error SL1101 unknown field `wieght`")) << TextOf(loaded);
}

TEST(Validate, UnknownServiceIsAWarningWithoutAnyServiceEntry) {
  const Loaded loaded = LoadText(
      Kind("VirtualService", "networking.istio.io/v1", "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}"));

  EXPECT_TRUE(loaded.ok);
  EXPECT_TRUE(Says(loaded, "warning IST0101")) << TextOf(loaded);
}

TEST(Validate, UnknownAnnotationOfOursIsAnErrorAndOthersAreFree) {
  const std::string spec = "spec: {hosts: [a], http: [{directResponse: {status: 200}}]}\n";
  const std::string head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n";

  EXPECT_FALSE(LoadText(head + "metadata: {name: a, annotations: {sluice.dev/stiky: \"x\"}}\n" + spec).ok);
  EXPECT_TRUE(LoadText(head + "metadata: {name: a, annotations: {other.dev/sticky: x}}\n" + spec).ok);
}

}  // namespace
}  // namespace sluice::config
