"""The goals of the product's design, and whether a result meets them. Standard library only."""
import dataclasses

from tables import in_words, show

MET, MISSED, UNKNOWN = "yes", "**no**", "not measured"


@dataclasses.dataclass(frozen=True)
class Goal:
    workload: str
    words: str
    row: str
    key: str                 # a figure of Sluice, or to_best_peer, to_relay
    limit: float
    at_least: bool = False
    unit: str = ""
    form: str = "{:.1f}"

    def judge(self, told):
        """The line of the table as {column: text}."""
        figure, value = self.read(told)
        met = UNKNOWN if value is None else MET if (value >= self.limit if self.at_least else value <= self.limit) else MISSED
        return {"workload": self.workload, "goal": self.words, "figure": figure, "peers": self.of_peers(told), "met": met}

    def read(self, told):
        subject = told and told["contestants"].get("sluice")
        if not subject:
            return "", None
        if self.key.startswith("to_"):
            ratio = subject[self.key]
            own = subject["median"].get(told["figure"])
            if ratio is None:
                return number(told["figure"], own), None
            return f"{in_words(ratio)} × ; {number(told['figure'], own)}", ratio["median"]
        value = subject["median"].get(self.key)
        return ("", None) if value is None else (self.form.format(value) + self.unit, value)

    def of_peers(self, told):
        if not told:
            return ""
        key = told["figure"] if self.key.startswith("to_") else self.key
        return ", ".join(f"{show(name)} {self.form.format(t['median'][key]) if not self.key.startswith('to_') else number(key, t['median'][key], '')}"
                         for name, t in told["contestants"].items() if name not in ("sluice", "direct") and key in t["median"])


def number(figure, value, unit=None):
    if value is None:
        return ""
    form, default = {"per_cpu_second": ("{:,.0f}", " a CPU second")}.get(figure, ("{:.1f}", " µs"))
    return form.format(value) + (default if unit is None else unit)


HALF = "added latency at half of saturation, open loop"
GOALS = (
    Goal("HTTP/1.1 keep-alive, small answer, 64 connections", "≤ 0.85 × the best of nginx and HAProxy", "small",
         "to_best_peer", 0.85),
    Goal("the same", "≤ 1.10 × the TCP relay", "small", "to_relay", 1.10),
    Goal("HTTP/1.1 POST 4 KiB", "≤ 0.85 × the best peer", "post4k", "to_best_peer", 0.85),
    Goal("64 KiB answers", "≤ 0.95 × the best peer", "answer64k", "to_best_peer", 0.95),
    Goal("TLS keep-alive, HTTP/1.1", "≤ 0.80 × the best peer", "tls", "to_best_peer", 0.80),
    Goal("mTLS keep-alive, HTTP/1.1", "≤ 0.80 × the best peer", "mtls", "to_best_peer", 0.80),
    Goal("HTTP/2, plaintext, 8 × 32 streams", "≤ 0.85 × the best of HAProxy and nghttpx", "h2c", "to_best_peer", 0.85),
    Goal("HTTP/2, TLS, 8 × 32 streams", "≤ 0.85 × the best of HAProxy and nghttpx", "h2tls", "to_best_peer", 0.85),
    Goal("new TLS connections per CPU second", "≥ the best peer", "new_tls", "to_best_peer", 1.0, at_least=True),
    Goal(HALF, "p50 ≤ 60 µs over the direct path", "latency50", "added_p50_us", 60, unit=" µs", form="{:.0f}"),
    Goal(HALF, "p99 ≤ 250 µs over the direct path", "latency50", "added_p99_us", 250, unit=" µs", form="{:.0f}"),
    Goal("memory per idle connection, HTTP/1.1", "≤ 3 KiB", "idle_http1", "kib", 3, unit=" KiB"),
    Goal("memory per idle connection, TLS", "≤ 17 KiB", "idle_tls", "kib", 17, unit=" KiB"),
    Goal("memory per idle connection, TLS with HTTP/2", "≤ 34 KiB", "idle_tls_h2", "kib", 34, unit=" KiB"),
    Goal("idle connections held in one process", "19,000, all answering afterwards", "held", "answering", 19000,
         at_least=True, form="{:,.0f}"),
    Goal("one decision (bucket, 200 rules, split, metrics)", "≤ 1.5 µs", "decision", "decision_us", 1.5, unit=" µs",
         form="{:.2f}"),
    Goal("the same, host among 10,000 instead of 10", "costs no more (within 5 %)", "decision", "hosts_ratio", 1.05,
         unit=" ×", form="{:.3f}"),
    Goal("a change of rules", "live in ≤ 100 ms", "change", "slowest_ms", 100, unit=" ms"),
    Goal("a change of rules", "no request fails", "change", "failed", 0, form="{:.0f}"),
    Goal("a change of rules", "2,000 routes compile in ≤ 50 ms", "decision", "compile_ms", 50, unit=" ms"),
)


def judge(summaries):
    return [goal.judge(summaries.get(goal.row)) for goal in GOALS]
