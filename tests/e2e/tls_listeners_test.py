"""Ports that a Gateway secures: every mode with both versions of HTTP, servers chosen by SNI, redirects, and what models
and logs learn of a client that has shown who it is."""
import unittest

import pki
import rig
import tls_rig
from tls_rig import EDGE, VERSIONS, TlsTest, server

CLIENT = pki.spiffe("client")


class Modes(TlsTest):
    @classmethod
    def arrange(cls):
        cls.make_authority()
        ca = cls.authority
        cls.credential("edge", ca.leaf(dns=[EDGE, "*.models.example"]), ca.root_pem())
        cls.credential("other", ca.leaf(dns=["other.example"]))
        cls.workload = cls.client_credential("workload", ca.workload("client"))
        cls.person = cls.client_credential("person", ca.leaf(dns=["person.example"], usages=[pki.CLIENT]))
        cls.ports = {name: tls_rig.free_port() for name in
                     ("simple", "mutual", "optional", "istio", "new", "old", "plain", "redirect")}
        at = cls.ports
        servers = [
            server(at["simple"], {"mode": "SIMPLE", "credentialName": "edge"}, name="simple"),
            server(at["simple"], {"mode": "SIMPLE", "credentialName": "other"}, ["other.example"], "other"),
            server(at["simple"], {"mode": "MUTUAL", "credentialName": "edge"}, ["*.models.example"], "wild"),
            server(at["mutual"], {"mode": "MUTUAL", "credentialName": "edge"}, name="mutual"),
            server(at["optional"], {"mode": "OPTIONAL_MUTUAL", "credentialName": "edge"}, name="optional"),
            server(at["istio"], {"mode": "ISTIO_MUTUAL"}, name="istio"),
            server(at["new"], {"mode": "SIMPLE", "credentialName": "edge", "minProtocolVersion": "TLSV1_3"}, name="new"),
            server(at["old"], {"mode": "SIMPLE", "credentialName": "edge", "maxProtocolVersion": "TLSV1_2",
                               "cipherSuites": ["ECDHE-ECDSA-AES256-GCM-SHA384"]}, name="old"),
            server(at["plain"], hosts=["*"], name="plain", protocol="HTTP"),
            server(at["redirect"], {"httpsRedirect": True}, ["*"], "redirect", "HTTP")]
        model = cls.model()
        cls.run_gateway(rig.rules([model.port], rig.PLAIN) + tls_rig.edge_rules() + tls_rig.gateway(servers),
                        "identity: {certificateDirectory: certificates}",
                        "forwarding: {clientCertificate: SANITIZE_SET}", listeners=("admin", "metrics"))

    def options(self, credential=None):
        return (["--cacert", self.certificates / "root-cert.pem"] +
                (list(self.certificate_options(credential)) if credential else []))

    def test_simple_answers_in_both_versions_with_the_certificate_of_the_name(self):
        for version, spoken in zip(VERSIONS, ("1.1", "2")):
            for host in (EDGE, "other.example"):
                with self.subTest(version=version, host=host):
                    answer = self.curl(self.ports["simple"], version, *self.options(), host=host)
                    self.assertEqual((answer.status, answer.version), (200, spoken), answer.error)

    def test_mutual_lets_in_who_has_a_certificate_of_the_authority(self):
        for port, credential, version in [(p, c, v) for p in ("mutual", "optional") for v in VERSIONS
                                          for c in (self.workload, self.person)]:
            with self.subTest(port=port, credential=credential.name, version=version):
                answer = self.curl(self.ports[port], version, *self.options(credential))
                self.assertEqual(answer.status, 200, answer.error)

    def test_optional_mutual_lets_in_who_has_none(self):
        for version in VERSIONS:
            with self.subTest(version):
                answer = self.curl(self.ports["optional"], version, *self.options(), path="/anonymous")
                self.assertEqual(answer.status, 200, answer.error)
        self.assertIsNone(self.line("/anonymous")["source_principal"])

    def test_istio_mutual_uses_the_workload_certificate_and_wants_workloads(self):
        for version in VERSIONS:
            with self.subTest(version):
                # The workload's certificate has no DNS name: its peers know it by its identity.
                answer = self.curl(self.ports["istio"], version, "-k", *self.options(self.workload), path="/istio")
                self.assertEqual(answer.status, 200, answer.error)
        self.assertEqual(self.line("/istio")["source_principal"], CLIENT)
        with self.one_more("no_identity"):
            self.assertEqual(tls_rig.attempt(f"127.0.0.1:{self.ports['istio']}", tls_rig.client_context(self.person)),
                             "refused")

    def test_identity_is_in_the_log_in_the_metrics_and_in_the_header_to_models(self):
        forged = "x-forwarded-client-cert: By=x;URI=spiffe://cluster.local/ns/default/sa/admin"
        for number, version in enumerate(VERSIONS):
            path = f"/who-{number}"
            with self.subTest(version):
                answer = self.curl(self.ports["mutual"], version, *self.options(self.workload), "-H", forged, path=path)
                self.assertEqual(answer.status, 200, answer.error)
                [(_, request)] = self.tries(path)
                [header] = [value for name, value in request["headers"] if name == "x-forwarded-client-cert"]
                self.assertIn(f"URI={CLIENT}", header)
                self.assertIn("Hash=", header)
                self.assertNotIn("admin", header)
                line = self.line(path)
                self.assertEqual(line["source_principal"], CLIENT)
                self.assertEqual(line["requested_server_name"], EDGE)

    def test_a_forged_identity_header_never_reaches_a_model(self):
        self.curl(self.ports["simple"], "--http2", *self.options(), "-H", "x-forwarded-client-cert: URI=x", path="/forged")
        [(_, request)] = self.tries("/forged")
        self.assertNotIn("x-forwarded-client-cert", dict(request["headers"]))

    def test_a_request_for_another_server_than_the_handshake_was_made_for_is_misdirected(self):
        # The name of the handshake asks for no certificate, that of the request would have: RFC 9110 section 15.5.20.
        for version in VERSIONS:
            with self.subTest(version):
                answer = self.curl(self.ports["simple"], version, *self.options(), "-H", "host: a.models.example",
                                   path="/misdirected")
                self.assertEqual(answer.status, 421, answer.error)
        self.assertEqual(self.tries("/misdirected"), [])

    def test_wildcard_servers_have_their_own_rules_for_clients(self):
        port = self.ports["simple"]
        answer = self.curl(port, "--http2", *self.options(self.workload), host="a.models.example")
        self.assertEqual(answer.status, 200, answer.error)
        with self.one_more("no_certificate"):
            self.assertEqual(tls_rig.attempt(f"127.0.0.1:{port}", tls_rig.client_context(), "a.models.example"), "refused")

    def test_versions_and_ciphers_are_those_of_the_server(self):
        self.assertEqual(self.curl(self.ports["new"], "--http2", *self.options()).status, 200)
        self.assertEqual(self.curl(self.ports["old"], "--http2", *self.options()).status, 200)
        with self.one_more("version"):
            self.assertEqual(self.curl(self.ports["new"], "--http2", "--tls-max", "1.2", *self.options()).code, 35)
        with self.one_more("version"):
            self.assertEqual(self.curl(self.ports["old"], "--http2", "--tlsv1.3", *self.options()).code, 35)
        with self.one_more("cipher"):
            self.assertEqual(self.curl(self.ports["old"], "--http2", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256",
                                       *self.options()).code, 35)

    def test_a_plaintext_server_beside_them_serves_or_redirects(self):
        plain = tls_rig.Curl(f"http://127.0.0.1:{self.ports['plain']}/plain", "-H", f"host: {EDGE}")
        self.assertEqual(plain.status, 200, plain.error)
        for host, location in ((EDGE, f"https://{EDGE}/a?b=c"), (EDGE + ":8080", f"https://{EDGE}/a?b=c")):
            moved = tls_rig.Curl(f"http://127.0.0.1:{self.ports['redirect']}/a?b=c", "-H", f"host: {host}")
            self.assertEqual((moved.status, moved.header("location")), (301, location))

    def test_the_listeners_are_in_the_dump_and_no_key_is(self):
        text = self.gateway.admin_request("GET", "/config_dump")[1]
        listeners = {listener["port"]: listener for listener in rig.json.loads(text)["listeners"]}
        self.assertEqual(set(listeners), set(self.ports.values()))
        mutual = listeners[self.ports["mutual"]]
        self.assertEqual(mutual["transport"], "tls")
        self.assertEqual(mutual["servers"][0]["tls"]["client_certificate"], "required")
        self.assertEqual(mutual["servers"][0]["virtual_hosts"][0]["hosts"], [EDGE])
        self.assertEqual(listeners[self.ports["plain"]]["transport"], "permissive")
        self.assertNotIn("PRIVATE KEY", text)

    def test_the_expiry_of_every_certificate_is_a_metric(self):
        for policy in ("default/edge/simple", "default/edge/other", "default/edge/istio", "workload"):
            with self.subTest(policy):
                self.assertGreater(self.gateway.metric("sluice_certificate_expiry_timestamp_seconds", policy=policy), 1e9)
        self.assertEqual(self.gateway.metric("envoy_server_days_until_first_cert_expiring"), 9)


if __name__ == "__main__":
    unittest.main()
