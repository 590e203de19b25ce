#!/usr/bin/python3
"""Sluice beside nginx, HAProxy, nghttpx and Envoy: every row of the goals, in one run, as canonical.md describes.

Writes a result file (JSON) and a report (Markdown) under build/bench, and the generated part of bench/RESULTS.md when the
figures may be quoted. Loopback only, standard library only.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import comparison  # noqa: E402
import goals  # noqa: E402
import harness  # noqa: E402
import machine  # noqa: E402
import page  # noqa: E402
import rows  # noqa: E402
import settings  # noqa: E402
import stage  # noqa: E402
import summary  # noqa: E402
import tables  # noqa: E402
import watch  # noqa: E402


def arguments():
    names = list(rows.make(settings.FULL))
    parser = argparse.ArgumentParser(prog="./dev bench load", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", nargs="+", choices=names, default=names, metavar="ROW", help=", ".join(names))
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const=settings.QUICK, help="one short round, 3 minutes")
    size.add_argument("--smoke", dest="size", action="store_const", const=settings.SMOKE,
                      help="the smallest run, whose figures mean nothing: for the test of this program")
    parser.add_argument("--rounds", type=int, help="of all rows, interleaved")
    parser.add_argument("--seconds", type=float, help="of one measurement in a closed loop")
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="no round begins that would not end within it")
    parser.add_argument("--anyway", action="store_true", help="measure a dirty tree or on a busy machine, and mark the result")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release", help="build directory")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench", help="directory of the result files")
    parser.add_argument("--page", type=pathlib.Path, help="page to update even with figures that are not to be quoted")
    args = parser.parse_args()
    given = {"rounds": args.rounds, "seconds": args.seconds, "budget_seconds": args.budget}
    args.size = dataclasses.replace(args.size or settings.FULL, **{k: v for k, v in given.items() if v is not None})
    return args


def measure(args, facts):
    """The whole result as plain data."""
    chosen = [row for name, row in rows.make(args.size).items() if name in args.rows]
    with tempfile.TemporaryDirectory() as directory, harness.Programs(directory) as programs, watch.Watch() as watching:
        stand = stage.Stage(args.bin, programs, directory)
        stand.check_rules()
        taken = comparison.Comparison(stand, chosen, args.size, watching)
        taken.run()
        summaries = {name: summary.of(result, stand.generator) for name, result in taken.results.items()}
    facts["load_average_after"] = os.getloadavg()
    notes = [f"{tables.show(name)} is not installed" for name in stand.missing] + list(dict.fromkeys(stand.notes))
    return {"environment": facts, "settings": dataclasses.asdict(args.size), "rounds_done": taken.rounds_done,
            "seconds_taken": round(taken.elapsed()), "notes": notes, "marks": marks(args, facts, summaries, watching),
            "goals": goals.judge(summaries), "rows": summaries}


def marks(args, facts, summaries, watching):
    """Why the figures are not to be quoted, one phrase each."""
    found = [machine.why_not_to_quote(facts)] if machine.why_not_to_quote(facts) else []
    disturbed = [name for name, told in summaries.items() if told["disturbed"]]
    if disturbed:
        found.append(f"disturbed while measuring {', '.join(disturbed)} (busiest others: {', '.join(watching.names()) or 'none'})")
    if args.size.seconds < settings.QUICK.seconds:
        found.append("measurements too short to mean anything")
    return found


def write(args, result):
    args.out.mkdir(parents=True, exist_ok=True)
    report = list(tables.report(result))
    data, text = args.out / "load.json", args.out / "load.md"
    data.write_text(json.dumps(result, indent=1) + "\n")
    text.write_text("\n".join(report) + "\n")
    print("\n".join(report))
    print(f"results: {data}, {text}")
    whole = not args.anyway and len(args.rows) == len(result["rows"]) == len(rows.KINDS) and args.size.rounds > 1
    target = args.page or (ROOT / machine.PAGE if whole else None)
    if target:
        page.update(target, report)
        print(f"page:    {target}")
    else:
        print(f"page:    {machine.PAGE} stays as it is: it takes whole runs of several rounds without --anyway")


def main():
    args = arguments()
    args.bin = args.bin.resolve()
    facts = machine.ready(args.bin, ("sluice", "bench/sluice-bench", "bench/sluice-stub"), args.anyway)
    write(args, measure(args, facts))
    return 0


if __name__ == "__main__":
    harness.run_main("bench", main)
