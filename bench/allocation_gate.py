#!/usr/bin/python3
"""The micro-benchmarks as a gate: each runs briefly, and what a request runs through must not allocate.

`allocs_per_request` does not depend on the machine, so that one allocation more fails and names its benchmark. A benchmark
that is not in the table has to make none. Run by ctest (label bench-smoke). Standard library only.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

# {pattern of the whole name, without its arguments: why it may allocate}: what is done when rules change, or for a scrape.
OFF_PATH = {
    r"Build": "a table of routes is made when rules change",
    r"Read(Resources|Hosts)": "YAML is read when rules change",
    r"LoadAndCompile2000Routes|Compile(Hosts|Rules|Subsets)": "a snapshot is made when rules change",
    r"Scrape": "the page of metrics is made when somebody asks for it",
}
SLACK = 0.01  # buffers that grow once, spread over the few iterations of a brief run
SECONDS = 240


def allowed(name):
    """Whether the benchmark may allocate. Arguments stand behind the first slash that a number follows."""
    stem = re.split(r"/\d", name, maxsplit=1)[0]
    return any(re.fullmatch(pattern, stem) for pattern in OFF_PATH)


def findings(benchmarks):
    """Sentences, one for each benchmark that allocates and must not, or that does not count."""
    for told in benchmarks:
        name = told["name"]
        if told.get("error_occurred"):
            yield f"{name}: {told.get('error_message', 'failed')}"
        elif "allocs_per_request" not in told:
            yield f"{name}: does not tell allocs_per_request (bench/support/alloc_counter.h)"
        elif told["allocs_per_request"] > SLACK and not allowed(name):
            yield (f"{name}: {told['allocs_per_request']:.2f} allocations per request, allowed are none "
                   "(bench/allocation_gate.py, OFF_PATH, for what no request runs through)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("microbench", type=pathlib.Path, help="the program sluice_microbench")
    parser.add_argument("--filter", default=".", help="of benchmarks, a regular expression")
    args = parser.parse_args()
    done = subprocess.run([args.microbench, "--benchmark_min_time=0.001", "--benchmark_format=json",
                           f"--benchmark_filter={args.filter}"], capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        print(f"the micro-benchmarks ended with {done.returncode}: {done.stderr.strip()[-500:]}", file=sys.stderr)
        return 1
    benchmarks = json.loads(done.stdout)["benchmarks"]
    found = list(findings(benchmarks))
    print("\n".join([*found, f"{len(benchmarks)} benchmarks, {len(found)} findings"]))
    return 1 if found or not benchmarks else 0


if __name__ == "__main__":
    sys.exit(main())
