"""Latency at a constant rate, open loop, beside the direct path. Standard library only."""
import harness
from rows.row import Column, Row
from stage import DIRECT
from traffic import Amount, Traffic

SUBJECT = "sluice"


class Saturation:
    """Requests a second of the closed loop through Sluice: what the rates are percents of, the same for everybody."""

    def __init__(self, settings):
        self.settings, self._found = settings, None

    def rate(self, stage):
        if self._found is None:
            seconds = Amount(seconds=self.settings.seconds)
            # The best of three: what disturbs a run makes it look smaller than it is.
            self._found = max(stage.load(SUBJECT, Traffic(), seconds).per_second for _ in range(3))
        return self._found


class Latency(Row):
    names = (DIRECT, "nginx", "haproxy", "relay", "nghttpx", "envoy", "sluice")
    figure, peers = "added_p50_us", ()
    columns = (Column("rate", "rate", "{:,.0f}"), Column("p50 µs", "p50_us", "{:.0f}"), Column("p99 µs", "p99_us", "{:.0f}"),
               Column("added p50", "added_p50_us", "{:.0f}"), Column("added p99", "added_p99_us", "{:.0f}"))

    def __init__(self, settings, saturation, percent):
        self.settings, self.saturation, self.percent = settings, saturation, percent
        self.name = f"latency{percent}"
        self.title = f"open loop at {percent} % of saturation, GET, small answer, HTTP/1.1, 64 connections"
        self.note = ("Saturation is the rate of the closed loop through Sluice in this set-up (best of three); the same "
                     "absolute rate for all. Latency counts from when a request was due. Added: over the direct path of the same round.")

    def measure(self, stage, name):
        rate = self.saturation.rate(stage) * self.percent / 100
        outcome = stage.load(name, Traffic(), Amount(seconds=self.settings.latency_seconds, rate=rate))
        if outcome.per_second < 0.97 * rate:
            raise harness.Failed(f"answers {outcome.per_second:,.0f} of {rate:,.0f} requests a second")
        return {"rate": rate, "p50_us": outcome.p50_us, "p99_us": outcome.p99_us}

    def complete(self, samples):
        """What is added over the direct path of the same round."""
        direct = samples.get(DIRECT, [])
        for name, measured in samples.items():
            for base, figures in zip(direct, measured):
                if name != DIRECT and base and figures:
                    for key in ("p50_us", "p99_us"):
                        figures[f"added_{key}"] = figures[key] - base[key]
