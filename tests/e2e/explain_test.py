"""`sluice explain` as people and scripts use it: by files, by a running gateway, for a pasted curl, and for a line of the
access log, whose split it repeats exactly."""
import contextlib
import http.client
import json
import os
import pty
import subprocess
import unittest

import rig
import shared

RULES = """  - name: premium
    match: [{name: by-segment, headers: {x-user-segment: {exact: premium}}}]
    route: [{destination: {host: model, subset: v1}}]
    timeout: 200ms
    retries: {attempts: 2, perTryTimeout: 80ms, retryOn: 5xx}
  - name: split
    match: [{uri: {prefix: /rank}}]
    route:
    - {destination: {host: model, subset: v0}, weight: 70}
    - {destination: {host: model, subset: v1}, weight: 30}
    mirror: {host: model, subset: v1}
    mirrorPercentage: {value: 25}
  - name: moved
    match: [{uri: {exact: /old}}]
    redirect: {uri: /new}
"""
EXPERIMENT = """---
apiVersion: sluice.dev/v1alpha1
kind: Experiment
metadata: {name: exp}
spec:
  host: model
  unit: {header: x-user-id}
  arms: [{name: half, buckets: 0-49, subset: v1}]
  routes: [split]
"""


class ExplainTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.v0, cls.v1 = cls.model(shared.named("v0")), cls.model(shared.named("v1"))
        policy = "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 2, maxEjectionPercent: 100}}\n"
        cls.start(rig.rules([cls.v0.port, cls.v1.port], RULES, policy) + EXPERIMENT)

    def run_explain(self, *args, expect=0, stdin=None, where=None, env=None):
        """(stdout, stderr) of the verb, by files unless `where` says otherwise."""
        command = [rig.BIN, "explain", *(where if where is not None else ["-c", self.gateway.rules]), *args]
        done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True, timeout=30,
                              env={**os.environ, **(env or {})}, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def explained(self, *args, **more):
        return json.loads(self.run_explain("-o", "json", *args, **more)[0])

    def test_the_text_names_rule_condition_and_file(self):
        text = self.run_explain("http://model/rank", "-H", "X-User-Segment: gold", "--draw", "93")[0]
        for part in ("forward to subset v1 of model.default.svc.cluster.local port 80", "by rule 1 \"split\"",
                     f"{self.gateway.rules}:", 'headers[x-user-segment]: wanted exact "premium", saw "gold"',
                     "draw 93 modulo 100 = 93", "yes  v1  weight 30  30.0 %  70-99", f"127.0.0.1:{self.v0.port}",
                     "not of subset v1", "and 1 more behind it that would not hold either", "exp: header x-user-id: the request has none"):
            self.assertIn(part, text)
        self.assertNotIn("\x1b", text)

    def test_json_has_the_limits_of_the_rule(self):
        told = self.explained("POST", "http://model/x", "-H", "x-user-segment: premium")
        self.assertEqual(told["decision"]["route_name"], "premium")
        self.assertEqual(told["decision"]["rule_match"], "by-segment")
        self.assertEqual(told["timeouts"]["effective"], "200ms")
        self.assertEqual(told["timeouts"]["effective_per_try"], "80ms")
        self.assertEqual(told["retries"]["attempts"], 2)
        self.assertEqual(told["retries"]["backoff_below"], ["25ms", "50ms"])

    def test_answers_of_the_gateway_are_told(self):
        told = self.explained("http://model/old")
        self.assertEqual((told["decision"]["response_code"], told["decision"]["location"]), (301, "http://model/new"))
        self.assertEqual(self.explained("http://unknown/")["decision"]["response_code"], 404)
        self.assertEqual(self.explained("http://model/%00")["decision"]["response_code"], 400)

    def test_a_pasted_curl_is_the_same_request(self):
        line = "curl -sS -X POST -H 'X-User-Segment: premium' --data '{\"a\": 1}' http://model/rank?n=1"
        told = self.explained("--curl", line)
        self.assertEqual((told["request"]["method"], told["request"]["path"]), ("POST", "/rank?n=1"))
        self.assertEqual(told["decision"]["route_name"], "premium")
        self.assertIn("--proto", self.run_explain("--curl", "curl --proto https http://a/", expect=64)[1])

    def test_a_line_of_the_log_repeats_its_split(self):
        for i in range(40):
            self.get(f"/rank/{i}?a=b", headers=["user-agent: me", f"x-user-id: u{i}"])
        seen = set()
        for i in range(40):
            line = self.line(f"/rank/{i}?a=b")
            told = self.explained("--log-line", json.dumps(line), "-H", f"x-user-id: u{i}")
            self.assertEqual(told["log_line"]["differs"], [], line)
            self.assertEqual(told["decision"]["subset"], line["subset"])
            self.assertEqual(told["decision"]["mirrors"], line["mirrors"])
            seen.add((line["subset"], line["mirrors"], line["arm"]))
        self.assertGreater(len(seen), 3)  # both subsets, with and without mirror and arm

    def test_a_line_says_what_it_does_not_know(self):
        self.get("/rank/forgotten", headers=["x-user-segment: premium"])
        line = self.line("/rank/forgotten")
        text = self.run_explain("--log-line", "-", stdin=json.dumps(line) + "\n")[0]
        self.assertIn('route_name: the line says "premium", here it is "split"', text)
        self.assertIn("the line has no request headers but User-Agent and X-Forwarded-For", text)
        told = self.explained("--log-line", json.dumps(line), "-H", "x-user-segment: premium")
        self.assertTrue(told["log_line"]["agrees"])
        self.assertIn("no line", self.run_explain("--log-line", "{}", expect=64)[1])

    def test_a_running_gateway_tells_the_same_and_knows_ejections(self):
        where = ["--server", self.gateway.admin]
        args = ["http://model/rank", "--draw", "71", "-H", "x-user-id: 1"]
        live, files = self.explained(*args, where=where), self.explained(*args)
        for part in ("decision", "rules", "experiments", "split", "mirrors", "timeouts", "retries"):
            self.assertEqual(live[part], files[part], part)
        for _ in range(2):
            self.get("/x", headers=["x-user-segment: premium", "x-act: 500,500,500"])

        def out():
            told = self.explained("http://model/x", "-H", "x-user-segment: premium", where=where)
            return [endpoint["out"] for endpoint in told["destination"]["endpoints"]
                    if endpoint["address"] == f"127.0.0.1:{self.v1.port}" and not endpoint["candidate"]]

        self.assertRegex(rig.until(out, "an ejection")[0], r"^ejected \d+\.\d s ago, for \d+\.\d s more$")

    def test_the_page_refuses_what_is_no_question(self):
        def post(body, method="POST"):
            connection = http.client.HTTPConnection(self.gateway.admin, timeout=10)
            with contextlib.closing(connection):
                connection.request(method, "/sluice/v1/explain", body)
                response = connection.getresponse()
                return response.status, json.loads(response.read())

        self.assertEqual(post('{"url": "http://model/rank"}')[1]["decision"]["route_name"], "split")
        for body, cause in (("{", "not JSON"), ("[]", "a JSON object"), ('{"ulr": "x"}', "ulr"),
                            ('{"draw": "x"}', "no draw"), ('{"url": "ftp://a/"}', "ftp")):
            status, told = post(body)
            self.assertEqual(status, 400, body)
            self.assertIn(cause, told["message"])
        self.assertEqual(post(None, "GET")[0], 405)

    def test_a_batch_answers_line_by_line(self):
        asked = [{"id": i, "url": "http://model/rank", "draw": str(i)} for i in range(100)]
        lines = self.run_explain("--batch", "-", stdin="\n".join(map(json.dumps, asked)))[0].splitlines()
        told = [json.loads(line) for line in lines]
        self.assertEqual([one["id"] for one in told], list(range(100)))
        self.assertEqual([one["subset"] for one in told], ["v0"] * 70 + ["v1"] * 30)
        bad = self.run_explain("--batch", "-", stdin='{"ulr": "x"}\n{"url": "http://model/rank"}\n', expect=65)[0]
        first, second = map(json.loads, bad.splitlines())
        self.assertIn("ulr", first["error"])
        self.assertEqual(second["route_name"], "split")

    def test_exit_codes(self):
        self.run_explain(expect=64)
        self.run_explain("http://model/", "--curl", "curl http://model/", expect=64)
        self.run_explain("http://model/", "-H", "nothing", expect=64)
        self.run_explain("--batch", "-", where=["--server", self.gateway.admin], expect=64)
        broken = self.directory / "broken.yaml"
        broken.write_text("apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\nspec: {htp: []}\n")
        self.run_explain("http://model/", where=["-c", broken], expect=65)
        self.run_explain("http://model/", where=["--server", f"127.0.0.1:{self.closed_port()}"], expect=69)

    def test_colour_is_for_terminals(self):
        def on_terminal(**env):
            leader, follower = pty.openpty()
            with os.fdopen(follower, "wb") as end:
                subprocess.run([rig.BIN, "explain", "-c", str(self.gateway.rules), "http://model/rank"], stdout=end,
                               env={**os.environ, "TERM": "xterm", **env}, timeout=30, check=True)
            with os.fdopen(leader, "rb") as reader:
                return reader.read1(65536)

        self.assertIn(b"\x1b[", on_terminal(NO_COLOR=""))
        self.assertNotIn(b"\x1b[", on_terminal(NO_COLOR="1"))


if __name__ == "__main__":
    unittest.main()
