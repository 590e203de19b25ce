"""`sluice test` end to end: what passes, what fails and how it reads, the reports for tools, files that cannot be used,
and the exit codes. Runs the built binary on files; no sockets."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import rig

USAGE, BAD = 64, 65
RULES = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ranking, namespace: ml}
spec:
  hosts: [ranking]
  ports: [{number: 8000, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints:
  - {address: 127.0.0.1, ports: {http: 9145}, labels: {version: v45}}
  - {address: 127.0.0.1, ports: {http: 9147}, labels: {version: v47}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ranking, namespace: ml}
spec:
  host: ranking
  subsets:
  - {name: v45, labels: {version: v45}}
  - {name: v47, labels: {version: v47}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ranking, namespace: ml}
spec:
  hosts: [ranking]
  http:
  - name: premium
    match: [{headers: {x-user-segment: {exact: premium}}}]
    timeout: 200ms
    route: [{destination: {host: ranking, subset: v47}}]
  - name: rest
    route:
    - {destination: {host: ranking, subset: v45}, weight: 90}
    - {destination: {host: ranking, subset: v47}, weight: 10}
"""
HEAD = "apiVersion: sluice.dev/v1alpha1\nkind: RouteTest\nmetadata: {name: ranking}\nspec:\n  tests:\n"
GOOD = HEAD + """\
  - name: premium users reach v47
    request: {url: "http://ranking/rank", headers: {x-user-segment: premium}}
    expect: {rule: premium, subset: v47, timeout: 200ms}
  - name: one in ten
    request: {url: "http://ranking/rank", headers: {x-user-id: "user-{id}"}}
    over: {ids: 5000}
    expect: {rule: rest, shares: {v45: 90%, v47: 10%}}
"""
FAILING = HEAD + """\
  - name: trial users reach v47
    request: {url: "http://ranking/rank?n=1", headers: {x-user-segment: trial}, draw: 0}
    expect: {rule: premium, subset: v47}
  - name: half and half
    request: {url: "http://ranking/rank"}
    over: {ids: 1000}
    expect: {shares: {v45: 50%, v47: 50%}, tolerance: 5%}
  - name: rest
    request: {url: "http://ranking/"}
    expect: {rule: rest}
"""


class TestVerbTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sluice-test-")
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.rules = self.write("rules/ranking.yaml", RULES)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def sluice(self, *arguments, **environment):
        return subprocess.run([rig.BIN, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False,
                              cwd=self.root, env=os.environ | environment)

    def test_tests_that_pass_are_a_line_each_and_exit_0(self):
        tests = self.write("test.yaml", GOOD)

        done = self.sluice("test", tests, "-c", "rules")

        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertEqual(done.stdout, "ok    ranking: premium users reach v47\nok    ranking: one in ten\n2 tests, 0 failed\n")

    def test_a_failure_tells_what_was_expected_what_came_and_why(self):
        self.write("test.yaml", FAILING)

        done = self.sluice("test", "test.yaml", "-c", "rules")

        self.assertEqual((done.returncode, done.stderr), (1, ""))
        shown, rest = done.stdout.split("      shares.v45")
        self.assertEqual(shown, """\
FAIL  ranking: trial users reach v47  test.yaml:6
      rule: expected premium, got rule rest of ml/ranking (rules/ranking.yaml:31)
      subset: expected v47, got v45
      asked: GET /rank?n=1 Host: ranking x-user-segment: trial
      decided by rule rest of ml/ranking (rules/ranking.yaml:31)
      rule premium of ml/ranking (rules/ranking.yaml:27) does not match: headers[x-user-segment] is "trial", wanted exact "premium"
FAIL  ranking: half and half  test.yaml:9
""")
        self.assertRegex(rest, r"^: expected 50% within 5%, got [89]\d(\.\d+)?% \(\d+ of 1000\)\n")
        self.assertTrue(rest.endswith("ok    ranking: rest\n3 tests, 2 failed\n"), rest)

    def test_the_same_rules_give_the_same_output(self):
        self.write("test.yaml", FAILING)

        runs = {self.sluice("test", "test.yaml", "-c", "rules").stdout for _ in range(3)}

        self.assertEqual(len(runs), 1)

    def test_tests_beside_the_rules_find_them_and_do_not_disturb_them(self):
        self.write("rules/ranking_test.yaml", GOOD)

        self.assertEqual(self.sluice("test", "rules").returncode, 0)
        self.assertEqual(self.sluice("test", "rules/ranking_test.yaml").returncode, 0)
        validated = self.sluice("validate", "rules")
        self.assertEqual(validated.returncode, 0, validated.stderr)
        self.assertNotIn("ranking_test", validated.stderr)

    def test_rules_are_those_of_the_command_line_then_of_the_file(self):
        self.write("tests/test.yaml", GOOD.replace("  tests:\n", "  config: [../rules]\n  tests:\n"))
        self.write("other/rules.yaml", RULES.replace("name: premium\n", "name: gold\n"))

        self.assertEqual(self.sluice("test", "tests/test.yaml").returncode, 0)
        done = self.sluice("test", "tests/test.yaml", "-c", "other")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no rule of that host is called premium", done.stdout)

    def test_junit_is_what_ci_systems_read(self):
        self.write("test.yaml", FAILING.replace("half and half", "\"half & <half>\""))

        done = self.sluice("test", "test.yaml", "-c", "rules", "--junit", "report.xml")

        self.assertEqual(done.returncode, 1)
        root = ElementTree.parse(self.root / "report.xml").getroot()
        self.assertEqual((root.tag, root.get("tests"), root.get("failures")), ("testsuites", "3", "2"))
        suite, = root
        self.assertEqual((suite.tag, suite.get("name"), suite.get("tests"), suite.get("failures")),
                         ("testsuite", "ranking", "3", "2"))
        cases = suite.findall("testcase")
        self.assertEqual([case.get("name") for case in cases], ["trial users reach v47", "half & <half>", "rest"])
        self.assertEqual({case.get("classname") for case in cases}, {"ranking"})
        self.assertEqual((cases[0].get("file"), cases[0].get("line")), ("test.yaml", "6"))
        for case in cases:
            self.assertGreaterEqual(float(case.get("time")), 0)
        failure = cases[0].find("failure")
        self.assertEqual(failure.get("message"), "rule: expected premium, got rule rest of ml/ranking (rules/ranking.yaml:31)")
        self.assertIn('wanted exact "premium"', failure.text)
        self.assertIsNone(cases[2].find("failure"))

    def test_a_report_that_cannot_be_written_is_a_failure(self):
        self.write("test.yaml", GOOD)

        done = self.sluice("test", "test.yaml", "-c", "rules", "--junit", "nowhere/report.xml")

        self.assertEqual(done.returncode, 1)
        self.assertIn("nowhere/report.xml cannot be written", done.stderr)

    def test_json_says_the_same(self):
        self.write("test.yaml", FAILING)

        done = self.sluice("test", "test.yaml", "-c", "rules", "-o", "json")

        self.assertEqual((done.returncode, done.stderr), (1, ""))
        report = json.loads(done.stdout)
        self.assertEqual((report["passed"], report["failed"]), (1, 2))
        first = report["tests"][0]
        self.assertEqual((first["suite"], first["name"], first["line"], first["ok"]),
                         ("ranking", "trial users reach v47", 6, False))
        self.assertEqual(first["failures"][1], {"field": "subset", "expected": "v47", "got": "v45"})
        self.assertEqual(report["tests"][1]["requests"], 1000)

    def test_a_filter_chooses_by_suite_and_name(self):
        self.write("test.yaml", FAILING)

        done = self.sluice("test", "test.yaml", "-c", "rules", "--filter", "^ranking: rest$")

        self.assertEqual((done.returncode, done.stdout), (0, "ok    ranking: rest\n1 test, 0 failed\n"))

    def test_wrong_usage_is_64(self):
        self.write("test.yaml", GOOD)
        for arguments in ((), ("test.yaml", "--filter", "("), ("test.yaml", "-c", "rules", "--filter", "nothing"),
                          ("test.yaml", "-o", "xml"), ("test.yaml", "--fly")):
            with self.subTest(arguments):
                done = self.sluice("test", *arguments)
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""), done.stderr)
                self.assertTrue(done.stderr)

    def test_files_that_cannot_be_used_are_65_with_their_place(self):
        wrong = {
            "misspelt": (GOOD.replace("subset: v47", "subet: v47"), "misspelt.yaml:8:29: error SL1101 unknown field `subet`"),
            "syntax": (GOOD.replace("kind:", "kind: ["), "syntax.yaml:3:9: error SL1007"),
            "none": (RULES, "none.yaml:0:0: error SL3003"),
            "many": (GOOD.replace("5000", "1000001"), "error SL3002 the tests of this file ask for 1000002 requests"),
        }
        for name, (text, said) in wrong.items():
            with self.subTest(name):
                self.write(f"{name}.yaml", text)
                done = self.sluice("test", f"{name}.yaml", "-c", "rules")
                self.assertEqual((done.returncode, done.stdout), (BAD, ""))
                self.assertIn(said, done.stderr)
        self.assertEqual(self.sluice("test", "missing.yaml", "-c", "rules").returncode, BAD)

    def test_rules_that_cannot_be_used_are_65(self):
        self.write("test.yaml", GOOD)
        self.write("bad.yaml", RULES.replace("timeout", "timeuot"))

        done = self.sluice("test", "test.yaml", "-c", "bad.yaml")

        self.assertEqual((done.returncode, done.stdout), (BAD, ""))
        self.assertIn("did you mean `timeout`?", done.stderr)

    def test_the_namespace_is_that_of_resources_without_one(self):
        self.write("plain.yaml", RULES.replace(", namespace: ml", ""))
        self.write("test.yaml", HEAD + "  - name: a\n    request: {url: http://ranking/}\n"
                   "    expect: {rule: shop/ranking/rest, host: ranking.shop}\n")

        self.assertEqual(self.sluice("test", "test.yaml", "-c", "plain.yaml", "--namespace", "shop").returncode, 0)
        self.assertEqual(self.sluice("test", "test.yaml", "-c", "plain.yaml", SLUICE_NAMESPACE="shop").returncode, 0)
        self.assertEqual(self.sluice("test", "test.yaml", "-c", "plain.yaml").returncode, 1)

    def test_the_example_of_the_help_is_a_test_file(self):
        shown = self.sluice("test", "--help").stdout
        lines = shown.splitlines()
        start = next(i for i, line in enumerate(lines) if line.strip().startswith("apiVersion:"))
        end = next(i for i, line in enumerate(lines) if line.startswith("request "))
        example = "\n".join(line[2:] for line in lines[start:end])
        self.write("example.yaml", example.replace("config: [.]", "config: [rules]"))

        done = self.sluice("test", "example.yaml")

        self.assertEqual(done.stderr, "")
        self.assertIn("2 tests, ", done.stdout)


if __name__ == "__main__":
    unittest.main()
