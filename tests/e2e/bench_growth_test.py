"""The curves of growth (`./dev bench growth`), at their smallest: the form of what is written, and how a curve is judged."""
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "load"), str(ROOT / "bench" / "growth")]
import curve  # noqa: E402
import functions  # noqa: E402
import gateway  # noqa: E402
import page  # noqa: E402
import report  # noqa: E402

BINARIES = pathlib.Path(os.environ["SLUICE_BIN"]).parent
BEGIN, END = page.marks("growth")
PAGE = f"# Last\n\n{page.BEGIN}\n\nof load\n\n{page.END}\n\nby hand\n\n{BEGIN}\n\nold\n\n{END}\n\nby hand, after\n"
SQUARE = [(x, 3 * x * x) for x in (10, 100, 1000)]
EXPECTED = curve.Curve("rules", "matching", "rules", "ns", curve.LINEAR, "in order")


class WholeRunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.page = cls.out / "page.md"
        cls.page.write_text(PAGE)
        done = subprocess.run(
            [sys.executable, ROOT / "bench" / "growth" / "run_growth.py", "--smoke", "--anyway", "--bin", BINARIES, "--out", cls.out,
             "--page", cls.page], capture_output=True, text=True, timeout=500, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{done.stdout}\n{done.stderr}")
        cls.result = json.loads((cls.out / "growth.json").read_text())

    def test_every_curve_is_there_with_points_and_a_verdict(self):
        self.assertEqual(self.result["failures"], [])
        kinds = [kind for _, kind in functions.CURVES] + [gateway.ACTIVE, gateway.STREAMS, gateway.UPLOAD, gateway.DOWNLOAD,
                                                          gateway.IDLE]
        self.assertEqual([told["name"] for told in self.result["curves"]], [kind.name for kind in kinds])
        for told in self.result["curves"]:
            with self.subTest(curve=told["name"]):
                self.assertGreaterEqual(len(told["points"]), curve.TAIL)
                self.assertTrue(all(cost > 0 for _, cost in told["points"]), told["points"])
                self.assertIn(told["verdict"], curve.ORDER)

    def test_the_page_keeps_what_others_write(self):
        text = self.page.read_text()
        self.assertTrue(text.startswith(PAGE[:PAGE.index("\n\nold")]))
        self.assertTrue(text.endswith(PAGE[PAGE.index(END):]))
        self.assertIn("| `hosts` | finding the host | ns |", text)
        self.assertIn("**Not to be quoted**: measurements too short to mean anything.", text)

    def test_the_results_page_has_the_marks(self):
        text = (ROOT / "bench" / "RESULTS.md").read_text()
        self.assertEqual((text.count(BEGIN), text.count(END)), (1, 1))


class JudgementTest(unittest.TestCase):
    def test_the_large_end_decides(self):
        self.assertEqual(curve.verdict([(1, 100), (10, 101), (100, 99), (1000, 103)]), curve.FLAT)
        self.assertEqual(curve.verdict([(10, 200), (100, 260), (1000, 420), (10_000, 600)]), curve.SLOWLY)
        # A constant part hides at the small end that the rest is linear, or worse.
        self.assertEqual(curve.verdict([(x, 500 + x) for x in (1, 10, 100, 10_000, 100_000)]), curve.LINEAR)
        self.assertEqual(curve.verdict([(x, 500 + x * x / 100) for x in (1, 10, 100, 1000, 10_000)]), curve.BENDS)

    def test_more_than_expected_stands_out(self):
        bent = curve.judge(EXPECTED, SQUARE)
        self.assertEqual((bent["verdict"], bent["as_expected"]), (curve.BENDS, False))
        self.assertAlmostEqual(bent["exponent"], 2)
        self.assertEqual(report.growth(bent), "**bends upward**")
        explained = curve.judge(dataclasses.replace(EXPECTED, explained="of memory"), SQUARE)
        self.assertEqual((report.growth(explained), explained["as_expected"]), ("bends upward: of memory", False))
        straight = curve.judge(EXPECTED, [(10, 20), (100, 200), (1000, 2000)])
        self.assertEqual(report.growth(straight), "linear: in order")
        # Less than expected is no reason to worry.
        self.assertTrue(curve.judge(EXPECTED, [(10, 20), (100, 20), (1000, 20)])["as_expected"])

    def test_the_order_of_points_does_not_matter(self):
        self.assertEqual(curve.verdict(SQUARE[::-1]), curve.BENDS)

    def test_points_are_read_from_single_runs_and_from_medians(self):
        single = [{"name": "Match/uri/10", "run_name": "Match/uri/10", "run_type": "iteration", "cpu_time": 2, "time_unit": "us"},
                  {"name": "Match/uri_long/10", "run_type": "iteration", "cpu_time": 5, "time_unit": "us"}]
        self.assertEqual(functions.points(single, "Match/uri"), [(10, 2000)])
        repeated = [{"name": f"Match/uri/10_{kind}", "run_name": "Match/uri/10", "run_type": "aggregate", "aggregate_name": kind,
                     "cpu_time": cost, "time_unit": "ns"} for kind, cost in (("mean", 9), ("median", 7), ("stddev", 1))]
        self.assertEqual(functions.points(repeated, "Match/uri"), [(10, 7)])


if __name__ == "__main__":
    unittest.main()
