"""One worker and two: what sharing costs a request. Standard library only."""
from machine import OTHER_CORE, PROXY_CORE
from rows.requests import COST, PACE, kept_cost
from rows.row import Row
from traffic import Traffic

TWO = " x2"  # appended to a name: two workers, which may run on both cores
BOTH_PIN = ("taskset", "-c", f"{PROXY_CORE},{OTHER_CORE}")


class Workers(Row):
    name = "workers"
    title = "one worker and two, GET, small answer, HTTP/1.1, 64 connections"
    names = ("nginx" + TWO, "haproxy" + TWO, "envoy" + TWO, "sluice", "sluice" + TWO)
    peers = tuple(name for name in names if not name.startswith("sluice"))
    columns = (*COST, *PACE)
    note = ("*x2* has two workers that may run on both cores, where generator and models still hold the second one. So it "
            "shows what sharing costs a request (locks, migrations, uneven hand-out); it cannot show scaling, for which "
            "two more cores would be needed. The goal of `small` holds for one worker.")

    def __init__(self, settings):
        self.settings, self.started = settings, {}

    def measure(self, stage, name):
        seconds = self.settings.seconds
        kind = name.removesuffix(TWO)
        if kind == name:
            return kept_cost(stage, name, Traffic(), seconds)
        if name not in self.started:
            self.started[name] = stage.fresh(kind, "two-workers", workers=2, pin=BOTH_PIN)
        with stage.on_stage(name, self.started[name]):
            return kept_cost(stage, name, Traffic(), seconds)

    def close(self):
        for proxy in self.started.values():
            proxy.stop()
