"""The corpus of configurations, tests/vectors/corpus: each says itself what is found in it, line by line, and `sluice
validate` must find exactly that. Requests that prove findings are put through `sluice explain`, which must name the
rule that takes them. Plain subprocesses. Standard library only, but for the one test that needs a certificate.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import rig

CORPUS = rig.ROOT / "tests/vectors/corpus"
EXPECT = re.compile(r"# expect( of the file)?: (.*)$")
TABLE = rig.ROOT / "config/README.md"

# Codes that no single file of rules can show; where they are shown instead.
ELSEWHERE = {
    "SL1001": "validate_test", "SL1002": "validate_test", "SL1003": "validate_test", "SL1005": "validate_test",
    "SL1006": "validate_test", "SL1012": "test_thousands_of_findings_are_cut_short",
    "SL2045": "test_thousands_of_overlaps_are_cut_short", "SL2048": "config_tests, LiveLatency",
    "SL2049": "config_tests, LiveLatency", "SL2050": "exposure_test",
}

SERVICE = (CORPUS / "clean-service-alone.yaml").read_text()
GATEWAY = """---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public}
spec:
  servers:
  - port: {number: 8443, name: https, protocol: HTTPS}
    hosts: ["*"]
    tls: {mode: SIMPLE, serverCertificate: tls.crt, privateKey: tls.key}
"""


def sluice(*arguments, cwd=CORPUS):
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith("SLUICE_") or key == "SLUICE_SANITIZED"}
    return subprocess.run([rig.BIN, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False,
                          cwd=cwd, env=environment)


def validate(*arguments, cwd=CORPUS):
    done = sluice("validate", "-o", "json", *arguments, cwd=cwd)
    return done.returncode, json.loads(done.stdout)


def expected(path):
    """[(line, severity, code)], sorted; line 0 is the file as a whole."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = EXPECT.search(line)
        for finding in match.group(2).split(", ") if match else ():
            severity, code = finding.split(" ")
            found.append((0 if match.group(1) else number, severity, code))
    return sorted(found)


def files():
    return sorted(CORPUS.glob("*.yaml"))


def codes_of_the_table():
    """Every code that config/README.md names as a finding."""
    codes = set()
    for row in TABLE.read_text().splitlines():
        if not re.match(r"\| (IST|SL)\d{4}", row):
            continue
        prefix = ""
        for part in row.split("|")[1].split(","):
            match = re.fullmatch(r"(IST|SL)?(\d{4})", part.strip())
            prefix = match.group(1) or prefix
            codes.add(prefix + match.group(2))
    return codes


class CorpusTest(unittest.TestCase):
    def test_every_file_has_exactly_the_findings_it_says(self):
        self.assertGreaterEqual(len(files()), 80)
        for path in files():
            with self.subTest(path.name):
                code, report = validate(path.name)
                found = sorted((f["line"], f["severity"], f["code"]) for f in report["findings"])
                self.assertEqual(found, expected(path), json.dumps(report["findings"], indent=1))
                self.assertEqual(code, 65 if any(f[1] == "error" for f in found) else 0)

    def test_files_without_findings_say_so(self):
        silent = [path for path in files() if not expected(path)]
        self.assertGreaterEqual(len(silent), 10)
        for path in silent:
            self.assertIn("# expect nothing\n", path.read_text(), path.name)

    def test_every_code_is_shown_by_some_file(self):
        shown = {finding[2] for path in files() for finding in expected(path)}
        self.assertEqual(codes_of_the_table() - shown, set(ELSEWHERE))
        self.assertLessEqual(shown, codes_of_the_table())

    def test_levels_decide_the_exit_code(self):
        for name, level, code in (("subset-unused.yaml", "warning", 0), ("subset-unused.yaml", "info", 79),
                                  ("time-tries.yaml", "error", 0), ("time-tries.yaml", "warning", 79),
                                  ("regex-broken.yaml", "info", 65), ("clean-split.yaml", "info", 0)):
            with self.subTest(name=name, level=level):
                self.assertEqual(validate(name, "--fail-on", level)[0], code)

    def test_every_rule_that_is_never_reached_and_every_overlap_has_a_request(self):
        for path in files():
            for finding in validate(path.name)[1]["findings"]:
                if finding["code"] in ("SL2040", "SL2041", "SL2043", "IST0130"):
                    with self.subTest(path.name):
                        self.assertIn("witness", finding)
                        self.assertIn(finding["witness"]["method"] + " " + finding["witness"]["target"],
                                      finding["message"])
                        self.assertNotEqual(finding["witness"]["takenBy"]["line"], 0)

    def test_every_request_is_taken_by_the_rule_that_is_named(self):
        if not re.search(r"^\s+explain ", sluice("--help").stdout, re.M):
            self.skipTest("this build has no `sluice explain`")
        asked = 0
        for path in files():
            for finding in validate(path.name)[1]["findings"]:
                if "witness" not in finding:
                    continue
                with self.subTest(path.name, line=finding["line"]):
                    asked += 1
                    self.assertEqual(self.rule_that_takes(path, finding["witness"]), finding["witness"]["takenBy"])
        self.assertGreaterEqual(asked, 20)

    def rule_that_takes(self, path, witness, cwd=CORPUS):
        """{"file", "line"} of the rule that wins, as `sluice explain` says."""
        headers = [part for name, value in witness["headers"] for part in ("-H", f"{name}: {value}")]
        port = ["--port", witness["port"]] if witness["port"] else []
        url = f"{witness['scheme']}://{witness['authority']}{witness['target']}"
        done = sluice("explain", "-o", "json", "-c", path.name, *headers, *port, witness["method"], url,
                      cwd=cwd)
        self.assertEqual(done.returncode, 0, done.stderr)
        rule = json.loads(done.stdout)["decision"]
        return {"file": rule["file"], "line": rule["line"]}

    def secured(self, rules="", **leaf):
        """(exit code, findings, {"file", "line"} of what takes each witness) of rules behind an HTTPS port."""
        try:
            import pki
        except ImportError:
            self.skipTest("needs python3-cryptography")
        with tempfile.TemporaryDirectory(prefix="sluice-corpus-") as directory:
            root = pathlib.Path(directory)
            made = pki.Authority().leaf(dns=["a.example"], **{k: v * pki.DAY for k, v in leaf.items()})
            (root / "tls.crt").write_bytes(made.chain_pem())
            (root / "tls.key").write_bytes(made.key_pem())
            (root / "tls.key").chmod(0o600)
            path = root / "rules.yaml"
            path.write_text(SERVICE + GATEWAY + rules)
            code, report = validate(path.name, cwd=root)
            findings = report["findings"]
            taken = [self.rule_that_takes(path, f["witness"], cwd=root) for f in findings if "witness" in f]
        return code, findings, taken

    def test_an_expired_certificate_is_an_error(self):
        code, findings, _ = self.secured(begin=-3, end=-1)

        self.assertEqual(code, 65)
        self.assertEqual([(f["code"], f["severity"]) for f in findings], [("IST0161", "error")])
        self.assertIn("expired", findings[0]["message"])

    def test_requests_of_a_secured_port_say_so(self):
        code, findings, taken = self.secured("""---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: edge}
spec:
  hosts: ["*.example.com"]
  gateways: [public]
  http:
  - match: [{uri: {prefix: /v1}}]
    route: [{destination: {host: ranking}}]
    timeout: 1s
  - match: [{uri: {regex: "/v1/.*"}}]
    route: [{destination: {host: ranking}}]
""")

        self.assertEqual((code, [f["code"] for f in findings]), (0, ["SL2040"]), findings)
        witness = findings[0]["witness"]
        self.assertEqual((witness["scheme"], witness["target"], witness["port"]), ("https", "/v1/", 8443))
        self.assertTrue(witness["authority"].endswith(".example.com"))
        self.assertEqual(taken, [witness["takenBy"]])

    def many(self, condition, count):
        """Rules that all overlap, or all fail, by what `condition` makes of their number."""
        rules = (CORPUS / "clean-header-rule.yaml").read_text()
        begin = rules.index("  - match:")
        rest = rules.index("  - name: rest")
        made = "".join(f"  - match: [{{{condition(i)}}}]\n    route: [{{destination: {{host: ranking, subset: "
                       f"v{1 + i % 2}}}}}]\n" for i in range(count))
        return rules[:begin] + made + rules[rest:]

    def run_on(self, text):
        with tempfile.TemporaryDirectory(prefix="sluice-corpus-") as directory:
            (pathlib.Path(directory) / "rules.yaml").write_text(text)
            return validate("rules.yaml", cwd=directory)

    def test_thousands_of_overlaps_are_cut_short(self):
        _, report = self.run_on(self.many(lambda i: f"headers: {{x-{i}: {{exact: a}}}}", 1000))
        codes = [finding["code"] for finding in report["findings"]]
        self.assertIn("SL2045", codes)
        self.assertIn("SL2043", codes)
        self.assertLessEqual(len(codes), 1001)

    def test_thousands_of_findings_are_cut_short(self):
        _, report = self.run_on(self.many(lambda i: "headers: {x-a: {exact: b}}", 2000))
        self.assertEqual(report["findings"][-1]["code"], "SL1012")
        self.assertLessEqual(len(report["findings"]), 1001)

    def test_two_thousand_rules_take_about_a_second(self):
        if rig.SANITIZED:
            self.skipTest("bounds of time mean nothing under a sanitizer")
        begin = time.monotonic()
        code, report = self.run_on(self.many(lambda i: f"headers: {{x-cell: {{regex: \"c{i}-[0-9]+\"}}}}", 2000))
        took = time.monotonic() - begin
        self.assertEqual((code, report["findings"]), (0, []))
        print(f"2,000 rules: {took:.2f} s", flush=True)
        self.assertLess(took, 10.0)


if __name__ == "__main__":
    unittest.main()
