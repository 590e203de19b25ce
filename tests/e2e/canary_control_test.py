"""Canaries as people meet them: the verbs, somebody else's edits, another definition. What both versions answer is another
test's subject."""
import json
import subprocess
import time
import unittest

import rig
from canary_life import CANARY, CanaryLife, FAST, HTTP, SLOW
from canary_rig import PAGE
from rig import answering, first_pairing, rules, until


@first_pairing
class VerbsTest(CanaryLife):
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
        later = time.monotonic() + 1.0
        until(lambda: time.monotonic() > later, "longer than the hold")
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
class CommandLineTest(CanaryLife):
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
class ForeignEditTest(CanaryLife):
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
class DefinitionTest(CanaryLife):
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


if __name__ == "__main__":
    unittest.main()
