"""Canaries with a gate that Debian's own Prometheus answers, which scrapes the gateway: promoted, rolled back with the
value, held while Prometheus is away; and a Prometheus that says absurd things. The query is the article's."""
import json
import unittest

from canary_rig import CanaryTest, document, until
from prometheus_rig import Prometheus, Scripted, program, vector
from rig import first_pairing

P99 = 'histogram_quantile(0.99, rate(inference_latency_seconds_bucket{model_version="v1"}[5m]))'
STAGES = "{weight: 50, hold: 2s}, {weight: 100, bake: 2s}"


def gate(address, query, bounds="max: 0.05", more=""):
    return (f"{{prometheus: [{{name: p99, address: \"{address}\", query: '{query}', {bounds}, interval: 500ms, "
            f"timeout: 2s{more}}}]}}")


@first_pairing
class CanaryPrometheusTest(CanaryTest):
    def reading(self):
        return self.status()["prometheus"][0]

    def apply(self, text):
        """Another definition of the canary: the gateway reads the file anew when it is told to."""
        rules = self.served.rules.read_text()
        self.served.write_rules(rules[:rules.index("---\napiVersion: sluice.dev/v1alpha1\nkind: Canary")] + text)
        self.served.program.process.send_signal(1)

    def begin_with_prometheus(self, **options):
        """The gateway first, whose metrics Prometheus scrapes; then a canary that asks it."""
        self.begin(document(gates=gate("http://127.0.0.1:1", P99)), **options)
        self.prometheus = Prometheus(self, self.served.metrics_at)
        self.load(200)

    def define(self, **options):
        text = document(**options)
        self.apply(text)
        until(lambda: self.prometheus_address() == self.prometheus.address, "the new definition")

    def prometheus_address(self):
        return self.admin.live("Canary", "next")["spec"]["gates"]["prometheus"][0]["address"]

    @unittest.skipIf(program() is None, "there is no prometheus: ./dev test fetches it")
    def test_a_gate_that_holds_promotes(self):
        self.begin_with_prometheus()
        self.define(stages=STAGES, gates=gate(self.prometheus.address, P99))
        self.ask("start")
        self.until_phase("Succeeded", 30)
        self.assertEqual(self.weights(), [0, 100])
        (labels, value), = self.prometheus.ask(P99)
        self.assertEqual(labels["model_version"], "v1")
        self.assertLess(value, 0.05)

    @unittest.skipIf(program() is None, "there is no prometheus: ./dev test fetches it")
    def test_a_gate_that_breaks_rolls_back_with_the_value(self):
        self.begin_with_prometheus(challenger=("--latency", "80ms"))
        self.define(stages="{weight: 50, hold: 30s}, {weight: 100, bake: 1s}", gates=gate(self.prometheus.address, P99))
        self.ask("start")
        status = self.until_phase("RolledBack", 30)
        self.assertRegex(status["reason"], r"p99.* 0\.\d+ > 0\.05")
        self.assertEqual(self.weights(), [100, 0])
        self.assertRegex(self.events("rollback")[-1]["text"], r"0\.\d+ > 0\.05")

    @unittest.skipIf(program() is None, "there is no prometheus: ./dev test fetches it")
    def test_a_prometheus_that_dies_holds_and_then_rolls_back(self):
        self.begin_with_prometheus()
        self.define(stages="{weight: 50, hold: 4s}, {weight: 100, bake: 1s}", gates=gate(self.prometheus.address, P99),
                    more="  noDataLimit: 2s\n")
        self.ask("start")
        until(lambda: self.reading()["state"] == "fine", f"a good answer; it is {self.status()}", 15)
        self.prometheus.kill()
        until(lambda: self.reading()["state"] == "noData", f"no answer; it is {self.status()}")
        self.assertIn("refused", self.reading()["text"])
        status = self.until_phase("RolledBack", 20)
        self.assertEqual([event["what"] for event in self.events()], ["start", "wait", "rollback"])
        self.assertIn("p99", status["reason"])
        self.assertEqual(self.weights(), [100, 0])

    def test_absurd_answers_hold_and_a_good_one_goes_on(self):
        absurd = [(200, "<html>"), (200, "[]"), vector("NaN"), vector(), (500, "x"), (200, " " * (1 << 20) + "  "),
                  (422, json.dumps({"status": "error", "errorType": "execution", "error": "many-to-many matching"})),
                  (200, json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}}))]
        scripted = Scripted(self, *absurd)
        self.begin(document(stages="{weight: 50, hold: 200ms}, {weight: 100, bake: 200ms}",
                            gates=gate(scripted.address, "up").replace("500ms", "100ms")))
        self.load(200)
        self.ask("start")
        until(lambda: len(scripted.queries) > len(absurd) + 5, "every answer to be read")
        status = self.status()
        self.assertEqual((status["phase"], status["stage"]), ("Progressing", 0), status)
        self.assertEqual(self.reading()["state"], "noData")
        self.assertEqual(set(scripted.queries), {"up"})
        scripted.answers = [vector("0.01")]
        self.until_phase("Succeeded")

    def test_one_bad_answer_is_not_enough(self):
        scripted = Scripted(self, vector("0.01"), vector("0.9"), vector("0.01"), vector("0.9"), vector("0.01"))
        self.begin(document(stages="{weight: 50, hold: 1s}, {weight: 100, bake: 200ms}",
                            gates=gate(scripted.address, "up").replace("500ms", "100ms")))
        self.load(200)
        self.ask("start")
        self.until_phase("Succeeded")
        self.assertGreater(len(scripted.queries), 5)


if __name__ == "__main__":
    unittest.main()
