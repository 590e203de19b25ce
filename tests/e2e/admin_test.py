"""The admin, health and metrics ports: what they tell, who may ask, and what only a POST may do."""
import unittest

import rig
import shared


class AdminTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.up = cls.model()
        policy = "  trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}, http: {http1MaxPendingRequests: 3}}}\n"
        cls.start(rig.rules([cls.up.port], rig.PLAIN, policy))
        cls.cluster = "outbound|80|v0|model.default.svc.cluster.local"

    def ask(self, path, method="GET", host="localhost", headers=(), port=None):
        with rig.Client(port or self.gateway.admin) as client:
            return client.request(method, path, host, headers, b"" if method == "POST" else None)

    def test_clusters_tell_limits_and_endpoints(self):
        self.assertEqual(self.get().status, 200)
        self.assert_quiet()  # a stream is settled at the end of its turn, when the client may have its answer
        text = self.ask("/clusters").body.decode()
        where = f"{self.cluster}::127.0.0.1:{self.up.port}::"
        for line in (f"{self.cluster}::default_priority::max_connections::7",
                     f"{self.cluster}::default_priority::max_pending_requests::3",
                     where + "health_flags::healthy", where + "weight::1", where + "success_rate::-1",
                     where + "rq_active::0", where + "rq_error::0"):
            self.assertIn(line + "\n", text)
        for stat in ("cx_total", "cx_active", "cx_connect_fail", "rq_total", "rq_success", "rq_timeout"):
            self.assertIn(where + stat + "::", text)
        page = self.ask("/clusters?format=json").json()
        statuses = {cluster["name"]: cluster["host_statuses"] for cluster in page["cluster_statuses"]}
        host, = statuses[self.cluster]
        self.assertEqual(host["address"]["socket_address"], {"address": "127.0.0.1", "port_value": self.up.port})

    def test_server_info_tells_who_and_since_when(self):
        info = self.ask("/server_info").json()
        self.assertEqual(info["state"], "LIVE")
        self.assertLessEqual({"version", "uptime_current_epoch", "command_line", "generation", "revision"}, set(info))

    def test_config_dump_shows_what_is_in_force(self):
        dump = self.ask("/config_dump").json()
        self.assertEqual(dump["revision"], self.ask("/server_info").json()["revision"])
        route, = dump["virtual_hosts"][0]["routes"]
        self.assertEqual((route["virtual_service"], route["rule_index"]), ("default/model", 0))
        self.assertEqual(route["forward"]["destinations"][0]["subset"], "v0")
        pools = {cluster["name"]: cluster["connection_pool"] for cluster in dump["clusters"]}
        self.assertEqual((pools[self.cluster]["max_connections"], pools[self.cluster]["max_pending_requests"]), (7, 3))
        self.assertIsNone(dump["last_rejected"])

    def test_stats_come_filtered_used_or_as_json(self):
        self.get()
        self.assertIn("istio_requests_total", self.ask("/stats").body.decode())
        filtered = self.ask("/stats?filter=membership_total").body.decode().strip().split("\n")
        self.assertTrue(filtered and all("membership_total" in line for line in filtered), filtered)
        everything, used = self.ask("/stats").body.count(b"\n"), self.ask("/stats?usedonly").body.count(b"\n")
        self.assertTrue(0 < used < everything)
        self.assertTrue(self.ask("/stats?format=json").json()["stats"])
        self.assertEqual(self.ask("/stats?filter=(").status, 400)
        self.assertEqual(self.ask("/stats/prometheus").status, 200)

    def test_health_and_metrics_ports_serve_their_pages_only(self):
        for path, health, metrics in (("/healthz/ready", 200, 404), ("/healthz/live", 200, 404), ("/ready", 200, 404),
                                      ("/stats/prometheus", 404, 200), ("/metrics", 404, 200),
                                      ("/config_dump", 404, 404), ("/clusters", 404, 404), ("/logging", 404, 404)):
            with self.subTest(path=path):
                self.assertEqual(self.ask(path, host="probe.example", port=self.gateway.health).status, health)
                self.assertEqual(self.ask(path, host="prom.example", port=self.gateway.metrics_at).status, metrics)

    def test_what_changes_state_wants_a_post(self):
        for path in ("/healthcheck/fail", "/healthcheck/ok", "/drain_listeners?graceful", "/logging?level=debug"):
            self.assertEqual(self.ask(path).status, 400, path)
            self.assertEqual(self.ask(path, "PUT").status, 405, path)
        self.assertEqual(self.ask("/healthz/ready", port=self.gateway.health).status, 200)
        for path in ("/clusters", "/stats", "/config_dump"):
            self.assertEqual(self.ask(path, "POST").status, 405, path)

    def test_health_can_be_made_to_fail_and_to_pass_again(self):
        self.assertEqual(self.ask("/healthcheck/fail", "POST").status, 200)
        try:
            self.assertEqual(self.ask("/healthz/ready", port=self.gateway.health).status, 503)
            self.assertEqual(self.ask("/healthz/live", port=self.gateway.health).status, 200)
            self.assertEqual(self.get().status, 200)  # who still comes is served
        finally:
            self.assertEqual(self.ask("/healthcheck/ok", "POST").status, 200)
        self.assertEqual(self.ask("/healthz/ready", port=self.gateway.health).status, 200)

    def test_log_levels_are_set_by_post(self):
        self.assertEqual(self.ask("/logging?level=warning", "POST").status, 200)
        self.assertIn("warning", self.ask("/logging", "POST").body.decode())
        self.assertEqual(self.ask("/logging?level=shouting", "POST").status, 400)
        self.assertEqual(self.ask("/logging?level=info", "POST").status, 200)

    def test_a_name_of_somebody_elses_dns_is_refused(self):
        for host, status in (("localhost", 200), ("LOCALHOST:15000", 200), ("127.0.0.1:15000", 200),
                             ("[::1]:15000", 200), ("evil.example", 403), ("localhost.evil.example", 403),
                             ("127.0.0.1.evil.example", 403)):
            self.assertEqual(self.ask("/server_info", host=host).status, status, host)

    def test_a_post_of_another_site_is_refused(self):
        for origin, status in (("http://evil.example", 403), ("null", 403), ("http://localhost", 200)):
            self.assertEqual(self.ask("/logging", "POST", headers=[f"origin: {origin}"]).status, status, origin)

    def test_an_unknown_page_is_404_with_help(self):
        answer = self.ask("/nonsense")
        self.assertEqual(answer.status, 404)
        self.assertIn(b"/config_dump", answer.body)


if __name__ == "__main__":
    unittest.main()
