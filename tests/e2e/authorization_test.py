"""AuthorizationPolicy at work: who is let through, what the others are told, what the log says, and that no model sees
anything of a request that was denied."""
import itertools
import signal
import unittest

import rig
import shared

NUMBERS = itertools.count()  # tell requests apart in the log
BODY = b"RBAC: access denied"
NONE = "rbac_access_denied_matched_policy[none]"


def policy(name, spec, metadata=""):
    """An AuthorizationPolicy document to be appended to the rules."""
    return ("---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
            f"metadata: {{name: {name}{metadata}}}\nspec: {spec}\n")


def named(name, rule, name_space="default"):
    return f"rbac_access_denied_matched_policy[ns[{name_space}]-policy[{name}]-rule[{rule}]]"


class AuthorizationTest(shared.SharedTest):
    """Tests share a gateway with the POLICIES and rules (HTTP) of their class."""

    POLICIES = ""
    SETTINGS = "workers: 1, forwarding: {trustedHops: 1}, identity: {labels: {app: gateway}}"
    HTTP = rig.PLAIN

    @classmethod
    def arrange(cls):
        cls.models_port = cls.model().port
        cls.start(rig.rules([cls.models_port], cls.HTTP) + cls.POLICIES, more_settings=cls.SETTINGS)

    def setUp(self):
        self.denials = {}  # mark of the request -> details that the log must have; it is written behind the answers

    def tearDown(self):
        for mark, details in self.denials.items():
            line = rig.until(lambda m=mark: [line for line in self.lines() if m in line["path"]], "a log line")[0]
            self.assertEqual((line["response_code"], line["response_flags"], line["response_code_details"]),
                             (403, "-", details))
        super().tearDown()

    def assert_denied(self, details, path="/predict", **request):
        """Denied, for this reason in the log (see tearDown), with nothing of it in the answer and nothing at a model."""
        before = len(self.models[0].requests)
        mark = f"n={next(NUMBERS)}."
        answer = self.get(path + ("&" if "?" in path else "?") + mark, **request)
        self.assertEqual((answer.status, answer.header("content-type")), (403, "text/plain"))
        self.assertEqual(answer.body, b"" if request.get("method") == "HEAD" else BODY)
        for name, value in answer.headers:
            self.assertNotIn("policy", (name + value).lower())
            self.assertNotIn("secret", (name + value).lower())
        self.denials[mark] = details
        self.assertEqual(len(self.models[0].requests), before)

    def assert_allowed(self, path="/predict", **request):
        self.assertEqual(self.get(path, **request).status, 200)


class Denying(AuthorizationTest):
    POLICIES = (
        policy("secret-paths", '{action: DENY, rules: [{to: [{operation: {paths: ["/admin*", "/v1/{*}/keys"]}}]}, '
                               '{to: [{operation: {methods: [DELETE], notPaths: [/tmp]}}]}]}') +
        policy("secret-headers", '{action: DENY, rules: [{when: [{key: "request.headers[x-role]", values: [evil]}]}]}') +
        policy("secret-hosts", '{action: DENY, rules: [{to: [{operation: {hosts: ["model:81"]}}]}]}',
               ", namespace: istio-system") +
        policy("secret-clients", '{action: DENY, rules: [{from: [{source: {remoteIpBlocks: [192.0.2.0/24]}}]}]}') +
        policy("secret-plaintext", '{action: DENY, rules: [{from: [{source: {notPrincipals: ["*"]}}], '
                                   'to: [{operation: {paths: [/mesh]}}]}]}') +
        policy("elsewhere", "{action: DENY, rules: [{}]}", ", namespace: other") +
        policy("unselected", "{selector: {matchLabels: {app: other}}, action: DENY, rules: [{}]}") +
        policy("only-trying", "{action: DENY, rules: [{}]}", ', annotations: {istio.io/dry-run: "true"}') +
        policy("only-looking", "{action: AUDIT, rules: [{}]}"))

    def test_what_no_policy_names_passes(self):
        self.assert_allowed()
        self.assert_allowed(headers=["x-role: good"])
        self.assert_allowed("/v1/a/b/keys")

    def test_paths_in_every_spelling(self):
        for path in ("/admin", "/administrator?x=1", "/x/../admin", "/%61dmin", "/./admin/x"):
            with self.subTest(path):
                self.assert_denied(named("secret-paths", 0), path)

    def test_path_templates(self):
        self.assert_denied(named("secret-paths", 0), "/v1/ranking/keys?all")

    def test_methods(self):
        self.assert_denied(named("secret-paths", 1), method="DELETE")
        self.assert_allowed("/tmp", method="DELETE")

    def test_an_answer_to_head_has_no_body(self):
        self.assert_denied(named("secret-paths", 0), "/admin", method="HEAD")

    def test_headers_however_often_they_are_sent(self):
        for fields in (["x-role: evil"], ["X-Role: evil"], ["x-role: good", "x-role: evil"],
                       ["x-role: evil", "x-role: good"]):
            with self.subTest(fields):
                fields = fields if rig.CLIENT == 1 else [field.lower() for field in fields]
                self.assert_denied(named("secret-headers", 0), headers=fields)

    def test_hosts_with_the_port_as_sent(self):
        self.assert_denied(named("secret-hosts", 0, "istio-system"), host="model:81")
        self.assert_denied(named("secret-hosts", 0, "istio-system"), host="MODEL:81")
        self.assert_allowed(host="model:80")

    def test_the_trusted_address_of_the_client(self):
        self.assert_denied(named("secret-clients", 0), headers=["x-forwarded-for: 192.0.2.7"])
        self.assert_allowed(headers=["x-forwarded-for: 192.0.2.7, 203.0.113.1"])

    def test_a_client_without_identity(self):
        self.assert_denied(named("secret-plaintext", 0), "/mesh")

    def test_a_host_that_nobody_serves_is_denied_alike(self):
        self.assert_denied(named("secret-paths", 0), "/admin", host="nobody")

    def test_a_body_is_not_read_by_any_model(self):
        self.assert_denied(named("secret-paths", 0), "/admin", method="POST", body=b"b" * 100_000)

    def test_the_connection_goes_on_behind_a_denial(self):
        with self.gateway.client() as client:
            denied = client.request(path="/admin")
            allowed = client.request(path="/predict")
        self.assertEqual((denied.status, allowed.status), (403, 200))

    def test_a_call_of_grpc_is_told_permission_denied(self):
        before = len(self.models[0].requests)
        answer = self.get("/admin.Service/Method", method="POST", headers=["content-type: application/grpc", "te: trailers"],
                          body=b"\0\0\0\0\0")
        self.assertEqual((answer.status, answer.header("grpc-status"), answer.header("grpc-message"), answer.body),
                         (200, "7", "RBAC: access denied", b""))
        line = self.line("/admin.Service/Method")
        self.assertEqual((line["grpc_status"], line["response_code_details"]), (7, named("secret-paths", 0)))
        self.assertEqual(len(self.models[0].requests), before)


class Allowing(AuthorizationTest):
    POLICIES = (
        policy("readers", '{rules: [{from: [{source: {ipBlocks: [127.0.0.0/8]}}], to: [{operation: {methods: [GET], '
                          'paths: ["/public/*"]}}]}]}') +
        policy("writers", '{selector: {matchLabels: {app: gateway}}, rules: [{to: [{operation: {methods: [POST]}}], '
                          'when: [{key: "request.headers[x-team]", values: ["ml-*"]}]}]}') +
        policy("mesh", '{rules: [{from: [{source: {principals: ["*"]}}]}]}') +
        policy("not-today", '{action: DENY, rules: [{to: [{operation: {paths: [/public/closed]}}]}]}'))
    HTTP = ("  - match: [{uri: {prefix: /fault}}]\n    fault: {abort: {httpStatus: 500, percentage: {value: 100}}}\n"
            "    route: [{destination: {host: model, subset: v0}}]\n"
            "  - match: [{uri: {prefix: /cors}}]\n    corsPolicy: {allowOrigins: [{exact: \"http://a\"}]}\n"
            "    route: [{destination: {host: model, subset: v0}}]\n" + rig.PLAIN)

    def test_any_policy_that_allows_will_do(self):
        self.assert_allowed("/public/x")
        self.assert_allowed(method="POST", headers=["x-team: ml-serving"])

    def test_what_none_of_them_allows_is_denied(self):
        self.assert_denied(NONE)
        self.assert_denied(NONE, method="POST", headers=["x-team: other"])
        self.assert_denied(NONE, "/public/x", method="PUT")

    def test_a_denial_comes_first(self):
        self.assert_denied(named("not-today", 0), "/public/closed")

    def test_faults_and_preflights_are_behind_it(self):
        self.assert_denied(NONE, "/fault")
        self.assert_denied(NONE, "/cors", method="OPTIONS",
                           headers=["origin: http://a", "access-control-request-method: GET"])


class AllowingNothing(AuthorizationTest):
    POLICIES = policy("nobody", "{}")

    def test_nothing_passes(self):
        self.assert_denied(NONE)

    def reload(self, text, status):
        self.gateway.write_rules(text)
        self.gateway.program.process.send_signal(signal.SIGHUP)
        rig.until(lambda: self.get().status == status, f"the new rules answer {status}")

    def test_a_reload_opens_and_closes(self):
        text = self.gateway.rules.read_text()
        self.reload(text.replace("spec: {}", "spec: {rules: [{}]}"), 200)
        self.reload(text, 403)


if __name__ == "__main__":
    unittest.main()
