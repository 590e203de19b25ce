"""Outlier detection: who is ejected, when exactly, and how he comes back."""
import time
import unittest

import rig
import shared

LONG = "baseEjectionTime: 600s, interval: 20ms"  # nobody comes back within the test
ACTIVE = "envoy_cluster_outlier_detection_ejections_active"


def policy(fields):
    return f"  trafficPolicy: {{outlierDetection: {{{fields}}}}}\n"


def to(host):
    """Everything goes to the host as a whole, once."""
    return f"  - route: [{{destination: {{host: {host}}}}}]\n    retries: {{attempts: 0}}\n"


class EjectionTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.hosts = {}
        documents = []

        def add(host, ports, fields, http=None):
            documents.append(rig.rules(ports, http or to(host), policy(fields), host=host))

        def model(name):
            cls.hosts[name] = cls.model(shared.named(name))
            return cls.hosts[name].port

        add("five", [model("five")], f"maxEjectionPercent: 100, {LONG}")  # 5 is the default
        add("back", [model("back")], "consecutive5xxErrors: 2, maxEjectionPercent: 100, "
                                     "baseEjectionTime: 400ms, interval: 20ms")
        add("half", [model("half-1"), model("half-2")], f"consecutive5xxErrors: 2, maxEjectionPercent: 50, {LONG}")
        add("lone", [model("lone")], f"consecutive5xxErrors: 2, maxEjectionPercent: 50, {LONG}")
        add("gateway", [model("gateway")],
            f"consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, maxEjectionPercent: 100, {LONG}")
        add("broken", [model("broken")], f"consecutive5xxErrors: 3, maxEjectionPercent: 100, {LONG}")
        add("dead", [cls.closed_port()], f"consecutive5xxErrors: 3, maxEjectionPercent: 100, {LONG}")
        add("patient", [model("patient")], f"consecutive5xxErrors: 2, maxEjectionPercent: 100, {LONG}")
        add("tried", [model("tried")], f"consecutive5xxErrors: 3, maxEjectionPercent: 100, {LONG}",
            "  - route: [{destination: {host: tried}}]\n    retries: {attempts: 5, retryOn: 5xx, backoff: 1ms}\n")
        add("grpc", [model("grpc")], f"consecutive5xxErrors: 2, maxEjectionPercent: 100, {LONG}")
        add("shared", [model("shared")], f"consecutive5xxErrors: 2, maxEjectionPercent: 100, {LONG}",
            "  - match: [{uri: {prefix: /subset}}]\n    route: [{destination: {host: shared, subset: v0}}]\n" +
            to("shared"))
        cls.start("---\n".join(documents), more_settings="workers: 2")  # which count together

    def tearDown(self):
        self.assert_quiet()
        super().tearDown()

    def send(self, host, act, path="/x", more=()):
        return self.get(path, host, [f"x-act: {act}", *more])

    def cluster(self, host, subset=""):
        return {"envoy_cluster_name": f"outbound|80|{subset}|{host}.default.svc.cluster.local"}

    def ejected(self, host, subset=""):
        return self.gateway.metric(ACTIVE, **self.cluster(host, subset))

    def test_ejected_on_exactly_the_fifth_5xx_in_a_row(self):
        for act in ["500", "502", "503", "599", "200", "500", "500", "500", "500"]:
            self.assertEqual(self.send("five", act).status, int(act))
        self.assertEqual(self.ejected("five"), 0)
        self.assertEqual(self.send("five", "501").status, 501)
        self.assertEqual(self.ejected("five"), 1)
        seen = len(self.hosts["five"].requests)
        answer = self.send("five", "200", "/five/out")
        self.assertEqual((answer.status, answer.json()["flags"]), (503, "UH"))
        self.assertEqual(len(self.hosts["five"].requests), seen)
        for name, expected in (("enforced_total", 1), ("enforced_consecutive_5xx", 1), ("detected_consecutive_5xx", 1),
                               ("overflow", 0)):
            name = f"envoy_cluster_outlier_detection_ejections_{name}"
            self.assertEqual(self.gateway.metric(name, **self.cluster("five")), expected, name)
        self.assertEqual(self.gateway.metric("envoy_cluster_membership_healthy", **self.cluster("five")), 0)
        self.assertIn("::health_flags::/failed_outlier_check", self.gateway.admin_request("GET", "/clusters")[1])
        # Its connections are drained: there is nobody whom they could serve.
        rig.until(lambda: all(c.ended.is_set() for c in self.hosts["five"].connections), "idle connections closed",
                  seconds=10)  # before the model itself loses patience

    def test_back_after_the_hold_and_out_again_by_the_same_rule(self):
        for _ in range(2):  # that the hold doubles is shown on a moved clock
            self.send("back", "500")
            started = time.monotonic()
            self.send("back", "500")
            rig.until(lambda: self.send("back", "200").status == 200, "the endpoint is back")
            self.assertGreaterEqual(time.monotonic() - started, 0.4)  # never early
            self.assertEqual(self.ejected("back"), 0)
        name = "envoy_cluster_outlier_detection_ejections_enforced_total"
        self.assertEqual(self.gateway.metric(name, **self.cluster("back")), 2)

    def test_no_more_than_max_ejection_percent_are_out(self):
        for _ in range(40):
            self.assertEqual(self.send("half", "500").status, 500)
        self.assertEqual(self.ejected("half"), 1)
        name = "envoy_cluster_outlier_detection_ejections_overflow"
        self.assertGreater(self.gateway.metric(name, **self.cluster("half")), 0)
        self.assertEqual(len({self.send("half", "200").json()["model"] for _ in range(20)}), 1)

    def test_a_lone_endpoint_at_fifty_percent_is_never_out(self):
        for _ in range(20):
            self.assertEqual(self.send("lone", "500").status, 500)
        self.assertEqual(self.ejected("lone"), 0)

    def test_gateway_errors_count_apart(self):
        for act in ["502", "503", "500", "502", "504", "501"]:
            self.send("gateway", act)
        self.assertEqual(self.ejected("gateway"), 0)
        for act in ["502", "503", "504"]:
            self.send("gateway", act)
        self.assertEqual(self.ejected("gateway"), 1)
        name = "envoy_cluster_outlier_detection_ejections_enforced_consecutive_gateway_failure"
        self.assertEqual(self.gateway.metric(name, **self.cluster("gateway")), 1)

    def test_resets_and_bad_answers_count_as_failures(self):
        for act in ["close", "reset"]:
            self.send("broken", act)
        self.assertEqual(self.ejected("broken"), 0)
        self.send("broken", "garbage")
        self.assertEqual(self.ejected("broken"), 1)

    def test_refused_connections_count_as_failures(self):
        flags = [self.send("dead", "200").json()["flags"] for _ in range(4)]
        self.assertEqual(flags, ["UF", "UF", "UF", "UH"])

    def test_every_try_counts_and_a_retry_does_not_go_to_the_ejected(self):
        answer = self.send("tried", "500")
        self.assertEqual((answer.status, len(self.hosts["tried"].requests)), (503, 3))
        self.assertIn("UH", answer.json()["flags"])

    def test_a_client_that_leaves_is_not_the_endpoints_fault(self):
        model = self.hosts["patient"]
        for i in range(4):
            with self.gateway.client() as client:
                client.send(f"GET /{i} HTTP/1.1\r\nhost: patient\r\nx-act: hang\r\n\r\n")
                rig.until(lambda n=i: len(model.requests) == n + 1, "the endpoint has the request")
            rig.until(model.requests[-1]["over"].is_set, "the try is cancelled", seconds=10)
        self.assertEqual(self.ejected("patient"), 0)
        self.assertEqual(self.send("patient", "200").status, 200)

    def test_an_error_in_grpc_status_counts_like_its_http_status(self):
        grpc = ["content-type: application/grpc"]
        for act in ["grpc-14", "grpc-0", "grpc-14"]:
            self.send("grpc", act, more=grpc)
        self.assertEqual(self.ejected("grpc"), 0)
        self.send("grpc", "grpc-4", more=grpc)
        self.assertEqual(self.ejected("grpc"), 1)

    def test_an_endpoint_ejected_in_a_subset_serves_on_elsewhere(self):
        for _ in range(2):
            self.send("shared", "500", "/subset")
        self.assertEqual((self.ejected("shared", "v0"), self.ejected("shared")), (1, 0))
        self.assertEqual(self.send("shared", "200", "/subset").status, 503)
        self.assertEqual(self.send("shared", "200", "/other").status, 200)


if __name__ == "__main__":
    unittest.main()
