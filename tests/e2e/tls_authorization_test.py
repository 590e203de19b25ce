"""AuthorizationPolicy by who the client's certificate says he is, in both versions of HTTP."""
import unittest

import rig
import tls_rig
from tls_rig import EDGE, VERSIONS, TlsTest, server

POLICIES = """---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-guests}
spec:
  action: DENY
  rules:
  - from: [{source: {notPrincipals: ["*"]}}]
    to: [{operation: {notPaths: [/open]}}]
  - from: [{source: {serviceAccounts: [web/bob]}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: by-team}
spec:
  rules:
  - from: [{source: {namespaces: [ml]}}]
  - from: [{source: {principals: [cluster.local/ns/web/sa/*]}}]
    to: [{operation: {methods: [GET]}}]
    when: [{key: connection.sni, values: [models.example]}]
  - to: [{operation: {paths: [/open]}}]
"""


class ByIdentity(TlsTest):
    @classmethod
    def arrange(cls):
        cls.make_authority()
        cls.credential("edge", cls.authority.leaf(dns=[EDGE]), cls.authority.root_pem())
        cls.who = {name: cls.client_credential(name, cls.authority.workload(name, name_space))
                   for name, name_space in (("alice", "ml"), ("bob", "web"), ("carol", "web"), ("dave", "other"))}
        cls.port = tls_rig.free_port()
        tls = {"mode": "OPTIONAL_MUTUAL", "credentialName": "edge"}
        cls.run_gateway(rig.rules([cls.model().port], rig.PLAIN) + tls_rig.edge_rules() + POLICIES +
                        tls_rig.gateway([server(cls.port, tls)]),
                        "identity: {certificateDirectory: certificates}", listeners=("admin", "metrics"))

    def test_each_client_may_do_what_its_identity_may(self):
        denied = "rbac_access_denied_matched_policy[{}]".format
        guest, bob, none = (denied("ns[default]-policy[no-guests]-rule[0]"),
                            denied("ns[default]-policy[no-guests]-rule[1]"), denied("none"))
        cases = [("alice", "GET", "", ""), ("alice", "POST", "", ""), ("bob", "GET", "", bob), ("carol", "GET", "", ""),
                 ("carol", "POST", "", none), ("dave", "GET", "", none), (None, "GET", "", guest), (None, "GET", "/open", "")]
        for number, (version, (name, method, path, details)) in enumerate((v, c) for v in VERSIONS for c in cases):
            path = path or f"/case-{number}"
            with self.subTest(version=version, name=name, method=method, path=path):
                options = self.certificate_options(self.who[name]) if name else ()
                answer = self.curl(self.port, version, "--cacert", self.certificates / "root-cert.pem", "-X", method,
                                   *options, path=path)
                self.assertEqual(answer.status, 403 if details else 200, answer.error)
                if details:
                    self.assertEqual(answer.body, "RBAC: access denied")
                    self.assertEqual(self.tries(path), [])
                    self.assertEqual(self.line(path)["response_code_details"], details)
        rig.until(lambda: self.gateway.metric("envoy_http_rbac_denied") == 8, "the refusals counted")


if __name__ == "__main__":
    unittest.main()
