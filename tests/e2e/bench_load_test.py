"""The comparison with other proxies (`./dev bench load`), at its smallest: the form of what it writes, not its figures."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "load")]
import generators  # noqa: E402
import goals  # noqa: E402
import harness  # noqa: E402
import machine  # noqa: E402
import page  # noqa: E402
import rows  # noqa: E402
import summary  # noqa: E402
from rows import system_calls  # noqa: E402
from rows.row import Column, Row  # noqa: E402

BINARIES = pathlib.Path(os.environ["SLUICE_BIN"]).parent
# What may be missing where tests run: a generator for TLS, the right to trace, the speed for an open loop's rate.
EXCUSES = re.compile(r"no strace here|strace cannot attach|answers [\d,]+ of [\d,]+ requests")
PAGE = f"# Last\n\nby hand, before\n\n{page.BEGIN}\n\nold\n\n{page.END}\n\nby hand, after\n"


class WholeRunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.out = pathlib.Path(directory.name)
        cls.page = cls.out / "page.md"
        cls.page.write_text(PAGE)
        cls.run_ = subprocess.run(
            [sys.executable, ROOT / "bench" / "load" / "run_load.py", "--smoke", "--anyway", "--bin", BINARIES, "--out", cls.out,
             "--page", cls.page], capture_output=True, text=True, timeout=500, check=False)
        if cls.run_.returncode != 0:
            raise AssertionError(f"{cls.run_.stdout}\n{cls.run_.stderr}")
        cls.result = json.loads((cls.out / "load.json").read_text())

    def test_every_row_has_a_figure_of_sluice_or_an_excuse(self):
        self.assertEqual(list(self.result["rows"]), list(rows.KINDS))
        for name, told in self.result["rows"].items():
            with self.subTest(row=name):
                for who, words in told["failures"].items():
                    for sentence in words:
                        self.assertRegex(sentence, EXCUSES, who)
                if "sluice" not in told["failures"] and "direct" not in told["failures"]:
                    self.assertIn(told["figure"], told["contestants"]["sluice"]["median"])

    def test_the_result_says_on_what_it_was_measured_and_that_it_is_not_to_be_quoted(self):
        facts = self.result["environment"]
        self.assertRegex(facts["commit"], r"^[0-9a-f]{40}$|^$|^fatal")
        self.assertEqual(set(facts["versions"]), {"nginx", "haproxy", "nghttpx", "envoy", "h2load", "strace"})
        self.assertIn("measurements too short to mean anything", self.result["marks"])
        self.assertIn("Not to be quoted", (self.out / "load.md").read_text())

    def test_every_goal_is_judged_or_not_measured(self):
        judged = self.result["goals"]
        self.assertEqual(len(judged), len(goals.GOALS))
        for line in judged:
            self.assertIn(line["met"], (goals.MET, goals.MISSED, goals.UNKNOWN))
        self.assertEqual([line["met"] for line in judged if line["goal"] == "no request fails"], [goals.MET])

    def test_the_page_keeps_what_is_written_by_hand(self):
        text = self.page.read_text()
        self.assertTrue(text.startswith(PAGE[:PAGE.index("\n\nold")]))
        self.assertTrue(text.endswith(PAGE[PAGE.index(page.END):]))
        self.assertNotIn("\nold\n", text)
        self.assertIn("| workload | goal | Sluice |", text)
        for name in rows.KINDS:
            if self.result["rows"][name]["contestants"]:
                self.assertIn(f"| `{name}` |", text)


class PartsTest(unittest.TestCase):
    def test_a_page_without_marks_is_left_alone_and_the_cure_told(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "page.md"
            path.write_text("by hand\n")
            with self.assertRaisesRegex(harness.Failed, "put them back"):
                page.update(path, ["new"])
            self.assertEqual(path.read_text(), "by hand\n")

    def test_a_ratio_is_taken_within_each_round(self):
        row = Row()
        row.names, row.columns = ("nginx", "haproxy", "sluice"), (Column("µs", "cpu_us"),)
        result = types.SimpleNamespace(row=row, failures={}, stretches=[(0.0, 0.0), (0.5, 0.0)], samples={
            "nginx": [{"cpu_us": 10}, {"cpu_us": 20}, None], "haproxy": [{"cpu_us": 30}] * 3,
            "sluice": [{"cpu_us": 9}, {"cpu_us": 18}, {"cpu_us": 99}]})

        told = summary.of(result, generators.Generators())

        self.assertEqual(told["best_peer"], "nginx")
        self.assertEqual(told["contestants"]["sluice"]["to_best_peer"], {"median": 0.9, "spread": [0.9, 0.9]})
        self.assertTrue(told["disturbed"])

    def test_a_goal_that_is_missed_by_a_hair_is_missed(self):
        goal = goals.Goal("memory", "at most 3 KiB", "idle", "kib", 3, unit=" KiB")
        told = {"figure": "kib", "contestants": {"sluice": {"median": {"kib": 3.01}}, "nginx": {"median": {"kib": 0.5}}}}
        self.assertEqual(goal.judge(told), {"workload": "memory", "goal": "at most 3 KiB", "figure": "3.0 KiB",
                                            "peers": "nginx 0.5", "met": goals.MISSED})
        self.assertEqual(goal.judge(None)["met"], goals.UNKNOWN)

    def test_calls_and_bytes_are_read_from_a_trace_whose_lines_are_cut(self):
        trace = ('7 accept4(5<TCP:[11]>, NULL, NULL, SOCK_NONBLOCK) = 9<TCP:[12]>\n'
                 '7 recvfrom(9<TCP:[12]>, ""..., 8192, 0, NULL, NULL) = 100\n'
                 '7 sendto(8<TCP:[13]>, ""..., 120, MSG_NOSIGNAL, NULL, 0 <unfinished ...>\n'
                 '8 epoll_wait(4<anon_inode:[eventpoll]>, [], 64, 0) = 0\n'
                 '7 <... sendto resumed>) = 120\n'
                 '7 recvfrom(8<TCP:[13]>, 0x7, 8192, 0, NULL, NULL) = -1 EAGAIN (not now)\n'
                 '7 --- SIGCHLD {} ---\n')

        counts, moved = system_calls.count(trace.splitlines())

        self.assertEqual(counts, {"accept4": (1, 0), "recvfrom": (2, 1), "sendto": (1, 0), "epoll_wait": (1, 0)})
        self.assertEqual(moved, {("client", "in"): 100, ("model", "out"): 120})

    def test_a_busy_machine_and_a_dirty_tree_are_told(self):
        quiet = {"dirty": False, "load_average_before": (0.1, 0.1, 0.1)}
        self.assertEqual(machine.why_not_to_quote(quiet), "")
        self.assertIn("no commit", machine.why_not_to_quote(quiet | {"dirty": True}))
        self.assertIn("2.00", machine.why_not_to_quote(quiet | {"load_average_before": (2.0, 1.0, 1.0)}))


if __name__ == "__main__":
    unittest.main()
