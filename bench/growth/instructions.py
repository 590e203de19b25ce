#!/usr/bin/python3
"""User instructions per request of the gateway on its warm path, counted by callgrind, beside those of an earlier build.

They hardly depend on the load of the machine, so that a change of a per cent is seen. A figure is the slope between a shorter
and a longer run after a warm-up: making the connections and what the gateway does by itself cancel out. Writes
instructions.json and instructions.md. Loopback only, standard library only.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "load")]
import generators  # noqa: E402
import harness  # noqa: E402
import machine  # noqa: E402
import tables  # noqa: E402
from proxies import proxy as proxy_module  # noqa: E402
from proxies import sluice as sluice_proxy  # noqa: E402
from traffic import Amount, Traffic  # noqa: E402

ROWS = {
    "small": ("GET, 200-byte answer, HTTP/1.1", Traffic(connections=16)),
    "post4k": ("POST of 4 KiB, HTTP/1.1", Traffic(connections=16, method="POST", body_bytes=4096)),
    "answer64k": ("GET, 64 KiB answer, HTTP/1.1",
                  Traffic(connections=16, fields=(("x-stub-body-bytes", "65536"),))),
    "h2c": ("GET, HTTP/2 in plaintext, 4 x 32 streams", Traffic(http2=True, connections=4, streams=32)),
    "tls": ("GET, TLS, HTTP/1.1", Traffic("https", connections=16)),
    "h2tls": ("GET, TLS, HTTP/2, 4 x 32 streams", Traffic("https", http2=True, connections=4, streams=32)),
}
TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.M)
WARM_UP, SHORT, LONG = 2000, 2000, 6000  # requests
EARLIER = ROOT / "bench" / "growth" / "instructions_before.json"


def arguments():
    parser = argparse.ArgumentParser(prog="bench/growth/instructions.py", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", type=pathlib.Path, nargs="+", default=[ROOT / "build" / "release"], metavar="DIRECTORY",
                        help="build directories, one or two; stub and generator are the first one's")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--before", type=pathlib.Path, default=EARLIER, metavar="FILE",
                        help="an instructions.json to compare with (default: the kept one, when it is there)")
    parser.add_argument("--requests", type=int, nargs=2, default=(SHORT, LONG), metavar=("SHORT", "LONG"))
    parser.add_argument("--profile", type=pathlib.Path, metavar="DIRECTORY",
                        help="keeps the longer runs there, for callgrind_annotate")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench", help="directory of the result files")
    args = parser.parse_args()
    if len(args.bin) > 2 or not 0 < args.requests[0] < args.requests[1]:
        parser.error("at most two builds; the first number of requests is the smaller one")
    return args


def slope(short, long):
    """Of two points (requests, instructions)."""
    return (long[1] - short[1]) / (long[0] - short[0])


class Counted:
    """One gateway under callgrind, with its models."""

    def __init__(self, programs, directory, binaries, tools, label):
        self.directory = directory / label
        self.directory.mkdir()
        valgrind = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={self.directory}/counts", "-q")
        ground = proxy_module.prepare(programs, self.directory, binaries / "sluice", tools / "sluice-stub", valgrind,
                                      label=f"-{label}")
        self.proxy = sluice_proxy.start(ground)
        self.generator = generators.SluiceBench(tools / "sluice-bench", ground.certs, ())
        self.pid = str(self.proxy.doors["http"][0].pid)

    def control(self, flag):
        try:
            done = subprocess.run(["callgrind_control", flag, self.pid], capture_output=True, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            # A process that waits in the kernel has to be woken by ptrace.
            raise harness.Failed(f"callgrind_control {flag}: no answer; may this user trace?") from None
        if done.returncode != 0 or "OK" not in done.stdout:
            raise harness.Failed(f"callgrind_control {flag}: {(done.stdout + done.stderr).strip()[-300:]}")

    def total(self, traffic, requests, keep=None):
        """(requests, instructions) of one run."""
        self.control("-z")
        known = set(self.directory.glob("counts.*"))
        self.generator.load(self.proxy.doors[traffic.door][1], traffic, Amount(requests=requests))
        self.control("-d")
        text = "".join(path.read_text() for path in sorted(set(self.directory.glob("counts.*")) - known)[:1])
        found = TOTAL.search(text)
        if not found:
            raise harness.Failed("callgrind wrote no counts")
        if keep:
            keep.parent.mkdir(parents=True, exist_ok=True)
            keep.write_text(text)
        return requests, int(found.group(1))

    def per_request(self, traffic, requests, keep=None):
        self.total(traffic, min(WARM_UP, requests[0]))
        return slope(self.total(traffic, requests[0]), self.total(traffic, requests[1], keep))


def measure(args):
    """[{row: instructions per request}], one for each build."""
    found = []
    with tempfile.TemporaryDirectory() as directory, harness.Programs(directory) as programs:
        for number, binaries in enumerate(args.bin):
            gateway = Counted(programs, pathlib.Path(directory), binaries.resolve(), args.bin[0].resolve() / "bench", f"b{number}")
            counts = {}
            for row in args.rows:
                keep = args.profile and args.profile / f"{number}.{row}"
                counts[row] = round(gateway.per_request(ROWS[row][1], args.requests, keep))
                print(f"{binaries} {row}: {counts[row]:,}", file=sys.stderr, flush=True)
            found.append(counts)
            gateway.proxy.stop()
    return found


def change(now, before):
    return f"{now / before - 1:+.1%}" if now and before else ""


def report(result, earlier):
    """Lines of Markdown. `earlier` is the result of another run, or None."""
    yield (f"User instructions per request, callgrind; commit {result['commit'][:9]}"
           f"{' with changes' if result['dirty'] else ''}"
           f"{', before: commit ' + earlier['commit'][:9] if earlier else ''}.")
    yield ""
    first, *second = result["builds"]
    heads = ["row", "traffic", *(["before"] if earlier else []), "now", *(["change"] if earlier else []),
             *(["other build", "other / now"] if second else [])]
    lines = []
    for row, count in first.items():
        before = earlier["builds"][0].get(row) if earlier else None
        line = [f"`{row}`", ROWS[row][0], *([f"{before:,}" if before else ""] if earlier else []), f"{count:,}",
                *([change(count, before)] if earlier else [])]
        if second:
            line += [f"{second[0][row]:,}", f"{second[0][row] / count:.3f}"]
        lines.append(line)
    yield from tables.table(heads, lines)


def main():
    args = arguments()
    for tool in ("valgrind", "callgrind_control"):
        if proxy_module.find(tool) is None:
            raise harness.Failed(f"no {tool} here; Debian's package is valgrind")
    facts = {"commit": machine.said("git", "rev-parse", "HEAD"), "dirty": machine.dirty()}
    result = facts | {"requests": list(args.requests), "builds": measure(args)}
    earlier = json.loads(args.before.read_text()) if args.before.exists() else None
    lines = list(report(result, earlier))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "instructions.json").write_text(json.dumps(result, indent=2) + "\n")
    (args.out / "instructions.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    harness.run_main("instructions", main)
