"""New rules while requests run: nothing is lost, nothing is forgotten, and bad rules change nothing."""
import os
import signal
import threading
import unittest

from load import NOTHING_LOST, Load, split
from rig import PLAIN, SANITIZED, RigTest, rules, settings, until

EJECTING = ("  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 100s, "
            "maxEjectionPercent: 100}}\n")
EXPERIMENT = """---
apiVersion: sluice.dev/v1alpha1
kind: Experiment
metadata: {name: trial}
spec:
  host: model
  unit: {header: x-user-id}
  buckets: 100
  arms: [{name: all, buckets: 0-99, subset: v1}]
"""


def generation(gateway):
    return gateway.metric("sluice_config_generation")


def reload(gateway, text=None):
    """Puts the rules in place, sends SIGHUP and waits until they are in force."""
    before = generation(gateway)
    if text is not None:
        gateway.write_rules(text)
    gateway.program.process.send_signal(signal.SIGHUP)
    until(lambda: generation(gateway) > before, "the new rules are in force")


class ReloadTest(RigTest):
    def test_a_hundred_reloads_under_load_lose_nothing_and_close_nothing(self):
        ports = [self.stub(version)[1] for version in ("v0", "v1")]
        worlds = [rules(ports, split(100, 0)), rules(ports, split(0, 100))]
        gateway = self.gateway(worlds[0], "--workers", 2)
        load = Load(self, gateway, "-c", 8, "-d", "100s", "--tally", "x-model-version")
        until(lambda: gateway.metric("envoy_http_downstream_rq_total") > 200, "load")

        resident = 0
        for i in range(1, 121):
            reload(gateway, worlds[i % 2])
            if i == 30:
                resident = gateway.rss_kib()
        grown = gateway.rss_kib() - resident
        report = load.report(stop=True)

        self.assertEqual(report["lost"], NOTHING_LOST)
        self.assertEqual(set(report["by_status"]), {"200"})
        self.assertEqual(report["connects"], 8)
        self.assertEqual(set(report["by_version"]), {"v0", "v1"})
        self.assertGreaterEqual(gateway.metric("sluice_config_reload_success_total"), 121)
        self.assertEqual(gateway.metric("sluice_config_reload_failed_total"), 0)
        if not SANITIZED:
            self.assertLess(grown, 2048, "KiB more after 90 further reloads")

    def test_the_first_request_after_a_switch_follows_it(self):
        models = [self.model(), self.model()]
        worlds = [rules([model.port for model in models], split(*weights)) for weights in ((100, 0), (0, 100))]
        gateway = self.gateway(worlds[0])
        with gateway.client() as client:
            for i in range(20):
                reload(gateway, worlds[i % 2])
                seen = len(models[i % 2].requests)
                client.request()
                self.assertEqual(len(models[i % 2].requests), seen + 1)

    def test_connections_to_models_survive(self):
        model = self.model()
        gateway = self.gateway(rules([model.port], PLAIN), "--workers", 1)
        gateway.get()
        reload(gateway, rules([model.port], PLAIN.replace("attempts: 0", "attempts: 1")))
        gateway.get()
        self.assertEqual(len(model.connections), 1)

    def test_an_ejection_survives(self):
        def failing(connection):
            while connection.read_request():
                connection.send("HTTP/1.1 500 Bad\r\ncontent-length: 0\r\n\r\n")
        bad, good = self.model(failing), self.model()
        text = rules([bad.port, good.port], "  - route: [{destination: {host: model}}]\n    retries: {attempts: 0}\n",
                     EJECTING)
        gateway = self.gateway(text, "--workers", 1)
        until(lambda: gateway.get().status == 500, "the bad one answers")
        active = "envoy_cluster_outlier_detection_ejections_active"
        until(lambda: gateway.metric(active) == 1, "one ejection")

        reload(gateway, text.replace("attempts: 0", "attempts: 1"))

        self.assertEqual(gateway.metric(active), 1)
        self.assertEqual({gateway.get().status for _ in range(10)}, {200})
        self.assertEqual(len(bad.requests), 1)

    def test_a_request_of_an_endpoint_that_goes_is_answered_and_its_connection_then_closed(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def held(connection):
            while connection.read_request():
                release.wait(20)
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nold")
        old, new = self.model(held), self.model()
        gateway = self.gateway(rules([old.port], PLAIN), "--workers", 1)
        with gateway.client() as client:
            client.send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")
            until(lambda: old.requests, "the request is with the old model")

            reload(gateway, rules([new.port], PLAIN))

            self.assertEqual(gateway.get().body, b"ok")
            self.assertFalse(old.connections[0].ended.is_set())
            release.set()
            self.assertEqual(client.answer().body, b"old")
            self.assertTrue(old.connections[0].ended.wait(20))
            self.assertEqual(client.request().body, b"ok")

    def test_the_idle_connections_of_an_endpoint_that_goes_are_closed(self):
        old, new = self.model(), self.model()
        gateway = self.gateway(rules([old.port], PLAIN), "--workers", 1)
        gateway.get()
        reload(gateway, rules([new.port], PLAIN))
        self.assertTrue(old.connections[0].ended.wait(20))

    def test_mirrors_and_experiments_come_and_go(self):
        primary, second = self.model(), self.model()
        ports = [primary.port, second.port]
        gateway = self.gateway(rules(ports, PLAIN))
        headers = ["x-user-id: u1"]

        reload(gateway, rules(ports, PLAIN + "    mirror: {host: model, subset: v1}\n"))
        gateway.get(headers=headers)
        until(lambda: second.requests, "the copy")
        self.assertIn(("x-sluice-mirror", "true"), second.requests[0]["headers"])

        reload(gateway, rules(ports, PLAIN, more=EXPERIMENT))
        gateway.get(headers=headers)
        until(lambda: len(second.requests) == 2, "the arm's request")
        self.assertIn(("x-ab-arm", "all"), second.requests[1]["headers"])

        reload(gateway, rules(ports, PLAIN))
        gateway.get(headers=headers)
        self.assertNotIn("x-ab-arm", dict(primary.requests[-1]["headers"]))
        self.assertEqual((len(primary.requests), len(second.requests)), (2, 2))

    def test_the_access_log_follows_its_path_and_a_rotation(self):
        model = self.model()
        first, second = self.directory / "first.log", self.directory / "second.log"
        gateway = self.gateway(rules([model.port], PLAIN, more=settings(f"accessLog: {{path: {first}}}")))
        gateway.get("/one")
        until(lambda: "/one" in first.read_text(), "the line of /one")

        rotated = self.directory / "rotated.log"
        os.rename(first, rotated)
        reload(gateway)
        gateway.get("/two")
        until(lambda: first.exists() and "/two" in first.read_text(), "the line of /two")
        self.assertNotIn("/two", rotated.read_text())

        reload(gateway, rules([model.port], PLAIN, more=settings(f"accessLog: {{path: {second}}}")))
        gateway.get("/three")
        until(lambda: second.exists() and "/three" in second.read_text(), "the line of /three")
        self.assertNotIn("/three", first.read_text())

    def test_what_a_reload_cannot_change_is_said(self):
        model = self.model()
        gateway = self.gateway(rules([model.port], PLAIN, more=settings("workers: 1")))

        reload(gateway, rules([model.port], PLAIN, more=settings("workers: 2", "telemetry: {seriesMax: 500}")))

        for field in ("workers", "telemetry.seriesMax"):
            self.assertIn(f"{field} of GatewaySettings has changed and takes effect at the next start", gateway.log())
        self.assertNotIn("telemetry.extraBuckets of", gateway.log())

    def test_an_access_log_that_cannot_be_opened_shows_in_health_and_recovers(self):
        model = self.model()
        there = self.directory / "later" / "access.log"
        gateway = self.gateway(rules([model.port], PLAIN, more=settings(f"accessLog: {{path: {there}}}")))
        self.assertEqual(gateway.get().status, 200)
        self.assertEqual(gateway.metric("sluice_access_log_healthy"), 0)
        there.parent.mkdir()
        reload(gateway)
        gateway.get("/late")
        until(lambda: there.exists() and "/late" in there.read_text(), "the line of /late")
        self.assertEqual(gateway.metric("sluice_access_log_healthy"), 1)


if __name__ == "__main__":
    unittest.main()
