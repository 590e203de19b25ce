"""Canaries that decide by what the gateway measures itself: promotion, rollback on errors and on latency, and what is done
without requests. Real sockets, seconds instead of minutes."""
import re
import unittest

from canary_rig import CanaryTest, document, tell, until
from rig import SANITIZED, first_pairing

SLOW = "{latency: {quantile: 0.9, maxRegressionPercent: 50}}"
BOTH = "{errorRate: {maxIncreasePercentagePoints: 1}, latency: {quantile: 0.9, maxRegressionPercent: 50}}"
LONG = "{weight: 25, hold: 30s}, {weight: 100, bake: 1s}"  # nothing is promoted within the test


@first_pairing
class CanaryDecisionsTest(CanaryTest):
    def test_a_good_version_goes_through_every_stage_and_only_weights_change(self):
        self.begin(document(gates=BOTH))
        load = self.load()
        self.ask("start")
        self.until_phase("Succeeded", 30)
        self.assertEqual(self.weights(), [0, 100])
        self.assert_only_weights_changed()
        report = load.report(stop=True)
        self.assertEqual(set(report["by_status"]), {"200"})
        self.assertEqual(report["lost"], {"closed": 0, "timeout": 0, "bad_answer": 0})

        revisions = self.revisions()
        self.assertEqual(len(revisions), 3, revisions)
        events = self.events()
        self.assertEqual([event["what"] for event in events], ["start", "stage", "stage", "finish"], events)
        # No hold is skipped, and every step says on what numbers it was taken.
        for before, after in zip(events, events[1:]):
            self.assertGreaterEqual(after["timeUs"] - before["timeUs"], 1_000_000 - 250_000, events)
            self.assertEqual(after["author"], "canary")
            gates = after["numbers"]["gates"]
            self.assertEqual({gate["gate"] for gate in gates}, {"errorRate", "latency"})
            self.assertFalse(any(gate["broken"] for gate in gates))
            self.assertGreaterEqual(after["numbers"]["challengerRequests"], 50)

    def test_a_version_that_fails_is_rolled_back_within_seconds(self):
        self.begin(document(stages=LONG))
        self.load()
        self.ask("start")
        self.until_measured(50)
        took = self.time_to_roll_back(lambda: tell(self.challenger, "failure_rate=0.2"), "20 % errors")
        self.assertLess(took, 30 if SANITIZED else 5)
        status = self.until_phase("RolledBack")
        self.assertRegex(status["reason"], r"\d+(\.\d+)? %")
        self.assert_only_weights_changed()
        rollback = self.events("rollback")[-1]
        gate, = (gate for gate in rollback["numbers"]["gates"] if gate["gate"] == "errorRate")
        self.assertTrue(gate["broken"])
        self.assertGreater(gate["challenger"], gate["champion"] + 0.01)
        self.assertGreaterEqual(gate["logEvidence"], gate["threshold"])
        self.assertEqual(self.revisions()[-1]["number"], rollback["revision"])
        # Nobody reaches the challenger by this rule any more.
        tell(self.challenger, "failure_rate=1")
        self.assertEqual({self.served.get().status for _ in range(30)}, {200})

    def until_measured(self, requests):
        until(lambda: self.status()["verdict"]["challengerRequests"] >= requests, f"{requests} requests measured")

    def test_a_version_that_is_slow_is_rolled_back(self):
        self.begin(document(stages=LONG, gates=SLOW))
        self.load()
        self.ask("start")
        self.until_measured(50)
        took = self.time_to_roll_back(lambda: tell(self.challenger, "latency=20ms"), "2 ms -> 20 ms")
        self.assertLess(took, 30 if SANITIZED else 8)
        self.assertRegex(self.until_phase("RolledBack")["reason"], r"p90 .* ms")
        gate, = self.events("rollback")[-1]["numbers"]["gates"]
        self.assertEqual((gate["gate"], gate["broken"]), ("latency", True))
        self.assertGreater(gate["challenger"], 15)
        self.assertLess(gate["champion"], 15)

    def test_a_version_that_breaks_at_100_percent_is_rolled_back_from_the_bake(self):
        self.begin(document(stages="{weight: 50, hold: 1s}, {weight: 100, bake: 30s}"))
        self.load()
        self.ask("start")
        until(lambda: self.weights() == [0, 100], f"the bake; it is {self.status()}")
        self.until_measured(50)
        self.time_to_roll_back(lambda: tell(self.challenger, "failure_rate=0.2"), "20 % errors in the bake")
        self.until_phase("RolledBack")

    def test_a_version_that_is_as_bad_as_the_other_is_promoted(self):
        # More than the limit each, but not more than the limit apart: far enough below it for chance to make no difference.
        bad = ("--latency", "2ms", "--failure-rate", "0.2")
        self.begin(document(gates="{errorRate: {maxIncreasePercentagePoints: 15}}"), champion=bad, challenger=bad)
        self.load()
        self.ask("start")
        self.until_phase("Succeeded", 30)

    def test_without_requests_it_waits(self):
        self.begin(document(stages="{weight: 25, hold: 500ms}, {weight: 100, bake: 500ms}"))
        self.ask("start")
        wait, = until(lambda: self.events("wait"), f"that it waits is told; it is {self.status()}")
        self.assertRegex(wait["text"], r"fewer than 50 requests \(challenger 0, champion 0\)")
        status = self.status()
        self.assertEqual((status["phase"], status["stage"]), ("Progressing", 0))
        self.assertEqual(self.weights(), [75, 25])
        # With requests it goes on where it was.
        self.load()
        self.until_phase("Succeeded", 30)
        self.assertEqual(len(self.events("wait")), 1)  # told once

    def test_without_requests_for_too_long_it_is_rolled_back(self):
        self.begin(document(stages="{weight: 25, hold: 500ms}, {weight: 100, bake: 500ms}",
                            more="  noDataLimit: 1s\n"))
        self.ask("start")
        status = self.until_phase("RolledBack")
        self.assertRegex(status["reason"], "(?i)data|requests")
        self.assertEqual(self.weights(), [100, 0])
        start, rollback = self.events("start")[0], self.events("rollback")[0]
        self.assertGreaterEqual(rollback["timeUs"] - start["timeUs"], 1_250_000)

    def test_without_requests_rollback_does_not_wait(self):
        self.begin(document(stages="{weight: 25, hold: 500ms}, {weight: 100, bake: 500ms}",
                            more="  onNoData: rollback\n"))
        self.ask("start")
        self.until_phase("RolledBack")
        self.assertEqual(self.weights(), [100, 0])

    def test_without_requests_promote_promotes(self):
        self.begin(document(stages="{weight: 25, hold: 500ms}, {weight: 100, bake: 500ms}",
                            more="  onNoData: promote\n"))
        self.ask("start")
        self.until_phase("Succeeded")
        self.assertEqual(self.weights(), [0, 100])
        self.assertTrue(any(re.search("(?i)data|requests", event["text"]) for event in self.events("stage")))


if __name__ == "__main__":
    unittest.main()
