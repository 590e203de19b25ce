"""Canaries as people and restarts meet them: the verbs, somebody else's edits, kill -9 at any time. Stages take a second or
less. What both versions answer is another test's subject: these canaries have no gates, so the clock promotes them, unless
a test says otherwise."""
import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import threading
import time
import unittest

import rig
from live import Admin
from load import Load
from rig import RigTest, answering, first_pairing, rules, until

KILLS = int(os.environ.get("SLUICE_KILLS", "24"))
HTTP = """
  - name: premium
    match: [{headers: {x-segment: {exact: premium}}}]
    route: [{destination: {host: model, subset: v1}}]
    timeout: 3s
    retries: {attempts: 2, perTryTimeout: 1s}
  - name: default
    route:
    - {destination: {host: model, subset: v0}, weight: 90}
    - {destination: {host: model, subset: v1}, weight: 0}
    - {destination: {host: model, subset: v2}, weight: 10}
    mirror: {host: model, subset: v2}
    mirrorPercentage: {value: 5.0}
    retries: {attempts: 1, perTryTimeout: 2s}
"""
CANARY = """---
apiVersion: sluice.dev/v1alpha1
kind: Canary
metadata: {name: next}
spec:
  virtualService: model
  route: default
  champion: v0
  challenger: v1
  stages: [%s]
"""
FAST = "{weight: 10, hold: 300ms}, {weight: 50, hold: 300ms}, {weight: 100, bake: 300ms}"
SLOW = "{weight: 10, hold: 10m}, {weight: 50, hold: 10m}, {weight: 100, bake: 10m}"
PAGE = "/sluice/v1/canaries/default/next"


class CanaryRig(RigTest):
    """A gateway with a canary, and what can be asked of it."""

    def begin(self, stages=SLOW, more=""):
        ports = [self.model(answering(f"v{i}".encode())).port for i in range(3)]
        self.text = rules(ports, HTTP) + CANARY % stages + more
        return self.launch()

    def launch(self, *flags):
        self.state = self.directory / "state"
        self.running = self.gateway(self.text, "--state-dir", self.state, *flags)
        self.admin = Admin(self.running, self.state)
        self.addCleanup(self.admin.close)
        return self.running

    def end(self, how=signal.SIGKILL):
        self.admin.close()
        self.running.program.process.send_signal(how)
        self.running.program.process.wait(30)

    def ask(self, verb, expected=200, **body):
        status, _, answer = self.admin.ask("POST", f"{PAGE}/{verb}", body)
        self.assertEqual(status, expected, answer)
        return answer

    def status(self):
        status, _, answer = self.admin.ask("GET", PAGE)
        self.assertEqual(status, 200, answer)
        return answer

    def until_phase(self, phase, seconds=20.0):
        return until(lambda: (lambda now: now if now["phase"] == phase else None)(self.status()), phase, seconds)

    def events(self, what=None):
        """Oldest first."""
        found = self.admin.ask("GET", PAGE + "?events=1000")[2]["events"]
        return [event for event in reversed(found) if what in (None, event["what"])]

    def service(self):
        return self.admin.live("VirtualService", "model")

    def rule(self, name="default"):
        return next(rule for rule in self.service()["spec"]["http"] if rule.get("name") == name)

    def weights(self):
        return [entry.get("weight") for entry in self.rule()["route"]]

    def rest(self):
        """The VirtualService without what a canary may change."""
        body = self.service()
        for rule in body["spec"]["http"]:
            for entry in rule["route"] if rule.get("name") == "default" else []:
                entry.pop("weight", None)
        return json.dumps(body)

    def edit(self, change):
        """Somebody else's edit of the VirtualService."""
        body = self.service()
        change({rule["name"]: rule for rule in body["spec"]["http"]})
        self.admin.apply(body)

    def sluice(self, *arguments, code=0):
        done = subprocess.run([rig.BIN, *arguments, "--server", f"http://{self.running.admin}", "--token-file",
                               str(self.state / "admin-token")], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr


@first_pairing
class VerbsTest(CanaryRig):
    def test_a_canary_goes_through_its_stages_and_touches_nothing_but_weights(self):
        self.begin(FAST)
        before = self.rest()
        self.assertEqual(self.status()["phase"], "Idle")

        self.ask("start")
        self.until_phase("Succeeded")

        self.assertEqual(self.weights(), [0, 90, 10])
        self.assertEqual(self.rest(), before)
        self.assertEqual([event["what"] for event in self.events()], ["start", "stage", "stage", "finish"])
        revisions = [entry for entry in reversed(self.admin.history()) if entry["source"] == "canary"]
        self.assertEqual([entry["summary"] for entry in revisions],
                         [["VirtualService default/model: route default: v0 90 % -> 81 %, v1 0 % -> 9 %"],
                          ["VirtualService default/model: route default: v0 81 % -> 45 %, v1 9 % -> 45 %"],
                          ["VirtualService default/model: route default: v0 45 % -> 0 %, v1 45 % -> 90 %"]])
        self.assertEqual([event["revision"] for event in self.events()], [entry["number"] for entry in revisions] + [0])
        self.assertTrue(all(entry["message"] for entry in revisions), revisions)
        self.assertIn("canary default/next", revisions[1]["author"])
        self.assertIn(revisions[1]["message"], self.sluice("history"))

    def test_pause_keeps_the_stage_and_resume_goes_on(self):
        self.begin("{weight: 10, hold: 600ms}, {weight: 100, bake: 0s}")
        self.ask("start")
        self.ask("pause", message="lunch")
        held = self.status()["heldSeconds"]
        self.assertEqual((self.status()["phase"], self.status()["pauseCause"]), ("Paused", "person"))
        self.assertIn("lunch", self.events("pause")[0]["text"])
        scrapes = time.monotonic() + 1.0
        until(lambda: time.monotonic() > scrapes, "longer than the hold")
        self.assertEqual((self.status()["heldSeconds"], self.weights()), (held, [81, 9, 10]))
        self.ask("pause", expected=409)

        self.ask("resume")
        self.until_phase("Succeeded")
        self.assertEqual(self.weights(), [0, 90, 10])
        # What changed nothing stands in the history, too, at its time.
        history = self.sluice("history")
        for event in self.events():
            self.assertIn(event["text"], history)
        texts = [event["text"] for event in reversed(self.events()) if not event["revision"]]
        page = self.admin.ask("GET", "/sluice/v1/history?object=Canary/default/next")[2]
        self.assertEqual([decision["text"] for decision in page["decisions"]], texts)
        page = self.admin.ask("GET", "/sluice/v1/history?object=VirtualService/default/model")[2]
        self.assertEqual(page["decisions"], [])

    def test_promote_takes_the_next_stage_and_full_the_last_one(self):
        self.begin()
        self.ask("promote", expected=409)
        self.ask("start")
        self.assertEqual(self.ask("promote", message="fine by me")["weight"], 50)
        self.assertEqual(self.weights(), [45, 45, 10])
        self.assertIn("fine by me", self.admin.history("?limit=1")[0]["message"])
        self.ask("abort")
        self.ask("start")
        self.assertEqual(self.ask("promote", full=True)["weight"], 100)
        self.assertEqual(self.weights(), [0, 90, 10])
        self.assertEqual(self.ask("promote")["phase"], "Succeeded")

    def test_abort_puts_back_what_was_there_to_the_byte(self):
        self.begin()
        before = json.dumps(self.service())
        self.ask("abort", expected=409)
        self.ask("start")
        self.ask("start", expected=409)
        self.assertNotEqual(json.dumps(self.service()), before)

        self.assertEqual(self.ask("abort")["phase"], "Aborted")

        self.assertEqual(json.dumps(self.service()), before)
        self.assertEqual(self.status()["weight"], 0)
        self.ask("start")
        self.assertEqual(self.weights(), [81, 9, 10])

    def test_who_has_no_token_only_reads(self):
        self.begin()
        status, _, answer = self.admin.ask("POST", f"{PAGE}/start", {}, token=False)
        self.assertEqual(status, 401, answer)
        self.assertEqual(self.weights(), [90, 0, 10])
        self.assertEqual(self.admin.ask("GET", PAGE, token=False)[0], 200)
        self.assertEqual(self.admin.ask("POST", "/sluice/v1/canaries/default/other/start", {})[0], 404)
        self.assertEqual(self.admin.ask("GET", "/sluice/v1/canaries/default/other")[0], 404)
        self.assertEqual(self.admin.ask("POST", f"{PAGE}/dance", {})[0], 404)
        self.assertEqual(self.admin.ask("POST", f"{PAGE}/start", "[]")[0], 400)

    def test_a_start_that_cannot_be_says_what_to_do(self):
        self.begin(more=(CANARY % SLOW).replace("name: next", "name: unrouted").replace("route: default", "route: premium"))
        status, _, answer = self.admin.ask("POST", "/sluice/v1/canaries/default/unrouted/start", {})
        self.assertEqual(status, 409)
        self.assertIn("add it to the route with weight 0", answer["error"])
        self.assertIn("v0", answer["error"])

    def test_without_a_state_directory_it_works_in_memory(self):
        ports = [self.model(answering(b"x")).port for _ in range(3)]
        token = self.directory / "token"
        token.write_text("secret-of-this-test-0123456789\n")
        gateway = self.gateway(rules(ports, HTTP) + CANARY % FAST, "--admin-token-file", token)
        self.running, self.state = gateway, self.directory
        self.assertIn("Idle", self.sluice_with(token, "canary", "status"))
        self.sluice_with(token, "canary", "start", "next")
        self.assertIn("Succeeded", self.sluice_with(token, "canary", "status", "next", "--watch"))

    def sluice_with(self, token, *arguments):
        done = subprocess.run([rig.BIN, *arguments, "--server", f"http://{self.running.admin}", "--token-file", str(token)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


@first_pairing
class CommandLineTest(CanaryRig):
    def test_status_shows_the_stages_and_where_it_is(self):
        self.begin()
        self.assertIn("Idle", self.sluice("canary", "status"))
        shown = self.sluice("canary", "start", "next", "-m", "the new one")
        self.assertIn("[10 %] -- 50 % -- 100 %", shown)
        self.assertIn("Progressing, stage 1 of 3 (10 %)", shown)
        shown = self.sluice("canary", "status", "default/next")
        for part in ("default of default/model: from v0 to v1", "of 10m", "start", "the new one"):
            self.assertIn(part, shown)
        self.assertIn("10 % -- [50 %] -- 100 %", self.sluice("canary", "promote", "next"))
        self.assertIn("Paused", self.sluice("canary", "pause", "next"))
        self.sluice("canary", "resume", "next")
        self.assertIn("Aborted", self.sluice("canary", "abort", "next"))
        self.assertEqual(json.loads(self.sluice("canary", "status", "next", "-o", "json"))["phase"], "Aborted")
        self.assertIn("not running", self.sluice("canary", "abort", "next", code=1))
        self.assertIn("there is no canary", self.sluice("canary", "status", "other", code=1))

    def test_watch_follows_until_the_end_and_says_how_it_ended(self):
        self.begin(FAST)
        self.ask("start")
        lines = self.sluice("canary", "status", "next", "--watch").splitlines()
        self.assertIn("Succeeded", lines[-1])
        self.assertTrue(any("Progressing" in line for line in lines), lines)
        self.ask("start", expected=200)
        self.ask("abort")
        self.assertIn("Aborted", self.sluice("canary", "status", "next", "--watch", code=1))


@first_pairing
class ForeignEditTest(CanaryRig):
    def test_an_edit_of_the_route_pauses_and_says_who_and_what(self):
        self.begin()
        self.ask("start")
        self.edit(lambda by: by["default"].update(timeout="7s"))

        status = self.status()
        self.assertEqual((status["phase"], status["pauseCause"]), ("Paused", "foreignEdit"))
        number = self.admin.history("?limit=1")[0]["number"]
        self.assertIn(f"in revision {number}", status["reason"])
        self.assertIn("admin-token", status["reason"])
        self.assertIn("timeout", status["reason"])
        self.ask("promote", expected=409)

        self.assertEqual(self.ask("resume")["phase"], "Progressing")
        self.assertEqual(self.rule()["timeout"], "7s")
        self.assertEqual(self.weights(), [81, 9, 10])
        self.ask("abort")
        self.assertEqual((self.rule()["timeout"], self.weights()), ("7s", [90, 0, 10]))

    def test_weights_that_somebody_sets_stay_until_it_is_resumed(self):
        self.begin()
        self.ask("start")
        self.sluice("weights", "model", "default", "v0=20", "v1=60", "v2=20")
        self.assertEqual(self.status()["pauseCause"], "foreignEdit")
        self.assertIn("weights", self.admin.history("?limit=1")[0]["source"])
        self.assertEqual(self.weights(), [20, 60, 20])
        self.ask("resume")
        self.assertEqual(self.weights(), [72, 8, 20])
        self.ask("abort")
        self.assertEqual(self.weights(), [80, 0, 20])

    def test_an_abort_leaves_weights_that_somebody_has_set(self):
        self.begin()
        self.ask("start")
        self.sluice("weights", "model", "default", "v0=20", "v1=60", "v2=20")
        self.ask("abort")
        self.assertEqual((self.weights(), self.status()["phase"]), ([20, 60, 20], "Aborted"))

    def test_edits_of_other_rules_do_not_disturb(self):
        self.begin()
        self.ask("start")
        self.edit(lambda by: by["premium"].update(timeout="9s"))
        self.assertEqual(self.status()["phase"], "Progressing")
        self.ask("promote")
        self.assertEqual((self.rule("premium")["timeout"], self.weights()), ("9s", [45, 45, 10]))

    def test_a_destination_that_is_gone_cannot_be_resumed(self):
        self.begin()
        self.ask("start")
        self.edit(lambda by: by["default"]["route"].pop(1))
        self.assertIn("v1", self.ask("resume", expected=409)["error"])
        self.assertEqual(self.status()["phase"], "Paused")
        self.assertEqual(self.weights(), [81, 10])

    def test_the_virtual_service_may_be_deleted_and_come_back(self):
        self.begin()
        self.ask("start")
        body = self.service()
        self.admin.ask("POST", "/sluice/v1/delete", {"objects": [
            {"kind": "VirtualService", "namespace": "default", "name": "model"}]})
        self.assertEqual(self.status()["pauseCause"], "foreignEdit")
        self.assertIn("does not exist", self.status()["reason"])
        self.ask("resume", expected=409)
        self.admin.apply(body)
        self.assertEqual(self.ask("resume")["phase"], "Progressing")

    def test_a_file_that_changed_while_no_gateway_was_running_pauses_too(self):
        self.begin()
        self.ask("start")
        self.end()
        self.text = self.text.replace("perTryTimeout: 2s", "perTryTimeout: 1500ms")
        self.launch()
        self.assertEqual(self.status()["pauseCause"], "foreignEdit")
        self.assertEqual(self.weights(), [90, 0, 10], "the file replaced the object")

    def test_two_canaries_cannot_have_one_route(self):
        # The configuration refuses two that name it; one that names it by its index is the same route.
        self.begin()
        status, _, answer = self.admin.ask("POST", "/sluice/v1/apply", {"objects": [{
            "apiVersion": "sluice.dev/v1alpha1", "kind": "Canary", "metadata": {"name": "second"},
            "spec": {"virtualService": "model", "route": 1, "champion": "v0", "challenger": "v2",
                     "stages": [{"weight": 100, "bake": "1s"}]}}]})
        self.assertEqual(status, 422, answer)


@first_pairing
class DefinitionTest(CanaryRig):
    def delete(self):
        status, _, answer = self.admin.ask("POST", "/sluice/v1/delete", {"objects": [
            {"kind": "Canary", "namespace": "default", "name": "next"}]})
        self.assertEqual(status, 200, answer)

    def test_a_canary_that_is_deleted_while_it_runs_takes_its_weights_back(self):
        self.begin()
        before = json.dumps(self.service())
        self.ask("start")
        self.delete()
        until(lambda: json.dumps(self.service()) == before, "weights from before")
        until(lambda: self.admin.ask("GET", PAGE)[0] == 404, "it is forgotten")
        self.assertIn("deleted", self.admin.history("?limit=1")[0]["message"])
        self.end()
        self.launch()
        self.assertEqual(json.dumps(self.service()), before)

    def test_one_that_was_deleted_and_killed_in_the_same_moment_is_taken_back_at_the_next_start(self):
        self.begin()
        self.ask("start")
        self.delete()
        self.end()
        self.launch()
        until(lambda: self.weights() == [90, 0, 10], "weights from before")

    def test_an_edit_of_the_stages_is_followed(self):
        self.begin()
        self.ask("start")
        canary = self.admin.live("Canary", "next")
        canary["spec"]["stages"][0]["weight"] = 20
        self.admin.apply(canary)
        until(lambda: self.weights() == [72, 18, 10], "the stage has another weight")
        self.assertTrue(self.events("edit"))
        self.assertEqual(self.status()["phase"], "Progressing")

    def test_another_route_in_the_definition_ends_the_run(self):
        self.begin()
        self.ask("start")
        canary = self.admin.live("Canary", "next")
        canary["spec"]["challenger"] = "v2"
        self.admin.apply(canary)
        until(lambda: self.weights() == [90, 0, 10], "weights from before")
        until(lambda: self.status()["challenger"] == "v2" and self.status()["phase"] == "Idle", "the new definition")
        self.ask("start")
        self.assertEqual(self.weights(), [90, 0, 10], "10 % of 100")


@first_pairing
class KillTest(CanaryRig):
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
