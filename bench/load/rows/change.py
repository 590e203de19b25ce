"""A change of rules under load: how soon it holds, and whether a request fails for it. Standard library only."""
import http.client
import json
import threading
import time

import harness
from proxies import sluice
from rows.row import Column, Row
from traffic import STANDARD, Amount, Traffic

RATE = 2000  # requests a second meanwhile


class Change(Row):
    name, figure, peers, names, once = "change", "live_ms", (), ("sluice",), True
    columns = (Column("changes", "changes", "{:.0f}"), Column("live after ms, median", "live_ms"),
               Column("slowest", "slowest_ms"), Column("requests meanwhile", "requests", "{:,.0f}"),
               Column("of them failed", "failed", "{:.0f}"))
    title = "a change of rules: all traffic to the other version, and back"
    note = ("From the sending of the change to the admin port until it is acknowledged and a request on a connection that "
            f"was open before is answered by the other version, at {RATE:,} requests a second, one worker.")

    def __init__(self, settings):
        self.settings = settings

    def measure(self, stage, name):
        proxy = stage.fresh(name, "change", changeable=True)
        try:
            program, address = proxy.doors["http"]
            program.wait_for(["admin"])
            token = (stage.directory / "change" / "state" / "admin-token").read_text().strip()
            traffic = Background(stage, address, self.settings.changes * 0.05 + 0.5)
            with Changer(program.listeners["admin"], address, token) as changer:
                times = [changer.change("v47" if number % 2 == 0 else "v45") for number in range(self.settings.changes)]
            traffic.wait()
        finally:
            proxy.stop()
        times.sort()
        return {"changes": len(times), "live_ms": times[len(times) // 2] * 1000, "slowest_ms": times[-1] * 1000,
                "requests": traffic.answered, "failed": traffic.failed}


class Background:
    """Traffic at a constant rate on a thread of its own; SluiceBench raises when one request is lost or not a 200."""

    def __init__(self, stage, address, seconds):
        self.answered, self.failed, self.words = 0, 0, ""
        self.amount = Amount(seconds=seconds, rate=RATE)
        self.thread = threading.Thread(target=self.run, args=(stage, address))
        self.thread.start()

    def run(self, stage, address):
        try:
            self.answered = stage.generator.load(address, Traffic(connections=16), self.amount).answered
        except harness.Failed as failure:
            self.failed, self.words = 1, str(failure)

    def wait(self):
        self.thread.join()
        if self.failed:
            raise harness.Failed(f"under changes: {self.words}")


class Changer:
    def __init__(self, admin, address, token):
        self.admin = http.client.HTTPConnection(admin, timeout=10)
        self.client = http.client.HTTPConnection(address, timeout=10)
        self.headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.admin.close()
        self.client.close()

    def version(self):
        self.client.request("GET", "/predict", headers={"host": sluice.HOST, **dict(STANDARD)})
        answer = self.client.getresponse()
        answer.read()
        return answer.getheader("x-model-version")

    def change(self, version):
        """Seconds until the change holds."""
        body = json.dumps({"objects": [sluice.all_to(version)]})
        self.version()
        began = time.monotonic()
        self.admin.request("POST", "/sluice/v1/apply", body, self.headers)
        answer = self.admin.getresponse()
        words = answer.read()
        if answer.status != 200:
            raise harness.Failed(f"a change was answered with {answer.status}: {words[:300]!r}")
        while self.version() != version:
            if time.monotonic() - began > 5:
                raise harness.Failed("a change does not hold after 5 s")
        return time.monotonic() - began
