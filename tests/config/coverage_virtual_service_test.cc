// Every field of a VirtualService, and every hard rule about one.
#include <variant>

#include "core/resilience/retry_policy.h"

#include "tests/config/coverage.h"

namespace sluice::config {
namespace {

using core::Forward;
using core::Redirect;
using core::Route;
using core::RouteMatch;
using core::Snapshot;
using core::StringMatch;

const std::string kRoute = "route: [{destination: {host: ranking, subset: v1}}]";
const std::string kTwo =
    "[{destination: {host: ranking, subset: v1}, weight: 3}, {destination: {host: ranking, subset: v2}, weight: 1";

// A rule with that action, a routed rule with that field, a routed rule with that condition.
std::string Action(const std::string& field) { return WithRules("  - {" + field + "}\n"); }
std::string Routed(const std::string& field) { return Action(kRoute + ", " + field); }
std::string Match(const std::string& condition) { return Routed("match: [{" + condition + "}]"); }
std::string Spec(const std::string& spec) {
  return kService + "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: rules}\nspec: {" +
         spec + "}\n";
}
const std::string kHttp = "http: [{" + kRoute + "}]";

const Route& First(const Snapshot& snapshot) { return snapshot.routes.at(0); }
Effect OnRoute(std::function<bool(const Route&)> holds) {
  return [holds](const Snapshot& snapshot) { return holds(First(snapshot)); };
}
Effect OnForward(std::function<bool(const Forward&)> holds) {
  return [holds](const Snapshot& snapshot) {
    const auto* forward = std::get_if<Forward>(&First(snapshot).action);
    return forward != nullptr && holds(*forward);
  };
}
Effect OnRedirect(std::function<bool(const Redirect&)> holds) {
  return [holds](const Snapshot& snapshot) {
    const auto* redirect = std::get_if<Redirect>(&First(snapshot).action);
    return redirect != nullptr && holds(*redirect);
  };
}
Effect OnDirect(std::function<bool(const core::DirectResponse&)> holds) {
  return [holds](const Snapshot& snapshot) {
    const auto* direct = std::get_if<core::DirectResponse>(&First(snapshot).action);
    return direct != nullptr && holds(*direct);
  };
}
Effect OnMatch(std::function<bool(const RouteMatch&)> holds) {
  return [holds](const Snapshot& snapshot) {
    const auto& matches = First(snapshot).matches;
    return !matches.empty() && holds(matches.front());
  };
}
bool Is(const std::optional<StringMatch>& match, StringMatch::Kind kind, const char* text) {
  return match.has_value() && match->kind() == kind && match->text() == text;
}
constexpr auto kExact = StringMatch::Kind::kExact;
constexpr auto kPrefix = StringMatch::Kind::kPrefix;
constexpr auto kRegex = StringMatch::Kind::kRegex;
constexpr auto kPresent = StringMatch::Kind::kPresent;

class VirtualServiceField : public testing::TestWithParam<Row> {};

TEST_P(VirtualServiceField, IsCarriedOutOrReported) { ExpectRow(GetParam(), Action(kRoute)); }

INSTANTIATE_TEST_SUITE_P(
    Top, VirtualServiceField,
    testing::Values(
        Done("hosts short name", Spec("hosts: [other], " + kHttp),
             [](const Snapshot& s) { return s.route_table.FindHost("other.default") != nullptr; }),
        Done("hosts wildcard", Spec("hosts: [\"*.example.com\"], " + kHttp),
             [](const Snapshot& s) { return s.route_table.FindHost("a.b.example.com:80") != nullptr; }),
        Noted("hosts star", Spec("hosts: [\"*\"], " + kHttp), "info IST0133 the host `*`",
              [](const Snapshot& s) { return s.route_table.FindHost("anything") != nullptr; }),
        Said("hosts missing", Spec(kHttp), "error IST0106 spec.hosts is required"),
        Said("hosts empty", Spec("hosts: [], " + kHttp), "error IST0106 hosts is empty"),
        Said("hosts overlap", Spec("hosts: [a.example.com, \"*.example.com\"], " + kHttp), "overlap"),
        Said("hosts overlap, wildcard first", Spec("hosts: [\"*.example.com\", \"*.a.example.com\"], " + kHttp),
             "the hosts `*.example.com` and `*.a.example.com` of one VirtualService overlap"),
        Said("hosts overlap, star", Spec("hosts: [a.example.com, \"*\"], " + kHttp),
             "the hosts `a.example.com` and `*` of one VirtualService overlap"),
        Done("hosts side by side",
             Spec("hosts: [example.com, \"*.example.com\", \"*.xample.com\", aexample.com], " + kHttp),
             [](const Snapshot& s) { return s.route_table.FindHost("aexample.com") != nullptr; }),
        Said("hosts twice", Spec("hosts: [ranking, ranking.default.svc.cluster.local], " + kHttp), "overlap"),
        Said("hosts inner wildcard", Spec("hosts: [\"a.*.com\"], " + kHttp), "error IST0106 spec.hosts[0]"),
        Said("hosts with port", Spec("hosts: [\"a.com:80\"], " + kHttp), "error IST0106 spec.hosts[0]"),
        Said("hosts of two VirtualServices",
             Spec("hosts: [ranking], " + kHttp) +
                 "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: b}\nspec: {hosts: "
                 "[ranking], " +
                 kHttp + "}\n",
             "warning IST0109 the host ranking.default"),
        Said("hosts of two, never reached",
             Spec("hosts: [ranking], " + kHttp) +
                 "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: b}\nspec: {hosts: "
                 "[ranking], " +
                 kHttp + "}\n",
             "warning IST0130 this rule is never reached on ranking.default.svc.cluster.local: an earlier "
             "VirtualService of the host has a rule that matches everything"),
        Said("hosts of two, same match",
             Spec("hosts: [ranking], http: [{match: [{uri: {exact: /a}}], " + kRoute + "}]") +
                 "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: b}\nspec: {hosts: "
                 "[ranking], http: [{match: [{uri: {exact: /a}}], " +
                 kRoute + "}]}\n",
             "an earlier VirtualService of the host has the same matches"),
        Done("gateways mesh", Spec("hosts: [other], gateways: [mesh], " + kHttp),
             [](const Snapshot& s) { return s.route_table.FindHost("other") != nullptr; }),
        Noted("gateways mesh and another", Spec("hosts: [other], gateways: [mesh, ns/edge], " + kHttp),
              "warning IST0101 the gateway ns/edge is not known",
              [](const Snapshot& s) { return s.route_table.FindHost("other") != nullptr; }),
        Said("gateways unknown", Spec("hosts: [a], gateways: [edge], " + kHttp),
             "error IST0101 the gateway default/edge is not known, so these rules would never hold; add the Gateway"),
        Said("gateways syntax", Spec("hosts: [a], gateways: [mesh, a/b/c], " + kHttp),
             "error IST0106 spec.gateways[1]: `a/b/c` names no gateway"),
        Said("http missing", Spec("hosts: [a]"), "error IST0106 spec.http is required"),
        Said("http empty", Spec("hosts: [a], http: []"), "error IST0106 spec.http has no rule"),
        Said("tcp", Spec("hosts: [a], tcp: [{route: []}]"), "error SL1103 spec.tcp cannot be carried out"),
        Said("tls", Spec("hosts: [a], tls: [{match: []}]"), "error SL1103 spec.tls cannot be carried out"),
        Said("exportTo", Spec("hosts: [a], exportTo: [\".\"], " + kHttp),
             "warning SL2013 spec.exportTo is accepted and ignored"),
        Said("exportTo twice", Spec("hosts: [a], exportTo: [b, b], " + kHttp),
             "error IST0106 spec.exportTo[1]: `b` is given twice"),
        Said("exportTo star and more", Spec("hosts: [a], exportTo: [b, \"*\"], " + kHttp),
             "error IST0106 spec.exportTo[1]"),
        Said("exportTo name", Spec("hosts: [a], exportTo: [B_], " + kHttp), "`B_` is no namespace")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    Rule, VirtualServiceField,
    testing::Values(
        Done("name", Routed("name: main"), OnRoute([](const Route& r) { return r.name == "main"; })),
        Done("match several", Routed("match: [{uri: {prefix: /a}}, {uri: {prefix: /b}}]"),
             OnRoute([](const Route& r) { return r.matches.size() == 2; })),
        Said("match empty", Routed("match: []"), "error IST0106 spec.http[0].match is empty"),
        Said("match item empty", Routed("match: [{}]"), "error IST0106 spec.http[0].match[0] is empty"),
        Done("route host", Action("route: [{destination: {host: ranking.default.svc.cluster.local}}]"),
             OnForward([](const Forward& f) {
               return f.destinations[0].cluster.valid() && f.destinations[0].subset.empty();
             })),
        Said("route empty", Action("route: []"), "error IST0106 spec.http[0].route is empty"),
        Said("route without destination", Action("route: [{weight: 1}]"), "route[0].destination is required"),
        Said("route without host", Action("route: [{destination: {subset: v1}}]"), "destination.host is required"),
        Said("route to star", Action("route: [{destination: {host: \"*\"}}]"),
             "error IST0106 spec.http[0].route[0].destination.host"),
        Said("route to unknown host", Action("route: [{destination: {host: nowhere}}]"),
             "error IST0101 the service nowhere.default.svc.cluster.local is not known"),
        Done("route subset", Action("route: [{destination: {host: ranking, subset: v2}}]"),
             OnForward([](const Forward& f) {
               return f.destinations[0].subset == "v2" && f.destinations[0].cluster.valid();
             })),
        Said("route subset syntax", Action("route: [{destination: {host: ranking, subset: V_1}}]"), "is no DNS label"),
        Said("route unknown subset", Action("route: [{destination: {host: ranking, subset: v9}}]"),
             "error IST0101 the service ranking.default.svc.cluster.local has no subset v9"),
        Said("route port range", Action("route: [{destination: {host: ranking, port: {number: 0}}}]"),
             "must be between 1 and 65535"),
        Said("route port unknown", Action("route: [{destination: {host: ranking, port: {number: 81}}}]"),
             "error IST0101 the service ranking.default.svc.cluster.local has no HTTP port 81"),
        Done("route weight", Action("route: " + kTwo + "}]"), OnForward([](const Forward& f) {
               return f.destinations.size() == 2 && f.destinations[0].cumulative == 3 &&
                      f.destinations[1].cumulative == 4;
             })),
        Done("route weights zero",
             Action("route: [{destination: {host: ranking, subset: v1}, weight: 0}, {destination: {host: ranking, "
                    "subset: v2}, weight: 5}]"),
             OnForward([](const Forward& f) {
               return f.destinations.size() == 1 && f.destinations[0].subset == "v2";
             })),
        Said("route weight negative", Action("route: [{destination: {host: ranking}, weight: -1}]"),
             "must be between 0"),
        Said("route weights sum",
             Action("route: [{destination: {host: ranking}}, {destination: {host: ranking, subset: v1}}]"),
             "all weights of this split are 0"),
        Done("route headers", Action("route: " + kTwo + ", headers: {response: {set: {x-version: v2}}}}]"),
             OnForward([](const Forward& f) { return f.destinations.back().headers.response.set.size() == 1; })),
        Done("timeout", Routed("timeout: 1500ms"),
             OnForward([](const Forward& f) { return f.timeout == core::Milliseconds(1500); })),
        Said("timeout zero", Routed("timeout: 0s"), "error IST0106 spec.http[0].timeout must be whole milliseconds"),
        Said("timeout fraction", Routed("timeout: 1.5ms"),
             "error IST0106 spec.http[0].timeout must be whole milliseconds"),
        Said("delegate", Action("delegate: {name: a, namespace: b}"),
             "error SL1103 spec.http[0].delegate cannot be carried out"),
        Said("no action", Action("name: a"), "a rule needs exactly one of route, redirect, directResponse"),
        Said("two actions", Routed("directResponse: {status: 200}"),
             "a rule needs exactly one of route, redirect, directResponse"),
        Said("redirect with rewrite", Action("redirect: {uri: /a}, rewrite: {uri: /b}"),
             "error IST0106 redirect excludes rewrite"),
        Said("redirect with fault",
             Action("redirect: {uri: /a}, fault: {abort: {httpStatus: 500, percentage: {value: 1}}}"),
             "error IST0106 redirect excludes fault"),
        Said("directResponse with rewrite", Action("directResponse: {status: 200}, rewrite: {uri: /b}"),
             "error IST0106 directResponse excludes rewrite"),
        Said("directResponse with timeout", Action("directResponse: {status: 200}, timeout: 1s"),
             "warning IST0133 timeout has no effect beside directResponse"),
        Said("redirect with mirror", Action("redirect: {uri: /a}, mirror: {host: ranking}"),
             "warning IST0133 mirror has no effect beside redirect")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    MatchItem, VirtualServiceField,
    testing::Values(
        Done("match name", Match("name: m, uri: {exact: /a}"),
             OnMatch([](const RouteMatch& m) { return m.name == "m"; })),
        Done("uri exact", Match("uri: {exact: /a}"),
             OnMatch([](const RouteMatch& m) { return Is(m.uri, kExact, "/a"); })),
        Done("uri prefix", Match("uri: {prefix: /a}"),
             OnMatch([](const RouteMatch& m) { return Is(m.uri, kPrefix, "/a"); })),
        Done("uri prefix empty", Match("uri: {prefix: \"\"}"),
             OnMatch([](const RouteMatch& m) { return Is(m.uri, kPrefix, ""); })),
        Done("uri regex", Match("uri: {regex: \"/v[0-9]+\"}"), OnMatch([](const RouteMatch& m) {
               return Is(m.uri, kRegex, "/v[0-9]+") && m.uri->Matches("/v12") && !m.uri->Matches("/v12/x");
             })),
        Said("uri none", Match("uri: {}"), "must hold exactly one of exact, prefix, regex"),
        Said("uri two", Match("uri: {exact: a, prefix: b}"), "must hold exactly one of exact, prefix, regex"),
        Said("regex empty", Match("uri: {regex: \"\"}"), "the expression is empty"),
        Said("regex long", Match("uri: {regex: \"" + std::string(1025, 'a') + "\"}"),
             "error IST0106 spec.http[0].match[0].uri.regex"),
        Said("regex of another dialect", Match("uri: {regex: \"(?=a)\"}"),
             "error IST0106 spec.http[0].match[0].uri.regex"),
        Done("ignoreUriCase", Match("uri: {prefix: /A}, ignoreUriCase: true"),
             OnMatch([](const RouteMatch& m) { return m.uri.has_value() && m.uri->Matches("/aB"); })),
        Done("scheme", Match("scheme: {exact: https}"),
             OnMatch([](const RouteMatch& m) { return Is(m.scheme, kExact, "https"); })),
        Done("method", Match("method: {regex: \"GET|HEAD\"}"),
             OnMatch([](const RouteMatch& m) { return Is(m.method, kRegex, "GET|HEAD"); })),
        Done("authority", Match("authority: {prefix: rank}"),
             OnMatch([](const RouteMatch& m) { return Is(m.authority, kPrefix, "rank"); })),
        Said("authority prefix empty", Match("authority: {prefix: \"\"}"), "prefix is empty"),
        Done("headers", Match("headers: {X-Tier: {exact: premium}}"), OnMatch([](const RouteMatch& m) {
               return m.headers.size() == 1 && m.headers[0].name == "x-tier" && m.headers[0].match.kind() == kExact;
             })),
        Done("headers presence", Match("headers: {x: {}, y: {regex: \"*\"}}"), OnMatch([](const RouteMatch& m) {
               return m.headers.size() == 2 && m.headers[0].match.kind() == kPresent &&
                      m.headers[1].match.kind() == kPresent;
             })),
        Done("headers pseudo", Match("headers: {\":method\": {exact: GET}}"),
             OnMatch([](const RouteMatch& m) { return m.headers.size() == 1 && m.headers[0].name == ":method"; })),
        Said("headers null", Match("headers: {x: null}"), "write {} to test for presence"),
        Said("headers name", Match("headers: {\"a b\": {exact: c}}"), "this is no header name"),
        Said("headers uri", Match("headers: {uri: {exact: c}}"),
             "warning SL2013 spec.http[0].match[0].headers.uri is ignored"),
        Said("headers authority", Match("headers: {authority: {exact: c}}"), "warning SL2013"),
        Said("headers claims", Match("headers: {\"@request.auth.claims[group]\": {exact: c}}"),
             "error SL1103 spec.http[0].match[0].headers.@request.auth.claims[group]: this build does not read JWT "
             "claims"),
        Done("withoutHeaders", Match("withoutHeaders: {x-debug: {}}"), OnMatch([](const RouteMatch& m) {
               return m.without_headers.size() == 1 && m.without_headers[0].match.kind() == kPresent;
             })),
        Said("withoutHeaders claims", Match("withoutHeaders: {\"@request.auth.claims.group\": {exact: c}}"),
             "error SL1103"),
        Done("queryParams", Match("queryParams: {Mode: {exact: \"\"}}"), OnMatch([](const RouteMatch& m) {
               return m.query.size() == 1 && m.query[0].name == "Mode" && m.query[0].match.kind() == kExact;
             })),
        Done("queryParams presence", Match("queryParams: {mode: {}}"),
             OnMatch([](const RouteMatch& m) { return m.query.size() == 1 && m.query[0].match.kind() == kPresent; })),
        Said("queryParams null", Match("queryParams: {mode: null}"), "write {} to test for presence"),
        Done("port", Match("port: 8080"), OnMatch([](const RouteMatch& m) { return m.port == 8080; })),
        Said("port range", Match("port: 65536"), "must be between 1 and 65535"),
        Noted("gateways elsewhere", Routed("match: [{uri: {exact: /a}, gateways: [edge]}, {uri: {exact: /b}}]"),
              "warning IST0101 the gateway default/edge is not known",
              OnMatch([](const RouteMatch& m) { return Is(m.uri, kExact, "/b"); })),
        Done("gateways mesh", Match("uri: {exact: /a}, gateways: [mesh]"),
             OnMatch([](const RouteMatch& m) { return Is(m.uri, kExact, "/a"); })),
        Said("gateways syntax", Match("uri: {exact: /a}, gateways: [\"a b\"]"), "`a b` names no gateway"),
        Noted("sourceLabels of others",
              Routed("match: [{uri: {exact: /a}, sourceLabels: {app: other}}, {uri: {exact: /b}}]"),
              "info SL2020 this match never holds here",
              OnMatch([](const RouteMatch& m) { return Is(m.uri, kExact, "/b"); })),
        Said("sourceLabels syntax", Match("uri: {exact: /a}, sourceLabels: {\"a b\": c}"), "is no label"),
        Done("sourceNamespace of ours", Match("uri: {exact: /a}, sourceNamespace: default"),
             OnMatch([](const RouteMatch& m) { return Is(m.uri, kExact, "/a"); })),
        Noted("sourceNamespace of others",
              Routed("match: [{uri: {exact: /a}, sourceNamespace: other}, {uri: {exact: /b}}]"), "info SL2020",
              OnMatch([](const RouteMatch& m) { return Is(m.uri, kExact, "/b"); })),
        Noted("sourceNamespace beside gateways", Match("uri: {exact: /a}, gateways: [mesh], sourceNamespace: other"),
              "info SL2013 sourceLabels and sourceNamespace are not consulted beside gateways",
              OnMatch([](const RouteMatch& m) { return Is(m.uri, kExact, "/a"); })),
        Noted("statPrefix", Match("uri: {exact: /a}, statPrefix: p"),
              "warning SL2013 spec.http[0].match[0].statPrefix is accepted and ignored",
              OnMatch([](const RouteMatch& m) { return Is(m.uri, kExact, "/a"); })),
        Said("rule behind one without match",
             WithRules("  - {" + kRoute + "}\n  - {match: [{uri: {exact: /a}}], " + kRoute + "}\n"),
             "warning IST0130 this rule is never reached"),
        Said("match covered",
             WithRules("  - {match: [{uri: {prefix: /a}}], " + kRoute + "}\n  - {match: [{uri: {exact: /ab}}], " +
                       kRoute + "}\n"),
             "info IST0131"),
        Said("match twice in a rule", Routed("match: [{uri: {exact: /a}}, {uri: {exact: /a}}]"),
             "info IST0131 this match duplicates an earlier one")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    Actions, VirtualServiceField,
    testing::Values(
        Done("rewrite uri", Routed("rewrite: {uri: /b}"),
             OnForward([](const Forward& f) { return f.rewrite.uri == "/b"; })),
        Done("rewrite authority", Routed("rewrite: {authority: b.com}"),
             OnForward([](const Forward& f) { return f.rewrite.authority == "b.com"; })),
        Done("rewrite uriRegexRewrite", Routed("rewrite: {uriRegexRewrite: {match: \"/a/(.*)\", rewrite: '/b/\\1'}}"),
             OnForward([](const Forward& f) {
               return f.rewrite.compiled_regex != nullptr && f.rewrite.regex_replacement == "/b/\\1";
             })),
        Said("rewrite empty", Routed("rewrite: {}"), "error IST0106 spec.http[0].rewrite is empty"),
        Said("rewrite uri twice", Routed("rewrite: {uri: /a, uriRegexRewrite: {match: a, rewrite: b}}"),
             "a rewrite has both uri and uriRegexRewrite"),
        Said("rewrite regex half", Routed("rewrite: {uriRegexRewrite: {match: a}}"),
             "uriRegexRewrite.rewrite is required"),
        Said("rewrite regex group", Routed("rewrite: {uriRegexRewrite: {match: a, rewrite: '\\1'}}"),
             "error IST0106 spec.http[0].rewrite.uriRegexRewrite.rewrite"),
        Said("authority in two places",
             Routed("rewrite: {authority: b}, headers: {request: {set: {\":authority\": c}}}"),
             "sets the authority in several places"),
        Done("redirect uri", Action("redirect: {uri: /b}"),
             OnRedirect([](const Redirect& r) { return r.uri == "/b" && r.code == 301; })),
        Done("redirect prefixRewrite", Action("match: [{uri: {prefix: /a}}], redirect: {prefixRewrite: /b}"),
             OnRedirect([](const Redirect& r) { return r.prefix_rewrite == "/b"; })),
        Said("redirect prefixRewrite of exact", Action("match: [{uri: {exact: /a}}], redirect: {prefixRewrite: /b}"),
             "prefixRewrite needs prefix matches"),
        Said("redirect both", Action("redirect: {uri: /a, prefixRewrite: /b}"),
             "a redirect has both uri and prefixRewrite"),
        Done("redirect authority", Action("redirect: {authority: b.com}"),
             OnRedirect([](const Redirect& r) { return r.authority == "b.com"; })),
        Done("redirect port", Action("redirect: {port: 8443}"),
             OnRedirect([](const Redirect& r) { return r.port == 8443; })),
        Done("redirect derivePort", Action("redirect: {derivePort: FROM_REQUEST_PORT}"),
             OnRedirect([](const Redirect& r) { return r.derive_port == Redirect::DerivePort::kFromRequestPort; })),
        Said("redirect ports", Action("redirect: {port: 1, derivePort: FROM_REQUEST_PORT}"),
             "both port and derivePort"),
        Done("redirect scheme", Action("redirect: {scheme: https}"),
             OnRedirect([](const Redirect& r) { return r.scheme == "https"; })),
        Said("redirect scheme other", Action("redirect: {scheme: ftp}"), "error IST0106 spec.http[0].redirect.scheme"),
        Done("redirect redirectCode", Action("redirect: {uri: /b, redirectCode: 307}"),
             OnRedirect([](const Redirect& r) { return r.code == 307; })),
        Said("redirect redirectCode other", Action("redirect: {uri: /b, redirectCode: 305}"), "305 is no redirect"),
        Said("redirect empty", Action("redirect: {}"), "error IST0106 spec.http[0].redirect is empty"),
        Done("directResponse status", Action("directResponse: {status: 418}"),
             OnDirect([](const core::DirectResponse& d) { return d.status == 418; })),
        Said("directResponse status range", Action("directResponse: {status: 600}"), "must be between 200 and 599"),
        Said("directResponse without status", Action("directResponse: {body: {string: a}}"), "status is required"),
        Done("directResponse string", Action("directResponse: {status: 200, body: {string: hello}}"),
             OnDirect([](const core::DirectResponse& d) { return d.body == "hello"; })),
        Done("directResponse bytes", Action("directResponse: {status: 200, body: {bytes: aGVsbG8=}}"),
             OnDirect([](const core::DirectResponse& d) { return d.body == "hello"; })),
        Said("directResponse bytes broken", Action("directResponse: {status: 200, body: {bytes: \"%%\"}}"),
             "is not base64"),
        Said("directResponse body empty", Action("directResponse: {status: 200, body: {}}"),
             "exactly one of string, bytes"),
        Said("directResponse large",
             Action("directResponse: {status: 200, body: {string: " + std::string(101 * 1024, 'a') + "}}"),
             "warning IST0133 the body is larger than 100 KiB"),
        Done("fault delay", Routed("fault: {delay: {fixedDelay: 2s, percentage: {value: 25}}}"),
             OnRoute([](const Route& r) {
               return r.fault && r.fault->delay == core::Seconds(2) && r.fault->delay_per_million == 250'000;
             })),
        Said("fault delay missing", Routed("fault: {delay: {percentage: {value: 25}}}"), "fixedDelay is required"),
        Said("fault delay small", Routed("fault: {delay: {fixedDelay: 1us, percentage: {value: 25}}}"), "at least 1ms"),
        Said("fault delay exponential", Routed("fault: {delay: {exponentialDelay: 1s, percentage: {value: 25}}}"),
             "error SL1103"),
        Done("fault abort httpStatus", Routed("fault: {abort: {httpStatus: 503, percentage: {value: 0.0001}}}"),
             OnRoute([](const Route& r) {
               return r.fault && r.fault->abort_http_status == 503 && r.fault->abort_per_million == 1;
             })),
        Done("fault abort grpcStatus", Routed("fault: {abort: {grpcStatus: UNAVAILABLE, percentage: {value: 1}}}"),
             OnRoute([](const Route& r) { return r.fault && r.fault->abort_grpc_status == 14U; })),
        Said("fault abort http2Error", Routed("fault: {abort: {http2Error: X, percentage: {value: 1}}}"),
             "error SL1103"),
        Said("fault abort status range", Routed("fault: {abort: {httpStatus: 199, percentage: {value: 1}}}"),
             "must be between 200 and 600"),
        Noted("fault percentage missing", Routed("fault: {abort: {httpStatus: 503}}"),
              "warning IST0133 spec.http[0].fault.abort has no percentage",
              OnRoute([](const Route& r) { return r.fault && r.fault->abort_per_million == 0; })),
        Said("fault percentage tiny", Routed("fault: {abort: {httpStatus: 503, percentage: {value: 0.00001}}}"),
             "less than one in a million"),
        Said("fault percentage range", Routed("fault: {abort: {httpStatus: 503, percentage: {value: 100.1}}}"),
             "must be between 0 and 100"),
        Noted("fault percent", Routed("fault: {abort: {httpStatus: 503, percent: 7}}"),
              "warning IST0002 spec.http[0].fault.abort.percent is deprecated",
              OnRoute([](const Route& r) { return r.fault && r.fault->abort_per_million == 70'000; })),
        Said("fault empty", Routed("fault: {}"), "needs abort, delay or both")),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    Traffic, VirtualServiceField,
    testing::Values(
        Done("retries attempts", Routed("retries: {attempts: 5}"),
             OnForward([](const Forward& f) { return f.retry.attempts == 5; })),
        Done("retries off", Routed("retries: {attempts: 0}"),
             OnForward([](const Forward& f) { return f.retry.attempts == 0; })),
        Said("retries attempts missing", Routed("retries: {retryOn: 5xx}"), "attempts is required"),
        Said("retries attempts negative", Routed("retries: {attempts: -1}"), "must be between 0"),
        Said("retries off and more", Routed("retries: {attempts: 0, perTryTimeout: 1s}"),
             "attempts: 0 switches retries off"),
        Done("retries perTryTimeout", Routed("retries: {attempts: 1, retryOn: reset, perTryTimeout: 80ms}"),
             OnForward([](const Forward& f) { return f.retry.per_try_timeout == core::Milliseconds(80); })),
        Done("retries backoff", Routed("retries: {attempts: 1, backoff: 40ms}"),
             OnForward([](const Forward& f) { return f.retry.backoff_base == core::Milliseconds(40); })),
        Said("retries backoff zero", Routed("retries: {attempts: 1, backoff: 0s}"), "at least 1ms"),
        Done("retries retryOn", Routed("retries: {attempts: 1, retryOn: \"gateway-error,retriable-status-codes,429\"}"),
             OnForward([](const Forward& f) {
               return f.retry.Has(core::RetryOn::kGatewayError) && f.retry.status_codes.size() == 1 &&
                      !f.retry.Has(core::RetryOn::kConnectFailure);
             })),
        Said("retries retryOn unknown", Routed("retries: {attempts: 1, retryOn: gateway-eror}"),
             "did you mean \"gateway-error\"?"),
        Said("retries retryOn status", Routed("retries: {attempts: 1, retryOn: \"599\"}"), "is not an HTTP status"),
        Said("retries retryOn headers", Routed("retries: {attempts: 1, retryOn: retriable-headers}"),
             "info SL2013 retriable-headers has no effect"),
        Said("retries retryOn 4xx", Routed("retries: {attempts: 1, retryOn: retriable-4xx}"), "info SL2016"),
        Said("retries retryOn POST", Routed("retries: {attempts: 1, retryOn: 5xx}"), "info SL2008"),
        Done("retries retryIgnorePreviousHosts", Routed("retries: {attempts: 1, retryIgnorePreviousHosts: false}"),
             OnForward([](const Forward& f) { return !f.retry.avoid_previous_hosts; })),
        Noted("retries retryRemoteLocalities", Routed("retries: {attempts: 1, retryRemoteLocalities: true}"),
              "warning SL2013 spec.http[0].retries.retryRemoteLocalities is accepted and ignored",
              OnForward([](const Forward& f) { return f.retry.attempts == 1; })),
        Done("mirror", Routed("mirror: {host: ranking, subset: v2}"), OnForward([](const Forward& f) {
               return f.mirrors.size() == 1 && f.mirrors[0].cluster.valid() && f.mirrors[0].per_million == 1'000'000;
             })),
        Done("mirrorPercentage", Routed("mirror: {host: ranking, subset: v2}, mirrorPercentage: {value: 12.5}"),
             OnForward([](const Forward& f) { return f.mirrors.size() == 1 && f.mirrors[0].per_million == 125'000; })),
        Said("mirrorPercentage range", Routed("mirror: {host: ranking, subset: v2}, mirrorPercentage: {value: -1}"),
             "must be between 0 and 100"),
        Said("mirrorPercentage alone", Routed("mirrorPercentage: {value: 1}"),
             "warning IST0133 a mirror percentage without `mirror`"),
        Noted("mirrorPercent", Routed("mirror: {host: ranking, subset: v2}, mirrorPercent: 5"),
              "warning IST0002 spec.http[0].mirrorPercent is deprecated",
              OnForward([](const Forward& f) { return f.mirrors.size() == 1 && f.mirrors[0].per_million == 50'000; })),
        Noted("mirror_percent", Routed("mirror: {host: ranking, subset: v2}, mirror_percent: 5"), "warning IST0002",
              OnForward([](const Forward& f) { return f.mirrors.size() == 1 && f.mirrors[0].per_million == 50'000; })),
        Done("mirrors",
             Routed("mirrors: [{destination: {host: ranking, subset: v2}, percentage: {value: 5}}, {destination: "
                    "{host: ranking}}]"),
             OnForward([](const Forward& f) { return f.mirrors.size() == 2 && f.mirrors[0].per_million == 50'000; })),
        Said("mirrors and mirror",
             Routed("mirror: {host: ranking, subset: v2}, mirrors: [{destination: {host: ranking}}]"),
             "a rule has both mirror and mirrors"),
        Said("mirrors to unknown subset", Routed("mirrors: [{destination: {host: ranking, subset: v9}}]"),
             "error IST0101"),
        Said("mirror to itself", Routed("mirror: {host: ranking, subset: v1}"), "warning SL2010"),
        Done("headers request set", Routed("headers: {request: {set: {X-A: b}}}"), OnRoute([](const Route& r) {
               return r.headers.request.set.size() == 1 && r.headers.request.set[0].first == "x-a";
             })),
        Done("headers request add", Routed("headers: {request: {add: {x-a: \"%REQ(x-b)%\"}}}"),
             OnRoute([](const Route& r) { return r.headers.request.add.size() == 1; })),
        Done("headers request remove", Routed("headers: {request: {remove: [X-A]}}"),
             OnRoute([](const Route& r) { return r.headers.request.remove.size() == 1; })),
        Done("headers response", Routed("headers: {response: {set: {x-a: b}, add: {x-b: c}, remove: [server]}}"),
             OnRoute([](const Route& r) {
               return r.headers.response.set.size() == 1 && r.headers.response.add.size() == 1 &&
                      r.headers.response.remove.size() == 1;
             })),
        Said("headers percent", Routed("headers: {request: {set: {x-a: \"50%\"}}}"),
             "error IST0106 spec.http[0].headers.request.set.x-a"),
        Said("headers host blank", Routed("headers: {request: {set: {host: a b}}}"),
             "error IST0106 spec.http[0].headers.request.set.host holds blanks"),
        Said("headers pseudo", Routed("headers: {request: {set: {\":path\": /a}}}"),
             "this header cannot be changed here"),
        Said("headers response host", Routed("headers: {response: {set: {host: a}}}"),
             "this header cannot be changed here"),
        Said("headers remove host", Routed("headers: {request: {remove: [Host]}}"), "`Host` cannot be removed"),
        Said("headers null", Routed("headers: {request: {set: {x-a: null}}}"),
             "error IST0106 spec.http[0].headers.request.set.x-a must be text"),
        Done("corsPolicy allowOrigins",
             Routed("corsPolicy: {allowOrigins: [{exact: \"https://a.com\"}, {regex: \".*\"}]}"),
             OnRoute([](const Route& r) { return r.cors && r.cors->allow_origins.size() == 2; })),
        Noted("corsPolicy allowOrigin", Routed("corsPolicy: {allowOrigin: [\"*\"]}"),
              "warning IST0002 allowOrigin is deprecated",
              OnRoute([](const Route& r) { return r.cors && r.cors->allow_origins.at(0).Matches("https://any"); })),
        Done("corsPolicy allowMethods", Routed("corsPolicy: {allowMethods: [GET, POST]}"),
             OnRoute([](const Route& r) { return r.cors && r.cors->allow_methods == "GET,POST"; })),
        Done("corsPolicy allowHeaders", Routed("corsPolicy: {allowHeaders: [x-a]}"),
             OnRoute([](const Route& r) { return r.cors && r.cors->allow_headers == "x-a"; })),
        Done("corsPolicy exposeHeaders", Routed("corsPolicy: {exposeHeaders: [x-a]}"),
             OnRoute([](const Route& r) { return r.cors && r.cors->expose_headers == "x-a"; })),
        Done("corsPolicy maxAge", Routed("corsPolicy: {maxAge: 24h}"),
             OnRoute([](const Route& r) { return r.cors && r.cors->max_age == core::Seconds(86'400); })),
        Said("corsPolicy maxAge fraction", Routed("corsPolicy: {maxAge: 1500ms}"), "maxAge must be whole seconds"),
        Done("corsPolicy allowCredentials", Routed("corsPolicy: {allowCredentials: true}"),
             OnRoute([](const Route& r) { return r.cors && r.cors->allow_credentials; })),
        Done("corsPolicy unmatchedPreflights", Routed("corsPolicy: {unmatchedPreflights: IGNORE}"),
             OnRoute([](const Route& r) { return r.cors && !r.cors->forward_unmatched_preflights; })),
        Said("corsPolicy method name", Routed("corsPolicy: {allowMethods: [\"G T\"]}"), "`G T` is no name")),
    RowName);

}  // namespace
}  // namespace sluice::config
