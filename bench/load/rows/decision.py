"""What one decision costs, and the compiling of 2,000 routes: the micro-benchmarks of the goals. Standard library only."""
import json
import subprocess

import harness
from rows.row import Column, Row

# {key of the figure: benchmark}, all in the same process.
BENCHMARKS = {"rules_200": "MakePlan/200", "rules_1": "MakePlan/1", "metrics": "OnExchangeWarm",
              "hosts_10": "FindHost/10", "hosts_10000": "FindHost/10000", "compile": "LoadAndCompile2000Routes/1"}
IN_NS = {"ns": 1, "us": 1e3, "ms": 1e6}


class Decision(Row):
    name, figure, peers, names = "decision", "decision_us", (), ("sluice",)
    traffic = None
    title = "one decision: bucket, 200 rules, split, metrics"
    columns = (Column("µs", "decision_us", "{:.2f}"), Column("of it metrics", "metrics_us", "{:.2f}"),
               Column("with 1 rule", "one_rule_us", "{:.2f}"), Column("host among 10, ns", "hosts_10", "{:.0f}"),
               Column("among 10,000, ns", "hosts_10000", "{:.0f}"), Column("10,000 / 10 hosts", "hosts_ratio", "{:.3f}"),
               Column("2,000 routes compiled, ms", "compile_ms"))
    note = ("From the micro-benchmarks. *10,000 / 10 hosts* is the ratio of whole decisions: one with 200 rules, its host "
            "found among 10,000 instead of 10.")

    def __init__(self, settings):
        self.settings = settings

    def measure(self, stage, name):
        pattern = "^(" + "|".join(BENCHMARKS.values()) + ")$"
        done = subprocess.run(["taskset", "-c", "0", stage.binaries / "bench" / "sluice_microbench",
                               f"--benchmark_filter={pattern}", "--benchmark_format=json",
                               f"--benchmark_min_time={self.settings.seconds / 10:.3f}"],
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise harness.Failed(f"the micro-benchmarks ended with {done.returncode}: {done.stderr[-300:]}")
        told = {b["name"]: b["cpu_time"] * IN_NS[b["time_unit"]] for b in json.loads(done.stdout)["benchmarks"]}
        ns = {key: told[benchmark] for key, benchmark in BENCHMARKS.items()}
        decision = ns["rules_200"] + ns["metrics"]
        return {"decision_us": decision / 1000, "metrics_us": ns["metrics"] / 1000, "one_rule_us": ns["rules_1"] / 1000,
                "hosts_10": ns["hosts_10"], "hosts_10000": ns["hosts_10000"],
                "hosts_ratio": (decision + ns["hosts_10000"] - ns["hosts_10"]) / decision, "compile_ms": ns["compile"] / 1e6}
