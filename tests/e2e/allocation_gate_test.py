"""The gate of allocations (bench/allocation_gate.py) can fail, and says where. The gate itself is the test bench-smoke."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import allocation_gate  # noqa: E402


def of(name, allocations):
    return list(allocation_gate.findings([{"name": name, "allocs_per_request": allocations}]))


class AllocationGateTest(unittest.TestCase):
    def test_a_request_may_not_allocate(self):
        self.assertEqual(of("MakePlan/200", 0.0), [])
        self.assertRegex(of("MakePlan/200", 1.0)[0], r"^MakePlan/200: 1\.00 allocations")
        # Every second request is too many; a buffer that grew once in a thousand is not.
        self.assertEqual(len(of("Match/uri/10", 0.5)), 1)
        self.assertEqual(of("Match/uri/10", 0.001), [])

    def test_what_no_request_runs_through_may(self):
        self.assertEqual(of("Build/2000", 5000.0), [])
        self.assertEqual(of("LoadAndCompile2000Routes/100", 5000.0), [])

    def test_a_name_of_the_table_is_a_whole_name(self):
        self.assertEqual(len(of("BuildAnswer/1", 1.0)), 1)
        self.assertEqual(len(of("Build/of_answer/1", 1.0)), 1)

    def test_a_benchmark_that_does_not_count_or_failed_is_a_finding(self):
        self.assertIn("alloc_counter.h", next(allocation_gate.findings([{"name": "New"}])))
        failed = {"name": "New", "error_occurred": True, "error_message": "no rules"}
        self.assertEqual(list(allocation_gate.findings([failed])), ["New: no rules"])


if __name__ == "__main__":
    unittest.main()
