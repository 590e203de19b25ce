"""`sluice validate` and the start of `sluice run` on configurations: exit codes, streams, one line per finding, and
nothing that a hostile file can do about it. Plain subprocesses. Standard library only.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import rig

YAML = rig.ROOT / "tests/vectors/yaml"
MANIFESTS = ("virtual-service.yaml", "destination-rule.yaml", "circuit-breaker.yaml", "mirror.yaml", "ab-test.yaml")
LINE = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<level>error|warning|info) (?P<code>(?:IST|SL)\d{4}) .+$")
SUMMARY = re.compile(r"^(\d+) errors, (\d+) warnings, (\d+) notes$")

ENTRY = """apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ranking}
spec:
  hosts: [ranking]
  ports: [{number: 8000, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1, ports: {http: 9001}}]
"""
WARNED = ENTRY.replace("protocol: HTTP}", "protocol: HTTPS}")
NOTED = ENTRY + "  location: MESH_INTERNAL\n"
SEVERAL = """apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rules}
spec:
  hosts: [ranking]
  http:
  - timout: 1s
    route:
    - destination: {host: nowhere}
      weight: 010
  - match: [{uri: {regex: "("}}]
    route: [{destination: {host: ranking, subset: v9}}]
    retries: {attempts: 1, retryOn: "5xx, reset"}
"""


def bomb():
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 9):
        text += f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 9) + "]\n"
    return text


class ValidateTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="sluice-validate-")
        self.addCleanup(self.directory.cleanup)
        self.root = pathlib.Path(self.directory.name)

    def write(self, name, text):
        path = self.root / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def sluice(self, *arguments):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SLUICE_")}
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        return subprocess.run([rig.BIN, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False,
                              env=environment)

    def findings(self, text):
        """The finding lines of a stderr, each checked for its form; the summary line is checked and left out."""
        lines = text.splitlines()
        self.assertRegex(lines[-1], SUMMARY)
        for line in lines[:-1]:
            self.assertRegex(line, LINE)
        return [LINE.match(line) for line in lines[:-1]]

    def hostile(self):
        huge = self.write("huge.yaml", "")
        os.truncate(huge, 100 * 1024 * 1024)
        nested = self.root / "nested"
        (nested / "inner.yaml").mkdir(parents=True)
        (nested / "rules.yaml").write_text(ENTRY)
        bare = self.root / "bare"
        bare.mkdir()
        twice = ENTRY.replace("  hosts: [ranking]\n", "  hosts: [ranking]\n  hosts: [ranking]\n")
        return {
            "alias bomb": (self.write("bomb.yaml", bomb()), "SL1008"),
            "anchor within itself": (self.write("self.yaml", "a: &a [*a]\n"), "SL1008"),
            "100 MB": (huge, "SL1002"),
            "directory without rules": (bare, "SL1006"),
            "directory in a directory": (nested, "SL1005"),
            "binary": (self.write("binary.yaml", b"\x7fELF\x02\x01\x01\x00\x00\x03\xff\xfe"), "SL1003"),
            "this program": (rig.BIN, "SL1002|SL1003"),
            "empty": (self.write("empty.yaml", ""), "SL1004"),
            "comments": (self.write("comment.yaml", "# nothing\n---\n"), "SL1004"),
            "duplicate key": (self.write("twice.yaml", twice), "SL1009"),
            "deep": (self.write("deep.yaml", "a: " + "[" * 100 + "]" * 100), "SL1010"),
            "brackets": (self.write("brackets.yaml", "[" * 100000), "SL10"),
            "stray comma": (self.write("comma.yaml", ","), "SL1007"),
            "open quote": (self.write("quote.yaml", ENTRY.replace("[ranking]", '["ranking]')), "SL1007"),
            "tabs": (self.write("tabs.yaml", "a:\n\tb: 1\n"), "SL1007"),
            "broken": (self.write("broken.yaml", "a: [1,\nb: }\n"), "SL1007"),
            "UTF-16": (self.write("wide.yaml", ENTRY.encode("utf-16")), "SL1003"),
            "no map": (self.write("list.yaml", "- a\n- b\n"), "SL1102|IST0106"),
            "missing": (self.root / "missing.yaml", "SL1001"),
            "device": ("/dev/zero", "SL1005"),
        }

    def test_clean_file_is_exit_0_with_nothing_on_stdout(self):
        done = self.sluice("validate", self.write("rules.yaml", ENTRY))

        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", "0 errors, 0 warnings, 0 notes\n"))

    def test_every_manifest_of_the_article_loads_alone_and_with_its_service(self):
        for name in MANIFESTS:
            for files in ([YAML / name], [YAML / "service-entry.yaml", YAML / name]):
                # What a route of one manifest refers to may be defined in another of them.
                if len(files) == 2 and name != "destination-rule.yaml" and name != "circuit-breaker.yaml":
                    files.append(YAML / "destination-rule.yaml")
                with self.subTest(files=[file.name for file in files]):
                    done = self.sluice("validate", *files)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertFalse([f for f in self.findings(done.stderr) if f["level"] == "error"])

    def test_several_errors_of_one_file_are_all_reported_with_their_places(self):
        path = self.write("rules.yaml", ENTRY + "---\n" + SEVERAL)
        first = ENTRY.count("\n") + 1

        done = self.sluice("validate", path)

        self.assertEqual(done.returncode, 65)
        errors = [(f["file"], int(f["line"]) - first, int(f["column"]), f["code"])
                  for f in self.findings(done.stderr) if f["level"] == "error"]
        self.assertEqual(errors, [(str(path), 7, 5, "SL1101"), (str(path), 9, 27, "IST0101"),
                                  (str(path), 10, 15, "IST0106"), (str(path), 11, 27, "IST0106"),
                                  (str(path), 12, 43, "IST0101"), (str(path), 13, 28, "IST0106")], done.stderr)
        self.assertIn("did you mean `timeout`?", done.stderr)

    def test_errors_of_several_files_are_reported_together(self):
        done = self.sluice("validate", self.write("a.yaml", "a: ["), self.write("b.yaml", ""), self.write("c.yaml", SEVERAL))

        self.assertEqual(done.returncode, 65)
        self.assertEqual({pathlib.Path(f["file"]).name for f in self.findings(done.stderr)}, {"a.yaml", "b.yaml", "c.yaml"})

    def test_every_hostile_input_is_exit_65_with_one_clear_line(self):
        for name, (path, code) in self.hostile().items():
            with self.subTest(name):
                done = self.sluice("validate", path)
                self.assertEqual(done.returncode, 65, done.stderr)
                found = self.findings(done.stderr)
                self.assertEqual(len(found), 1, done.stderr)
                self.assertRegex(found[0]["code"], code)
                self.assertLess(len(done.stderr), 600)

    def test_run_refuses_what_validate_refuses_with_the_same_line(self):
        off = ("--http-port", "0", "--admin", "off", "--health", "off", "--metrics", "off", "--workers", "1")
        cases = self.hostile()
        cases["several errors"] = (self.write("several.yaml", ENTRY + "---\n" + SEVERAL), "")
        for name, (path, _) in cases.items():
            with self.subTest(name):
                validated = self.sluice("validate", path).stderr.splitlines()[:-1]
                done = self.sluice("run", "-c", path, *off)
                self.assertEqual(done.returncode, 65, done.stderr)
                self.assertEqual(done.stderr.splitlines()[:len(validated)], validated)

    def test_findings_below_an_error_are_exit_79_only_when_asked(self):
        warned, noted = self.write("warned.yaml", WARNED), self.write("noted.yaml", NOTED)
        expected = {(warned, None): 0, (warned, "error"): 0, (warned, "warning"): 79, (warned, "info"): 79,
                    (noted, None): 0, (noted, "warning"): 0, (noted, "info"): 79}

        for (path, level), code in expected.items():
            with self.subTest(path=path.name, level=level):
                done = self.sluice("validate", path, *(("--fail-on", level) if level else ()))
                self.assertEqual(done.returncode, code, done.stderr)

    def test_an_error_is_exit_65_at_every_level(self):
        path = self.write("rules.yaml", SEVERAL)
        for level in ("error", "warning", "info"):
            self.assertEqual(self.sluice("validate", path, "--fail-on", level).returncode, 65)

    def test_wrong_usage_is_exit_64(self):
        path = self.write("rules.yaml", ENTRY)
        for arguments in ((), ("validate",), ("validat", path), ("validate", path, "--unknown"),
                          ("validate", path, "-o", "xml"), ("validate", path, "--fail-on", "never"), ("run",),
                          ("run", "-c", path, "--workers", "many")):
            with self.subTest(arguments):
                done = self.sluice(*arguments)
                self.assertEqual(done.returncode, 64, done.stderr)
                self.assertTrue(done.stderr)

    def test_json_goes_to_stdout_whole_and_says_the_same(self):
        path = self.write("rules.yaml", ENTRY + "---\n" + SEVERAL)

        lines = self.findings(self.sluice("validate", path).stderr)
        done = self.sluice("validate", "-o", "json", path)

        self.assertEqual((done.returncode, done.stderr), (65, ""))
        report = json.loads(done.stdout)
        self.assertEqual(report["errors"], 6)
        self.assertEqual([(f["file"], str(f["line"]), str(f["column"]), f["severity"], f["code"]) for f in report["findings"]],
                         [(l["file"], l["line"], l["column"], l["level"], l["code"]) for l in lines])
        self.assertEqual(report["findings"][0]["cure"], "did you mean `timeout`?")

    def test_json_of_a_clean_file_has_no_findings(self):
        done = self.sluice("validate", "-o", "json", self.write("rules.yaml", ENTRY))

        self.assertEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stdout), {"findings": [], "errors": 0, "warnings": 0, "infos": 0})

    def test_json_is_valid_whatever_a_file_is_called_or_holds(self):
        odd = self.root / os.fsdecode(b'odd "\\\n\x01\xff.yaml')
        odd.write_text('kind: "\\u001b[31m\\n\\""\n')

        done = subprocess.run([rig.BIN, "validate", "-o", "json", odd], capture_output=True, timeout=60, check=False)

        self.assertEqual(done.returncode, 65)
        self.assertTrue(json.loads(done.stdout.decode("utf-8"))["findings"])

    def test_values_with_line_breaks_and_escapes_stay_on_their_line_without_colour(self):
        path = self.write("rules.yaml", SEVERAL.replace("{host: nowhere}", '{host: "a\\n\\e[31mb"}'))

        done = self.sluice("validate", path)

        self.assertEqual(done.returncode, 65)
        self.findings(done.stderr)
        self.assertNotIn("\x1b", done.stderr)

    def test_directories_files_and_the_flag_are_one_configuration(self):
        rules = self.root / "rules"
        rules.mkdir()
        (rules / "entry.yaml").write_text(ENTRY)
        route = self.write("route.yaml", "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: r}\n"
                           "spec: {hosts: [ranking], http: [{route: [{destination: {host: ranking}}]}]}\n")

        self.assertEqual(self.sluice("validate", rules, route).returncode, 0)
        self.assertEqual(self.sluice("validate", "-c", rules, "-c", route).returncode, 0)
        self.assertIn("IST0101", self.sluice("validate", route).stderr)


class LiveTest(rig.RigTest):
    """`validate --server`: what a running gateway has measured."""

    RETRIES = ("  - route: [{{destination: {{host: model, subset: v0}}}}]\n"
               "    retries: {{attempts: 1, retryOn: 5xx, perTryTimeout: {}}}\n")

    def validate(self, server, *per_try):
        """{perTryTimeout: codes of its findings about live latencies}"""
        found = {}
        for text in per_try:
            path = self.directory / f"candidate-{text}.yaml"
            path.write_text(rig.rules([1], self.RETRIES.format(text)))
            done = subprocess.run([rig.BIN, "validate", "-o", "json", path, "--server", server], capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            found[text] = [f["code"] for f in json.loads(done.stdout)["findings"] if f["code"] in ("SL2048", "SL2049")]
        return found

    def test_a_per_try_timeout_is_compared_with_the_live_p99(self):
        _, port = self.stub("v0", "--latency", "6ms")
        gateway = self.gateway(rig.rules([port], rig.PLAIN))
        self.assertEqual(self.validate(gateway.admin, "2ms"), {"2ms": ["SL2049"]})

        with gateway.client() as client:
            for _ in range(120):
                self.assertEqual(client.request().status, 200)
        self.wait_metric(gateway, 120, "istio_requests_total")

        self.assertEqual(self.validate(gateway.admin, "2ms", "30s"), {"2ms": ["SL2048"], "30s": []})

    def test_no_gateway_is_exit_69(self):
        path = self.directory / "rules.yaml"
        path.write_text(ENTRY)
        done = subprocess.run([rig.BIN, "validate", path, "--server", "127.0.0.1:1"], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (69, ""))
        self.assertIn("no gateway at", done.stderr)

    def test_the_environment_alone_does_not_make_it_ask(self):
        path = self.directory / "rules.yaml"
        path.write_text(ENTRY)
        done = subprocess.run([rig.BIN, "validate", path], capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "SLUICE_SERVER": "127.0.0.1:1"})
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
