"""The command line: what it says, what it refuses, and with which exit code."""
import os
import signal
import socket
import subprocess
import unittest

from rig import BIN, PLAIN, RigTest, harness, rules

USAGE, BAD_CONFIGURATION, FINDINGS = 64, 65, 79
OFF = ["--http-port", "off", "--admin", "off", "--health", "off", "--metrics", "off"]


class CliTest(RigTest):
    def setUp(self):
        super().setUp()
        self.port = self.model().port
        self.rules = self.directory / "rules.yaml"
        self.rules.write_text(rules([self.port], PLAIN))

    def sluice(self, *arguments, **environment):
        """Runs it to its end."""
        return subprocess.run([BIN, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False,
                              env=os.environ | environment)

    def started(self, *arguments, names=("http",), **environment):
        """A process that says it listens under those names."""
        command = ["env", *[f"{key}={value}" for key, value in environment.items()], BIN, "run", *map(str, arguments)]
        program = self.programs.start(f"cli-{len(self.programs.running)}", command)
        return program.wait_for(names)

    def free(self):
        return ["--admin", "127.0.0.1:0", "--health", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]

    def test_every_verb_has_help_on_stdout(self):
        self.assertEqual(self.sluice("--help").returncode, 0)
        for verb in ("run", "validate", "certs", "version"):
            done = self.sluice(verb, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(verb, self.sluice("--help").stdout)
            self.assertIn("Usage", done.stdout)
        for flag in ("--config", "--http-port", "--admin", "--health", "--metrics", "--workers", "--log-level", "--namespace"):
            self.assertIn(flag, self.sluice("run", "--help").stdout)

    def test_the_version_is_told_on_stdout(self):
        for arguments in (["version"], ["--version"]):
            done = self.sluice(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^sluice \d+\.\d+")

    def test_wrong_usage_is_64_with_a_cause_and_nothing_on_stdout(self):
        wrong = [[], ["fly"], ["run"], ["run", "-c"], ["run", "--fly"], ["run", "-c", self.rules, "--workers", "many"],
                 ["run", "-c", self.rules, "--workers", "-1"], ["run", "-c", self.rules, "--log-level", "loud"],
                 ["validate"], ["validate", self.rules, "-o", "xml"],
                 ["validate", self.rules, "--fail-on", "luck"], ["version", "surplus"],
                 ["run", "-c", self.rules, "--http-port", "http"], ["run", "-c", self.rules, "--http-port", "99999"],
                 ["run", "-c", self.rules, "--http-port", ""], ["run", "-c", self.rules, "--admin", "15000"],
                 ["run", "-c", self.rules, "--health", "localhost:0"], ["run", "-c", self.rules, "--metrics", "off:"]]
        for arguments in wrong:
            with self.subTest(arguments=arguments):
                done = self.sluice(*arguments)
                self.assertEqual(done.returncode, USAGE, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertNotEqual(done.stderr, "")

    def test_an_admin_port_that_others_can_reach_is_refused(self):
        for address in ("0.0.0.0:0", "[::]:0", ":0", "10.0.0.1:0"):
            with self.subTest(address=address):
                done = self.sluice("run", "-c", self.rules, "--admin", address)
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
                self.assertIn("loopback", done.stderr)

    def test_bad_rules_are_65_with_file_line_and_column_from_both_verbs(self):
        self.rules.write_text(self.rules.read_text().replace("route:", "rout:"))
        for arguments in (["run", "-c", self.rules, *OFF], ["validate", self.rules]):
            done = self.sluice(*arguments)
            self.assertEqual((done.returncode, done.stdout), (BAD_CONFIGURATION, ""))
            self.assertRegex(done.stderr, rf"{self.rules}:\d+:\d+: error \w+ ")
        missing = self.sluice("run", "-c", self.directory / "missing.yaml", *OFF)
        self.assertEqual(missing.returncode, BAD_CONFIGURATION)
        self.assertIn("missing.yaml", missing.stderr)

    def test_validate_tells_findings_as_text_or_json_and_fails_on_the_level_asked_for(self):
        self.assertEqual(self.sluice("validate", self.rules).returncode, 0)
        shadowed = PLAIN + PLAIN.replace("attempts: 0", "attempts: 1")  # a rule that no request reaches
        self.rules.write_text(rules([self.port], shadowed))
        self.assertEqual(self.sluice("validate", self.rules).returncode, 0)
        done = self.sluice("validate", self.rules, "-o", "json", "--fail-on", "warning")
        self.assertEqual(done.returncode, FINDINGS)
        self.assertIn('"warning"', done.stdout)

    def test_port_0_tells_what_it_took_and_off_opens_nothing(self):
        program = self.started("-c", self.rules, "--http-port", "127.0.0.1:0", "--admin", "off", "--health", "off",
                               "--metrics", "[::1]:0", names=["http"])
        host, port = program.listeners["http"].rsplit(":", 1)
        self.assertEqual(host, "127.0.0.1")
        self.assertNotEqual(port, "0")
        program.wait_for(["metrics"])
        self.assertTrue(program.listeners["metrics"].startswith("[::1]:"))
        self.assertEqual(set(program.listeners), {"http", "metrics"})
        self.assertIn("envoy_server_live", harness.get(program.listeners["metrics"], "/stats/prometheus"))

    def test_everything_off_still_runs_until_it_is_told_to_end(self):
        program = self.started("-c", self.rules, *OFF, names=[])
        while "in force" not in program.log.read_text():
            self.assertTrue(program.alive())
        program.process.send_signal(signal.SIGTERM)
        self.assertEqual(program.process.wait(20), 0)

    def test_a_port_in_use_is_exit_1_and_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            free = {"--http-port": "0", "--admin": "127.0.0.1:0", "--health": "127.0.0.1:0", "--metrics": "127.0.0.1:0"}
            for flag in free:
                with self.subTest(flag=flag):
                    flags = [part for pair in (free | {flag: address}).items() for part in pair]
                    done = self.sluice("run", "-c", self.rules, *flags)
                    self.assertEqual((done.returncode, done.stdout), (1, ""))
                    self.assertIn(address, done.stderr)
                    self.assertIn("in use", done.stderr)

    def test_flags_beat_the_environment_and_the_environment_beats_the_default(self):
        environment = {"SLUICE_CONFIG": self.rules, "SLUICE_HTTP_PORT": "127.0.0.1:0", "SLUICE_ADMIN": "127.0.0.1:0",
                       "SLUICE_HEALTH": "off", "SLUICE_METRICS": "127.0.0.1:0", "SLUICE_WORKERS": "3",
                       "SLUICE_LOG_LEVEL": "error"}
        program = self.started(names=["http", "admin", "metrics"], **environment)
        self.assertNotIn("health", program.listeners)
        self.assertIn("envoy_server_concurrency 3", harness.get(program.listeners["metrics"], "/stats/prometheus"))
        self.assertEqual(program.log.read_text(), "")

        program = self.started("--workers", 1, "--metrics", "off", "--health", "127.0.0.1:0", "--log-level", "info",
                               names=["http", "admin", "health"], **environment)
        self.assertNotIn("metrics", program.listeners)
        self.assertIn("envoy_server_concurrency 1", harness.get(program.listeners["admin"], "/stats/prometheus"))
        self.assertIn("in force", program.log.read_text())

    def test_a_bad_environment_is_as_bad_as_a_bad_flag(self):
        done = self.sluice("run", "-c", self.rules, SLUICE_WORKERS="many")
        self.assertEqual(done.returncode, USAGE)

    def test_several_configurations_add_up(self):
        other = self.directory / "other.yaml"
        other.write_text(rules([self.port], PLAIN.replace("host: model", "host: other"), host="other"))
        gateway = self.gateway(self.rules.read_text(), "-c", other)
        self.assertEqual(gateway.get(host="other").status, 200)
        self.assertEqual(gateway.get(host="model").status, 200)

    def test_log_lines_have_no_colour_when_nobody_watches(self):
        program = self.started("-c", self.rules, "--http-port", "127.0.0.1:0", *self.free())
        self.assertNotIn("\x1b", program.log.read_text())


if __name__ == "__main__":
    unittest.main()
