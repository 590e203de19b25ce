"""What is refused on a secured port: clients' certificates that are wrong in one way, handshakes that break the rules, and
bytes of another protocol. Each with its own reason counted once, and none reaching a model."""
import os
import socket
import ssl
import subprocess
import unittest

from cryptography import x509

import pki
import rig
import tls_rig
from pki import DAY
from tls_rig import EDGE, TlsTest, server


class Refused(TlsTest):
    @classmethod
    def arrange(cls):
        cls.make_authority()
        ca = cls.authority
        leaf = ca.leaf(dns=[EDGE])
        cls.revoked = ca.leaf(dns=["revoked.example"])
        cls.credential("edge", leaf, ca.root_pem())
        cls.credential("listed", leaf, ca.root_pem(), ca.crl(cls.revoked))
        cls.credential("stale", leaf, ca.root_pem(), ca.crl(end=-DAY / 4))
        cls.pinned = ca.leaf(dns=["pinned.example"])
        pin = cls.pinned.certificate.fingerprint(pki.hashes.SHA256()).hex()
        cls.ports = {name: tls_rig.free_port() for name in ("mutual", "listed", "stale", "san", "pin", "istio", "plain")}
        at = cls.ports

        def mutual(name, **more):
            return server(at[name], {"mode": "MUTUAL", "credentialName": "edge", **more}, name=name)
        servers = [mutual("mutual"), mutual("listed", credentialName="listed"), mutual("stale", credentialName="stale"),
                   mutual("san", subjectAltNames=["wanted.example", pki.spiffe("wanted")]),
                   mutual("pin", verifyCertificateHash=[pin]),
                   server(at["istio"], {"mode": "ISTIO_MUTUAL"}, name="istio"),
                   server(at["plain"], hosts=["*"], name="plain", protocol="HTTP")]
        cls.model_seen = cls.model()
        cls.run_gateway(rig.rules([cls.model_seen.port], rig.PLAIN) + tls_rig.edge_rules() + tls_rig.gateway(servers) +
                        tls_rig.peer_authentication("DISABLE"),
                        "identity: {certificateDirectory: certificates}", "timeouts: {tlsHandshake: 300ms}",
                        listeners=("admin", "metrics"))

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.tries("/smuggled"), [])

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"

    def refused(self, reason, leaf, port="mutual"):
        with self.subTest(reason=reason, port=port):
            credential = self.client_credential(f"{reason}-{port}", leaf) if leaf else None
            with self.one_more(reason):
                self.assertEqual(tls_rig.attempt(self.address(port), tls_rig.client_context(credential)), "refused")

    def test_certificates_that_are_wrong_in_one_way(self):
        ca = self.authority
        narrow = pki.Authority("Narrow CA", parent=ca, constraints=["inside.example"])
        shallow = pki.Authority("Shallow CA", parent=ca, depth=0)
        below = pki.Authority("Below CA", parent=shallow)
        nul = x509.DNSName._init_without_validation("wanted.example\0.evil.example")
        self.refused("no_certificate", None)
        self.refused("expired", ca.leaf(dns=["a.example"], begin=-3 * DAY, end=-DAY))
        self.refused("not_yet_valid", ca.leaf(dns=["a.example"], begin=DAY))
        self.refused("unknown_ca", pki.Authority("Foreign CA").leaf(dns=["a.example"]))
        self.refused("bad_signature", pki.Authority("Test CA").leaf(dns=["a.example"]))  # our authority's name only
        self.refused("purpose", ca.leaf(dns=["a.example"], usages=[pki.SERVER]))
        self.refused("purpose", ca.leaf(dns=["a.example"], usages=[pki.CODE]))
        self.refused("name_constraint", narrow.leaf(dns=["outside.example"]))
        self.refused("chain_too_long", below.leaf(dns=["a.example"]))
        self.refused("names", ca.leaf(names=[nul]))
        self.refused("names", ca.leaf(names=[nul]), "san")
        self.refused("revoked", self.revoked, "listed")
        self.refused("no_crl", ca.leaf(dns=["a.example"]), "stale")
        self.refused("san", ca.leaf(dns=["unwanted.example"]), "san")
        self.refused("san", ca.leaf(dns=["*.example"]), "san")  # a wildcard is no name that was asked for
        self.refused("pin", ca.leaf(dns=["pinned.example"]), "pin")
        self.refused("no_identity", ca.leaf(dns=["a.example"]), "istio")
        self.refused("no_identity", ca.leaf(uris=["spiffe://cluster.local/ns/default"]), "istio")
        self.refused("trust_domain", ca.workload("client", trust_domain="elsewhere"), "istio")

    def test_what_is_right_in_those_ways_is_let_in(self):
        ca = self.authority
        narrow = pki.Authority("Narrow CA", parent=ca, constraints=["inside.example"])
        good = {"mutual": narrow.leaf(dns=["a.inside.example"]), "listed": ca.leaf(dns=["a.example"]),
                "san": ca.leaf(dns=["x.example"], uris=[pki.spiffe("wanted")]), "pin": self.pinned,
                "istio": ca.workload("client")}
        for port, leaf in good.items():
            with self.subTest(port):
                credential = self.client_credential(f"good-{port}", leaf)
                answer = self.curl(self.ports[port], "--http1.1", "-k", *self.certificate_options(credential))
                self.assertEqual(answer.status, 200, answer.error)

    def test_versions_before_1_2_are_refused(self):
        for version in ("-tls1", "-tls1_1"):
            with self.subTest(version), self.one_more("version"):
                done = subprocess.run(["openssl", "s_client", version, "-cipher", "ALL:@SECLEVEL=0", "-servername", EDGE,
                                       "-connect", self.address("mutual")], input=b"", capture_output=True, timeout=20,
                                      check=False)
                self.assertIn(b"alert protocol version", done.stderr)

    def test_a_name_that_no_server_has_is_refused(self):
        for name in ("unknown.example", None):
            with self.subTest(name), self.one_more("no_server"):
                self.assertEqual(tls_rig.attempt(self.address("mutual"), tls_rig.client_context(), name or "localhost"),
                                 "refused")

    def test_renegotiation_is_refused(self):
        credential = self.client_credential("asks-again", self.authority.leaf(dns=["a.example"]))
        command = ["openssl", "s_client", "-tls1_2", "-servername", EDGE, "-connect", self.address("mutual"),
                   *("-cert", str(credential / "tls.crt"), "-key", str(credential / "tls.key"))]
        with self.one_more("renegotiation"):
            client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            told = b""
            while b"Verify return code" not in told:  # the handshake is done
                told += client.stdout.readline()
            out, _ = client.communicate(b"R\n", timeout=20)
            self.assertNotIn(b"HTTP/1.1 200", out)

    def test_an_oversized_hello_is_refused(self):
        # A message that says it is longer than any hello has reason to be; and one that is.
        for length, sent in ((0xFFFFFF, 64), (20000, 20000)):
            body = length.to_bytes(3, "big") + b"\x03\x03" + b"r" * sent
            message = b"\x01" + body
            records = b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part
                               for part in (message[i:i + 16000] for i in range(0, len(message), 16000)))
            with self.subTest(length), self.one_more("hello_too_large"):
                with socket.create_connection(("127.0.0.1", self.ports["mutual"]), 20) as client:
                    client.sendall(records)
                    self.assertTrue(self.ends(client))

    def test_a_hello_that_is_none_is_refused(self):
        bad = {"server-hello": b"\x16\x03\x01\x00\x30\x02\x00\x00\x2c\x03\x03" + b"r" * 42,
               "lengths": b"\x16\x03\x01\x00\x30\x01\x00\x00\x2c\x03\x03" + b"r" * 32 + b"\xff" + b"x" * 9}
        for name, sent in bad.items():
            with self.subTest(name), self.one_more("hello_malformed"):
                with socket.create_connection(("127.0.0.1", self.ports["mutual"]), 20) as client:
                    client.sendall(sent)
                    self.assertTrue(self.ends(client))

    def test_a_handshake_that_takes_too_long_ends(self):
        hello = self.client_hello()
        for name, sent in (("half-a-hello", hello[:40]), ("a-hello", hello)):
            with self.subTest(name), self.one_more("timeout"):
                with socket.create_connection(("127.0.0.1", self.ports["mutual"]), 20) as client:
                    client.sendall(sent)
                    self.assertTrue(self.ends(client))

    def test_a_client_that_goes_away_in_between_is_counted(self):
        with self.one_more("peer_closed"):
            with socket.create_connection(("127.0.0.1", self.ports["mutual"]), 20) as client:
                client.sendall(self.client_hello())
                client.recv(1)

    def test_plaintext_on_a_secured_port_is_refused_in_both_versions(self):
        for name, sent in (("1.1", b"GET /smuggled HTTP/1.1\r\nhost: models.example\r\n\r\n"),
                           ("2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")):
            with self.subTest(name), self.one_more("plaintext"):
                with socket.create_connection(("127.0.0.1", self.ports["mutual"]), 20) as client:
                    client.sendall(sent)
                    self.assertTrue(self.ends(client))

    def test_tls_on_a_plaintext_port_is_refused(self):
        with self.one_more("tls_on_plaintext"):
            self.assertEqual(tls_rig.attempt(self.address("plain"), tls_rig.client_context()), "refused")

    def test_the_end_without_close_notify_ends_no_request_body(self):
        # RFC 8446 section 6.1: whoever cuts the connection must not be able to shorten a message.
        credential = self.client_credential("cutter", self.authority.leaf(dns=["a.example"]))
        context = tls_rig.client_context(credential)
        with socket.create_connection(("127.0.0.1", self.ports["mutual"]), 20) as plain:
            secured = context.wrap_socket(plain, server_hostname=EDGE)
            secured.sendall(b"POST /cut HTTP/1.1\r\nhost: models.example\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
            rig.until(lambda: self.tries("/cut"), "the head at the model")
            os.close(secured.detach())
        [(_, request)] = self.tries("/cut")
        rig.until(lambda: request["over"].is_set(), "the end at the model")
        self.assertNotEqual(request["body"], b"hello")

    # --- small parts ----------------------------------------------------------------------------------------------

    @staticmethod
    def ends(client):
        try:
            while client.recv(65536):
                pass
        except ConnectionError:
            pass
        return True

    @staticmethod
    def client_hello():
        """The first bytes of a client."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        connection = tls_rig.client_context().wrap_bio(incoming, outgoing, server_hostname=EDGE)
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            return outgoing.read()


if __name__ == "__main__":
    unittest.main()
