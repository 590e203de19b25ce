"""System calls of a request, counted by strace: they do not depend on the machine, so that one more is a finding.

A figure is the slope between a shorter and a longer run over kept connections: making them cancels out. What depends on time
and not on requests is not looked at: waiting and arming for it, which the number of sockets that are ready at once decides,
and the watched files.
"""
import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "load")]
import generators  # noqa: E402
import harness  # noqa: E402
from proxies import proxy as proxy_module  # noqa: E402
from proxies import sluice as sluice_proxy  # noqa: E402
from rows import system_calls  # noqa: E402
from traffic import Amount, Traffic  # noqa: E402

SHORT, LONG = 300, 900  # requests
STRAY = 0.05            # calls per request that an odd event may add; one more for each request, or every other, is more
# Timers and wake-ups between threads come with time, so a slow machine has more of them for each request.
STRAY_OTHERS = 0.3
WAITS = {"epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl"}
FILES = {"openat", "newfstatat", "statx", "getdents64", "fcntl", "close"}  # of the rules and certificates, by time


class SystemCallsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.environ.get("SLUICE_SANITIZED"):
            raise unittest.SkipTest("the sanitizer's own calls would be counted")
        binaries = pathlib.Path(os.environ["SLUICE_BIN"]).resolve().parent
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        programs = cls.enterClassContext(harness.Programs(cls.directory))
        ground = proxy_module.prepare(programs, cls.directory, binaries / "sluice", os.environ["SLUICE_STUB"])
        cls.proxy = sluice_proxy.start(ground)
        cls.generator = generators.SluiceBench(os.environ["SLUICE_BENCH_BIN"], ground.certs, ())
        try:
            with system_calls.traced(cls.proxy.doors["http"][0].pid, os.devnull):
                pass
        except harness.Failed as failure:
            raise unittest.SkipTest(str(failure)) from None

    def totals(self, traffic, requests):
        program, address = self.proxy.doors[traffic.door]
        path = self.directory / "trace"
        with system_calls.traced(program.pid, path):
            outcome = self.generator.load(address, traffic, Amount(requests=requests))
        with open(path, errors="replace") as lines:
            return system_calls.count(lines)[0], outcome.answered

    def per_request(self, traffic):
        """(reads, writes, failed ones of both, all other calls) of one request."""
        self.generator.load(self.proxy.doors[traffic.door][1], traffic, Amount(requests=SHORT))  # fills the pools
        (short, few), (long, many) = self.totals(traffic, SHORT), self.totals(traffic, LONG)

        def slope(calls, part=0):
            return sum(long.get(c, (0, 0))[part] - short.get(c, (0, 0))[part] for c in calls) / (many - few)
        moves = {*system_calls.READS, *system_calls.WRITES}
        return (slope(system_calls.READS), slope(system_calls.WRITES), slope(moves, 1),
                slope({*short, *long} - moves - WAITS - FILES))

    def check(self, traffic, reads, writes):
        """Exactly so many of each, none in vain, and nothing else."""
        told = self.per_request(traffic)
        self.assertAlmostEqual(told[0], reads, delta=STRAY, msg=f"reads of {told}")
        self.assertAlmostEqual(told[1], writes, delta=STRAY, msg=f"writes of {told}")
        self.assertLess(told[2], STRAY, f"failed reads and writes of {told}")
        self.assertLess(told[3], STRAY_OTHERS, f"other calls of {told}")

    def check_at_most(self, traffic, reads, writes):
        told = self.per_request(traffic)
        self.assertLessEqual(told[0], reads, f"reads of {told}")
        self.assertLessEqual(told[1], writes, f"writes of {told}")
        self.assertLess(told[3], STRAY_OTHERS, f"other calls of {told}")

    def test_http1_reads_and_writes_once_on_each_side(self):
        self.check(Traffic(connections=8), 2, 2)

    def test_a_body_of_4_kib_comes_and_goes_with_its_head(self):
        self.check(Traffic(connections=8, method="POST", body_bytes=4096), 2, 2)

    def test_tls_adds_no_call(self):
        self.check(Traffic("https", connections=8), 2, 2)

    # The answer is larger than one read; how the model's writes are cut decides.
    def test_an_answer_of_64_kib_takes_few_calls(self):
        self.check_at_most(Traffic(connections=8, fields=(("x-stub-body-bytes", "65536"),)), 4, 4)

    # One call on the model's side; those towards the client are shared by what is ready at once.
    def test_streams_share_the_calls_of_their_connection(self):
        for door in ("http", "https"):
            with self.subTest(door=door):
                self.check_at_most(Traffic(door, http2=True, connections=2, streams=16), 1.5, 1.5)


if __name__ == "__main__":
    unittest.main()
