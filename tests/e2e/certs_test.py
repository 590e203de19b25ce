"""`sluice certs init`: what it makes, whom the certificates vouch for, who can read the keys, and what it refuses."""
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

from rig import BIN

USAGE = 64
SETS = {"gateway": ("tls.crt", "tls.key", "ca.crt"), "client": ("tls.crt", "tls.key", "ca.crt"),
        "model": ("tls.crt", "tls.key", "ca.crt"), ".": ("cert-chain.pem", "key.pem", "root-cert.pem")}
KEYS = {"ca.key", "key.pem", "gateway/tls.key", "client/tls.key", "model/tls.key"}


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=30)


def names(certificate):
    """Its subject alternative names, as openssl prints them."""
    return openssl("x509", "-in", certificate, "-noout", "-ext", "subjectAltName").stdout


class CertsTest(unittest.TestCase):
    def setUp(self):
        parent = tempfile.TemporaryDirectory(prefix="sluice-certs-")
        self.addCleanup(parent.cleanup)
        self.directory = pathlib.Path(parent.name) / "new" / "pki"

    def init(self, *arguments, umask=0o022):
        return subprocess.run([BIN, "certs", "init", self.directory, *arguments], capture_output=True, text=True,
                              timeout=30, check=False, umask=umask)

    def made(self, *arguments):
        done = self.init(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def files(self):
        """{path below the directory: its bytes}"""
        return {str(path.relative_to(self.directory)): path.read_bytes()
                for path in self.directory.rglob("*") if path.is_file()}

    def test_it_makes_the_layouts_that_run_reads_and_nothing_else(self):
        self.made()
        expected = {str(pathlib.Path(folder) / name) for folder, files in SETS.items() for name in files}
        self.assertEqual(set(self.files()), expected | {"ca.crt", "ca.key"})

    def test_only_their_owner_reads_the_keys_and_enters_the_directories_whatever_the_umask(self):
        for umask in (0o022, 0):
            with self.subTest(umask=umask):
                done = self.init("--force", umask=umask)
                self.assertEqual(done.returncode, 0, done.stderr)
                for path in [self.directory, *self.directory.rglob("*")]:
                    name = str(path.relative_to(self.directory))
                    expected = 0o700 if path.is_dir() else 0o600 if name in KEYS else 0o644
                    self.assertEqual(stat.S_IMODE(path.stat().st_mode), expected, name)

    def test_every_certificate_leads_to_the_authority_for_its_purpose_only(self):
        self.made()
        purposes = {"gateway": {"sslserver"}, "client": {"sslclient"}, "model": {"sslserver"}, ".": {"sslserver", "sslclient"}}
        for folder, (certificate, _, trust) in SETS.items():
            for purpose in ("sslserver", "sslclient"):
                done = openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", self.directory / folder / trust,
                               self.directory / folder / certificate)
                self.assertEqual(done.returncode == 0, purpose in purposes[folder], f"{folder} {purpose} {done.stderr}")

    def test_every_key_belongs_to_its_certificate(self):
        self.made()
        pairs = [(pathlib.Path(folder) / files[0], pathlib.Path(folder) / files[1]) for folder, files in SETS.items()]
        for certificate, key in [*pairs, ("ca.crt", "ca.key")]:
            public = openssl("x509", "-in", self.directory / certificate, "-noout", "-pubkey").stdout
            self.assertIn("PUBLIC KEY", public)
            self.assertEqual(openssl("pkey", "-in", self.directory / key, "-pubout").stdout, public, certificate)

    def test_certificates_vouch_for_the_names_that_were_asked_for(self):
        self.made("--trust-domain", "example.org", "--namespace", "ml", "--dns", "Model.Example.com", "*.example.net")
        gateway = names(self.directory / "gateway/tls.crt")
        for name in ("DNS:localhost", "DNS:model.example.com", "DNS:*.example.net", "IP Address:127.0.0.1",
                     "IP Address:0:0:0:0:0:0:0:1"):
            self.assertIn(name, gateway)
        self.assertNotIn("spiffe", gateway)
        for path, account in (("cert-chain.pem", "sluice"), ("client/tls.crt", "client"), ("model/tls.crt", "model")):
            self.assertIn(f"URI:spiffe://example.org/ns/ml/sa/{account}", names(self.directory / path))

    def test_certificates_are_good_for_as_long_as_asked(self):
        for days, good in ((1, False), (3, True)):
            self.made("--force", "--days", str(days))
            for name in ("ca.crt", "gateway/tls.crt", "cert-chain.pem"):
                done = openssl("x509", "-in", self.directory / name, "-noout", "-checkend", 2 * 24 * 3600)
                self.assertEqual(done.returncode == 0, good, name)
                self.assertEqual(openssl("x509", "-in", self.directory / name, "-noout", "-checkend", 3600).returncode, 0)

    def test_it_tells_what_it_made_and_how_to_use_it(self):
        said = self.made()
        for part in ("gateway/{tls.crt,tls.key,ca.crt}", "cert-chain.pem", "spiffe://cluster.local/ns/default/sa/sluice",
                     "spiffe://cluster.local/ns/default/sa/client", f"curl --cacert '{self.directory}/ca.crt'"):
            self.assertIn(part, said)

    def test_a_second_run_is_refused_and_changes_nothing(self):
        self.made()
        before = self.files()
        done = self.init()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"ca\.crt: exists already; .*--force")
        self.assertEqual(self.files(), before)

    def test_one_file_that_is_there_stops_all_of_them(self):
        (self.directory / "model").mkdir(parents=True)
        (self.directory / "model/tls.key").symlink_to("nowhere")
        done = self.init()
        self.assertEqual(done.returncode, 1)
        self.assertIn("model/tls.key", done.stderr)
        self.assertEqual(self.files(), {})

    def test_force_replaces_every_file_and_follows_no_link(self):
        self.made()
        before = self.files()
        outside = self.directory.parent / "precious"
        outside.write_text("precious")
        (self.directory / "ca.crt").unlink()
        (self.directory / "ca.crt").symlink_to(outside)
        (self.directory / "ca.key.new").write_text("left by a run that was cut short")
        self.made("--force")
        after = self.files()
        self.assertEqual(set(after), set(before))
        self.assertFalse([name for name in before if after[name] == before[name]])
        self.assertEqual(outside.read_text(), "precious")

    def test_wrong_usage_is_64_and_writes_nothing(self):
        wrong = [["--days", "0"], ["--days", "many"], ["--dns", "a b"], ["--dns", "*"], ["--dns", "a,URI:b"], ["--dns", ""],
                 ["--trust-domain", "a/b"], ["--trust-domain", "UPPER"], ["--trust-domain", ""], ["--namespace", "a/b"],
                 ["--fly"]]
        for arguments in wrong:
            with self.subTest(arguments=arguments):
                done = self.init(*arguments)
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""), done.stderr)
                self.assertNotEqual(done.stderr, "")
                self.assertFalse(self.directory.exists())
        for arguments in (["certs"], ["certs", "init"], ["certs", "fly"]):
            done = subprocess.run([BIN, *arguments], capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""))

    def test_a_place_that_cannot_be_written_is_1_and_named(self):
        self.directory.parent.mkdir()
        self.directory.write_text("a file")
        done = self.init()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"{self.directory}: is not a directory", done.stderr)

    def test_curl_and_openssl_speak_mutual_tls_with_them(self):
        self.made()
        for party in ("gateway", "model"):
            at = self.directory / party
            server = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-Verify", "1", "-cert",
                                       at / "tls.crt", "-key", at / "tls.key", "-CAfile", at / "ca.crt"],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                port = next(line for line in server.stdout if line.startswith("ACCEPT")).split(":")[-1].strip()
                client = self.directory / "client"
                done = subprocess.run(["curl", "-sS", "--max-time", "20", "--cacert", client / "ca.crt", "--cert",
                                       client / "tls.crt", "--key", client / "tls.key", f"https://127.0.0.1:{port}/"],
                                      capture_output=True, text=True, check=False,
                                      env={**os.environ, "no_proxy": "*", "NO_PROXY": "*"})
                self.assertEqual(done.returncode, 0, f"{party}: {done.stderr}")
            finally:
                server.kill()
                server.communicate()


if __name__ == "__main__":
    unittest.main()
