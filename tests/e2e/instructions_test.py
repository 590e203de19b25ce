"""Instructions per request (bench/growth/instructions.py): what is counted and how it is told, not how many they are."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench" / "growth")]
import instructions  # noqa: E402

BINARIES = pathlib.Path(os.environ["SLUICE_BIN"]).parent


class InstructionsTest(unittest.TestCase):
    @unittest.skipIf(shutil.which("callgrind_control") is None, "no valgrind here")
    @unittest.skipIf(os.environ.get("SLUICE_SANITIZED"), "valgrind does not run what a sanitizer was built into")
    def test_a_request_has_a_cost_and_a_body_adds_to_it(self):
        with tempfile.TemporaryDirectory() as directory:
            out = pathlib.Path(directory)
            done = subprocess.run(
                [sys.executable, ROOT / "bench" / "growth" / "instructions.py", "--bin", BINARIES, "--rows", "small", "answer64k",
                 "--requests", "200", "600", "--out", out, "--profile", out / "profiles", "--before", out / "none"],
                capture_output=True, text=True, timeout=300, check=False)
            if "callgrind_control" in done.stderr:
                self.skipTest(done.stderr.strip().splitlines()[-1])
            self.assertEqual(done.returncode, 0, done.stderr)
            counts = json.loads((out / "instructions.json").read_text())["builds"][0]
            # Not a bound on the cost: below there is no proxy's work at all, above it is not a request's.
            self.assertTrue(5_000 < counts["small"] < counts["answer64k"] < 500_000, counts)
            self.assertIn(f"| `small` | GET, 200-byte answer, HTTP/1.1 | {counts['small']:,} |",
                          (out / "instructions.md").read_text())
            self.assertIn("fn=", (out / "profiles" / "0.small").read_text())

    def test_what_does_not_grow_with_the_requests_cancels_out(self):
        self.assertEqual(instructions.slope((100, 5_000_000 + 100 * 300), (400, 5_000_000 + 400 * 300)), 300)

    def test_an_earlier_result_is_told_beside_with_the_change(self):
        now = {"commit": "a" * 40, "dirty": False, "builds": [{"small": 900, "tls": 50}]}
        before = {"commit": "b" * 40, "dirty": False, "builds": [{"small": 1000}]}

        lines = list(instructions.report(now, before))

        self.assertIn("commit aaaaaaaaa, before: commit bbbbbbbbb", lines[0])
        self.assertIn("| `small` | GET, 200-byte answer, HTTP/1.1 | 1,000 | 900 | -10.0% |", lines)
        self.assertIn("| `tls` | GET, TLS, HTTP/1.1 |  | 50 |  |", lines)

    def test_two_builds_stand_side_by_side(self):
        now = {"commit": "a" * 40, "dirty": True, "builds": [{"small": 1000}, {"small": 1100}]}
        self.assertIn("| `small` | GET, 200-byte answer, HTTP/1.1 | 1,000 | 1,100 | 1.100 |",
                      list(instructions.report(now, None)))

    def test_the_kept_result_names_its_commit_and_known_rows(self):
        kept = json.loads(instructions.EARLIER.read_text())
        self.assertRegex(kept["commit"], r"^[0-9a-f]{40}$")
        self.assertEqual(set(kept["builds"][0]), set(instructions.ROWS))


if __name__ == "__main__":
    unittest.main()
