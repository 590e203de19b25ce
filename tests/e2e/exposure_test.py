"""What is measured of experiments, live: each user of each arm once, in a log that names nobody, what served him and why,
the alarm when one arm loses users, and numbers beside what the models were told to do."""
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import unittest

import rig
from rig import until


def bucket_of(unit, salt, buckets=100):
    return int(hashlib.md5(f"{unit}:{salt}".encode()).hexdigest()[:8], 16) % buckets


def experiment(more="", arms="control: 0-49 v0, treatment: 50-99 v1", name="trial"):
    listed = ""
    for arm in arms.split(", "):
        arm_name, buckets, subset = arm.replace(":", "").split(" ")
        listed += f"  - {{name: {arm_name}, buckets: {buckets}, subset: {subset}}}\n"
    return (f"---\napiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {{name: {name}}}\nspec:\n"
            f"  host: model\n  unit: {{header: x-user-id}}\n{more}  arms:\n{listed}")


class ExposureTest(rig.RigTest):
    def setUp(self):
        super().setUp()
        self.log = self.directory / "exposures.ndjson"
        self.state = self.directory / "state"

    def begin(self, models, more="", http=rig.PLAIN, log=True, extra="", flags=()):
        """A gateway with two workers before these models."""
        self.ports = [model if isinstance(model, int) else model[1] for model in models]
        return self.run_gateway(self.rules(more, http, log, extra), *flags)

    def rules(self, more="", http=rig.PLAIN, log=True, extra="", **changes):
        lines = ["workers: 2"]
        if log:
            lines.append(f"exposureLog: {{path: {self.log}{log if isinstance(log, str) else ''}}}")
        return rig.rules(self.ports, http) + experiment(more, **changes) + rig.settings(*lines) + extra

    def run_gateway(self, rules, *flags):
        self.proxy = self.gateway(rules, "--state-dir", self.state, *flags)
        return self.proxy

    def serve(self, users, path="/predict"):
        """A request of each, on two connections, so that both workers may see them."""
        with self.proxy.client() as one, self.proxy.client() as two:
            for i, user in enumerate(users):
                answer = (one if i % 2 else two).request(path=path, headers=[f"x-user-id: {user}"])
                self.last = answer.status

    def lines(self, count=None):
        def read():
            files = sorted(self.directory.glob("exposures.ndjson*"), reverse=True)
            return [json.loads(line) for file in files for line in file.read_text().splitlines()]
        if count is not None:
            until(lambda: len(read()) >= count, f"{count} lines; got {len(read())}")
        return read()

    def status(self, *args):
        done = subprocess.run([rig.BIN, "experiment", "status", "--server", f"http://{self.proxy.admin}", *args],
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_each_user_is_logged_once_and_by_no_name(self):
        self.begin([self.stub("v0"), self.stub("v1")])
        users = [f"user-{i}" for i in range(60)]

        for _ in range(3):
            self.serve(users)
        lines = self.lines(60)
        self.proxy.program.stop()

        self.assertEqual(len(self.lines()), 60)
        self.assertEqual(len({line["unit"] for line in lines}), 60)
        self.assertNotIn("user-", self.log.read_text())
        self.assertEqual((self.state / "exposure-salt").stat().st_mode & 0o777, 0o600)
        expected = sorted(bucket_of(user, "trial") for user in users)
        self.assertEqual(sorted(line["bucket"] for line in lines), expected)
        for line in lines:
            arm = "control" if line["bucket"] < 50 else "treatment"
            self.assertEqual((line["experiment"], line["assigned"], line["by"], line["served"], line["reason"]),
                             ("default/trial", arm, "bucket", "v0" if arm == "control" else "v1", "as-assigned"))
            self.assertRegex(line["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_a_user_has_the_same_hash_after_a_restart(self):
        self.begin([self.stub("v0"), self.stub("v1")])
        self.serve(["user-1"])
        first = self.lines(1)[0]["unit"]
        self.proxy.program.stop()

        self.run_gateway(self.rules())
        self.serve(["user-1", "user-2"])
        units = [line["unit"] for line in self.lines(3)]

        self.assertEqual(units.count(first), 2)

    def test_the_log_is_rotated_and_keeps_what_it_should(self):
        self.begin([self.stub("v0"), self.stub("v1")], log=", maxBytes: 4096, keep: 2")

        self.serve([f"user-{i}" for i in range(100)])
        until(lambda: self.proxy.metric("sluice_exposure_log_lines_total") == 100, "100 lines")

        files = sorted(file.name for file in self.directory.glob("exposures.ndjson*"))
        self.assertEqual(files, ["exposures.ndjson", "exposures.ndjson.1", "exposures.ndjson.2"])
        for name in files:
            self.assertLessEqual((self.directory / name).stat().st_size, 4096)
        self.lines()  # every line of every file is whole

    def test_a_file_that_somebody_has_renamed_is_opened_anew(self):
        self.begin([self.stub("v0"), self.stub("v1")])
        self.serve(["user-1"])
        self.lines(1)
        self.log.rename(self.directory / "aside")

        os.kill(self.proxy.pid, signal.SIGHUP)
        until(self.log.exists, "the file is there again")
        self.serve(["user-1", "user-2"])

        self.assertEqual(len(self.lines(1)), 1)
        self.assertEqual(len((self.directory / "aside").read_text().splitlines()), 1)

    def test_its_metrics_are_as_prometheus_wants_them(self):
        self.begin([self.stub("v0"), self.stub("v1")])
        self.serve([f"user-{i}" for i in range(10)])
        until(lambda: self.proxy.metric("sluice_experiment_exposures_total") == 10, "ten users")
        page = rig.harness.get(self.proxy.metrics_at, "/stats/prometheus")
        if shutil.which("promtool") is None:
            self.skipTest("no promtool")

        done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False,
                              timeout=60)

        said = [line for line in (done.stdout + done.stderr).splitlines() if "sluice_" in line]
        self.assertEqual(said, [])
        self.assertIn(done.returncode, (0, 3))  # 3: advice, of Istio's names
        self.assertIn('sluice_experiment_exposures_total{namespace="default",experiment="trial",arm="control"}', page)

    def test_what_served_is_told_with_the_reason(self):
        holder = socket.socket()
        holder.bind(("127.0.0.1", 0))  # and does not listen
        self.addCleanup(holder.close)
        http = ("  - match: [{uri: {prefix: /moved}}]\n    redirect: {uri: /new}\n"
                "  - match: [{uri: {prefix: /own}}]\n    name: own\n"
                "    route: [{destination: {host: model, subset: v0}}]\n"
                "  - name: main\n    route: [{destination: {host: model, subset: v0}}]\n    retries: {attempts: 0}\n")
        self.begin([self.stub("v0"), holder.getsockname()[1]], http=http,
                   more="  routes: [main]\n  overrides: [{arm: control, units: [tester, mover, owner]}]\n"
                        "  holdout: {name: quiet, percent: 30}\n")
        control = next(f"u-{i}" for i in range(1000)
                       if bucket_of(f"u-{i}", "trial") < 50 and bucket_of(f"u-{i}", "quiet", 10_000) >= 3_000)
        treated = next(f"u-{i}" for i in range(1000)
                       if bucket_of(f"u-{i}", "trial") >= 50 and bucket_of(f"u-{i}", "quiet", 10_000) >= 3_000)
        held = next(f"u-{i}" for i in range(1000) if bucket_of(f"u-{i}", "quiet", 10_000) < 3_000)

        told = {}
        for number, (user, path) in enumerate([(control, "/p"), (treated, "/p"), (held, "/p"), ("tester", "/p"),
                                               ("mover", "/moved"), ("owner", "/own")], 1):
            self.serve([user], path)
            line = self.lines(number)[-1]
            told[user] = (line["assigned"], line["by"], line["served"], line["reason"])

        self.assertEqual(told[control], ("control", "bucket", "v0", "as-assigned"))
        self.assertEqual(told[treated], ("treatment", "bucket", None, "failed"))
        self.assertEqual(told[held], ("holdout", "holdout", "v0", "no-arm"))
        self.assertEqual(told["tester"], ("control", "override", "v0", "as-assigned"))
        self.assertEqual(told["mover"], ("control", "override", None, "not-forwarded"))
        self.assertEqual(told["owner"], ("control", "override", "v0", "other-rule"))
        self.assertEqual(self.proxy.metric("sluice_experiment_exposures_total", arm="holdout"), 1)
        self.assertEqual(self.proxy.metric("sluice_experiment_exposures_total", arm="control"), 1)

    def test_a_full_disk_loses_lines_and_no_request(self):
        self.begin([self.stub("v0"), self.stub("v1")], log=False)
        self.proxy.write_rules(self.rules(log=False).replace("workers: 2", "workers: 2\n  exposureLog: {path: /dev/full}"))
        until(lambda: "/dev/full" in self.status("default/trial"), "the log is on")

        self.serve([f"user-{i}" for i in range(10)])

        self.assertEqual(self.last, 200)
        until(lambda: self.proxy.metric("sluice_exposures_dropped_total", reason="log") == 10, "ten are dropped")
        self.assertEqual(self.proxy.metric("sluice_experiment_exposures_total"), 10)

    def test_losing_users_of_one_arm_raises_the_alarm_everywhere(self):
        # Every tenth user of the treatment is lost on the way here: so few users show as much.
        self.begin([self.stub("v0"), self.stub("v1")], log=False)
        users, treated = [], 0
        for i in range(12_000):
            if bucket_of(f"user-{i}", "trial") >= 50:
                treated += 1
                if treated % 10 == 0:
                    continue
            users.append(f"user-{i}")

        self.serve(users)
        until(lambda: self.proxy.metric("sluice_experiment_ratio_alarm", experiment="trial") == 1, "the alarm")

        self.assertLess(self.proxy.metric("sluice_experiment_ratio_p_value", experiment="trial"), 0.001)
        text = self.status("trial")
        self.assertIn("ALARM at ", text)
        self.assertIn("SL2050", text)
        self.assertIn("another salt", text)
        page = json.loads(self.proxy.admin_request("GET", "/sluice/v1/status")[1])
        self.assertEqual([finding["code"] for finding in page["findings"]], ["SL2050"])
        shown = subprocess.run([rig.BIN, "status", "--server", f"http://{self.proxy.admin}"], capture_output=True,
                               text=True, check=True, timeout=60).stdout
        self.assertIn("SL2050 the users of experiment default/trial", shown)
        self.assertEqual(self.proxy.log().count("SL2050"), 1)

        self.proxy.write_rules(self.rules("  salt: anew\n", log=False))
        until(lambda: self.proxy.metric("sluice_experiment_ratio_alarm", experiment="trial") == 0, "a new beginning")
        self.assertIn("not judged", self.status("trial"))

    def test_shares_as_they_should_be_raise_none(self):
        self.begin([self.stub("v0"), self.stub("v1")], log=False)

        self.serve([f"user-{i}" for i in range(3_000)])
        until(lambda: json.loads(self.status("trial", "-o", "json"))["ratio"]["users"] >= 1_000, "a look")

        status = json.loads(self.status("trial", "-o", "json"))
        self.assertFalse(status["ratio"]["alarm"])
        self.assertEqual(status["findings"], [])
        self.assertAlmostEqual(status["arms"][0]["share"], 0.5, delta=0.05)

    def test_the_numbers_are_those_that_the_models_were_told(self):
        self.begin([self.stub("v0", "--latency", "2ms"), self.stub("v1", "--latency", "20ms", "--failure-rate", "0.2")], log=False)

        self.serve([f"user-{i}" for i in range(1_000)])
        status = json.loads(self.status("default/trial", "-o", "json"))

        control, treatment = status["arms"]
        self.assertEqual(control["requests"] + treatment["requests"], 1_000)
        self.assertEqual(control["exposures"] + treatment["exposures"], 1_000)
        self.assertEqual(control["errors"], 0)
        self.assertAlmostEqual(treatment["errorRate"], 0.2, delta=0.06)
        self.assertGreaterEqual(control["p50Ms"], 2)
        self.assertLess(control["p50Ms"], 15)
        self.assertGreaterEqual(treatment["p50Ms"], 20)
        self.assertLess(treatment["p50Ms"], 60)
        against = treatment["against"]
        self.assertLess(against["errorRate"]["low"], 0.2)
        self.assertGreater(against["errorRate"]["low"], 0.05)
        self.assertGreater(against["errorRate"]["high"], against["errorRate"]["difference"])
        self.assertGreater(against["p50"]["low"], 1.5)
        text = self.status()
        self.assertIn("default/trial on model.default.svc.cluster.local", text)
        self.assertIn("treatment beside control", text)


if __name__ == "__main__":
    unittest.main()
