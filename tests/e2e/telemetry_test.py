"""Metrics as Prometheus scrapes them: Istio's names with every label, numbers that add up, and nothing unbounded."""
import collections
import os
import pathlib
import random
import shutil
import signal
import string
import subprocess
import unittest

import rig
import shared

LABELS = """reporter source_workload source_workload_namespace source_canonical_service source_canonical_revision
source_principal source_app source_version source_cluster destination_workload destination_workload_namespace
destination_principal destination_app destination_version destination_service destination_canonical_service
destination_canonical_revision destination_service_name destination_service_namespace destination_cluster
request_protocol response_code grpc_response_status response_flags connection_security_policy""".split()
# Messages of gRPC are counted while a stream runs, so they know nothing of its answer.
MESSAGE_LABELS = LABELS[:LABELS.index("request_protocol")]
BOUNDS = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000]
HISTOGRAMS = ("istio_request_duration_milliseconds", "istio_request_bytes", "istio_response_bytes")

CLUSTER_METRICS = """upstream_cx_total upstream_cx_active upstream_cx_connect_fail upstream_cx_connect_timeout
upstream_cx_overflow upstream_cx_destroy_remote_with_active_rq upstream_cx_idle_timeout upstream_cx_max_requests
upstream_cx_none_healthy upstream_rq_total upstream_rq_active upstream_rq_pending_total upstream_rq_pending_active
upstream_rq_pending_overflow upstream_rq_timeout upstream_rq_per_try_timeout upstream_rq_rx_reset upstream_rq_tx_reset
upstream_rq_cancelled upstream_rq_retry upstream_rq_retry_success upstream_rq_retry_overflow
upstream_rq_retry_limit_exceeded upstream_rq_retry_backoff_exponential upstream_rq_xx membership_healthy
membership_total lb_healthy_panic retry_or_shadow_abandoned outlier_detection_ejections_active
outlier_detection_ejections_enforced_total outlier_detection_ejections_overflow
outlier_detection_ejections_enforced_consecutive_5xx outlier_detection_ejections_detected_consecutive_5xx
outlier_detection_ejections_enforced_consecutive_gateway_failure
outlier_detection_ejections_detected_consecutive_gateway_failure
outlier_detection_ejections_enforced_consecutive_local_origin_failure
outlier_detection_ejections_detected_consecutive_local_origin_failure circuit_breakers_default_cx_open
circuit_breakers_default_rq_pending_open circuit_breakers_default_rq_open
circuit_breakers_default_rq_retry_open""".split()


def promtool():
    built = rig.ROOT / "build/tools/usr/bin/promtool"
    return shutil.which("promtool") or (str(built) if built.exists() else None)


class TelemetryTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.v0, cls.v1 = cls.model(shared.named("v0")), cls.model(shared.named("v1"))
        http = ("  - name: second\n    match: [{uri: {prefix: /v1}}]\n"
                "    route: [{destination: {host: model, subset: v1}}]\n"
                "    retries: {attempts: 1, retryOn: 5xx, backoff: 1ms}\n"
                "    mirror: {host: model, subset: v0}\n" + rig.PLAIN)
        policy = "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 3, maxEjectionPercent: 100}}\n"
        identity = "{workload: edge, namespace: infra, labels: {app: edge-app, version: v9}}"
        cls.start(rig.rules([cls.v0.port, cls.v1.port], http, policy),
                  more_settings=f"workers: 2, identity: {identity}")

    def samples(self):
        return rig.harness.samples(rig.harness.get(self.gateway.metrics_at, "/stats/prometheus"))

    def of(self, name, **labels):
        """The label sets of that metric's samples that carry these labels."""
        return [got for have, got, _ in self.samples()
                if have == name and all(got.get(k) == v for k, v in labels.items())]

    def test_every_series_of_istio_has_every_label_with_a_value(self):
        self.get("/labels")
        self.get("/labels", "unknown")
        self.get("/labels", headers=["content-type: application/grpc", "x-act: grpc-0"])
        self.wait_metric(1, "istio_requests_total", request_protocol="grpc", grpc_response_status="0")
        names = collections.Counter()
        for name, labels, _ in self.samples():
            if not name.startswith("istio_") or name == "istio_build":
                continue
            expected = MESSAGE_LABELS if "messages" in name else LABELS
            self.assertEqual([label for label in labels if label != "le"], expected, name)
            for label, value in labels.items():
                self.assertTrue(value or label == "grpc_response_status", f"{name} {label}")
            names[name] += 1
        self.assertLessEqual({"istio_requests_total", "istio_request_messages_total", "istio_response_messages_total",
                              *(f"{name}_{part}" for name in HISTOGRAMS for part in ("bucket", "sum", "count"))},
                             set(names))

    def test_the_labels_of_an_answered_request(self):
        self.get("/v1/labels")
        labels, = rig.until(lambda: self.of("istio_requests_total", destination_version="v1", response_code="200"),
                            "it is counted")
        self.assertEqual({name: labels[name] for name in LABELS if name not in ("destination_workload",
                                                                               "destination_canonical_service",
                                                                               "destination_app")}, {
            "reporter": "source", "source_workload": "edge", "source_workload_namespace": "infra",
            "source_canonical_service": "edge-app", "source_canonical_revision": "v9", "source_principal": "unknown",
            "source_app": "edge-app", "source_version": "v9", "source_cluster": "Kubernetes",
            "destination_workload_namespace": "default", "destination_principal": "unknown",
            "destination_version": "v1",
            "destination_service": "model.default.svc.cluster.local", "destination_canonical_revision": "v1",
            "destination_service_name": "model", "destination_service_namespace": "default",
            "destination_cluster": "Kubernetes", "request_protocol": "http", "response_code": "200",
            "grpc_response_status": "", "response_flags": "-", "connection_security_policy": "unknown"})

    def test_a_request_without_a_route_has_no_destination(self):
        self.get("/", "nobody-knows")
        rig.until(lambda: self.of("istio_requests_total", response_flags="NR"), "it is counted")
        labels, = self.of("istio_requests_total", response_flags="NR", request_protocol="http")
        self.assertEqual({value for name, value in labels.items() if name.startswith("destination_")}, {"unknown"})
        self.assertEqual((labels["response_code"], labels["source_workload"]), ("404", "edge"))

    def test_the_bounds_of_every_histogram(self):
        self.get("/bounds")
        self.wait_metric(0, "envoy_http_downstream_rq_active")
        bounds = collections.defaultdict(list)
        for name, labels, value in self.samples():
            if name.endswith("_bucket"):
                key = name, tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
                bounds[key].append((labels["le"], value))
        self.assertTrue({f"{name}_bucket" for name in HISTOGRAMS} <= {name for name, _ in bounds})
        for (name, _), seen in bounds.items():
            limits = [float(limit) for limit, _ in seen]
            expected = [bound / 1000 for bound in BOUNDS] if name.startswith("inference_") else BOUNDS
            for limit, bound in zip(limits, expected):
                self.assertAlmostEqual(limit, bound, msg=name)
            self.assertEqual((len(limits), limits[-1]), (len(expected) + 1, float("inf")), name)
            self.assertEqual([count for _, count in seen], sorted(count for _, count in seen), name)

    def test_inference_latency_counts_what_a_model_answered(self):
        before = self.gateway.metric("inference_latency_seconds_count", model_version="v1")
        for _ in range(3):
            self.get("/v1/inference")
        self.get("/inference", "unknown")
        self.wait_metric(before + 3, "inference_latency_seconds_count", model_version="v1")
        self.assertGreater(self.gateway.metric("inference_latency_seconds_sum", model_version="v1"), 0)

    def test_sizes_are_those_of_whole_messages(self):
        def sums():
            return [self.gateway.metric(f"istio_{side}_bytes_sum") for side in ("request", "response")]

        count = self.gateway.metric("istio_requests_total")
        before = sums()
        answer = self.get("/sizes", method="POST", body=b"x" * 5000)
        self.wait_metric(count + 1, "istio_requests_total")
        request, response = (after - start for start, after in zip(before, sums()))
        head = sum(len(name) + len(value) for name, value in answer.headers)
        self.assertTrue(5000 + 30 < request < 5000 + 1000, request)
        self.assertTrue(len(answer.body) + head <= response < len(answer.body) + head + 1000, (response, head))

    def test_client_tally_model_tally_and_counters_agree(self):
        def counted():
            return collections.Counter({(labels["destination_version"], labels["response_code"]): int(value)
                                        for name, labels, value in self.samples() if name == "istio_requests_total"})

        before, lines = counted(), len(self.lines())
        client = collections.Counter()
        with self.gateway.client() as connection:
            for i in range(120):
                act = ("200", "404", "200,200", "429")[i % 4]
                client[str(connection.request(path=f"/tally/{i}", headers=[f"x-act: {act}"]).status)] += 1
        model = collections.Counter(200 if i % 2 == 0 else (404, 429)[i % 4 // 2] for i in range(120))
        self.assertEqual(client, {str(code): count for code, count in model.items()})
        self.assertEqual(sum("/tally/" in request["line"] for request in self.v0.requests), 120)
        rig.until(lambda: sum((counted() - before).values()) >= 120, "all are counted")
        self.assertEqual({code: n for (_, code), n in (counted() - before).items()}, client)
        rig.until(lambda: sum("/tally/" in line["path"] for line in self.lines()) == 120, "a line each")
        self.assertGreaterEqual(len(self.lines()), lines + 120)
        codes = [str(line["response_code"]) for line in self.lines() if "/tally/" in line["path"]]
        self.assertEqual(collections.Counter(codes), client)

    def test_every_cluster_has_every_counter_under_envoys_name(self):
        self.get("/v1/counters", headers=["x-act: 503,200"])
        clusters = {f"outbound|80|{subset}|model.default.svc.cluster.local" for subset in ("v0", "v1")}
        for name in CLUSTER_METRICS:
            seen = {labels["envoy_cluster_name"] for labels in self.of(f"envoy_cluster_{name}")}
            self.assertLessEqual(clusters, seen, name)
        v0, v1 = ({"envoy_cluster_name": name} for name in sorted(clusters))
        self.assertGreaterEqual(self.gateway.metric("envoy_cluster_upstream_rq_retry", **v1), 1)
        self.assertEqual(self.gateway.metric("envoy_cluster_upstream_rq_retry", **v0), 0)
        self.assertGreaterEqual(self.gateway.metric("sluice_mirror_requests_total", **v0), 1)
        self.assertEqual(self.gateway.metric("sluice_mirror_requests_total", **v1), 0)
        good = self.gateway.metric("envoy_cluster_upstream_rq_xx", envoy_response_code_class="2", **v1)
        self.assertGreaterEqual(good, 1)
        self.assertGreaterEqual(self.gateway.metric("envoy_cluster_upstream_rq", envoy_response_code="200", **v1), 1)

    def test_what_clients_make_up_never_becomes_a_label(self):
        draw = random.Random(7)
        word = lambda: "".join(draw.choices(string.ascii_lowercase, k=12))
        with self.gateway.client() as client:
            client.request()
            client.request(host=word() + ".example")
            self.wait_metric(0, "envoy_http_downstream_rq_active")
            before = len(self.samples())
            words = set()
            for i in range(1000):
                words.add(new := word())
                headers = [f"user-agent: {new}", f"x-user-id: {new}", f"x-{new}: {new}", f"x-forwarded-for: {new}",
                           f"x-b3-traceid: {new}", f"referer: http://{new}/"]
                method, host = new.upper() if i % 2 else "GET", f"{new}.example" if i % 3 == 0 else "model"
                client.request(method, f"/{new}?{new}", host, headers, b"" if i % 2 else None)
        self.wait_metric(0, "envoy_http_downstream_rq_active")
        text = rig.harness.get(self.gateway.metrics_at, "/stats/prometheus")
        self.assertEqual(len(rig.harness.samples(text)), before)
        self.assertFalse([w for w in words if w in text.lower()])
        self.assertEqual(self.gateway.metric("sluice_series_dropped_total"), 0)

    def test_promtool_finds_nothing_wrong(self):
        if promtool() is None:
            print("skipped: promtool (Debian package prometheus) is not here")
            return
        self.get("/promtool")
        text = rig.harness.get(self.gateway.metrics_at, "/stats/prometheus")
        done = subprocess.run([promtool(), "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        # Istio's own name is older than Prometheus' advice; there is no other finding.
        advice = 'istio_request_duration_milliseconds use base unit "seconds" instead of "milliseconds"'
        self.assertEqual([line for line in (done.stdout + done.stderr).split("\n") if line not in ("", advice)], [])
        self.assertIn(done.returncode, (0, 3))  # 3: there is advice


class ReloadCountersTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.up = cls.model()
        cls.start(rig.rules([cls.up.port], rig.PLAIN))

    def test_accepted_and_rejected_configurations_are_counted(self):
        def numbers():
            return [self.gateway.metric(f"sluice_config_{name}") for name in
                    ("generation", "reload_success_total", "reload_failed_total", "last_ok")]

        first = numbers()
        good = self.gateway.rules.read_text()
        revision = self.gateway.config_dump()
        pathlib.Path(self.gateway.rules).write_text(good + "---\nkind: Nonsense\n")
        os.kill(self.gateway.pid, signal.SIGHUP)
        rig.until(lambda: numbers()[2] > first[2], "the bad file is counted")
        self.assertEqual((numbers()[0], numbers()[3]), (first[0], 0))
        self.assertEqual(self.get().status, 200)
        self.assertNotEqual(self.gateway.config_dump(), revision)  # it tells what was refused
        pathlib.Path(self.gateway.rules).write_text(good + "\n# changed\n")
        os.kill(self.gateway.pid, signal.SIGHUP)
        rig.until(lambda: numbers()[3] == 1 and numbers()[1] > first[1], "the good file is counted")
        self.assertGreaterEqual(numbers()[0], first[0])


if __name__ == "__main__":
    unittest.main()
