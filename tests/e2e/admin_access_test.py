"""Who may use the admin port: anybody on loopback, elsewhere only with a token or a client certificate."""
import subprocess
import unittest

import pki
import rig
import tls_rig

TOKEN = "0123456789abcdef0123456789abcdef"


class AdminAccess(rig.RigTest):
    def setUp(self):
        super().setUp()
        self.rules = rig.rules([self.model().port], rig.PLAIN)
        self.token_file = self.directory / "token"
        pki.put(self.token_file, (TOKEN + "\n").encode(), 0o600)

    def refusal(self, *flags):
        """What the process says when it does not start."""
        path = self.directory / "refused.yaml"
        path.write_text(self.rules)
        done = subprocess.run([rig.BIN, "run", "-c", path, "--http-port", "0", "--health", "off", "--metrics", "off",
                               *map(str, flags)], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 64, done.stderr)
        return done.stderr

    def everywhere(self, *flags):
        """A gateway whose admin port is on every address; what curl calls it."""
        gateway = self.gateway(self.rules, *flags, admin="0.0.0.0:0")
        return gateway, int(gateway.admin.rsplit(":", 1)[1])

    def test_beyond_loopback_without_protection_it_does_not_start(self):
        for address in ("0.0.0.0:0", "[::]:0"):
            said = self.refusal("--admin", address)
            self.assertIn("is not on loopback, and nothing protects it", said)
            self.assertIn("--admin-token-file", said)

    def test_a_token_that_can_be_guessed_or_read_is_refused(self):
        short = pki.put(self.directory / "short", b"secret\n", 0o600)
        self.assertIn("holds no token of at least 16", self.refusal("--admin-token-file", short))
        self.assertIn("cannot be read", self.refusal("--admin-token-file", self.directory / "none"))

    def test_a_credential_without_authority_protects_nothing(self):
        directory = pki.put_credential(self.directory / "server-only", pki.Authority().leaf(dns=["admin.example"]))
        self.assertIn("nothing protects it", self.refusal("--admin", "0.0.0.0:0", "--admin-credential", directory))
        (directory / "tls.key").unlink()
        self.assertIn("tls.key: No such file", self.refusal("--admin-credential", directory))

    def test_with_the_token_everything_and_without_it_nothing(self):
        _, port = self.everywhere("--admin-token-file", self.token_file)
        url = f"http://127.0.0.1:{port}"
        for path in ("/", "/server_info", "/certs", "/nowhere"):
            for header in ("x: y", "authorization: Bearer wrong-wrong-wrong-wrong", f"authorization: Basic {TOKEN}"):
                with self.subTest(path=path, header=header):
                    answer = tls_rig.Curl(url + path, "-H", header)
                    self.assertEqual((answer.status, answer.header("www-authenticate")), (401, "Bearer"))
                    self.assertNotIn("sluice", answer.body.lower())
        right = ("-H", f"authorization: Bearer {TOKEN}")
        self.assertEqual(tls_rig.Curl(url + "/server_info", *right).status, 200)
        self.assertEqual(tls_rig.Curl(url + "/server_info", *right, "-H", "host: admin.example").status, 200)
        self.assertEqual(tls_rig.Curl(url + "/logging?level=info", "-X", "POST", *right).status, 200)

    def test_on_loopback_reading_is_free_and_a_token_guards_changes(self):
        gateway = self.gateway(self.rules, "--admin-token-file", self.token_file)
        url = f"http://{gateway.admin}"
        self.assertEqual(tls_rig.Curl(url + "/server_info").status, 200)
        self.assertEqual(tls_rig.Curl(url + "/logging?level=info", "-X", "POST").status, 401)
        self.assertEqual(tls_rig.Curl(url + "/logging?level=info", "-X", "POST", "-H", f"authorization: Bearer {TOKEN}").status,
                         200)

    def test_a_client_certificate_opens_it_in_both_versions_and_renewals_are_taken_over(self):
        authority = pki.Authority()
        directory = pki.put_credential(self.directory / "admin", authority.leaf(dns=["admin.example"]), authority.root_pem())
        client = pki.put_credential(self.directory / "client", authority.leaf(dns=["operator.example"]))
        _, port = self.everywhere("--admin-credential", directory)
        url = f"https://admin.example:{port}/server_info"
        options = ("--resolve", f"admin.example:{port}:127.0.0.1", "--cacert", directory / "ca.crt")
        known = ("--cert", client / "tls.crt", "--key", client / "tls.key")
        for version in tls_rig.VERSIONS:
            self.assertEqual(tls_rig.Curl(url, version, *options, *known).status, 200)
            self.assertIsNone(tls_rig.Curl(url, version, *options).status)
        self.assertIsNone(tls_rig.Curl(f"http://127.0.0.1:{port}/server_info").status)

        other = pki.Authority("Another CA")
        pki.put_credential(directory, other.leaf(dns=["admin.example"]), other.root_pem())
        rig.until(lambda: tls_rig.Curl(url, "-k", "--resolve", f"admin.example:{port}:127.0.0.1", *known).status is None,
                  "the old client refused")


if __name__ == "__main__":
    unittest.main()
