"""Every failure the gateway answers itself: status, flag, details, body, metrics, and what it leaves behind. The rows
are those of Envoy that exist over HTTP/1.1; NC has none, as rules that name an unknown host or subset do not load."""
import re
import unittest

import rig
import shared

BEFORE = "upstream_reset_before_response_started"
GRPC = {400: 13, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}

# path: (host, x-act, status, flags, details)
CASES = {
    "/no-host": ("unknown", "200", 404, "NR", "route_not_found"),
    "/no-rule": ("strict", "200", 404, "NR", "route_not_found"),
    "/no-endpoint": ("model", "200", 503, "UH", "no_healthy_upstream"),
    "/refused": ("dead", "200", 503, "UF", BEFORE + "{remote_connection_failure}"),
    "/no-answer": ("hole", "200", 503, "UF", BEFORE + "{connection_timeout}"),
    "/closes": ("model", "close", 503, "UC", BEFORE + "{connection_termination}"),
    "/resets": ("model", "reset", 503, "UR", BEFORE + "{connection_termination}"),  # RST instead of FIN
    "/half-head": ("model", "half-head", 502, "UPE", BEFORE + "{protocol_error}"),  # torn, so malformed
    "/garbage": ("model", "garbage", 502, "UPE", BEFORE + "{protocol_error}"),
    "/slow": ("model", "hang", 504, "UT", "response_timeout"),
    "/slow-try": ("model", "hang", 504, "UT", "upstream_per_try_timeout"),
    "/idle": ("model", "hang", 504, "SI", "stream_idle_timeout"),
    "/abort": ("model", "200", 418, "FI", "fault_filter_abort"),
    "/delayed-abort": ("model", "200", 500, "DI,FI", "fault_filter_abort"),
}
if rig.MODEL == 2:
    del CASES["/half-head"]  # a frame that is not whole is only a connection that ends


def rule(path, more="", subset="v0"):
    return (f"  - match: [{{uri: {{prefix: {path}}}}}]\n"
            f"    route: [{{destination: {{host: model, subset: {subset}}}}}]\n{more}")


class FailuresTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.up = cls.model()
        off = "    retries: {attempts: 0}\n"
        http = "".join([
            rule("/no-endpoint", subset="empty"),
            rule("/slow-try", "    retries: {attempts: 1, retryOn: retriable-4xx, perTryTimeout: 60ms}\n"),
            rule("/slow", "    timeout: 60ms\n"),
            rule("/abort", "    fault: {abort: {httpStatus: 418, percentage: {value: 100}}}\n"),
            rule("/grpc-abort", "    fault: {abort: {grpcStatus: RESOURCE_EXHAUSTED, percentage: {value: 100}}}\n"),
            rule("/delayed-abort", "    fault: {delay: {fixedDelay: 20ms, percentage: {value: 100}},"
                                   " abort: {httpStatus: 500, percentage: {value: 100}}}\n"),
            "  - match: [{uri: {prefix: /direct}}]\n    directResponse: {status: 503, body: {string: closed}}\n",
            rule("/retried", "    retries: {attempts: 1, retryOn: 5xx, backoff: 1ms}\n"),
            rule("/", off)])
        strict = "  - match: [{uri: {exact: /only}}]\n    route: [{destination: {host: strict}}]\n"
        policy = "  trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 1}}}\n"
        hole = "  trafficPolicy: {connectionPool: {tcp: {connectTimeout: 60ms}}}\n"
        text = "---\n".join([
            rig.rules([cls.up.port], http, policy), rig.rules([cls.up.port], strict, host="strict"),
            rig.rules([cls.closed_port()], rig.PLAIN.replace("model", "dead"), host="dead"),
            rig.rules([cls.full_port()], rig.PLAIN.replace("model", "hole"), hole, host="hole")])
        text = text.replace("  subsets:\n", "  subsets:\n  - {name: empty, labels: {version: nobody}}\n", 1)
        cls.start(text, more_settings="workers: 1, timeouts: {streamIdle: 2s}")

    def tearDown(self):
        self.assert_quiet()
        super().tearDown()

    def count(self, flags, code, protocol="http"):
        return self.gateway.metric("istio_requests_total", response_flags=flags, response_code=str(code),
                                   request_protocol=protocol)

    def test_every_failure_has_its_status_flag_details_and_problem_body(self):
        for path, (host, act, status, flags, _) in CASES.items():
            with self.subTest(path=path):
                before = self.count(flags, status)
                answer = self.get(path, host, [f"x-act: {act}"])
                self.assertEqual((answer.status, answer.header("content-type")), (status, "application/problem+json"))
                problem = answer.json()
                self.assertEqual((problem["status"], problem["flags"]), (status, flags))
                self.assertEqual(set(problem), {"type", "title", "status", "flags", "requestId", "detail"})
                self.assertTrue(problem["title"] and problem["detail"])
                self.assertIsNone(answer.header("x-envoy-upstream-service-time"))
                self.assertTrue(answer.header("date") and answer.header("server"))
                for secret in (rb"127\.0\.0\.1", rb":\d{4,}", rb"svc\.cluster\.local", rb"\.cc"):
                    self.assertIsNone(re.search(secret, answer.body), answer.body)
                self.wait_metric(before + 1, "istio_requests_total", response_flags=flags, response_code=str(status))
        for path, (host, _, status, flags, details) in CASES.items():
            with self.subTest(path=path, what="log"):
                line = self.line(path)
                self.assertEqual((line["response_code"], line["response_flags"], line["response_code_details"]),
                                 (status, flags, details))
                self.assertEqual((line["path"], line["authority"]), (path, host))

    def test_a_grpc_caller_gets_trailers_only(self):
        for path, (host, act, status, flags, _) in CASES.items():
            with self.subTest(path=path):
                answer = self.get(path + "?grpc", host, [f"x-act: {act}", "content-type: application/grpc+proto"])
                self.assertEqual((answer.status, answer.body), (200, b""))
                self.assertEqual(answer.header("content-type"), "application/grpc")
                self.assertEqual(answer.header("grpc-status"), str(GRPC.get(status, 2)))
                self.assertTrue(answer.header("grpc-message"))
                self.assertNotIn("127.0.0.1", answer.header("grpc-message"))
        line = self.line("/refused?grpc")
        self.assertEqual((line["grpc_status"], line["response_flags"], line["response_code"]), (14, "UF", 200))
        self.assertEqual(self.gateway.metric("istio_requests_total", request_protocol="grpc", response_flags="UF",
                                             grpc_response_status="14", response_code="200"), 2)

    def test_an_injected_grpc_status_is_told_as_it_is(self):
        answer = self.get("/grpc-abort", headers=["content-type: application/grpc"])
        self.assertEqual((answer.status, answer.header("grpc-status")), (200, "8"))

    def test_grpc_web_is_no_grpc(self):
        answer = self.get("/refused", "dead", ["content-type: application/grpc-web"])
        self.assertEqual((answer.status, answer.header("content-type")), (503, "application/problem+json"))

    def test_what_a_model_answers_is_passed_on_whatever_it_is(self):
        for act in ("500", "503", "404", "429"):
            self.assertEqual(self.get("/own/" + act, headers=["x-act: " + act]).status, int(act))
        line = self.line("/own/503")
        self.assertEqual((line["response_flags"], line["response_code_details"]), ("-", "via_upstream"))

    def test_retries_used_up_are_flagged_beside_the_cause(self):
        answer = self.get("/retried/close", headers=["x-act: close"])
        self.assertEqual((answer.status, set(answer.json()["flags"].split(","))), (503, {"UC", "URX"}))
        self.assertEqual(self.get("/retried/503", headers=["x-act: 503"]).status, 503)
        self.assertEqual(self.line("/retried/503")["response_flags"], "URX")

    def test_a_direct_response_is_no_failure(self):
        answer = self.get("/direct")
        self.assertEqual((answer.status, answer.body), (503, b"closed"))
        line = self.line("/direct")
        self.assertEqual((line["response_flags"], line["response_code_details"]), ("-", "direct_response"))

    def test_an_answer_that_breaks_off_is_cut_for_the_client_too(self):
        with self.gateway.client() as client:
            client.send("GET /broken-off HTTP/1.1\r\nhost: model\r\nx-act: half\r\n\r\n")
            self.assertEqual(client.head()[0], 200)
            self.assertEqual(client.read_to_end(), b"half")  # four of ten bytes, then the end
        line = self.line("/broken-off")
        self.assertEqual((line["response_code"], line["response_flags"], line["response_code_details"]),
                         (200, "UC", "upstream_reset_after_response_started{connection_termination}"))

    def test_a_request_that_stops_coming_is_408(self):
        with self.gateway.client() as client:
            client.send("POST /stops HTTP/1.1\r\nhost: model\r\ncontent-length: 10\r\n\r\nhalf")
            answer = client.answer()
        self.assertEqual((answer.status, answer.json()["flags"]), (408, "SI"))

    def test_a_client_that_leaves_is_dc_with_code_0_and_its_model_is_told(self):
        name = "envoy_cluster_upstream_rq_cancelled"
        before = self.gateway.metric(name)
        with self.gateway.client() as client:
            client.send("GET /leaves HTTP/1.1\r\nhost: model\r\nx-act: hang\r\n\r\n")
            rig.until(lambda: self.tries("/leaves"), "the model has the request")
        (_, request), = self.tries("/leaves")
        rig.until(request["over"].is_set, "the model is told", seconds=10)
        line = self.line("/leaves")
        self.assertEqual((line["response_code"], line["response_flags"], line["response_code_details"]),
                         (0, "DC", "downstream_remote_disconnect"))
        self.assertEqual(self.count("DC", 0), 1)
        self.assertEqual(self.gateway.metric(name), before + 1)

    def test_a_client_that_leaves_in_the_middle_of_the_answer_is_dc_with_its_code(self):
        with self.gateway.client() as client:
            client.send("GET /leaves-later HTTP/1.1\r\nhost: model\r\nx-act: stall\r\n\r\n")
            self.assertEqual(client.head()[0], 200)
            self.assertEqual(client.read_exactly(4), b"half")
        (_, request), = self.tries("/leaves-later")
        rig.until(request["over"].is_set, "the model is told", seconds=10)
        line = self.line("/leaves-later")
        self.assertEqual((line["response_code"], line["response_flags"]), (200, "DC"))

    @rig.http1_client
    def test_malformed_requests_are_dpe_and_the_connection_ends(self):
        for head, status in (("GET / HTTP/1.1\r\nhost: model\r\nhost: model\r\n\r\n", 400),
                             ("GET / HTTP/2.7\r\nhost: model\r\n\r\n", 505),
                             ("GET / HTTP/1.1\r\nhost: model\r\nx: " + "y" * 70_000 + "\r\n\r\n", 431)):
            with self.gateway.client() as client:
                answer = client.send(head).answer()
                self.assertEqual((answer.status, answer.json()["flags"]), (status, "DPE"))
                client.closed()


if __name__ == "__main__":
    unittest.main()
