"""TLS towards models: every mode of a DestinationRule with both versions of HTTP, what a model learns of us, and servers
whose certificates are wrong in one way: those get no request."""
import json
import unittest

from cryptography import x509

import pki
import rig
import shared
import tls_rig
from pki import DAY
from tls_rig import TlsFront, TlsTest, upstream

FQDN = "{}.default.svc.cluster.local"


class Models(TlsTest):
    @classmethod
    def arrange(cls):
        cls.make_authority()
        ca = cls.authority
        cls.servers = cls.directory / "servers"
        cls.fronts = {}
        cls.rules = ""
        root = "certificates/root-cert.pem"
        own = cls.credential("own", ca.leaf(dns=["gateway.example"], usages=[pki.CLIENT]), ca.root_pem())
        named = {"clientCertificate": str(own / "tls.crt"), "privateKey": str(own / "tls.key"), "caCertificates": root}

        def good(host):
            return ca.leaf(dns=[FQDN.format(host)])
        # Right: host, its certificate, the policy, and whether the model asks for ours.
        cls.add("simple", good("simple"), {"mode": "SIMPLE", "caCertificates": root})
        cls.add("short", ca.leaf(dns=["short"]), {"mode": "SIMPLE", "caCertificates": root})
        cls.add("wild", ca.leaf(dns=["*.default.svc.cluster.local"]), {"mode": "SIMPLE", "caCertificates": root})
        cls.add("sni", ca.leaf(dns=["elsewhere.example"]),
                {"mode": "SIMPLE", "caCertificates": root, "sni": "elsewhere.example"})
        cls.add("san", ca.leaf(uris=["urn:model:san"]),
                {"mode": "SIMPLE", "caCertificates": root, "subjectAltNames": ["urn:model:san"]})
        cls.add("mutual", good("mutual"), {"mode": "MUTUAL", **named}, asks=True)
        cls.add("credential", good("credential"), {"mode": "MUTUAL", "credentialName": "own"}, asks=True)
        cls.add("istio", ca.workload("istio"), {"mode": "ISTIO_MUTUAL"}, asks=True)
        cls.add("skipped", pki.Authority("Foreign").leaf(dns=["x"]), {"mode": "SIMPLE", "insecureSkipVerify": True})
        cls.right = list(cls.fronts)
        # Wrong in one way.
        nul = x509.DNSName._init_without_validation(FQDN.format("bad-nul") + "\0.evil.example")
        narrow = pki.Authority("Narrow CA", parent=ca, constraints=["inside.example"])
        simple = {"mode": "SIMPLE", "caCertificates": root}
        cls.wrong = {}
        for name, reason, leaf, policy, asks in (
                ("bad-expired", "expired", ca.leaf(dns=[FQDN.format("bad-expired")], begin=-3 * DAY, end=-DAY), simple, 0),
                ("bad-early", "not_yet_valid", ca.leaf(dns=[FQDN.format("bad-early")], begin=DAY), simple, 0),
                ("bad-ca", "unknown_ca", pki.Authority("Foreign").leaf(dns=[FQDN.format("bad-ca")]), simple, 0),
                ("bad-system", "unknown_ca", good("bad-system"), {"mode": "SIMPLE"}, 0),
                ("bad-san", "san", good("another"), simple, 0),
                ("bad-sans", "san", good("bad-sans"), {**simple, "subjectAltNames": ["wanted.example"]}, 0),
                ("bad-wild", "san", ca.leaf(dns=["*.svc.cluster.local"]), simple, 0),
                ("bad-none", "san", ca.leaf(), simple, 0),
                ("bad-nul", "names", ca.leaf(names=[nul]), simple, 0),
                ("bad-use", "purpose", ca.leaf(dns=[FQDN.format("bad-use")], usages=[pki.CLIENT]), simple, 0),
                ("bad-narrow", "name_constraint", narrow.leaf(dns=[FQDN.format("bad-narrow")]), simple, 0),
                ("bad-revoked", "revoked", None, {"mode": "MUTUAL", "credentialName": "crl"}, 0),
                ("bad-domain", "trust_domain", ca.workload("x", trust_domain="elsewhere"), {"mode": "ISTIO_MUTUAL"}, 0),
                ("bad-identity", "no_identity", good("bad-identity"), {"mode": "ISTIO_MUTUAL"}, 0),
                ("bad-account", "san", ca.workload("other"), {"mode": "ISTIO_MUTUAL"}, 0),
                ("bad-alert", "peer_alert", good("bad-alert"), simple, 1)):
            leaf = leaf or good(name)
            if reason == "revoked":
                cls.credential("crl", ca.leaf(dns=["gateway.example"]), ca.root_pem(), ca.crl(leaf))
            cls.add(name, leaf, policy, asks=bool(asks), account="expected" if name == "bad-account" else None)
            cls.wrong[name] = reason
        impatient = {"connectionPool": {"tcp": {"connectTimeout": "200ms"}}, "tls": simple}
        cls.silent = cls.model(lambda connection: connection.read_to_end())
        for host, model in (("bad-silent", cls.silent), ("bad-plain", cls.model())):
            cls.rules += "---\n" + rig.rules([model.port], rig.PLAIN.replace("model", host),
                                             f"  trafficPolicy: {json.dumps(impatient)}\n", host)
        cls.run_gateway(cls.rules.removeprefix("---\n"), "identity: {certificateDirectory: certificates}",
                        listeners=("http", "admin", "metrics"))

    @classmethod
    def add(cls, host, leaf, policy, asks=False, account=None):
        """A model behind TLS and its service; the same once more for HTTP/2, with the suffix -h2."""
        for suffix, protocol in (("", "HTTP"), ("-h2", "HTTP2")):
            # The names in certificates are those of the first of the two.
            tls = dict(policy)
            if suffix and tls["mode"] != "ISTIO_MUTUAL" and "subjectAltNames" not in tls and "sni" not in tls:
                if not tls.get("insecureSkipVerify"):
                    tls["sni"] = "short" if host == "short" else FQDN.format(host)
            script = (lambda connection, h=host: shared.acting(connection, h))
            model = rig.ScriptedModel(script, 2 if suffix else 1)
            cls.addClassCleanup(model.stop)
            cls.models.append(model)
            directory = pki.put_credential(cls.servers / (host + suffix), leaf)
            context = tls_rig.server_context(directory, cls.authority.root_pem() if asks else None,
                                             ("h2",) if suffix else ("http/1.1",))
            front = TlsFront(context, model.port)
            cls.addClassCleanup(front.stop)
            cls.fronts[host + suffix] = front
            cls.rules += cls.service(host + suffix, front.port, tls, protocol, account)

    @staticmethod
    def service(host, port, tls, protocol, account):
        rules = rig.rules([port], rig.PLAIN.replace("model", host), upstream(**tls), host)
        if account:
            rules = rules.replace("labels: {version: v0}}", f"labels: {{version: v0}}, serviceAccount: {account}}}", 1)
        return "---\n" + rules.replace("protocol: HTTP}", f"protocol: {protocol}}}")

    # --- right ----------------------------------------------------------------------------------------------------

    def test_every_mode_reaches_models_in_both_versions(self):
        for host in self.right:
            with self.subTest(host):
                answer = self.get(f"/{host}", host)
                self.assertEqual(answer.status, 200, self.gateway.log()[-600:])
                front = self.fronts[host]
                self.assertEqual(set(front.protocols), {"h2" if host.endswith("-h2") else "http/1.1"})

    def test_models_see_the_name_of_the_service_and_never_that_of_the_client(self):
        self.get("/names", "simple")
        self.get("/names", "sni")
        self.get("/names", "istio")
        self.assertEqual(set(self.fronts["simple"].names), {FQDN.format("simple")})
        self.assertEqual(set(self.fronts["sni"].names), {"elsewhere.example"})
        self.assertEqual(set(self.fronts["istio"].names), {"outbound_.80_.v0_." + FQDN.format("istio")})

    def test_models_see_the_certificate_that_the_mode_shows(self):
        for host, name in (("mutual", "gateway.example"), ("credential", "gateway.example"), ("istio", "sa/sluice")):
            with self.subTest(host):
                self.get("/shown", host)
                self.assertIn(name.encode(), self.fronts[host].certificates[-1])
        self.get("/shown", "simple")
        self.assertIsNone(self.fronts["simple"].certificates[-1])

    def test_the_principals_of_both_sides_are_logged_and_counted(self):
        self.get("/principals", "istio")
        self.assertEqual(self.line("/principals")["destination_principal"], pki.spiffe("istio"))
        rig.until(lambda: self.gateway.metric("istio_requests_total", source_principal=pki.spiffe("sluice"),
                                              destination_principal=pki.spiffe("istio")) >= 1, "the series")

    # --- wrong ----------------------------------------------------------------------------------------------------

    def test_servers_that_are_wrong_in_one_way_get_no_request(self):
        for host, reason in [(name + suffix, reason) for name, reason in self.wrong.items() for suffix in ("", "-h2")]:
            path = f"/refused-{host}"
            with self.subTest(host=host, reason=reason), self.one_more(reason, "upstream"):
                answer = self.get(path, host)
                self.assertEqual(answer.status, 503)
                self.assertEqual(self.tries(path), [])
            line = self.line(path)
            # With TLS 1.3 a server says after the handshake that it wants a certificate: the connection was there.
            self.assertEqual(line["response_flags"], "UC" if reason == "peer_alert" else "UF")
            if reason != "peer_alert":
                self.assertIn(reason, line["upstream_transport_failure_reason"])
            self.assertNotIn("certificate", answer.body.decode().lower())

    def test_a_model_that_speaks_plaintext_gets_no_request(self):
        # It waits for the end of a head that never comes, and so the handshake is given up in connectTimeout.
        with self.one_more("timeout", "upstream"):
            self.assertEqual(self.get("/refused-plain", "bad-plain").status, 503)
        self.assertEqual(self.tries("/refused-plain"), [])

    def test_a_model_that_never_answers_the_handshake_is_given_up_in_connect_timeout(self):
        with self.one_more("timeout", "upstream"):
            self.assertEqual(self.get("/refused-silent", "bad-silent").status, 503)
        self.assertEqual(self.line("/refused-silent")["response_flags"], "UF")


if __name__ == "__main__":
    unittest.main()
