"""PeerAuthentication on a port that no Gateway secures: STRICT, PERMISSIVE and DISABLE, with both versions of HTTP."""
import socket
import unittest

import pki
import rig
import tls_rig
from tls_rig import VERSIONS, TlsTest

CLIENT = pki.spiffe("client")


class PeerTest(TlsTest):
    """A gateway on its own port with a policy; every request says what became of it."""
    POLICY = ""
    SETTINGS = ("identity: {certificateDirectory: certificates, labels: {app: edge}}",)

    @classmethod
    def arrange(cls):
        if cls is PeerTest:
            raise unittest.SkipTest("the cases are below")
        cls.make_authority()
        cls.workload = cls.client_credential("workload", cls.authority.workload("client"))
        cls.person = cls.client_credential("person", cls.authority.leaf(dns=["person.example"]))
        cls.run_gateway(rig.rules([cls.model().port], rig.PLAIN) + cls.POLICY, *cls.SETTINGS)
        cls.port = int(cls.gateway.http.rsplit(":", 1)[1])

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.tries("/smuggled"), [])

    def assert_plaintext_served(self):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            with self.subTest(version):
                answer = tls_rig.Curl(f"http://127.0.0.1:{self.port}/plain", version, "-H", "host: model")
                self.assertEqual(answer.status, 200, answer.error)
        self.assertIsNone(self.line("/plain")["source_principal"])

    def assert_mutual_served(self):
        for version in VERSIONS:
            with self.subTest(version):
                answer = self.curl(self.port, version, "-k", *self.certificate_options(self.workload), host="model",
                                   path="/mutual")
                self.assertEqual(answer.status, 200, answer.error)
        self.assertEqual(self.line("/mutual")["source_principal"], CLIENT)

    def assert_others_refused(self):
        for reason, credential in (("no_certificate", None), ("no_identity", self.person)):
            with self.subTest(reason), self.one_more(reason):
                self.assertEqual(tls_rig.attempt(self.gateway.http, tls_rig.client_context(credential), "model"),
                                 "refused")

    def assert_plaintext_refused(self):
        for sent in (b"GET /smuggled HTTP/1.1\r\nhost: model\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with self.subTest(sent[:3]), self.one_more("plaintext"):
                with socket.create_connection(("127.0.0.1", self.port), 20) as client:
                    client.sendall(sent)
                    self.assertEqual(client.recv(65536), b"", "closed without an answer")


class Strict(PeerTest):
    POLICY = tls_rig.peer_authentication("STRICT")

    def test_only_workloads_of_the_trust_domain_are_served(self):
        self.assert_mutual_served()
        self.assert_others_refused()
        self.assert_plaintext_refused()

    def test_a_workload_of_another_trust_domain_is_refused(self):
        other = self.client_credential("other", self.authority.workload("client", trust_domain="elsewhere"))
        with self.one_more("trust_domain"):
            self.assertEqual(tls_rig.attempt(self.gateway.http, tls_rig.client_context(other), "model"), "refused")

    def test_clients_of_a_mesh_may_offer_its_own_protocols(self):
        for alpn in (("istio",), ("istio-http/1.1", "istio", "http/1.1"), ("istio-peer-exchange", "istio"), ()):
            with self.subTest(alpn):
                context = tls_rig.client_context(self.workload, alpn)
                self.assertEqual(tls_rig.attempt(self.gateway.http, context, "model", "/istio"), "answered")


class Permissive(PeerTest):
    POLICY = tls_rig.peer_authentication("PERMISSIVE")

    def test_plaintext_and_mutual_tls_share_the_port(self):
        self.assert_plaintext_served()
        self.assert_mutual_served()
        self.assert_others_refused()


class Unsaid(Permissive):
    """Nothing configured but a workload certificate: as in a mesh, that is PERMISSIVE."""
    POLICY = ""


class Disabled(PeerTest):
    POLICY = tls_rig.peer_authentication("DISABLE")

    def test_plaintext_only(self):
        self.assert_plaintext_served()
        with self.one_more("tls_on_plaintext"):
            self.assertEqual(tls_rig.attempt(self.gateway.http, tls_rig.client_context(self.workload), "model"), "refused")


class Uncertified(PeerTest):
    """A directory that holds credentials only, and nobody asks for more."""

    @classmethod
    def make_authority(cls):
        super().make_authority()
        for file in cls.certificates.iterdir():
            file.unlink()

    def test_plaintext_only(self):
        self.assert_plaintext_served()
        with self.one_more("tls_on_plaintext"):
            self.assertEqual(tls_rig.attempt(self.gateway.http, tls_rig.client_context(self.workload), "model"), "refused")


class ByPort(TlsTest):
    """portLevelMtls goes before the workload's mode, on Gateway ports that are plaintext."""

    @classmethod
    def arrange(cls):
        cls.make_authority()
        cls.workload = cls.client_credential("workload", cls.authority.workload("client"))
        cls.strict, cls.open = tls_rig.free_port(), tls_rig.free_port()
        servers = [tls_rig.server(port, hosts=["*"], name=name, protocol="HTTP")
                   for name, port in (("strict", cls.strict), ("open", cls.open))]
        policy = tls_rig.peer_authentication("STRICT", selector={"matchLabels": {"app": "edge"}},
                                             portLevelMtls={str(cls.open): {"mode": "DISABLE"}})
        cls.run_gateway(rig.rules([cls.model().port], rig.PLAIN) + tls_rig.gateway(servers) + policy,
                        *PeerTest.SETTINGS, listeners=("admin", "metrics"))

    def test_each_port_has_its_mode(self):
        plain = tls_rig.Curl(f"http://127.0.0.1:{self.open}/open", "-H", "host: model")
        self.assertEqual(plain.status, 200, plain.error)
        with self.one_more("plaintext"):
            self.assertIsNone(tls_rig.Curl(f"http://127.0.0.1:{self.strict}/x", "-H", "host: model").status)
        mutual = self.curl(self.strict, "--http2", "-k", *self.certificate_options(self.workload), host="model")
        self.assertEqual(mutual.status, 200, mutual.error)


if __name__ == "__main__":
    unittest.main()
