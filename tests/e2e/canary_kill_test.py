"""Canaries as restarts meet them: kill -9 at any time loses no stage, skips no hold and leaves nothing half set."""
import contextlib
import http.client
import os
import random
import signal
import threading
import time
import unittest

from canary_life import CANARY, CanaryLife, HTTP, SLOW
from canary_rig import PAGE
from load import Load
from rig import first_pairing, rules, until

KILLS = int(os.environ.get("SLUICE_KILLS", "24"))


@first_pairing
class KillTest(CanaryLife):
    """kill -9 at any moment: the next life is where the last one was, or one step further."""

    STAGES = [10, 30, 60, 100]
    HOLD = 0.4

    def test_kills_in_every_stage_lose_no_stage_and_skip_no_hold(self):
        self.begin(", ".join(f"{{weight: {weight}, hold: 400ms}}" for weight in self.STAGES))
        before = self.rest()
        chance = random.Random(4)
        allowed = [[90, 0, 10]] + [[90 - 90 * w // 100, 90 * w // 100, 10] for w in self.STAGES]
        seen, kills, runs = set(), 0, 0
        while kills < KILLS:
            if self.status()["phase"] not in ("Progressing", "Paused"):
                self.ask("start")
                runs += 1
            # Anywhere: in a hold, and right around a change of weights.
            status = self.status()
            target = chance.choice(["now", "change", "later"])
            have, wait = self.weights(), time.monotonic() + chance.random() * self.HOLD
            if target == "change":
                until(lambda: self.weights() != have or self.status()["phase"] == "Succeeded", "a change")
                status = self.status()
            elif target == "later":
                until(lambda: time.monotonic() > wait, "some time")
                status = self.status()
            self.end()
            kills += 1
            self.launch()
            after = self.status()
            seen.add(status["stage"] if status["phase"] == "Progressing" else status["phase"])
            self.assertIn(self.weights(), allowed)
            self.assertEqual(self.rest(), before)
            if status["phase"] == "Progressing":
                self.assertIn(after["phase"], ("Progressing", "Succeeded"))
                self.assertIn(after["stage"], (status["stage"], status["stage"] + 1))
                if after["stage"] == status["stage"] and after["phase"] == "Progressing":
                    self.assertLessEqual(after["heldSeconds"], status["heldSeconds"] + 0.5, "downtime is no hold")
        self.until_phase("Succeeded")
        self.assertEqual(self.weights(), allowed[-1])
        self.assertTrue(self.admin.ask("GET", "/sluice/v1/verify")[2]["intact"])
        self.holds_were_kept()
        print(f"{kills} kills in {runs} runs, in stages {sorted(map(str, seen))}")

    def holds_were_kept(self):
        """Between two steps of the gateway's own lies the hold, whatever happened in between."""
        steps = [event for event in self.events() if event["what"] in ("start", "stage", "finish")]
        for one, two in zip(steps, steps[1:]):
            if two["what"] != "start":
                self.assertGreaterEqual((two["timeUs"] - one["timeUs"]) / 1e6, self.HOLD - 0.01, (one, two))
        # Every stage of every run was entered once, in order.
        order = [event["what"] for event in steps]
        whole = ["start", "stage", "stage", "stage", "finish"]
        self.assertEqual(order, whole * (len(order) // len(whole)), order)

    def test_kills_during_the_changes_leave_nothing_half_set(self):
        self.begin()
        chance = random.Random(7)
        for _ in range(max(4, KILLS // 3)):
            if self.status()["phase"] != "Progressing":
                self.ask("start")
            asked = threading.Thread(target=self.ask_and_die, args=(self.admin.address, self.admin.token))
            asked.start()
            until(lambda end=time.monotonic() + chance.random() * 0.02: time.monotonic() > end, "a moment")
            self.end()
            asked.join()
            self.launch()
            until(self.consistent, "weights and stage agree")
            self.assertIn(self.status()["phase"], ("Progressing", "Succeeded"))
        self.assertTrue(self.admin.ask("GET", "/sluice/v1/verify")[2]["intact"])

    def consistent(self):
        status = self.status()
        return self.weights() == [90 - 90 * status["weight"] // 100, 90 * status["weight"] // 100, 10]

    @staticmethod
    def ask_and_die(address, token):
        """A promotion whose answer may never come."""
        with contextlib.closing(http.client.HTTPConnection(address, timeout=10)) as connection, \
                contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("POST", f"{PAGE}/promote", "{}", {"authorization": f"Bearer {token}",
                                                                "content-type": "application/json"})
            connection.getresponse().read()

    def test_what_was_measured_survives_a_kill(self):
        ports = [self.stub(f"v{i}")[1] for i in range(3)]
        self.text = rules(ports, HTTP) + CANARY % SLOW + "  gates: {errorRate: {maxIncreasePercentagePoints: 1}}\n"
        gateway = self.launch()
        self.ask("start")
        load = Load(self, gateway, "-c", 4, "-n", 4000)
        load.report()
        # A checkpoint is written every two seconds; it shows in nothing but the file.
        held = self.status()["heldSeconds"]
        until(lambda: self.status()["heldSeconds"] > held + 2.5, "a checkpoint")
        have = self.status()["verdict"]
        self.assertGreater(have["championRequests"] + have["challengerRequests"], 3300)
        self.end()

        self.launch()

        until(lambda: self.status()["verdict"] == have, "as many as before")
        self.assertEqual((self.status()["stage"], self.weights()), (0, [81, 9, 10]))

    def test_a_stop_in_the_middle_goes_on_where_it_was(self):
        self.begin("{weight: 10, hold: 1500ms}, {weight: 100, bake: 0s}")
        self.ask("start")
        until(lambda: self.status()["heldSeconds"] > 0.8, "half of the hold")
        self.end(signal.SIGTERM)
        self.launch()
        self.assertGreater(self.status()["heldSeconds"], 0.8)
        self.until_phase("Succeeded")


if __name__ == "__main__":
    unittest.main()
