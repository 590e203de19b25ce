"""What tests of attacks share: an honest client beside the attacker, what the attack costs the gateway, and its counter."""
import itertools
import os
import pathlib
import re

import h2_frames as h2
import rig
from wire import WireTest

GROWTH_KIB = 2048  # of resident memory, for one attacker
HELD_KIB = 8192  # with 100 requests whose large answers stand still: a mebibyte, and a piece and an exchange for each
CPU_SECONDS = 0.2  # the gateway's, for one attacker; what an attack costs is far below, the clock ticks in 10 ms


def odd(first=1):
    return itertools.count(first, 2)


def post(stream, *fields):
    return h2.head(stream, h2.pseudo("POST") + list(fields), h2.END_HEADERS)


class AbuseTest(WireTest):
    def setUp(self):
        super().setUp()
        self.honest = self.peer()
        self.assertEqual(self.honest.request(), 200)

    def peer(self, **options):
        peer = h2.Peer(self.gateway.http, **options)
        self.addCleanup(peer.close)
        return peer

    def codec(self, counter):
        return self.gateway.metric(f"sluice_codec_{counter}_total", side="downstream")

    def assert_counted(self, counter, before):
        rig.until(lambda: self.codec(counter) > before, f"{counter} has moved")

    def assert_others_served(self):
        self.assertEqual(self.honest.request(), 200)
        self.assertEqual(self.gateway.get().status, 200)

    def _status(self, key):
        return int(re.search(rf"{key}:\s+(\d+)", pathlib.Path(f"/proc/{self.gateway.pid}/status").read_text()).group(1))

    def _cpu(self):
        fields = pathlib.Path(f"/proc/{self.gateway.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def costs(self, kib=GROWTH_KIB):
        """Begins to measure; call the result when the attack is over."""
        pathlib.Path(f"/proc/{self.gateway.pid}/clear_refs").write_text("5")  # VmHWM begins anew
        resident, cpu = self._status("VmRSS"), self._cpu()

        def check():
            growth, spent = self._status("VmHWM") - resident, self._cpu() - cpu
            if not rig.SANITIZED:
                self.assertLessEqual(growth, kib, "KiB more while the attack ran")
                self.assertLessEqual(spent, CPU_SECONDS, "seconds of CPU")
        return check

    def assert_cut(self, frames, counter, code=h2.ENHANCE_YOUR_CALM, answered=False):
        """`frames` end the connection with `code` before they are all sent; `counter` says why; others are served."""
        before, attacker = self.codec(counter), self.peer()
        check = self.costs()

        attacker.flood(frames, answered=answered)

        self.assertEqual(attacker.until_closed(), code)
        check()
        self.assert_counted(counter, before)
        self.assert_others_served()
