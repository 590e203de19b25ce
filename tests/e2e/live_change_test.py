"""Rules changed while requests run, through the one transaction: nothing fails, everything is in force when it is
acknowledged, all of it survives, and files and live changes meet per object. SLUICE_CHANGES=1000 for many."""
import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

import rig
from live import Admin, destination_rule, split, virtual_service
from load import NOTHING_LOST, Load
from rig import RigTest, first_pairing, rules, until

CHANGES = int(os.environ.get("SLUICE_CHANGES", "200"))
SPLIT = ("  - name: default\n    route:\n"
         "    - {destination: {host: model, subset: v0}, weight: 100}\n"
         "    - {destination: {host: model, subset: v1}, weight: 0}\n")


class LiveTest(RigTest):
    def start(self, text, *flags, state="state"):
        self.state = self.directory / state
        gateway = self.gateway(text, "--state-dir", self.state, *flags)
        self.admin = Admin(gateway, self.state)
        self.addCleanup(self.admin.close)
        return gateway

    def stop(self, gateway, how=signal.SIGKILL):
        self.admin.close()
        gateway.program.process.send_signal(how)
        gateway.program.process.wait(30)


class LiveChangeTest(LiveTest):
    def test_changes_under_load_fail_no_request_and_hold_from_their_acknowledgement_on(self):
        ports = [self.stub(version)[1] for version in ("v0", "v1", "v2")]
        text = rules(ports, SPLIT)
        gateway = self.start(text, "--workers", 2)
        load = Load(self, gateway, "-c", 8, "-d", "600s", "--rate", 2000) if rig.CLIENT == 1 else \
            Load(self, gateway, "-c", 8, "-d", "600s")
        until(lambda: gateway.metric("envoy_http_downstream_rq_total") > 200, "load")
        worlds = [(virtual_service(split(v0=100, v1=0)), "v0"), (virtual_service(split(v0=0, v1=100)), "v1"),
                  # A subset together with the rule that needs it, in one step, and both gone again in the next.
                  ((virtual_service({"name": "new", "route": [{"destination": {"host": "model", "subset": "extra"}}]}),
                    {**destination_rule("v0", "v1"), "spec": {"host": "model", "subsets": [
                        {"name": "v0", "labels": {"version": "v0"}}, {"name": "v1", "labels": {"version": "v1"}},
                        {"name": "extra", "labels": {"version": "v2"}}]}}), "v2"),
                  ((virtual_service(split(v0=0, v1=100)), destination_rule("v0", "v1", "v2")), "v1")]
        slowest = resident = 0
        with gateway.client() as client:
            for i in range(CHANGES):
                objects, version = worlds[i % len(worlds)]
                begun = time.monotonic()
                self.admin.apply(*(objects if isinstance(objects, tuple) else (objects,)))
                answer = client.request()
                slowest = max(slowest, time.monotonic() - begun)
                for _ in range(10):
                    self.assertEqual((answer.status, answer.header("x-model-version")), (200, version), f"change {i}")
                    answer = client.request()
                if i == CHANGES // 4:
                    resident = gateway.rss_kib()
        grown = gateway.rss_kib() - resident
        report = load.report(stop=True)

        self.assertEqual(report["lost"], NOTHING_LOST)
        self.assertEqual(set(report["by_status"]), {"200"})
        self.assertEqual(report["connects"], 8)
        self.assertGreaterEqual(self.admin.history("?limit=1")[0]["number"], CHANGES)
        if not rig.SANITIZED:
            self.assertLess(grown, 4096, "KiB more after three quarters of the changes")
        print(f"{CHANGES} changes under {sum(report['by_status'].values())} requests, each in force within {slowest * 1000:.0f} ms; "
              f"{grown} KiB more")


@first_pairing
class MeetingTest(LiveTest):
    """Files and live changes."""

    def weights(self, v0, v1):
        return self.admin.apply(virtual_service(split(v0=v0, v1=v1)))

    def share(self, gateway):
        """The subset that all requests reach."""
        seen = {gateway.get().body for _ in range(5)}
        self.assertEqual(len(seen), 1, seen)
        return seen.pop().decode()

    def two(self):
        models = [self.model(rig.answering(f"v{i}".encode())) for i in range(2)]
        return [model.port for model in models]

    def test_an_unchanged_file_never_undoes_a_live_change_and_a_changed_one_replaces_it(self):
        ports = self.two()
        text = rules(ports, SPLIT)
        gateway = self.start(text)
        self.assertEqual(self.share(gateway), "v0")
        self.weights(0, 100)
        self.assertEqual(self.share(gateway), "v1")

        for touched in (text, "# a comment\n" + text):
            accepted = gateway.metric("sluice_config_reload_success_total")
            gateway.write_rules(touched)
            gateway.program.process.send_signal(signal.SIGHUP)
            until(lambda have=accepted: gateway.metric("sluice_config_reload_success_total") > have, "read again")
            self.assertEqual(self.share(gateway), "v1")

        gateway.write_rules(text.replace("  - name: default\n", "  - name: default\n    timeout: 5s\n"))
        until(lambda: gateway.get().body == b"v0", "the file that has changed")
        self.assertEqual(self.share(gateway), "v0")
        self.assertEqual(self.admin.history("?limit=1")[0]["source"], "file")

    def test_a_restart_comes_back_to_the_last_revision(self):
        text = rules(self.two(), SPLIT)
        gateway = self.start(text)
        number = self.weights(0, 100)["revision"]
        self.stop(gateway)

        gateway = self.start(text)
        self.assertEqual(self.share(gateway), "v1")
        self.assertEqual(self.admin.history("?limit=1")[0]["number"], number)

        self.stop(gateway)
        gateway = self.start(text.replace("weight: 100}", "weight: 99}"))
        self.assertEqual(self.admin.history("?limit=1")[0]["number"], number + 1)
        self.assertIn("weight", str(self.admin.live("VirtualService", "model")))

    def test_a_restart_on_broken_files_comes_back_to_the_last_revision_too(self):
        text = rules(self.two(), SPLIT)
        gateway = self.start(text)
        self.weights(0, 100)
        self.stop(gateway)
        gateway = self.start(text + "  - nonsense\n")
        self.assertEqual(self.share(gateway), "v1")
        self.assertFalse(self.admin.history("?limit=1")[0]["accepted"])
        self.assertIn("the files have errors", gateway.log())

    def test_an_object_that_a_file_drops_goes_and_one_that_was_made_live_stays(self):
        ports = self.two()
        text = rules(ports, SPLIT)
        gateway = self.start(text)
        self.admin.apply(virtual_service({"name": "hello", "directResponse": {"status": 200, "body": {"string": "hi"}}},
                                         name="other", hosts=["other.example"]))
        self.assertEqual(gateway.get(host="other.example").body, b"hi")
        gateway.write_rules(text[:text.rindex("---")])
        gateway.program.process.send_signal(signal.SIGHUP)
        until(lambda: self.admin.live("VirtualService", "model") is None, "the rules of the file are gone")
        self.assertEqual(gateway.get(host="other.example").body, b"hi")
        self.assertIsNotNone(self.admin.live("VirtualService", "other"))

    def test_a_change_that_is_refused_changes_nothing_and_is_in_the_history(self):
        gateway = self.start(rules(self.two(), SPLIT))
        status, _, answer = self.admin.ask("POST", "/sluice/v1/apply", {"objects": [
            virtual_service(split(v0=50, nowhere=50)), destination_rule("v0", "v1")]})
        self.assertEqual(status, 422, answer)
        self.assertIn("IST0101", str(answer["findings"]))
        self.assertEqual(self.share(gateway), "v0")
        newest = self.admin.history("?limit=1")[0]
        self.assertFalse(newest["accepted"])
        self.assertEqual(gateway.metric("sluice_config_last_ok"), 1)

    def test_a_gate_lets_no_change_through_that_fails_its_tests(self):
        gate = self.directory / "gate.yaml"
        gate.write_text("""apiVersion: sluice.dev/v1alpha1
kind: RouteTest
metadata: {name: gate}
spec:
  tests:
  - name: premium users stay with v1
    request: {url: "http://model/predict", headers: {x-segment: premium}}
    expect: {subset: v1}
""")
        premium = {"name": "premium", "match": [{"headers": {"x-segment": {"exact": "premium"}}}],
                   "route": [{"destination": {"host": "model", "subset": "v1"}}]}
        text = rules(self.two(), "  - {name: premium, match: [{headers: {x-segment: {exact: premium}}}], "
                     "route: [{destination: {host: model, subset: v1}}]}\n" + SPLIT)
        gateway = self.start(text, "--gate", gate)

        status, _, answer = self.admin.ask("POST", "/sluice/v1/apply",
                                           {"objects": [virtual_service(split(v0=50, v1=50))]})
        self.assertEqual((status, answer["outcome"]), (422, "gateFailed"), answer)
        self.assertIn("premium users stay with v1", str(answer["findings"]))
        self.admin.apply(virtual_service(premium, split(v0=0, v1=100)))
        self.assertEqual(self.share(gateway), "v1")

        gateway.write_rules(rules(self.two(), SPLIT))
        gateway.program.process.send_signal(signal.SIGHUP)
        until(lambda: gateway.metric("sluice_config_last_ok") == 0, "the file is refused")
        gate.write_text("nonsense: [")
        status, _, answer = self.admin.ask("POST", "/sluice/v1/apply",
                                           {"objects": [virtual_service(premium, split(v0=1, v1=1))]})
        self.assertEqual((status, answer["outcome"]), (422, "gateFailed"), answer)

    def test_a_full_disk_refuses_the_change_and_traffic_goes_on(self):
        if not shutil.which("prlimit"):
            self.skipTest("prlimit is not installed")
        self.state = self.directory / "full"
        # The limit on the size of files stands for the end of the disk: the same errors, without root.
        gateway = self.gateway(rules(self.two(), SPLIT), "--state-dir", self.state, prefix=("prlimit", "--fsize=262144"))
        self.admin = Admin(gateway, self.state)
        self.addCleanup(self.admin.close)
        large = virtual_service(split(v0=0, v1=100))
        large["metadata"]["annotations"] = {"example.com/padding": "x" * 600_000}
        status, _, answer = self.admin.ask("POST", "/sluice/v1/apply", {"objects": [large]})
        self.assertEqual((status, answer["outcome"]), (507, "notRecorded"), answer)
        self.assertIn("disk", answer["error"])
        self.assertEqual(self.share(gateway), "v0")
        self.weights(0, 100)
        self.assertEqual(self.share(gateway), "v1")
        self.assertTrue(self.admin.ask("GET", "/sluice/v1/verify")[2]["intact"])

    def test_without_the_token_nothing_can_be_changed(self):
        self.start(rules(self.two(), SPLIT))
        body = {"objects": [virtual_service(split(v0=0, v1=100))]}
        self.assertEqual(self.admin.ask("POST", "/sluice/v1/apply", body, token=False)[0], 401)
        self.assertEqual(self.admin.ask("GET", "/sluice/v1/history", token=False)[0], 200)
        mode = (self.state / "admin-token").stat().st_mode & 0o777
        self.assertEqual(mode, 0o600)

    def test_a_second_gateway_on_the_same_state_directory_is_refused_and_touches_nothing(self):
        text = rules(self.two(), SPLIT)
        gateway = self.start(text)
        before = {path.name: path.read_bytes() for path in self.state.iterdir() if path.name.startswith("admin-")}
        second = subprocess.run([rig.BIN, "run", "-c", gateway.rules, "--state-dir", self.state, "--http-port", "off",
                                 "--admin", "127.0.0.2:0", "--health", "off", "--metrics", "off"],
                                capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(second.returncode, 1, second.stderr)
        self.assertIn("another process uses this state directory", second.stderr)
        self.assertEqual({name: (self.state / name).read_bytes() for name in before}, before)
        self.weights(0, 100)

    def test_without_a_state_directory_it_says_so_and_nobody_may_write(self):
        gateway = self.gateway(rules(self.two(), SPLIT))
        until(lambda: "no --state-dir" in gateway.log(), "the note")
        status, _ = gateway.admin_request("POST", "/sluice/v1/apply")
        self.assertEqual(status, 401)

    def test_a_kill_between_changes_loses_none_that_was_acknowledged(self):
        text = rules(self.two(), SPLIT)
        for round_number in range(8):
            gateway = self.start(text, state="killed")
            acknowledged = self.admin.history("?limit=1")[0]["number"]
            killer = threading.Timer(0.02 + 0.013 * round_number, gateway.program.process.kill)
            killer.start()
            try:
                for i in range(100):
                    weight = 1 + (i + round_number * 7) % 98
                    acknowledged = self.weights(weight, 100 - weight)["revision"]
                    last = weight
            except (OSError, ConnectionError, EOFError):
                pass
            except Exception as error:  # http.client has its own words for a peer that is gone
                self.assertIn("http.client", type(error).__module__)
            killer.join()
            gateway.program.process.wait(30)
            self.admin.close()

            gateway = self.start(text, state="killed")
            number = self.admin.history("?limit=1")[0]["number"]
            self.assertIn(number, (acknowledged, acknowledged + 1))
            self.assertTrue(self.admin.ask("GET", "/sluice/v1/verify")[2]["intact"])
            if number == acknowledged and acknowledged > 1:
                route = self.admin.live("VirtualService", "model")["spec"]["http"][0]["route"]
                self.assertEqual(route[0]["weight"], last)
            self.stop(gateway)


@first_pairing
class FilesTest(LiveTest):
    """How a change on disk is noticed."""

    def answering(self, word):
        return ("apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: hello}\nspec:\n"
                f"  hosts: [model]\n  http:\n  - directResponse: {{status: 200, body: {{string: {word}}}}}\n")

    def wait_answer(self, gateway, word):
        until(lambda: gateway.get().body == word.encode(), f"the answer {word}")

    def test_an_editor_that_renames_over_the_file(self):
        gateway = self.gateway(self.answering("one"))
        for word in ("two", "three"):
            fresh = self.directory / ".rules.yaml.swp"
            fresh.write_text(self.answering(word))
            fresh.rename(gateway.rules)
            self.wait_answer(gateway, word)

    def test_a_config_map_that_swaps_its_link(self):
        mount = self.directory / "mount"
        for version, word in (("..v1", "one"), ("..v2", "two")):
            (mount / version).mkdir(parents=True)
            (mount / version / "rules.yaml").write_text(self.answering(word))
        (mount / "..data").symlink_to("..v1")
        (mount / "rules.yaml").symlink_to("..data/rules.yaml")
        gateway = self.gateway("apiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: s}\nspec: {}\n",
                               "-c", mount)
        self.wait_answer(gateway, "one")
        (mount / "..tmp").symlink_to("..v2")
        (mount / "..tmp").rename(mount / "..data")
        self.wait_answer(gateway, "two")
        shutil.rmtree(mount / "..v1")
        self.wait_answer(gateway, "two")


if __name__ == "__main__":
    unittest.main()
