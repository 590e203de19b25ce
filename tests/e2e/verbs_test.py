"""The verbs that talk to a running gateway: what is in force is seen, changed, told apart, and taken back from a shell;
with cause and cure when it cannot be, and with exit codes that scripts can rely on.
"""
import getpass
import json
import os
import re
import socket
import subprocess
import unittest

from rig import BIN, RigTest, answering, rules

FAILED, DIFFERENCES, USAGE, BAD, UNREACHABLE = 1, 2, 64, 65, 69


def split(*weights, name="default"):
    """A rule that shares requests among v0, v1, ..."""
    routes = ", ".join(f"{{destination: {{host: model, subset: v{i}}}, weight: {weight}}}"
                       for i, weight in enumerate(weights))
    return f"  - name: {name}\n    route: [{routes}]\n    retries: {{attempts: 0}}\n"


class VerbsTest(RigTest):
    def setUp(self):
        super().setUp()
        self.models = [self.model(answering(b"v0")), self.model(answering(b"v1"))]
        self.ports = [model.port for model in self.models]
        self.state = self.directory / "state"
        self.live = self.gateway(rules(self.ports, split(100, 0)), "--state-dir", self.state)

    def sluice(self, *arguments, code=0, text=None, **environment):
        """Runs a verb on the gateway of this test; what it said."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        done = subprocess.run([BIN, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False,
                              input=text, env=clean | {"SLUICE_STATE_DIR": str(self.state)} | environment)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def rule(self, http):
        """The VirtualService alone, in a file of its own."""
        return self.write("rule.yaml", rules(self.ports, http).split("---\n")[2])

    def revision(self):
        return json.loads(self.sluice("status", "-o", "json").stdout)["revision"]

    def test_status_tells_what_is_in_force(self):
        out = self.sluice("status").stdout
        for part in (r"gateway +https://127\.0\.0\.1:\d+", r"revision +1\n", "1 VirtualService", str(self.state),
                     r"last change .*file", "last refusal +none", "drift +none"):
            self.assertRegex(out, part)
        self.sluice("delete", "vs", "model")
        self.sluice("weights", "model", "default", "v0=1", code=FAILED)
        self.sluice("apply", "-f", "-", text=rules(self.ports, split(100).replace("host: model", "host: b"), host="b"))
        self.assertRegex(self.sluice("status").stdout, "drift +3 objects differ")

    def test_get_shows_objects_as_table_yaml_and_json(self):
        out = self.sluice("get").stdout
        self.assertRegex(out, r"NAME +HOSTS +REVISION +DRIFT +FILE\n")
        self.assertRegex(out, rf"virtualservice/model +model +1 +no +{self.live.rules}:\d+\n")
        self.assertRegex(self.sluice("get", "-A").stdout, r"default +destinationrule/model ")
        body = json.loads(self.sluice("get", "vs", "model", "-o", "json").stdout)
        self.assertEqual((body["kind"], body["metadata"]["name"]), ("VirtualService", "model"))
        self.assertEqual(len(json.loads(self.sluice("get", "-o", "json").stdout)["items"]), 3)
        yaml = self.sluice("get", "vs/default/model", "-o", "yaml").stdout
        self.assertTrue(yaml.startswith("apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n"))
        self.assertIn("no such", self.sluice("get", "vs", "missing", code=FAILED).stderr)
        self.assertEqual(self.sluice("get", "-n", "elsewhere").stdout, "")
        self.assertIn("did you mean", self.sluice("get", "virtualservise", code=USAGE).stderr)

    def test_what_get_prints_can_be_applied(self):
        path = self.write("all.yaml", self.sluice("get", "-A", "-o", "yaml").stdout)
        self.assertIn("nothing to change; revision 1", self.sluice("apply", "-f", path).stdout)
        path = self.write("all.json", self.sluice("get", "-A", "-o", "json").stdout)
        self.assertIn("nothing to change; revision 1", self.sluice("apply", "-f", path).stdout)

    def test_apply_puts_a_change_in_force_that_is_seen_everywhere(self):
        done = self.sluice("apply", "-f", self.rule(split(0, 100)), "-m", "the new one is good")
        self.assertRegex(done.stdout, r"^VirtualService default/model configured\n(  VirtualService default/model: .*\n)+"
                                      r"revision 2 is in force\n$")
        self.assertEqual(self.live.get().body, b"v1")
        history = json.loads(self.sluice("history", "-o", "json").stdout)
        self.assertEqual([entry["number"] for entry in history], [2, 1])
        self.assertEqual((history[0]["source"], history[0]["message"]), ("apply", "the new one is good"))
        self.assertIn(f"{getpass.getuser()}@{socket.gethostname()}", history[0]["author"])
        table = self.sluice("history").stdout
        self.assertRegex(table, r"^REVISION +TIME +AUTHOR +SOURCE +CHANGE\n2 +20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ .*the new one is good\n1 ")
        drift = self.sluice("get", "--drift", code=DIFFERENCES)
        self.assertRegex(drift.stdout, r"virtualservice/model +model +2 +changed")
        self.assertRegex(drift.stdout, r"\n-\s+weight: 100\n")
        self.assertNotIn("\x1b", drift.stdout)
        self.assertIn("intact: 2 entries", self.sluice("history", "--verify").stdout)

    def test_apply_takes_files_directories_and_stdin_in_one_revision(self):
        (self.directory / "more").mkdir()
        self.write("more/a.yaml", rules(self.ports, split(100).replace("host: model", "host: other"), host="other"))
        third = rules(self.ports, split(100).replace("host: model", "host: third"), host="third")
        done = self.sluice("apply", "-f", self.directory / "more", "-f", "-", text=third)
        self.assertEqual(done.stdout.count(" created\n"), 6, done.stdout)
        self.assertIn("revision 2 is in force", done.stdout)
        for host in ("model", "other", "third"):
            self.assertEqual(self.live.get(host=host).body, b"v0")
        self.assertRegex(self.sluice("get", "--drift", code=DIFFERENCES).stdout, "live only")

    def test_a_dry_run_changes_nothing(self):
        for arguments in (["apply", "-f", self.rule(split(0, 100))], ["weights", "model", "default", "v0=0", "v1=100"],
                          ["delete", "vs", "model"]):
            self.assertIn("dry run", self.sluice(*arguments, "--dry-run").stdout)
        self.assertEqual(self.revision(), 1)
        self.assertEqual(self.live.get().body, b"v0")

    def test_a_bad_change_is_refused_with_the_line_of_the_users_file_and_recorded(self):
        path = self.rule(split(100, 0).replace("subset: v1", "subset: v7"))
        done = self.sluice("apply", "-f", path, "-m", "a slip", code=BAD)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"error IST0101 .*v7")
        self.assertRegex(done.stderr, r"\nsluice: the change was refused: [^\n]+; nothing was changed\n$")
        path = self.rule(split(100, 0).replace("retries:", "retrys:"))
        done = self.sluice("apply", "-f", path, code=BAD)
        self.assertRegex(done.stderr, rf"{path}:\d+:\d+: error SL1101 ")
        self.assertRegex(self.sluice("history").stdout, r"\nrejected +.*a slip")
        self.assertNotIn("rejected", self.sluice("history", "--accepted").stdout)
        self.assertRegex(self.sluice("status").stdout, "last refusal +20")
        self.assertEqual((self.revision(), self.live.get().body), (1, b"v0"))

    def test_files_that_are_no_resources_are_not_sent(self):
        for text, code in (("a: [", BAD), ("a: b\n", BAD), ("# nothing\n", USAGE)):
            self.assertNotEqual(self.sluice("apply", "-f", self.write("broken.yaml", text), code=code).stderr, "")
        self.assertIn("missing.yaml", self.sluice("apply", "-f", self.directory / "missing.yaml", code=BAD).stderr)
        self.assertEqual(len(json.loads(self.sluice("history", "-o", "json").stdout)), 1)

    def test_weights_change_weights_and_nothing_else(self):
        before = json.loads(self.sluice("get", "vs", "model", "-o", "json").stdout)
        done = self.sluice("weights", "model", "default", "v0=0", "v1=100", "-m", "all of it")
        self.assertRegex(done.stdout, r"v0 100 % -> 0 %, v1 0 % -> 100 %\n")
        self.assertEqual(self.live.get().body, b"v1")
        after = json.loads(self.sluice("get", "vs", "model", "-o", "json").stdout)
        for entry, weight in zip(before["spec"]["http"][0]["route"], (0, 100)):
            entry["weight"] = weight
        self.assertEqual(after, before)
        self.assertIn("default", self.sluice("weights", "default/model", "nowhere", "v0=1", code=FAILED).stderr)
        self.assertIn("v0, v1", self.sluice("weights", "model", "0", "v7=1", code=FAILED).stderr)
        self.assertIn("SUBSET=WEIGHT", self.sluice("weights", "model", "default", "v0", code=USAGE).stderr)
        self.sluice("weights", "missing", "default", "v0=1", code=FAILED)

    def test_what_a_change_takes_away_is_warned_of(self):
        path = self.rule(split(100, 0, name="other").replace("    retries: {attempts: 0}\n", ""))
        self.assertRegex(self.sluice("apply", "-f", path).stderr, r"warning: .*default.*vanish")

    def test_diff_and_revert_bring_back_what_was_byte_for_byte(self):
        before = self.sluice("get", "-A", "-o", "yaml").stdout
        self.sluice("weights", "model", "default", "v0=50", "v1=50")
        self.sluice("apply", "-f", "-", text=rules(self.ports, split(100).replace("host: model", "host: b"), host="b"))
        done = self.sluice("diff", 1, code=DIFFERENCES)
        self.assertIn("--- VirtualService default/model (revision 1)\n+++ VirtualService default/model (revision 3)\n", done.stdout)
        self.assertRegex(done.stdout, r"\n-\s+weight: 100\n(.*\n)*\+\s+weight: 50\n")
        self.assertEqual(self.sluice("diff", 3).stdout, "")
        self.assertEqual(len(json.loads(self.sluice("diff", 1, 2, "-o", "json", code=DIFFERENCES).stdout)["objects"]), 1)
        self.assertIn("would", self.sluice("revert", 1, "--dry-run").stdout)
        done = self.sluice("revert", 1, "-m", "too early")
        self.assertEqual(done.stdout.count(" deleted\n"), 3, done.stdout)
        self.assertIn("revision 4 is in force", done.stdout)
        self.assertEqual(self.sluice("get", "-A", "-o", "yaml").stdout, before)
        self.assertEqual(self.sluice("diff", 1, 4).stdout, "")
        self.assertEqual(self.live.get(host="b").status, 404)
        self.assertIn("nothing to change", self.sluice("revert", 1).stdout)
        for verb in (["diff", 99], ["revert", 99]):
            self.assertIn("99", self.sluice(*verb, code=FAILED).stderr)

    def test_delete_takes_objects_out_and_tells_of_those_that_are_not_there(self):
        done = self.sluice("delete", "vs/model", "dr/model")
        self.assertEqual(done.stdout.count(" deleted\n"), 2)
        self.assertRegex(self.sluice("get", "--drift", code=DIFFERENCES).stdout, "virtualservice/model .*deleted live")
        self.assertNotEqual(self.sluice("delete", "vs", "model", code=FAILED).stderr, "")

    def test_history_of_one_object_and_json_of_everything(self):
        self.sluice("weights", "model", "default", "v0=50", "v1=50")
        self.sluice("delete", "vs", "model")
        entries = json.loads(self.sluice("history", "--object", "dr/model", "-o", "json").stdout)
        self.assertEqual([entry["number"] for entry in entries], [1])
        entries = json.loads(self.sluice("history", "--object", "vs/default/model", "--limit", 1, "-o", "json").stdout)
        self.assertEqual([entry["number"] for entry in entries], [3])
        self.assertTrue(json.loads(self.sluice("history", "--verify", "-o", "json").stdout)["intact"])
        done = self.sluice("revert", 1, "-o", "json")
        self.assertEqual(json.loads(done.stdout)["outcome"], "accepted")
        self.assertEqual(done.stderr, "")

    def test_writing_needs_the_token_and_reading_does_not(self):
        plain = ["--server", self.live.admin]
        nowhere = {"SLUICE_STATE_DIR": ""}
        self.sluice("get", *plain, **nowhere)
        done = self.sluice("weights", "model", "default", "v0=1", "v1=1", *plain, code=USAGE, **nowhere)
        self.assertRegex(done.stderr, r"token.*--state-dir DIR.*--token-file")
        wrong = self.write("wrong", "0123456789abcdef0123456789abcdef\n")
        done = self.sluice("revert", 1, *plain, "--token-file", wrong, code=USAGE, **nowhere)
        self.assertIn("does not know this token", done.stderr)
        self.sluice("weights", "model", "default", "v0=1", "v1=1", *plain, SLUICE_TOKEN_FILE=str(self.state / "admin-token"),
                    **nowhere)
        self.sluice("get", *plain, "--token-file", self.directory / "missing", code=USAGE)

    def test_tls_is_verified(self):
        server = ["--server", f"https://{self.live.admin}"]
        self.sluice("status", *server)
        self.sluice("status", *server, "--ca", self.state / "admin-ca.crt", SLUICE_STATE_DIR="")
        done = self.sluice("status", *server, code=UNREACHABLE, SLUICE_STATE_DIR="")
        self.assertRegex(done.stderr, r"unknown_ca.*--ca")
        subprocess.run([BIN, "certs", "init", self.directory / "pki"], check=True, capture_output=True)
        self.sluice("status", *server, "--ca", self.directory / "pki/ca.crt", code=UNREACHABLE)
        self.sluice("status", *server, "--ca", self.live.rules, code=USAGE)
        self.sluice("status", *server, "--cert", self.directory / "pki/client/tls.crt", code=USAGE)

    def test_a_client_certificate_lets_in_where_one_is_asked_for(self):
        subprocess.run([BIN, "certs", "init", self.directory / "pki"], check=True, capture_output=True)
        pki = self.directory / "pki"
        guarded = self.gateway(rules(self.ports, split(100, 0)), "--admin-credential", pki / "gateway")
        server = ["--server", f"https://{guarded.admin}", "--ca", pki / "ca.crt"]
        shown = ["--cert", pki / "client/tls.crt", "--key", pki / "client/tls.key"]
        self.sluice("weights", "model", "default", "v0=0", "v1=100", *server, *shown, SLUICE_STATE_DIR="")
        self.assertEqual(guarded.get().body, b"v1")
        entry = json.loads(self.sluice("history", "-o", "json", *server, *shown, SLUICE_STATE_DIR="").stdout)[0]
        self.assertIn("client", entry["author"])
        done = self.sluice("status", *server, code=UNREACHABLE, SLUICE_STATE_DIR="")
        self.assertIn("--cert", done.stderr)

    def test_a_port_beyond_loopback_is_used_by_its_directory_and_a_token_never_goes_there_in_the_clear(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # nothing is sent: it tells which address of ours would be used
            except OSError:
                self.skipTest("no address beyond loopback")
            own = probe.getsockname()[0]
        state = self.directory / "open"
        opened = self.gateway(rules(self.ports, split(100, 0)), "--state-dir", state, admin="0.0.0.0:0")
        port = opened.admin.rsplit(":", 1)[1]
        self.sluice("weights", "model", "default", "v0=0", "v1=100", SLUICE_STATE_DIR=str(state))
        self.assertEqual(opened.get().body, b"v1")
        done = self.sluice("status", "--server", f"{own}:{port}", code=USAGE, SLUICE_STATE_DIR=str(state))
        self.assertIn(f"in the clear; write --server https://{own}:{port}", done.stderr)

    def test_who_cannot_be_reached_is_69_with_cause_and_cure(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            free = taken.getsockname()[1]
        for verb in (["status"], ["get"], ["history"], ["diff", 1], ["revert", 1], ["delete", "vs", "a"],
                     ["apply", "-f", self.rule(split(1))], ["weights", "model", "default", "v0=1"]):
            done = self.sluice(*verb, "--server", f"127.0.0.1:{free}", code=UNREACHABLE)
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr, rf"127\.0\.0\.1:{free}.*; .*--server")
        # The public port is no admin port, and says so.
        self.assertRegex(self.sluice("status", "--server", self.live.http, code=FAILED).stderr, "404.*--server")

    def test_an_environment_variable_is_as_good_as_an_option(self):
        self.sluice("get", SLUICE_STATE_DIR="", SLUICE_SERVER=self.live.admin)
        self.assertEqual(self.sluice("get", SLUICE_NAMESPACE="elsewhere").stdout, "")
        self.assertNotEqual(self.sluice("get", "-n", "default", SLUICE_NAMESPACE="elsewhere").stdout, "")

    def test_wrong_usage_is_64(self):
        for arguments in (["apply"], ["weights", "model"], ["diff"], ["diff", "one"], ["revert"], ["revert", "-1"],
                          ["get", "-o", "xml"], ["history", "--limit", "0"], ["history", "--object", "model"],
                          ["delete"], ["delete", "vs"], ["status", "--server", "15000"], ["status", "surplus"]):
            with self.subTest(arguments=arguments):
                done = self.sluice(*arguments, code=USAGE)
                self.assertEqual(done.stdout, "")
                self.assertTrue(re.search(r"\S", done.stderr))


if __name__ == "__main__":
    unittest.main()
