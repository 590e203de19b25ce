"""What limits retries: the number at once, the budget, the replay buffer; and the one retry that nobody sees."""
import unittest

import rig
import shared

OPEN = "envoy_cluster_circuit_breakers_default_rq_retry_open"


class MaxRetriesTest(shared.SharedTest):
    """One retry at a time, and a back-off that does not end within a test
    (ten hours at most: within a second once in 36,000 runs)."""

    @classmethod
    def arrange(cls):
        cls.up = cls.model()
        http = "  - route: [{destination: {host: model}}]\n    retries: {attempts: 1, retryOn: 5xx, backoff: 36000s}\n"
        policy = "  trafficPolicy: {connectionPool: {http: {maxRetries: 1}}}\n"
        cls.start(rig.rules([cls.up.port], http, policy))

    def tearDown(self):
        self.assert_quiet()
        self.wait_metric(0, OPEN)
        super().tearDown()

    def test_a_client_that_leaves_during_a_back_off_ends_it(self):
        with self.gateway.client() as client:
            client.send("GET /x HTTP/1.1\r\nhost: model\r\nx-act: 503,200\r\n\r\n")
            rig.until(lambda: self.gateway.metric(OPEN) == 1, "the retry is pending")
        line = self.line("/x")
        self.assertEqual((line["response_code"], line["response_flags"], line["attempt_count"]), (0, "DC", 1))
        self.wait_metric(0, OPEN)

    def test_no_more_than_max_retries_are_pending(self):
        with self.gateway.client() as client:
            client.send("GET /first HTTP/1.1\r\nhost: model\r\nx-act: 503,200\r\n\r\n")
            rig.until(lambda: self.gateway.metric(OPEN) == 1, "the retry is pending")
            answer = self.get("/second", headers=["x-act: 503,200"])
        self.assertEqual(answer.status, 503)
        line = self.line("/second")
        self.assertEqual((line["response_flags"], line["response_code_details"], line["attempt_count"]),
                         ("UO", "via_upstream", 1))


class EarlyRefusalTest(shared.SharedTest):
    """A model that refuses while the body is still coming, and a client that goes on sending it."""

    @classmethod
    def arrange(cls):
        def early(connection):
            request = connection.read_head()
            if shared.header(request["headers"], "x-envoy-attempt-count") == ["1"]:
                connection.read_exactly(30_000)
                connection.send(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")
            request["body"] = connection.read_to_end()

        cls.up = cls.model(early)
        rule = "  - route: [{destination: {host: model}}]\n    retries: {attempts: 1, retryOn: 5xx, backoff: 36000s}\n"
        cls.start(rig.rules([cls.up.port], rule), more_settings="workers: 1, limits: {replayBuffer: 64KiB}")

    def test_a_body_that_outgrows_the_replay_buffer_between_two_tries_is_507(self):
        # The back-off is ten hours at most and below a second once in 36,000 runs; the rest of the body comes at once.
        with self.gateway.client() as client:
            client.send("POST /long HTTP/1.1\r\nhost: model\r\ntransfer-encoding: chunked\r\n\r\n")
            client.send(b"9c40\r\n" + b"a" * 40_000 + b"\r\n")
            self.wait_metric(1, "envoy_cluster_upstream_rq_retry")
            client.send(b"9c40\r\n" + b"b" * 40_000 + b"\r\n0\r\n\r\n")
            answer = client.answer()
        self.assertEqual((answer.status, answer.header("content-type")), (507, "application/problem+json"))
        line = self.line("/long")
        self.assertEqual((line["response_code"], line["response_code_details"], line["attempt_count"]),
                         (507, "request_payload_exceeded_retry_buffer_limit", 1))
        self.assertEqual(len(self.tries("/long")), 1)  # above all no second try with a part of the body
        self.assert_quiet()


class RetryBudgetTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        port = cls.stub("v0", "--failure-rate", "1", "--status", "503", "--latency", "10ms")
        http = "  - route: [{destination: {host: model}}]\n    retries: {attempts: 3, retryOn: 5xx}\n"
        cls.start(rig.rules([port], http, "  trafficPolicy: {retryBudget: {percent: 20, minRetryConcurrency: 1}}\n"))

    def test_a_spent_budget_passes_the_first_error_on(self):
        report = self.load("model", "-c", "40", "-n", "2000")
        self.assertEqual(report["by_status"], {"503": 2000})
        tries = self.gateway.metric("envoy_cluster_upstream_rq_total")
        retries = self.gateway.metric("envoy_cluster_upstream_rq_retry")
        self.assertEqual(tries, 2000 + retries)
        self.assertGreater(retries, 0)
        self.assertLessEqual(tries, 1.2 * 2000)
        self.assertGreater(self.gateway.metric("envoy_cluster_upstream_rq_retry_overflow"), 1000)
        self.assertGreater(self.gateway.metric("istio_requests_total", response_flags="UO"), 1000)
        self.assert_quiet()


@rig.http1_model
class StaleConnectionTest(shared.SharedTest):
    """The model ends a kept connection in the instant the next request arrives there."""

    @classmethod
    def arrange(cls):
        def once(connection):
            if request := connection.read_request():
                connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s"
                                % (len(request["body"]), request["body"]))
                connection.read_request()

        cls.once = cls.model(once)
        policy = "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}\n"
        cls.start(rig.rules([cls.once.port], rig.PLAIN, policy))

    def test_the_request_goes_to_a_fresh_connection_unseen(self):
        for i in range(60):
            body = b"b" * (i % 3 * 100)
            answer = self.get(f"/{i}", method="POST", body=body)
            self.assertEqual((answer.status, answer.body), (200, body))
        self.assertEqual({self.line(f"/{i}")["attempt_count"] for i in range(60)}, {1})
        self.assertEqual(self.gateway.metric("envoy_cluster_upstream_rq_retry"), 0)
        self.assertEqual(self.gateway.metric("envoy_cluster_outlier_detection_ejections_enforced_total"), 0)
        self.assertGreater(len(self.tries("/59")), 1)
        self.assert_quiet()


if __name__ == "__main__":
    unittest.main()
