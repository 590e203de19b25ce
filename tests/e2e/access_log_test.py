"""The access log: one JSON line per request, Envoy's keys and ours, with values that are true and cannot be forged."""
import datetime
import json
import re
import unittest

import rig
import shared

KEYS = """start_time route_name method path protocol response_code response_flags response_code_details
connection_termination_details bytes_received bytes_sent duration upstream_service_time x_forwarded_for user_agent
request_id authority upstream_host upstream_cluster upstream_local_address downstream_local_address
downstream_remote_address requested_server_name upstream_transport_failure_reason source_principal
destination_principal virtual_service rule_index rule_match
subset experiment arm bucket split_draw attempt_count mirrors grpc_status revision""".split()

PROTOCOL = "HTTP/1.1" if rig.CLIENT == 1 else "HTTP/2"

EXPERIMENT = """---
apiVersion: sluice.dev/v1alpha1
kind: Experiment
metadata: {name: exp}
spec:
  host: model
  unit: {header: x-user-id}
  arms: [{name: all, buckets: 0-99, subset: v1}]
  routes: [armed]
"""


class AccessLogTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.v0, cls.v1 = cls.model(shared.named("v0")), cls.model(shared.named("v1"))
        http = ("  - name: armed\n    match: [{name: by-path, uri: {prefix: /armed}}]\n"
                "    route: [{destination: {host: model, subset: v0}}]\n"
                "    rewrite: {uri: /rewritten}\n    mirror: {host: model, subset: v0}\n"
                "    retries: {attempts: 2, retryOn: 5xx, backoff: 1ms}\n" + rig.PLAIN)
        dead = rig.rules([cls.closed_port()], rig.PLAIN.replace("model", "dead"), host="dead")
        cls.start(rig.rules([cls.v0.port, cls.v1.port], http) + EXPERIMENT + "---\n" + dead, more_settings="workers: 2")

    def test_every_line_has_every_key_in_order(self):
        self.get("/keys")
        self.get("/keys", "unknown")
        rig.until(lambda: len([line for line in self.lines() if line["path"] == "/keys"]) == 2, "both lines")
        for line in self.lines():
            self.assertEqual(list(line), KEYS)

    def test_the_values_of_a_request_that_a_model_answered(self):
        body = b"b" * 1234
        with self.gateway.client() as client:
            mine = "%s:%d" % client.socket.getsockname()
            answer = client.request("POST", "/armed/values?q=1", "model:80",
                                    ["user-agent: me/1 \"quoted\"", "x-user-id: u", "x-act: 503,200"], body)
        line = self.line("/armed/values?q=1")
        started = datetime.datetime.fromisoformat(line["start_time"].replace("Z", "+00:00"))
        self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - started).total_seconds()), 600)
        seen = self.v1.requests[-1]
        dump = json.loads(self.gateway.admin_request("GET", "/server_info")[1])
        expected = {
            "route_name": "armed", "method": "POST", "path": "/armed/values?q=1", "protocol": PROTOCOL,
            "response_code": 200, "response_flags": "-", "response_code_details": "via_upstream",
            "connection_termination_details": None, "bytes_received": 1234, "bytes_sent": len(answer.body),
            "x_forwarded_for": "127.0.0.1", "user_agent": "me/1 \"quoted\"", "authority": "model:80",
            "request_id": shared.header(seen["headers"], "x-request-id")[0],
            "upstream_host": f"127.0.0.1:{self.v1.port}",
            "upstream_cluster": "outbound|80|v1|model.default.svc.cluster.local",
            "downstream_local_address": self.gateway.http, "downstream_remote_address": mine,
            "requested_server_name": None, "upstream_transport_failure_reason": None,
            "rule_index": 0, "rule_match": "by-path", "subset": "v1", "experiment": "exp", "arm": "all",
            "attempt_count": 2, "mirrors": 1, "grpc_status": None, "revision": dump["revision"]}
        self.assertEqual({key: line[key] for key in expected}, expected)
        self.assertIn("model", line["virtual_service"])
        self.assertRegex(line["upstream_local_address"], r"^127\.0\.0\.1:\d+$")
        self.assertLessEqual(line["upstream_service_time"], line["duration"])
        self.assertEqual(answer.header("x-envoy-upstream-service-time"), str(line["upstream_service_time"]))
        self.assertIsInstance(line["bucket"], int)
        self.assertRegex(line["split_draw"], r"^\d{1,20}$")

    def test_what_is_missing_is_null(self):
        self.get("/missing", "unknown")
        line = self.line("/missing")
        for key in ("route_name", "user_agent", "upstream_host", "upstream_cluster", "upstream_local_address",
                    "upstream_service_time", "virtual_service", "rule_index", "subset", "experiment", "arm", "bucket",
                    "split_draw"):
            self.assertIsNone(line[key], key)
        self.assertEqual(line["attempt_count"], 0)

    def test_a_connection_that_failed_says_why(self):
        self.get("/refused", "dead")
        line = self.line("/refused")
        self.assertIn("refused", line["upstream_transport_failure_reason"].lower())
        self.assertEqual((line["upstream_local_address"], line["subset"]), (None, "v0"))

    def test_no_client_can_forge_a_line(self):
        agent = "a\"b\\c\u00e9\t\x7f".encode().replace(b"\x7f", b"").decode("latin-1") + "\",\"response_code\":\"1"
        self.get("/forged?%0a{}", headers=[f"user-agent: {agent}", "referer: \"}"])
        line = self.line("/forged?%0a{}")
        self.assertEqual(line["response_code"], 200)
        self.assertIn("\",\"response_code\":\"1", line["user_agent"])

    def test_a_long_value_is_cut_and_the_line_is_still_json(self):
        self.get("/long?" + "x" * 7000, headers=["user-agent: " + "y" * 20_000])
        line = rig.until(lambda: [line for line in self.lines() if line["path"].startswith("/long?")], "the line")[0]
        self.assertLess(len(line["user_agent"]), 20_000)

    def test_there_is_one_line_per_request_and_the_counter_says_so(self):
        count = self.gateway.metric("envoy_http_downstream_rq_completed")
        with self.gateway.client() as client:
            for begin in (0, 100):  # no more at once than streams that a client may open before it has heard the limit
                client.send("".join(f"GET /one/{begin + i} HTTP/1.1\r\nhost: model\r\n\r\n" for i in range(100)))
                for _ in range(100):
                    client.answer()
        rig.until(lambda: sum(line["path"].startswith("/one/") for line in self.lines()) >= 200, "200 lines")
        paths = [line["path"] for line in self.lines() if line["path"].startswith("/one/")]
        self.assertEqual(sorted(paths), sorted(f"/one/{i}" for i in range(200)))
        self.assertEqual(self.gateway.metric("envoy_http_downstream_rq_completed"), count + 200)
        rig.until(lambda: self.gateway.metric("sluice_access_log_written_total") ==
                  self.gateway.metric("istio_requests_total") == len(self.lines()), "lines and requests are as many")
        self.assertEqual(self.gateway.metric("sluice_access_log_dropped_total"), 0)


class TextLogTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.up = cls.model()
        spec = f"{{accessLog: {{path: {cls.log_path}, format: text}}, workers: 1}}"
        rules = rig.rules([cls.up.port], rig.PLAIN) + rig.settings(spec)
        cls.gateway = rig.Gateway(cls.programs, cls.directory, rules, [], ())

    def test_the_text_format_is_envoys_order(self):
        answer = self.get("/text?q", headers=["user-agent: me"], method="POST", body=b"12345")
        text = rig.until(lambda: self.log_path.exists() and self.log_path.read_text(), "a line")
        self.assertRegex(text, r'^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] '
                         r'"POST /text\?q ' + re.escape(PROTOCOL) + r'" 200 - via_upstream - "-" '
                         rf'5 {len(answer.body)} \d+ \d+ "127\.0\.0\.1" "me" "[0-9a-f-]{{36}}" "model" '
                         rf'"127\.0\.0\.1:{self.up.port}" '
                         r'outbound\|80\|v0\|model\.default\.svc\.cluster\.local 127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ '
                         r'127\.0\.0\.1:\d+ - -\n$')


if __name__ == "__main__":
    unittest.main()
