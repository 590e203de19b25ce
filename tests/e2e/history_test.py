"""The history of a running gateway as a file among others: a full disk, a second gateway, somebody who changes it or moves
it away. Traffic goes on, causes and cures are told."""
import json
import os
import resource
import signal
import sqlite3
import subprocess
import unittest

import rig
from live import Admin, destination_rule, split, virtual_service
from rig import RigTest, first_pairing, rules

SPLIT = ("  - name: default\n    route:\n"
         "    - {destination: {host: model, subset: v0}, weight: 100}\n"
         "    - {destination: {host: model, subset: v1}, weight: 0}\n")


@first_pairing
class HistoryTest(RigTest):
    def setUp(self):
        super().setUp()
        self.state = self.directory / "state"
        self.file = self.state / "revisions.db"
        self.text = rules([self.model(rig.answering(f"v{i}".encode())).port for i in range(2)], SPLIT)
        self.begin()

    def begin(self):
        self.live = self.gateway(self.text, "--state-dir", self.state)
        self.process = self.live.program.process
        self.admin = Admin(self.live, self.state)
        self.addCleanup(self.admin.close)

    def stop(self, how=signal.SIGTERM):
        self.admin.close()
        self.process.send_signal(how)
        self.process.wait(30)

    def weights(self, v0, v1):
        """(status, answer) of a change of weights."""
        status, _, answer = self.admin.ask("POST", "/sluice/v1/weights", {
            "name": "model", "route": "default", "weights": {"v0": v0, "v1": v1}})
        return status, answer

    def verified(self):
        return self.admin.ask("GET", "/sluice/v1/verify")[2]

    def sluice(self, *words):
        done = subprocess.run([rig.BIN, *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "SLUICE_STATE_DIR": str(self.state)})
        return done.returncode, done.stdout + done.stderr

    def start_another(self, *more):
        return self.sluice("run", "-c", self.live.rules, "--state-dir", self.state, "--http-port", 0, "--health", "off",
                           "--metrics", "off", *(more or ("--admin", "off")))

    def test_a_full_disk_refuses_changes_while_traffic_goes_on(self):
        # No file may grow: what the gateway sees of a disk that has no room.
        journal = self.state / "revisions.db-wal"
        limits = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (journal.stat().st_size, limits[1]))
        for _ in range(3):
            status, answer = self.weights(0, 100)
            self.assertEqual((status, answer["outcome"]), (507, "notRecorded"), answer)
            self.assertIn("could not be recorded, so it was not made", answer["error"])
            self.assertEqual(self.live.get().body, b"v0")
        status, _, answer = self.admin.ask("POST", "/sluice/v1/apply", {"objects": [
            virtual_service(split(v0=50, nowhere=50)), destination_rule("v0", "v1")]})
        self.assertEqual(status, 422, "a bad change is a bad change, recorded or not")
        self.assertEqual(self.admin.history("?limit=1")[0]["number"], 1)

        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, limits)
        status, answer = self.weights(0, 100)
        self.assertEqual((status, answer["revision"]), (200, 2), answer)
        self.assertEqual(self.live.get().body, b"v1")
        self.assertTrue(self.verified()["intact"])
        self.stop(signal.SIGKILL)
        self.begin()
        self.assertEqual(self.live.get().body, b"v1")

    def test_a_second_gateway_on_the_same_state_is_refused(self):
        certificate = (self.state / "admin-tls.crt").read_bytes()
        code, said = self.start_another("--admin", "127.0.0.2:0")
        self.assertNotEqual(code, 0)
        self.assertEqual((self.state / "admin-tls.crt").read_bytes(), certificate, "of the one that runs")
        self.assertRegex(said, "another process uses this state directory .*; give each gateway a --state-dir of its own")
        self.assertEqual(self.weights(0, 100)[0], 200)

    def test_who_changes_the_history_is_found_out(self):
        for share in (10, 20, 30):
            self.assertEqual(self.weights(100 - share, share)[0], 200)
        self.assertEqual(self.sluice("history", "--verify")[0], 0)
        self.stop()
        with sqlite3.connect(self.file) as other:
            other.execute("UPDATE entries SET author = 'somebody else' WHERE sequence = 2")
        other.close()
        # Near the end of the chain it is seen at the start.
        code, said = self.start_another()
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r"entry 2 of the history is not what was written; .*restore it from a copy")

    def test_an_old_entry_that_was_changed_is_named_by_verify(self):
        for share in range(30):
            self.assertEqual(self.weights(100 - share, share + 1)[0], 200)
        self.stop()
        with sqlite3.connect(self.file) as other:
            other.execute("UPDATE objects SET object = replace(object, '\"weight\":97', '\"weight\":1') WHERE number = 5")
        other.close()
        self.begin()
        self.assertFalse(self.verified()["intact"])
        code, said = self.sluice("history", "--verify")
        self.assertEqual(code, 1)
        self.assertIn("entry 5 of the history is not what was written", said)

    def test_a_file_that_was_moved_away_takes_no_more_changes(self):
        self.file.rename(self.state / "old.db")
        status, answer = self.weights(0, 100)
        self.assertEqual(status, 507, answer)
        self.assertIn("moved away", answer["error"])
        self.assertEqual(self.live.get().body, b"v0")

    def test_reasons_and_numbers_of_reverts_are_in_the_history(self):
        self.assertEqual(self.weights(0, 100)[0], 200)
        code, said = self.sluice("revert", 1, "-m", "p99 of v1 is up")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.admin.history("?limit=1")[0]["message"], "revert to 1: p99 of v1 is up")
        code, said = self.sluice("diff", 1, 3, "-o", "json")
        self.assertEqual((code, json.loads(said)["objects"]), (0, []))
        self.assertEqual(self.live.get().body, b"v0")


if __name__ == "__main__":
    unittest.main()
