"""Curves of single functions, taken by the micro-benchmarks: their last argument is the size. Standard library only."""
import json
import re
import subprocess

import harness
import machine
from curve import FLAT, LINEAR, SLOWLY, Curve

IN_NS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
SCALE = {"ns": 1, "µs": 1e3, "ms": 1e6}
SECONDS_MAX = 600

IN_ORDER = "rules are tried in order, the last one after all others"
CACHES = "the same steps, over memory that no cache holds any more"
EACH_ONE = "each one is looked at"
COLD = "instructions for each one stay the same (300,000 of a host, 4 % more among 1,000 than among 100); memory leaves the caches"
# (benchmark, curve)
CURVES = (
    ("FindHost", Curve("hosts", "finding the host", "hosts", "ns", SLOWLY, CACHES)),
    ("MakePlanAmongHosts", Curve("hosts_cold", "a decision, each for another host", "hosts", "ns", SLOWLY, CACHES)),
    ("MatchFirst/uri", Curve("first_uri", "matching the first of the rules by path", "rules", "ns", FLAT)),
    ("MatchFirst/header", Curve("first_header", "matching the first of the rules by field", "rules", "ns", FLAT)),
    ("MatchFirst/regex", Curve("first_regex", "matching the first of the rules by regex", "rules", "ns", FLAT)),
    ("Match/uri", Curve("last_uri", "matching the last of the rules by path", "rules", "ns", LINEAR, IN_ORDER)),
    ("Match/header", Curve("last_header", "matching the last of the rules by field", "rules", "ns", LINEAR, IN_ORDER)),
    ("Match/regex", Curve("last_regex", "matching the last of the rules by regex", "rules", "ns", LINEAR, IN_ORDER)),
    ("MakePlan", Curve("plan_rules", "a whole decision by the last of the rules", "rules", "ns", LINEAR, IN_ORDER)),
    ("MakePlanWithSubsets", Curve("plan_subsets", "a whole decision, weights among subsets", "subsets", "ns", SLOWLY,
                                  "halved until one is left")),
    ("SplitByUser", Curve("sticky_subsets", "the subset of a user who stays", "subsets", "ns", LINEAR,
                          "a user has a number for each one, and the largest wins")),
    ("MakePlanWithExperiments", Curve("plan_experiments", "a whole decision with experiments on the host", "experiments",
                                      "ns", LINEAR, "each one has its own bucket of the user")),
    ("Pick/least_request", Curve("least_request", "least request", "endpoints", "ns", SLOWLY, CACHES)),
    ("Pick/least_request_by_weight", Curve("least_request_by_weight", "least request with weights", "endpoints", "ns", LINEAR,
                                           "the next of all by weight")),
    ("Pick/round_robin", Curve("round_robin", "round robin", "endpoints", "ns", SLOWLY, CACHES)),
    ("Pick/ring_hash", Curve("ring_hash", "ring hash", "endpoints", "ns", SLOWLY, CACHES)),
    ("OnExchangeBySeries", Curve("count_series", "counting a request, each under another series", "series", "ns", SLOWLY, CACHES)),
    ("Scrape", Curve("scrape", "the page of metrics", "series", "ms", LINEAR, "each one is told")),
    ("ReadHosts", Curve("read_hosts", "reading the YAML of hosts", "hosts", "ms", LINEAR, EACH_ONE)),
    ("CompileHosts", Curve("compile_hosts", "loading and compiling hosts", "hosts", "ms", LINEAR, EACH_ONE, COLD)),
    ("CompileRules", Curve("compile_rules", "loading and compiling rules of one host", "rules", "ms", LINEAR, EACH_ONE, COLD)),
    ("CompileSubsets", Curve("compile_subsets", "loading and compiling subsets of one service", "subsets", "ms", LINEAR,
                             EACH_ONE)),
)


def points(told, benchmark):
    """[(size, cost in ns)] of one benchmark from what google-benchmark tells, the median where it was repeated."""
    found = []
    for one in told:
        size = re.fullmatch(re.escape(benchmark) + r"/(\d+)", one.get("run_name", one["name"]))
        median = one.get("run_type") != "aggregate" or one.get("aggregate_name") == "median"
        if size and median and not one.get("error_occurred"):
            found.append((int(size.group(1)), one["cpu_time"] * IN_NS[one["time_unit"]]))
    return found


def measure(binaries, size):
    """(Curve, points), one after the other. A size of 0 says what the rest costs and is no point of a power law."""
    names = "|".join(re.escape(benchmark) for benchmark, _ in CURVES)
    command = ["taskset", "-c", machine.PROXY_CORE, binaries / "bench" / "sluice_microbench",
               f"--benchmark_filter=^({names})/[0-9]+$", "--benchmark_format=json",
               f"--benchmark_min_time={size.function_seconds:.3f}", f"--benchmark_repetitions={size.repetitions}"]
    if size.repetitions > 1:
        command.append("--benchmark_report_aggregates_only=true")
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise harness.Failed(f"the micro-benchmarks ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    told = json.loads(done.stdout)["benchmarks"]
    for benchmark, curve in CURVES:
        yield curve, [(x, ns / SCALE[curve.unit]) for x, ns in points(told, benchmark)]
