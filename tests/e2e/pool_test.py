"""Connection pools: who waits, who is refused, and what a model server can be sure of."""
import threading
import unittest

import rig
import shared


class Gate:
    """A model that holds its answers until it is opened, and remembers how many it held at once."""

    def __init__(self):
        self.open = threading.Event()
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, connection):
        while connection.read_request():
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            self.open.wait(20)
            with self.lock:
                self.now -= 1
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")


def pool(tcp="", http=""):
    if rig.MODEL == 2:  # the arithmetic of connections is that of one stream each
        http = ", ".join(filter(None, (http, "maxConcurrentStreams: 1")))
    parts = [f"{name}: {{{fields}}}" for name, fields in (("tcp", tcp), ("http", http)) if fields]
    return f"  trafficPolicy: {{connectionPool: {{{', '.join(parts)}}}}}\n"


def plain(host):
    return rig.PLAIN.replace("model", host)


class PoolTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        documents = []

        def add(host, policy, gate=None, port=None, http=None):
            model = cls.model(gate or shared.acting) if port is None else None
            documents.append(rig.rules([port or model.port], http or plain(host), policy, host=host))
            return model

        cls.waiting, cls.few, cls.busy, cls.left = Gate(), Gate(), Gate(), Gate()
        cls.busy.open.set()
        add("waiting", pool("maxConnections: 1", "http1MaxPendingRequests: 2"), cls.waiting)
        cls.left_model = add("left", pool("maxConnections: 1", "http1MaxPendingRequests: 2"), cls.left)
        cls.late = Gate()
        cls.late_model = add("late", pool("maxConnections: 1"), cls.late, http=(
            "  - match: [{uri: {prefix: /late/}}]\n    route: [{destination: {host: late, subset: v0}}]\n" +
            plain("late") + "    timeout: 200ms\n"))
        cls.few_model = add("few", pool("maxConnections: 2"), cls.few)
        add("busy", pool("", "http2MaxRequests: 10"), cls.busy)
        cls.short = add("short", pool("", "maxRequestsPerConnection: 3"))
        cls.idle = add("idle", pool("", "idleTimeout: 60ms"))
        cls.idle_tcp = add("idle-tcp", pool("idleTimeout: 60ms"))
        cls.kept = add("kept", pool("idleTimeout: 60ms", "idleTimeout: 600s"))
        add("hole", pool("connectTimeout: 80ms"), port=cls.full_port())
        full, free = Gate(), cls.model()
        cls.full = full
        subset = pool("maxConnections: 1", "http1MaxPendingRequests: 1")
        both = ("  - match: [{uri: {prefix: /v1}}]\n    route: [{destination: {host: apart, subset: v1}}]\n" +
                plain("apart"))
        documents.append(rig.rules([cls.model(full).port, free.port], both, subset, host="apart"))
        cls.start("---\n".join(documents), more_settings="workers: 2")

    def tearDown(self):
        self.assert_quiet()
        super().tearDown()

    def metric(self, name, host, subset="v0"):
        return self.gateway.metric(name, envoy_cluster_name=f"outbound|80|{subset}|{host}.default.svc.cluster.local")

    def wait(self, expected, name, host, subset="v0"):
        rig.until(lambda: self.metric(name, host, subset) == expected, f"{name} of {host} == {expected}")

    def send(self, host, path="/x"):
        """A request under way; its answer is read later."""
        client = self.gateway.client()
        self.addCleanup(client.close)
        return client.send(f"GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n")

    def fill(self, host, pending):
        """Requests one by one until so many wait. Not counted: each worker may open a connection, whatever the limit,
        and a request that waits for its connection is pending, too."""
        clients = []
        while self.metric("envoy_cluster_upstream_rq_pending_active", host) < pending:
            clients.append(self.send(host, f"/{host}/{len(clients)}"))
            rig.until(lambda: self.metric("envoy_cluster_upstream_rq_active", host) ==
                      min(len(clients), self.metric("envoy_cluster_upstream_cx_active", host)) and
                      self.metric("envoy_cluster_upstream_rq_active", host) +
                      self.metric("envoy_cluster_upstream_rq_pending_active", host) == len(clients), "it is placed")
        return clients

    def test_beyond_the_pending_limit_a_request_is_refused_at_once(self):
        before = self.metric("envoy_cluster_upstream_rq_pending_overflow", "waiting")
        clients = self.fill("waiting", 2)
        self.assertEqual(self.metric("envoy_cluster_circuit_breakers_default_rq_pending_open", "waiting"), 1)
        answer = self.get("/waiting/refused", "waiting")
        self.assertEqual((answer.status, answer.header("x-envoy-overloaded"), answer.json()["flags"]),
                         (503, "true", "UO"))
        self.assertEqual(self.metric("envoy_cluster_upstream_rq_pending_overflow", "waiting"), before + 1)
        self.waiting.open.set()
        self.assertEqual({client.answer().status for client in clients}, {200})
        line = self.line("/waiting/refused")
        self.assertEqual((line["response_flags"], line["response_code_details"]),
                         ("UO", "upstream_reset_before_response_started{overflow}"))

    def test_a_client_that_leaves_while_it_waits_frees_its_place(self):
        clients = self.fill("left", 2)
        seen = len(self.left_model.requests)
        clients.pop().close()
        rig.until(lambda: self.metric("envoy_cluster_upstream_rq_pending_active", "left") == 1, "a place is free")
        clients.append(self.send("left", "/left/next"))
        rig.until(lambda: self.metric("envoy_cluster_upstream_rq_pending_active", "left") == 2, "it is taken")
        self.left.open.set()
        self.assertEqual({client.answer().status for client in clients}, {200})
        self.assertEqual(len(self.left_model.requests), len(clients))  # the one that left was never sent
        self.assertLess(seen, len(clients))

    def test_the_route_time_out_covers_the_wait_for_a_connection(self):
        clients = self.fill("late", 2)  # one for each worker: whoever comes has to wait
        answer = self.get("/timed", "late")
        self.assertEqual((answer.status, answer.json()["flags"]), (504, "UT"))
        self.assertEqual(self.line("/timed")["response_code_details"], "response_timeout")
        self.assertEqual(self.metric("envoy_cluster_upstream_rq_timeout", "late"), 1)
        self.late.open.set()
        self.assertEqual({client.answer().status for client in clients}, {200})
        self.assertEqual([r["line"] for r in self.late_model.requests if "/timed" in r["line"]], [])

    def test_max_connections_queues_and_fails_nobody(self):
        clients = [self.send("few") for _ in range(30)]
        rig.until(lambda: self.metric("envoy_cluster_upstream_rq_active", "few") +
                  self.metric("envoy_cluster_upstream_rq_pending_active", "few") == 30, "all are placed")
        self.few.open.set()
        self.assertEqual({client.answer().status for client in clients}, {200})
        self.assertLessEqual(self.few.most, 3)  # a worker without any connection may open one: limit + workers - 1
        self.assertLessEqual(len(self.few_model.connections), 3)
        self.assertGreater(self.metric("envoy_cluster_upstream_cx_overflow", "few"), 0)

    def test_never_more_requests_at_the_model_than_http2_max_requests(self):
        report = self.load("busy", "-c", "100", "-n", "3000")
        self.assertEqual(report["answered"], 3000)
        self.assertEqual(set(report["by_status"]), {"200", "503"})
        self.assertLessEqual(self.busy.most, 10)
        self.assertEqual(self.metric("envoy_cluster_upstream_rq_pending_overflow", "busy"), report["by_status"]["503"])
        self.assertEqual(self.metric("envoy_cluster_upstream_rq_total", "busy"), report["by_status"]["200"])

    def test_a_connection_carries_max_requests_per_connection(self):
        with self.gateway.client() as client:  # one client, so one worker and one pool
            for _ in range(10):
                self.assertEqual(client.request(host="short").status, 200)
        self.assertEqual([len(c.requests) for c in self.short.connections], [3, 3, 3, 1])
        rig.until(lambda: all(c.ended.is_set() for c in self.short.connections[:3]), "used-up connections closed")
        self.assertEqual(self.metric("envoy_cluster_upstream_cx_max_requests", "short"), 3)

    def test_an_idle_connection_is_closed_after_its_time(self):
        for host, model in (("idle", self.idle), ("idle-tcp", self.idle_tcp)):
            self.assertEqual(self.get(host=host).status, 200)
            rig.until(model.connections[0].ended.is_set, "the idle connection is closed")
            self.wait(1, "envoy_cluster_upstream_cx_idle_timeout", host)
            self.wait(0, "envoy_cluster_upstream_cx_active", host)
            self.assertEqual(self.get(host=host).status, 200)

    def test_the_idle_timeout_of_http_goes_before_that_of_tcp(self):
        self.assertEqual(self.get(host="kept").status, 200)
        self.assertEqual(self.get(host="idle").status, 200)
        rig.until(self.idle.connections[-1].ended.is_set, "a connection with the shorter time is closed")
        self.assertFalse(self.kept.connections[0].ended.is_set())

    def test_a_connection_attempt_without_answer_ends_at_connect_timeout(self):
        answer = self.get("/hole", "hole")
        line = self.line("/hole")
        self.assertEqual((answer.status, line["response_flags"], line["response_code_details"]),
                         (503, "UF", "upstream_reset_before_response_started{connection_timeout}"))
        self.assertGreaterEqual(line["duration"], 80)
        self.assertEqual(self.metric("envoy_cluster_upstream_cx_connect_timeout", "hole"), 1)
        self.assertEqual(self.metric("envoy_cluster_upstream_cx_connect_fail", "hole"), 1)

    def test_a_full_subset_leaves_the_other_alone(self):
        clients = self.fill("apart", 1)
        self.assertEqual(self.get(host="apart").status, 503)
        self.assertEqual(self.get("/v1", "apart").status, 200)
        self.full.open.set()
        for client in clients:
            client.answer()


if __name__ == "__main__":
    unittest.main()
