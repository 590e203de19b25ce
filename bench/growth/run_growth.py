#!/usr/bin/python3
"""What a request, a change of rules and a scrape cost against how much there is of everything: hosts, rules, subsets,
endpoints, connections, streams, bytes, experiments, series.

Writes growth.json and growth.md under build/bench, and its part of bench/RESULTS.md when the figures may be quoted.
Loopback only, standard library only.
"""
import argparse
import json
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "load")]
import curve  # noqa: E402
import functions  # noqa: E402
import gateway  # noqa: E402
import harness  # noqa: E402
import machine  # noqa: E402
import page  # noqa: E402
import report  # noqa: E402
import size as sizes  # noqa: E402

TASK = "growth"


def arguments():
    parser = argparse.ArgumentParser(prog=f"./dev bench {TASK}", description=__doc__.split("\n", maxsplit=1)[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const=sizes.QUICK, help="fewer and shorter, a minute")
    size.add_argument("--smoke", dest="size", action="store_const", const=sizes.SMOKE,
                      help="the smallest run, whose figures mean nothing: for the test of this program")
    parser.add_argument("--anyway", action="store_true", help="measure a dirty tree or on a busy machine, and mark the result")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release", help="build directory")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench", help="directory of the result files")
    parser.add_argument("--page", type=pathlib.Path, help="page to update even with figures that are not to be quoted")
    args = parser.parse_args()
    args.size = args.size or sizes.FULL
    args.bin = args.bin.resolve()
    return args


def measure(args, facts):
    """The whole result as plain data; what fails is told and takes nothing else with it."""
    began, curves, failures = time.monotonic(), [], []

    def take(what, found):
        try:
            for kind, points in found:
                if len(points) < curve.TAIL:
                    failures.append(f"{kind.name} has only {len(points)} points")
                    continue
                curves.append(curve.judge(kind, points))
                print(f"bench: {kind.name} {curves[-1]['verdict']}", file=sys.stderr, flush=True)
        except (harness.Failed, OSError) as failure:
            failures.append(f"{what}: {' '.join(str(failure).split())[:300]}")

    take("functions", functions.measure(args.bin, args.size))
    with tempfile.TemporaryDirectory() as directory, harness.Programs(directory) as programs:
        take("gateway", gateway.measure(args.bin, programs, pathlib.Path(directory), args.size))
    marks = [machine.why_not_to_quote(facts)] if machine.why_not_to_quote(facts) else []
    if args.size is sizes.SMOKE:
        marks.append("measurements too short to mean anything")
    return {"environment": facts, "seconds_taken": round(time.monotonic() - began), "marks": marks, "failures": failures,
            "curves": curves}


def write(args, result):
    args.out.mkdir(parents=True, exist_ok=True)
    lines = list(report.lines(result))
    (args.out / f"{TASK}.json").write_text(json.dumps(result, indent=1) + "\n")
    (args.out / f"{TASK}.md").write_text("# Growth\n\n" + "\n".join(lines) + "\n")
    print("\n".join(lines))
    whole = not args.anyway and args.size is sizes.FULL and not result["failures"]
    target = args.page or (ROOT / machine.PAGE if whole else None)
    if target:
        page.update(target, lines, TASK)
    print(f"results: {args.out / TASK}.json, .md; page: {target or machine.PAGE + ' stays as it is'}")


def main():
    args = arguments()
    facts = machine.ready(args.bin, ("sluice", "bench/sluice-bench", "bench/sluice-stub", "bench/sluice_microbench"), args.anyway)
    result = measure(args, facts)
    write(args, result)
    return 1 if result["failures"] else 0


if __name__ == "__main__":
    harness.run_main(f"bench {TASK}", main)
