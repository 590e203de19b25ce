"""A secured port seen by programs that we did not write: openssl s_client, h2load, and testssl.sh, which knows the
attacks of the last twenty years."""
import json
import os
import shutil
import subprocess
import unittest

import rig
import tls_rig
from tls_rig import EDGE, TlsTest, server

# What testssl.sh says about the test's own authority, which publishes no list of what it has revoked, and about the
# answers of the model, whose headers are the model's.
NOT_OF_THE_GATEWAY = ("cert_revocation", "security_headers")


class Peers(TlsTest):
    @classmethod
    def arrange(cls):
        cls.make_authority()
        cls.credential("edge", cls.authority.leaf(dns=[EDGE, "localhost"], ips=["127.0.0.1"], end=300 * tls_rig.pki.DAY,
                                                  subject=EDGE), cls.authority.root_pem())
        cls.client = cls.client_credential("client", cls.authority.workload("client"))
        cls.ports = {"simple": tls_rig.free_port(), "mutual": tls_rig.free_port()}
        servers = [server(cls.ports["simple"], {"mode": "SIMPLE", "credentialName": "edge"}, ["*"], "simple"),
                   server(cls.ports["mutual"], {"mode": "MUTUAL", "credentialName": "edge"}, ["*"], "mutual")]
        cls.run_gateway(rig.rules([cls.stub("v0")], rig.PLAIN) + tls_rig.edge_rules() + tls_rig.gateway(servers),
                        "identity: {certificateDirectory: certificates}", listeners=("admin", "metrics"))

    def s_client(self, port, *options):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[port]}", "-servername", EDGE,
                               "-CAfile", self.certificates / "root-cert.pem", "-verify_return_error",
                               "-verify_hostname", EDGE, *map(str, options)],
                              input=b"", capture_output=True, timeout=30, check=False)
        return done.returncode, done.stdout.decode(errors="replace")

    def test_s_client_verifies_the_chain_and_the_name_in_both_versions_of_tls(self):
        for version, said in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            for alpn in ("h2", "http/1.1"):
                with self.subTest(version=version, alpn=alpn):
                    code, out = self.s_client("simple", version, "-alpn", alpn)
                    self.assertEqual(code, 0, out)
                    self.assertIn("Verify return code: 0 (ok)", out)
                    self.assertIn(f"New, {said}", out)
                    self.assertIn(f"ALPN protocol: {alpn}", out)

    def test_s_client_sees_whom_the_server_trusts(self):
        code, out = self.s_client("mutual", "-tls1_2", "-cert", self.client / "tls.crt", "-key", self.client / "tls.key")
        self.assertEqual(code, 0, out)
        self.assertIn("Acceptable client certificate CA names", out)
        self.assertIn("CN = Test CA", out)

    @unittest.skipUnless(shutil.which("h2load"), "needs h2load (nghttp2-client)")
    def test_h2load_loses_no_request_in_either_version(self):
        for options, spoken in (((), "h2"), (("--npn-list=http/1.1",), "http/1.1")):
            with self.subTest(spoken):
                streams = ("-m", "10") if spoken == "h2" else ()
                done = subprocess.run(["h2load", "-n", "5000", "-c", "20", *streams, *options,
                                       f"https://localhost:{self.ports['simple']}/predict"],
                                      capture_output=True, text=True, timeout=60, check=False)
                self.assertIn(f"Application protocol: {spoken}", done.stdout)
                self.assertRegex(done.stdout, r"requests: 5000 total, 5000 started, 5000 done, 5000 succeeded, 0 failed")

    @unittest.skipUnless(shutil.which("testssl"), "needs testssl.sh")
    @unittest.skipIf(rig.SANITIZED, "its hundreds of handshakes say nothing more in a slow build")
    def test_testssl_finds_nothing_above_low(self):
        report = self.directory / "testssl.json"
        subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--add-ca",
                        self.certificates / "root-cert.pem", "--jsonfile", report, "--nodns", "min",
                        "--ip", "127.0.0.1", f"{EDGE}:{self.ports['simple']}"],
                       capture_output=True, timeout=500, check=False, env={**os.environ, "TERM": "dumb"})
        findings = json.loads(report.read_text())
        self.assertGreater(len(findings), 60)  # it has looked
        grave = [f"{f['severity']} {f['id']}: {f['finding']}" for f in findings
                 if f["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL") and f["id"] not in NOT_OF_THE_GATEWAY]
        self.assertEqual(grave, [])


if __name__ == "__main__":
    unittest.main()
