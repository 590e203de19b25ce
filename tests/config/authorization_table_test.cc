// AuthorizationPolicy from YAML to the verdict, one row a case: the evaluation order, every field of source and
// operation and every key of `when`, in both directions (istio-reference.md section 3.4).
#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "core/identity/authorization.h"
#include "tests/config/coverage.h"

namespace sluice::config {
namespace {

struct Asked {
  std::string principal;  // without spiffe://; empty: no certificate
  std::string method = "GET";
  std::string host = "models.example";
  std::string path = "/v1/score";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string peer_address = "10.1.2.3";
  std::string client_address = "203.0.113.9";
  std::string local_address = "10.9.9.9";
  std::uint16_t port = 8443;
  std::string sni;
};

struct Case {
  const char* name;
  std::vector<std::string> policies;  // specs, as flow maps; a leading ~ is a dry run
  Asked asked;
  const char* details;  // "" when allowed
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

constexpr const char* kNone = "rbac_access_denied_matched_policy[none]";
constexpr const char* kFirst = "rbac_access_denied_matched_policy[ns[default]-policy[p0]-rule[0]]";
constexpr const char* kSecondRule = "rbac_access_denied_matched_policy[ns[default]-policy[p0]-rule[1]]";
constexpr const char* kSecondPolicy = "rbac_access_denied_matched_policy[ns[default]-policy[p1]-rule[0]]";

const std::string kAlice = "cluster.local/ns/ml/sa/alice";
const std::string kBob = "cluster.local/ns/web/sa/bob";

Asked As(std::string principal) {
  Asked asked;
  asked.principal = std::move(principal);
  return asked;
}
Asked To(std::string path, std::string method = "GET") {
  Asked asked;
  asked.path = std::move(path);
  asked.method = std::move(method);
  return asked;
}
Asked At(std::string host, std::uint16_t port = 8443) {
  Asked asked;
  asked.host = std::move(host);
  asked.port = port;
  return asked;
}
Asked From(std::string peer, std::string client = "203.0.113.9") {
  Asked asked;
  asked.peer_address = std::move(peer);
  asked.client_address = std::move(client);
  return asked;
}
Asked With(std::vector<std::pair<std::string, std::string>> headers) {
  Asked asked;
  asked.headers = std::move(headers);
  return asked;
}
Asked Named(std::string sni) {
  Asked asked;
  asked.sni = std::move(sni);
  return asked;
}

std::string Allow(const std::string& rule) { return "{rules: [{" + rule + "}]}"; }
std::string Deny(const std::string& rule) { return "{action: DENY, rules: [{" + rule + "}]}"; }
std::string Source(const std::string& fields) { return "from: [{source: {" + fields + "}}]"; }
std::string Operation(const std::string& fields) { return "to: [{operation: {" + fields + "}}]"; }
std::string When(const std::string& key, const std::string& values) {
  return "when: [{key: '" + key + "', " + values + "}]";
}

std::string Document(const std::vector<std::string>& policies) {
  std::string text = kService +
                     "apiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: s}\nspec: {identity: "
                     "{certificateDirectory: /certs, labels: {app: edge}}}\n";
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const bool dry = policies[i].starts_with('~');
    text += "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p" + std::to_string(i) +
            (dry ? ", annotations: {istio.io/dry-run: 'true'}" : "") + "}\nspec: " + policies[i].substr(dry ? 1 : 0) +
            "\n";
  }
  return text;
}

core::AuthorizationVerdict Judge(const core::Authorization& policies, const Asked& asked, core::Arena& arena) {
  core::Head head(arena);
  head.method = arena.Copy(asked.method);
  head.authority = arena.Copy(asked.host);
  for (const auto& [name, value] : asked.headers) head.headers.AddCopy(name, value);
  core::PeerIdentity peer;
  if (auto id = core::SpiffeId::Parse("spiffe://" + asked.principal)) peer.spiffe = std::move(*id);
  return core::Authorize(policies,
                         {.head = head,
                          .path = asked.path,
                          .peer = asked.principal.empty() ? nullptr : &peer,
                          .peer_address = asked.peer_address,
                          .client_address = asked.client_address,
                          .local_address = asked.local_address,
                          .local_port = asked.port,
                          .server_name = asked.sni},
                         arena);
}

class AuthorizationTable : public testing::TestWithParam<Case> {};

TEST_P(AuthorizationTable, SaysWhatIstioSays) {
  const Case& one = GetParam();
  const Loaded loaded = LoadText(Document(one.policies));
  ASSERT_TRUE(loaded.ok) << TextOf(loaded);
  const auto snapshot = Compiled(loaded);
  core::Arena arena;

  const core::AuthorizationVerdict verdict = Judge(snapshot->authorization, one.asked, arena);

  EXPECT_EQ(verdict.details, one.details);
  EXPECT_EQ(verdict.allowed, std::string_view(one.details).empty());
}

std::string NameOf(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Order, AuthorizationTable,
    testing::Values(
        Case{"NoPolicy", {}, {}, ""}, Case{"EmptySpecAllowsNothing", {"{}"}, {}, kNone},
        Case{"EmptyRuleAllowsEverything", {"{rules: [{}]}"}, {}, ""},
        Case{"EmptyDenyRuleDeniesEverything", {"{action: DENY, rules: [{}]}"}, {}, kFirst},
        Case{"DenyBeforeAllow", {Allow(""), Deny(Operation("methods: [GET]"))}, {}, kSecondPolicy},
        Case{"DenyThatDoesNotMatch", {Deny(Operation("methods: [POST]"))}, {}, ""},
        Case{"DenyThatDoesNotMatchAndNoAllowMatches",
             {Deny(Operation("methods: [POST]")), Allow(Operation("methods: [PUT]"))},
             {},
             kNone},
        Case{"OneOfSeveralAllowPoliciesIsEnough",
             {Allow(Operation("methods: [PUT]")), Allow(Operation("methods: [GET]"))},
             {},
             ""},
        Case{"OneOfSeveralRulesIsEnough",
             {"{rules: [{to: [{operation: {methods: [PUT]}}]}, {to: [{operation: {methods: [GET]}}]}]}"},
             {},
             ""},
        Case{"TheRuleThatDeniesIsNamed",
             {"{action: DENY, rules: [{to: [{operation: {methods: [PUT]}}]}, {to: [{operation: {methods: [GET]}}]}]}"},
             {},
             kSecondRule},
        Case{"AuditChangesNothing", {"{action: AUDIT, rules: [{}]}"}, {}, ""},
        Case{"DryRunDenyChangesNothing", {"~" + Deny("")}, {}, ""},
        Case{"DryRunAllowChangesNothing", {"~" + Allow(Operation("methods: [PUT]"))}, {}, ""},
        Case{"DryRunAllowDoesNotAllow", {Allow(Operation("methods: [PUT]")), "~" + Allow("")}, {}, kNone},
        Case{"FromAndToMustBothHold",
             {Allow(Source("principals: ['*']") + ", " + Operation("methods: [GET]"))},
             {},
             kNone},
        Case{"FromAndToBothHold",
             {Allow(Source("principals: ['*']") + ", " + Operation("methods: [GET]"))},
             As(kAlice),
             ""},
        Case{"OneOfSeveralSources",
             {Allow("from: [{source: {namespaces: [web]}}, {source: {namespaces: [ml]}}]")},
             As(kAlice),
             ""},
        Case{"AllFieldsOfASource", {Allow(Source("namespaces: [ml], principals: ['*/bob']"))}, As(kAlice), kNone},
        Case{"OneOfSeveralOperations",
             {Allow("to: [{operation: {methods: [PUT]}}, {operation: {paths: [/v1/*]}}]")},
             {},
             ""},
        Case{"AllFieldsOfAnOperation", {Allow(Operation("methods: [GET], paths: [/v2]"))}, {}, kNone},
        Case{"AllOfWhen",
             {Allow("when: [{key: 'request.headers[a]', values: [x]}, {key: 'request.headers[b]', values: [y]}]")},
             With({{"a", "x"}}),
             kNone}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Sources, AuthorizationTable,
    testing::Values(
        Case{"Principal", {Allow(Source("principals: [" + kAlice + "]"))}, As(kAlice), ""},
        Case{"PrincipalOfAnother", {Allow(Source("principals: [" + kAlice + "]"))}, As(kBob), kNone},
        Case{"PrincipalPrefix", {Allow(Source("principals: ['cluster.local/ns/ml/*']"))}, As(kAlice), ""},
        Case{"PrincipalSuffix", {Allow(Source("principals: ['*/sa/alice']"))}, As(kAlice), ""},
        Case{"PrincipalAny", {Allow(Source("principals: ['*']"))}, As(kAlice), ""},
        Case{"PrincipalAnyNeedsOne", {Allow(Source("principals: ['*']"))}, {}, kNone},
        Case{"PrincipalPrefixOfNobody", {Allow(Source("principals: ['cluster.local/*']"))}, {}, kNone},
        Case{"NotPrincipal", {Allow(Source("notPrincipals: [" + kAlice + "]"))}, As(kBob), ""},
        Case{"NotPrincipalHit", {Allow(Source("notPrincipals: [" + kAlice + "]"))}, As(kAlice), kNone},
        Case{"NotPrincipalOfPlaintext", {Allow(Source("notPrincipals: [" + kAlice + "]"))}, {}, ""},
        Case{"DenyWhoIsNotKnown", {Deny(Source("notPrincipals: ['*']"))}, {}, kFirst},
        Case{"DenyWhoIsNotKnownLetsTheKnownIn", {Deny(Source("notPrincipals: ['*']"))}, As(kAlice), ""},
        Case{"Namespace", {Allow(Source("namespaces: [ml]"))}, As(kAlice), ""},
        Case{"NamespaceOfPlaintext", {Allow(Source("namespaces: [ml]"))}, {}, kNone},
        Case{"NotNamespace", {Deny(Source("notNamespaces: [ml]"))}, As(kBob), kFirst},
        Case{"NotNamespaceOfPlaintext", {Deny(Source("notNamespaces: [ml]"))}, {}, kFirst},
        Case{"ServiceAccount", {Allow(Source("serviceAccounts: [ml/alice]"))}, As(kAlice), ""},
        Case{"ServiceAccountOfTheOwnNamespace", {Allow(Source("serviceAccounts: [alice]"))}, As(kAlice), kNone},
        Case{"ServiceAccountWithoutNamespace",
             {Allow(Source("serviceAccounts: [carol]"))},
             As("cluster.local/ns/default/sa/carol"),
             ""},
        Case{"NotServiceAccount", {Deny(Source("notServiceAccounts: [ml/alice]"))}, As(kAlice), ""},
        Case{"TrustDomain", {Allow(Source("trustDomains: [cluster.local]"))}, As(kAlice), ""},
        Case{"NotTrustDomain", {Deny(Source("notTrustDomains: [cluster.local]"))}, As("other/ns/a/sa/b"), kFirst},
        Case{"IpBlock", {Allow(Source("ipBlocks: [10.1.0.0/16]"))}, {}, ""},
        Case{"IpBlockOfOthers", {Allow(Source("ipBlocks: [10.2.0.0/16, 203.0.113.0/24]"))}, {}, kNone},
        Case{"IpBlockAddress", {Allow(Source("ipBlocks: [10.1.2.3]"))}, {}, ""},
        Case{"IpBlockV6", {Allow(Source("ipBlocks: ['2001:db8::/32']"))}, From("2001:db8::1"), ""},
        Case{"NotIpBlock", {Deny(Source("notIpBlocks: [10.0.0.0/8]"))}, From("192.0.2.1"), kFirst},
        Case{"RemoteIpBlock", {Allow(Source("remoteIpBlocks: [203.0.113.0/24]"))}, {}, ""},
        Case{"RemoteIpBlockIsNotThePeer", {Allow(Source("remoteIpBlocks: [10.0.0.0/8]"))}, {}, kNone},
        Case{"NotRemoteIpBlock", {Deny(Source("notRemoteIpBlocks: [203.0.113.9]"))}, {}, ""}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Operations, AuthorizationTable,
    testing::Values(
        Case{"Host", {Allow(Operation("hosts: [models.example]"))}, At("Models.Example"), ""},
        Case{"HostOfAnother", {Allow(Operation("hosts: [models.example]"))}, At("x.models.example"), kNone},
        Case{"HostSuffix", {Allow(Operation("hosts: ['*.models.example']"))}, At("x.models.example"), ""},
        Case{"AllowedHostWithPortAsSent",
             {Allow(Operation("hosts: [models.example]"))},
             At("models.example:8443"),
             kNone},
        Case{
            "AllowedHostWithAnyPort", {Allow(Operation("hosts: ['models.example:*']"))}, At("models.example:8443"), ""},
        Case{"DeniedHostWithAPort", {Deny(Operation("hosts: [models.example]"))}, At("models.example:1"), kFirst},
        Case{"DeniedHostWithADot", {Deny(Operation("hosts: [models.example]"))}, At("models.example.:1"), kFirst},
        Case{"NotHost", {Deny(Operation("notHosts: [models.example]"))}, At("other.example"), kFirst},
        Case{"Port", {Allow(Operation("ports: ['8443']"))}, {}, ""},
        Case{"NotPort", {Deny(Operation("notPorts: ['8443']"))}, At("models.example", 80), kFirst},
        Case{"Method", {Allow(Operation("methods: [GET, HEAD]"))}, To("/", "HEAD"), ""},
        Case{"MethodsAreCaseSensitive", {Allow(Operation("methods: [GET]"))}, To("/", "get"), kNone},
        Case{"NotMethod", {Deny(Operation("notMethods: [GET]"))}, To("/", "POST"), kFirst},
        Case{"Path", {Allow(Operation("paths: [/v1/score]"))}, {}, ""},
        Case{"PathIsCaseSensitive", {Allow(Operation("paths: [/V1/score]"))}, {}, kNone},
        Case{"PathPrefix", {Allow(Operation("paths: ['/v1/*']"))}, {}, ""},
        Case{"PathSuffix", {Allow(Operation("paths: ['*/score']"))}, {}, ""},
        Case{"PathTemplateOne", {Allow(Operation("paths: ['/v1/{*}/info']"))}, To("/v1/m/info"), ""},
        Case{"PathTemplateOneIsOneSegment", {Allow(Operation("paths: ['/v1/{*}/info']"))}, To("/v1/a/b/info"), kNone},
        Case{"PathTemplateOneIsNotEmpty", {Allow(Operation("paths: ['/v1/{*}/info']"))}, To("/v1//info"), kNone},
        Case{"PathTemplateRest", {Allow(Operation("paths: ['/v1/{**}']"))}, To("/v1/a/b/c"), ""},
        Case{"PathTemplateRestBelongsToIts", {Allow(Operation("paths: ['/v1/{**}']"))}, To("/v2/a"), kNone},
        Case{"PathTemplateBoth", {Deny(Operation("paths: ['/{*}/admin/{**}']"))}, To("/v1/admin/x"), kFirst},
        Case{"GrpcPath",
             {Allow(Operation("paths: ['/inference.GRPCInferenceService/*']"))},
             To("/inference.GRPCInferenceService/ModelInfer", "POST"),
             ""},
        Case{"NotPath", {Deny(Operation("notPaths: ['/v1/*']"))}, To("/v2"), kFirst}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Conditions, AuthorizationTable,
    testing::Values(
        Case{"Header", {Allow(When("request.headers[X-Team]", "values: [ml]"))}, With({{"x-team", "ml"}}), ""},
        Case{"HeaderMissing", {Allow(When("request.headers[x-team]", "values: [ml]"))}, {}, kNone},
        Case{"HeaderPresent", {Allow(When("request.headers[x-team]", "values: ['*']"))}, With({{"x-team", "a"}}), ""},
        Case{"HeaderEmptyIsNotPresent",
             {Allow(When("request.headers[x-team]", "values: ['*']"))},
             With({{"x-team", ""}}),
             kNone},
        Case{"NotHeader",
             {Allow(When("request.headers[x-team]", "notValues: [web]"))},
             With({{"x-team", "web"}}),
             kNone},
        Case{"NotHeaderMissing", {Allow(When("request.headers[x-team]", "notValues: [web]"))}, {}, ""},
        Case{"DeniedHeaderAmongSeveral",
             {Deny(When("request.headers[x-team]", "values: [evil]"))},
             With({{"x-team", "good"}, {"x-team", "evil"}}),
             kFirst},
        Case{"AllowedHeaderAmongSeveralIsNotEnough",
             {Allow(When("request.headers[x-team]", "values: [good]"))},
             With({{"x-team", "good"}, {"x-team", "evil"}}),
             kNone},
        Case{"ForbiddenHeaderAmongSeveral",
             {Allow(When("request.headers[x-team]", "notValues: [evil]"))},
             With({{"x-team", "good"}, {"x-team", "evil"}}),
             kNone},
        Case{"DenyUnlessHeaderAmongSeveral",
             {Deny(When("request.headers[x-team]", "notValues: [good]"))},
             With({{"x-team", "good"}, {"x-team", "evil"}}),
             kFirst},
        Case{"HeaderHostIsTheAuthority", {Allow(When("request.headers[Host]", "values: [models.example]"))}, {}, ""},
        Case{"SourceIp", {Allow(When("source.ip", "values: [10.1.2.0/24]"))}, {}, ""},
        Case{"NotSourceIp", {Deny(When("source.ip", "notValues: [10.1.2.0/24]"))}, From("192.0.2.1"), kFirst},
        Case{"RemoteIp", {Allow(When("remote.ip", "values: [203.0.113.9]"))}, {}, ""},
        Case{"SourceNamespace", {Allow(When("source.namespace", "values: [ml]"))}, As(kAlice), ""},
        Case{"SourcePrincipal", {Allow(When("source.principal", "values: [" + kAlice + "]"))}, As(kAlice), ""},
        Case{"SourceServiceAccount", {Allow(When("source.serviceAccount", "values: [ml/alice]"))}, As(kAlice), ""},
        Case{"SourceTrustDomain", {Allow(When("source.trustDomain", "values: [cluster.local]"))}, As(kAlice), ""},
        Case{"DestinationIp", {Allow(When("destination.ip", "values: [10.9.0.0/16]"))}, {}, ""},
        Case{"DestinationPort", {Allow(When("destination.port", "values: ['8443']"))}, {}, ""},
        Case{"NotDestinationPort", {Deny(When("destination.port", "notValues: ['8443']"))}, {}, ""},
        Case{"ServerName", {Allow(When("connection.sni", "values: [Models.example]"))}, Named("models.example"), ""},
        Case{"ServerNameOfPlaintext", {Allow(When("connection.sni", "values: ['*']"))}, {}, kNone}),
    NameOf);

TEST(AuthorizationTrustDomain, ClusterLocalStandsForWhateverItIsCalled) {
  const auto allowed = [](const std::string& pattern, const std::string& principal) {
    std::string text = Document({Allow(Source("principals: ['" + pattern + "']"))});
    text.replace(text.find("labels: {app: edge}"), 0, "trustDomain: corp.example, ");
    const Loaded loaded = LoadText(text);
    EXPECT_TRUE(loaded.ok) << TextOf(loaded);
    core::Arena arena;
    return Judge(Compiled(loaded)->authorization, As(principal), arena).allowed;
  };
  EXPECT_TRUE(allowed("cluster.local/ns/ml/sa/alice", "corp.example/ns/ml/sa/alice"));
  EXPECT_TRUE(allowed("cluster.local/ns/ml/*", "corp.example/ns/ml/sa/alice"));
  EXPECT_TRUE(allowed("corp.example/ns/ml/sa/alice", "corp.example/ns/ml/sa/alice"));
  EXPECT_FALSE(allowed("cluster.local/ns/ml/sa/alice", "cluster.local/ns/ml/sa/alice"));
  EXPECT_FALSE(allowed("other.example/ns/ml/sa/alice", "corp.example/ns/ml/sa/alice"));
}

TEST(AuthorizationDryRun, IsToldBesideTheVerdict) {
  const auto shadow = [](const std::vector<std::string>& policies) {
    const auto snapshot = Compiled(LoadText(Document(policies)));
    core::Arena arena;
    return Judge(snapshot->authorization, {}, arena).dry_run_denied;
  };
  EXPECT_TRUE(shadow({"~" + Deny("")}));
  EXPECT_TRUE(shadow({"~" + Allow(Operation("methods: [PUT]"))}));
  EXPECT_FALSE(shadow({"~" + Allow("")}));
  EXPECT_FALSE(shadow({"~" + Deny(Operation("methods: [PUT]"))}));
}

TEST(AuthorizationHeader, ThatComesVeryOftenRefuses) {
  std::vector<std::pair<std::string, std::string>> many(40, {"x-team", "good"});
  many.emplace_back("x-team", "evil");
  const auto snapshot = Compiled(LoadText(Document({Deny(When("request.headers[x-team]", "values: [evil]"))})));
  core::Arena arena;
  EXPECT_FALSE(Judge(snapshot->authorization, With(many), arena).allowed);
}

// --- fields that are refused or reported -----------------------------------------------------------------------------

struct Said {
  const char* name;
  std::string spec;
  std::string finding;
};
void PrintTo(const Said& one, std::ostream* out) { *out << one.name; }

class AuthorizationField : public testing::TestWithParam<Said> {};

TEST_P(AuthorizationField, IsReported) {
  const Loaded loaded = LoadText(Document({GetParam().spec}));
  EXPECT_TRUE(Says(loaded, GetParam().finding)) << TextOf(loaded);
}

INSTANTIATE_TEST_SUITE_P(
    Findings, AuthorizationField,
    testing::Values(Said{"Unknown", "{rulez: []}", "did you mean `rules`?"},
                    Said{"Action", "{action: DENI, rules: [{}]}", "did you mean `DENY`?"},
                    Said{"DenyWithoutRules", "{action: DENY}", "needs rules"},
                    Said{"Custom", "{action: CUSTOM, provider: {name: a}, rules: [{}]}", "error SL1103 action CUSTOM"},
                    Said{"Audit", "{action: AUDIT, rules: [{}]}", "info SL2013 action AUDIT changes nothing"},
                    Said{"TargetRefs", "{targetRefs: [{name: a}]}", "error SL1103 spec.targetRefs"},
                    Said{"RequestPrincipals", Allow(Source("requestPrincipals: ['*']")), "reads no JSON web tokens"},
                    Said{"RequestAuth", Allow(When("request.auth.claims[a]", "values: [b]")),
                         "reads no JSON web tokens"},
                    Said{"EmptyFrom", "{rules: [{from: []}]}", "spec.rules[0].from is empty"},
                    Said{"EmptySource", "{rules: [{from: [{source: {}}]}]}", "source is empty"},
                    Said{"EmptyValues", Allow(Source("principals: []")), "principals is empty"},
                    Said{"EmptyWhen", "{rules: [{when: []}]}", "when is empty"},
                    Said{"Spiffe", Allow(Source("principals: ['spiffe://a/ns/b/sa/c']")), "written without"},
                    Said{"Cidr", Allow(Source("ipBlocks: [10.0.0.0/33]")), "is no address range"},
                    Said{"Port", Allow(Operation("ports: ['70000']")), "is no port"},
                    Said{"Asterisk", Allow(Operation("hosts: ['a.*.b']")), "has an asterisk where none can be"},
                    Said{"Template", Allow(Operation("paths: ['/{**}/a']")), "{**} as the last one"},
                    Said{"Account", Allow(Source("serviceAccounts: ['a/*']")), "is no service account"},
                    Said{"Key", Allow(When("source.prinzipal", "values: [a]")), "did you mean `source.principal`?"},
                    Said{"NoValues", Allow("when: [{key: source.ip}]"), "has neither values nor notValues"},
                    Said{"Selector", "{selector: {matchLabels: {app: other}}, rules: [{}]}",
                         "warning SL2032 the AuthorizationPolicy default/p0 does not hold here"}),
    [](const auto& said) { return std::string(said.param.name); });

TEST(AuthorizationScope, IsTheOwnNamespaceAndTheRootNamespace) {
  const auto count = [](const std::string& name_space, const std::string& selector) {
    const Loaded loaded =
        LoadText(Document({}) +
                 "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: " +
                 name_space + "}\nspec: {" + selector + "}\n");
    return Compiled(loaded)->authorization.allow.size();
  };
  EXPECT_EQ(count("default", ""), 1U);
  EXPECT_EQ(count("istio-system", ""), 1U);
  EXPECT_EQ(count("elsewhere", ""), 0U);
  EXPECT_EQ(count("default", "selector: {matchLabels: {app: edge}}"), 1U);
  EXPECT_EQ(count("default", "selector: {matchLabels: {app: other}}"), 0U);
}

TEST(AuthorizationScope, AskingForIdentityWhereNobodyHasOneIsReported) {
  const Loaded loaded = LoadText(
      kService +
      "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p}\nspec: {rules: [{from: "
      "[{source: {principals: ['*']}}]}]}\n");
  EXPECT_TRUE(Says(loaded, "warning SL2034")) << TextOf(loaded);
}

}  // namespace
}  // namespace sluice::config
