"""Certificates that change while the gateway runs: renewed sets are live for new handshakes, broken ones are not, nobody
loses a connection or a request, and what is trusted changes at once for everybody who comes anew.

SLUICE_ROTATIONS says how many times the leaf is renewed under load (40; 1000 takes some minutes)."""
import os
import socket
import threading
import time
import unittest

import pki
import rig
import tls_rig
from rig import until
from tls_rig import EDGE, TlsTest, server

ROTATIONS = int(os.environ.get("SLUICE_ROTATIONS", "40"))

POLICY = "default/edge/simple"


def keep_alive(secured):
    """One request on a connection that stays; its status line."""
    secured.sendall(f"GET /kept HTTP/1.1\r\nhost: {EDGE}\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += secured.recv(65536)
    return answer.split(b"\r\n")[0]


class Load:
    """Clients that ask without pause: some on a connection each, some with a new handshake for each request. Counts."""

    def __init__(self, address, kept=2, fresh=2):
        self.address = address
        self.stop = threading.Event()
        self.done, self.failures = 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.guarded, args=(what,))
                        for what in [self.keep] * kept + [self.renew] * fresh]
        for thread in self.threads:
            thread.start()

    def connect(self):
        host, port = self.address.rsplit(":", 1)
        return tls_rig.client_context().wrap_socket(socket.create_connection((host, int(port)), 20),
                                                    server_hostname=EDGE)

    def guarded(self, what):
        try:
            what()
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(repr(error))

    def count(self, line):
        with self.lock:
            self.done += 1
            if not line.startswith(b"HTTP/1.1 200"):
                self.failures.append(line.decode())

    def keep(self):
        with self.connect() as secured:
            while not self.stop.is_set():
                self.count(keep_alive(secured))

    def renew(self):
        while not self.stop.is_set():
            with self.connect() as secured:
                self.count(keep_alive(secured))

    def finish(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)


class Rotation(TlsTest):
    @classmethod
    def arrange(cls):
        cls.make_authority()
        cls.other = pki.Authority("Another CA")
        cls.leaf = cls.authority.leaf(dns=[EDGE])
        cls.credential("simple", cls.leaf)
        pki.swap_credential(cls.certificates / "linked", cls.leaf, cls.authority.root_pem())
        cls.credential("mutual", cls.leaf, cls.authority.root_pem(), cls.authority.crl())
        cls.client = cls.authority.leaf(dns=["client.example"])
        cls.client_files = cls.client_credential("client", cls.client)
        cls.stranger_files = cls.client_credential("stranger", cls.other.leaf(dns=["client.example"]))
        cls.ports = {name: tls_rig.free_port() for name in ("simple", "linked", "mutual")}
        servers = [server(cls.ports["simple"], {"mode": "SIMPLE", "credentialName": "simple"}, name="simple"),
                   server(cls.ports["linked"], {"mode": "MUTUAL", "credentialName": "linked"}, name="linked"),
                   server(cls.ports["mutual"], {"mode": "MUTUAL", "credentialName": "mutual"}, name="mutual")]
        cls.run_gateway(rig.rules([cls.stub("v0")], rig.PLAIN) + tls_rig.edge_rules() + tls_rig.gateway(servers),
                        "identity: {certificateDirectory: certificates}", listeners=("admin", "metrics"))

    def shown(self, port):
        """The certificate that a new handshake sees."""
        with socket.create_connection(("127.0.0.1", self.ports[port]), 20) as plain:
            with tls_rig.client_context(self.client_files).wrap_socket(plain, server_hostname=EDGE) as secured:
                return secured.getpeercert(binary_form=True)

    def wait_shown(self, port, leaf):
        wanted = leaf.certificate.public_bytes(pki.serialization.Encoding.DER)
        until(lambda: self.shown(port) == wanted, f"the new certificate on {port}")

    def rotations(self):
        return self.gateway.metric("sluice_certificate_rotations_total", policy=POLICY)

    def test_renewals_under_load_fail_no_request_and_are_all_live(self):
        begun = self.rotations()
        load = Load(f"127.0.0.1:{self.ports['simple']}")
        slowest = 0.0
        try:
            for _ in range(ROTATIONS):
                leaf = self.authority.leaf(dns=[EDGE])
                self.credential("simple", leaf)
                written = time.monotonic()
                self.wait_shown("simple", leaf)
                slowest = max(slowest, time.monotonic() - written)
        finally:
            load.finish()
        self.assertEqual(load.failures, [])
        self.assertGreater(load.done, ROTATIONS)
        self.assertEqual(self.rotations() - begun, ROTATIONS)
        print(f"{ROTATIONS} renewals under {load.done} requests, each live within {slowest * 1000:.0f} ms")

    def test_a_connection_outlives_the_certificate_it_was_made_with(self):
        with socket.create_connection(("127.0.0.1", self.ports["simple"]), 20) as plain:
            with tls_rig.client_context().wrap_socket(plain, server_hostname=EDGE) as secured:
                self.assertTrue(keep_alive(secured).startswith(b"HTTP/1.1 200"))
                leaf = self.authority.leaf(dns=[EDGE])
                self.credential("simple", leaf)
                self.wait_shown("simple", leaf)
                self.assertTrue(keep_alive(secured).startswith(b"HTTP/1.1 200"))

    def test_a_renewal_by_a_swapped_symbolic_link_is_taken_over(self):
        leaf = self.authority.leaf(dns=[EDGE])
        pki.swap_credential(self.certificates / "linked", leaf, self.authority.root_pem())
        self.wait_shown("linked", leaf)

    def test_a_broken_set_changes_nothing_and_is_told_everywhere(self):
        directory = self.certificates / "simple"
        before = self.shown("simple")
        good_key, good_chain = (directory / "tls.key").read_bytes(), (directory / "tls.crt").read_bytes()
        broken = {"mismatched": lambda: pki.put(directory / "tls.key", self.authority.leaf().key_pem(), 0o600),
                  "garbage": lambda: pki.put(directory / "tls.crt", b"no certificate"),
                  "missing": (directory / "tls.crt").unlink,
                  "expired": lambda: pki.put_credential(
                      directory, self.authority.leaf(dns=[EDGE], begin=-3 * pki.DAY, end=-pki.DAY))}
        for name, spoil in broken.items():
            with self.subTest(name):
                failures = self.gateway.metric("sluice_certificate_rotation_failures_total", policy=POLICY)
                spoil()
                until(lambda f=failures: self.gateway.metric("sluice_certificate_rotation_failures_total", policy=POLICY) > f,
                      "the failure counted")
                self.assertEqual(self.gateway.metric("sluice_certificate_files_ok", policy=POLICY), 0)
                self.assertEqual(self.shown("simple"), before)
                self.assertIn("the new certificate files are not used, the old ones stay", self.gateway.log())
                [entry] = [c for c in self.certificates_page() if c["name"] == POLICY]
                self.assertIn("tls.", entry["error"])
                pki.put(directory / "tls.key", good_key, 0o600)
                pki.put(directory / "tls.crt", good_chain)
                until(lambda: self.gateway.metric("sluice_certificate_files_ok", policy=POLICY) == 1, "right again")

    def certificates_page(self):
        return rig.json.loads(self.gateway.admin_request("GET", "/certs")[1])["certificates"]

    def test_a_revoked_client_is_refused_from_the_new_list_on(self):
        address = f"127.0.0.1:{self.ports['mutual']}"
        context = tls_rig.client_context(self.client_files)
        self.assertEqual(tls_rig.attempt(address, context), "answered")
        pki.put(self.certificates / "mutual" / "ca.crl", self.authority.crl(self.client))
        until(lambda: tls_rig.attempt(address, tls_rig.client_context(self.client_files)) == "refused", "the new list")
        until(lambda: self.failures("revoked") > 0, "the refusal counted")
        pki.put(self.certificates / "mutual" / "ca.crl", self.authority.crl())
        until(lambda: tls_rig.attempt(address, tls_rig.client_context(self.client_files)) == "answered", "the old list")

    def test_a_change_of_authority_decides_about_new_handshakes(self):
        address = f"127.0.0.1:{self.ports['mutual']}"
        self.assertEqual(tls_rig.attempt(address, tls_rig.client_context(self.stranger_files)), "refused")
        pki.put_credential(self.certificates / "mutual", self.leaf, self.other.root_pem(), self.other.crl())
        until(lambda: tls_rig.attempt(address, tls_rig.client_context(self.stranger_files)) == "answered", "the new CA")
        self.assertEqual(tls_rig.attempt(address, tls_rig.client_context(self.client_files)), "refused")
        pki.put_credential(self.certificates / "mutual", self.leaf, self.authority.root_pem(), self.authority.crl())
        until(lambda: tls_rig.attempt(address, tls_rig.client_context(self.client_files)) == "answered", "the old CA")

    def test_sessions_are_resumed_across_renewals_and_never_with_client_certificates(self):
        for port, resumed in (("simple", True), ("linked", False)):
            context = tls_rig.client_context(self.client_files)
            session, reused = None, []
            for _ in range(2):
                with socket.create_connection(("127.0.0.1", self.ports[port]), 20) as plain:
                    with context.wrap_socket(plain, server_hostname=EDGE, session=session) as secured:
                        keep_alive(secured)
                        session = secured.session
                        reused.append(secured.session_reused)
                if port == "simple" and len(reused) == 1:
                    leaf = self.authority.leaf(dns=[EDGE])
                    self.credential("simple", leaf)
                    self.wait_shown("simple", leaf)
            with self.subTest(port):
                self.assertEqual(reused, [False, resumed])


if __name__ == "__main__":
    unittest.main()
