"""After a hundred thousand requests, many of them failed, everything is as after the first ten thousand."""
import unittest

from load import NOTHING_LOST, STREAMS, Load
from rig import CLIENT, PAIRING, SANITIZED, RigTest, harness, rules, until

GAUGES = ("envoy_http_downstream_cx_active", "envoy_http_downstream_rq_active", "envoy_cluster_upstream_rq_active",
          "envoy_cluster_upstream_rq_pending_active")
FAILURES = ("status", "reset", "close", "half")
CONNECTIONS = 16
AT_ONCE = CONNECTIONS * (STREAMS if CLIENT == 2 else 1)  # requests
MORE = 90_000 if PAIRING == "1-1" else 20_000


class LeakTest(RigTest):
    def run_load(self, gateway, count):
        report = Load(self, gateway, "-c", CONNECTIONS, "-n", count).report()
        # An answer cut short by the model is cut short for the client: `half` is lost by design, nothing else is.
        self.assertEqual(report["sent"], count)
        self.assertEqual(report["answered"] + sum(report["lost"].values()), count)
        self.assertEqual(report["lost"] | {"closed": 0}, NOTHING_LOST)
        self.assertLess(report["lost"]["closed"], count * 0.05)
        for name in GAUGES:
            until(lambda gauge=name: gateway.metric(gauge) == 0, name)
        return report

    def test_descriptors_gauges_and_memory_do_not_grow(self):
        ports = [self.stub("v0")[1]]
        ports += [self.stub(f"v{i + 1}", "--failure", kind, "--failure-rate", "0.3")[1]
                  for i, kind in enumerate(FAILURES)]
        targets = ", ".join(f"{{destination: {{host: model, subset: v{i}}}, weight: {weight}}}"
                            for i, weight in enumerate((60, 10, 10, 10, 10)))
        rule = f"  - route: [{targets}]\n    retries: {{attempts: 1, retryOn: '5xx,reset'}}\n"
        gateway = self.gateway(rules(ports, rule), "--workers", 2)

        descriptors = gateway.descriptors()
        first = self.run_load(gateway, 10_000)
        resident = gateway.rss_kib()
        self.run_load(gateway, MORE)

        self.assertGreater(first["by_status"].get("503", 0) + first["by_status"].get("500", 0), 0)
        # What is left are idle connections: to each model never more than there were requests at once, and since they may
        # all have been at one model at one time, no fewer can be promised. A leak would show with every failed request.
        self.assertLessEqual(gateway.descriptors(), descriptors + AT_ONCE * len(ports))
        if not SANITIZED:
            self.assertLess(gateway.rss_kib() - resident, 4096, "KiB more after all the further requests")
        self.assertEqual(gateway.metric("envoy_http_downstream_rq_total"), 10_000 + MORE)
        self.assertEqual(gateway.metric("envoy_http_downstream_rq_completed"), 10_000 + MORE)
        page = harness.get(gateway.metrics_at, "/stats/prometheus")
        negative = [line for line in page.split("\n") if line and not line.startswith("#") and " -" in line[-24:]]
        self.assertEqual(negative, [])


if __name__ == "__main__":
    unittest.main()
