#!/usr/bin/python3
"""CPU time per request of Sluice beside nginx, HAProxy and a TCP relay: the canonical workload of canonical.md.

Interleaved rounds in one run, medians and ratios; system calls per request; a result file that says on what it was
measured. Loopback only, standard library only.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
sys.path.insert(0, str(ROOT / "bench" / "load"))
import h2load  # noqa: E402
import harness  # noqa: E402
import peers  # noqa: E402

PROXY_CORE, OTHER_CORE = "0", "1"
LOAD_AVERAGE_MAX = 0.7  # of the last minute, at the start
FIELDS = ("-H", "Host: content-ranking-svc", "-H", "x-user-id: u{random:100000}", "-H", "accept: application/json")
STANDARD = ("-H", "x-user-segment: standard")
WORKLOADS = {
    "small": (),
    "post4k": ("-m", "POST", "--body-bytes", 4096, "-H", "content-type: application/json"),
    "answer64k": ("-H", "x-stub-body-bytes: 65536"),
    "h2small": None,  # clients in HTTP/2 (h2load.py), models as before
}
H2_PEERS = ("haproxy", "nghttpx", "sluice")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT).stdout.strip()


def cpu_seconds(pid):
    """User and system time of the process, as (user, system)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    tick = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / tick, int(fields[12]) / tick


def compile_flags(ninja):
    """What the gateway itself was compiled with; the cache names only CMake's defaults."""
    text = ninja.read_text() if ninja.exists() else ""
    found = re.search(r"^build \S*sluice\.dir/gateway/main\.cc\.o:.*?^  FLAGS = (.*?)$", text, re.M | re.S)
    return " ".join(f for f in found.group(1).split() if not f.startswith(("-W", "-D"))) if found else "unknown"


def environment(binaries):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    governor = pathlib.Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    cache = binaries / "CMakeCache.txt"
    cached = dict(re.findall(r"^(\w+):\w+=(.*)$", cache.read_text(), re.M)) if cache.exists() else {}
    return {
        "commit": run("git", "rev-parse", "HEAD"),
        "dirty": bool(run("git", "status", "--porcelain")),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "compiler": run("c++", "--version").split("\n")[0],
        "build": cached.get("CMAKE_BUILD_TYPE", "unknown"),
        "flags": compile_flags(binaries / "build.ninja"),
        "kernel": platform.release(),
        "cpu": cpu.group(1) if cpu else "unknown",
        "cores": os.cpu_count(),
        "governor": governor.read_text().strip() if governor.exists() else "unknown",
        "pinning": f"proxy on core {PROXY_CORE}, generator and backends on core {OTHER_CORE}",
        "load_average": os.getloadavg(),
        "nginx": subprocess.run([peers.find("nginx") or "true", "-v"], capture_output=True, text=True,
                                check=False).stderr.strip(),
        "haproxy": run(peers.find("haproxy") or "true", "-v").split("\n")[0],
        "nghttpx": run(peers.find("nghttpx") or "true", "-v"),
    }


class Comparison:
    def __init__(self, args, programs, directory):
        self.args = args
        self.pin = ("taskset", "-c", OTHER_CORE)
        self.bench = args.bin / "bench" / "sluice-bench"
        stub = args.bin / "bench" / "sluice-stub"
        backends = {}
        for version in ("v45", "v47"):
            program = programs.start(version, [*self.pin, stub, "--version", version]).wait_for(["http"])
            backends[version] = program.listeners["http"].rsplit(":", 1)[1]
        self.direct = f"127.0.0.1:{backends['v45']}"
        sluice = args.bin / "sluice"
        self.proxies = peers.start(programs, directory, sluice if sluice.exists() else None, backends,
                                   ("taskset", "-c", PROXY_CORE))

    def load(self, address, workload, seconds, segment=STANDARD):
        if workload == "h2small":
            headers = ((":authority", "content-ranking-svc"), ("x-user-id", "u1"), ("x-user-segment", "standard"))
            return h2load.load(address, seconds, headers, pin=self.pin)
        return harness.load(self.bench, f"http://{address}/predict", "-c", 64, "-d", f"{seconds}s", *FIELDS, *segment,
                            *WORKLOADS[workload], pin=self.pin)

    def check_rule(self):
        """Every proxy does the rule before anybody counts what it costs."""
        for name, (_, address) in self.proxies.items():
            if name in ("relay", "nghttpx"):
                continue
            premium = self.load(address, "small", 0.3, ("-H", "x-user-segment: premium"))
            standard = self.load(address, "small", 1.0)
            if set(premium["by_version"]) != {"v47"} or set(premium["by_status"]) != {"200"}:
                raise harness.Failed(f"{name}: premium went to {premium['by_version']}, {premium['by_status']}")
            share = standard["by_version"].get("v47", {"count": 0})["count"] / max(1, standard["answered"])
            if not 0.07 < share < 0.13:
                raise harness.Failed(f"{name}: v47 has a share of {share:.3f} instead of 0.10")

    def measure(self, name, workload):
        program, address = self.proxies.get(name, (None, self.direct))
        self.load(address, workload, 0.3)  # connections and caches are warm when the clock starts
        before = cpu_seconds(program.pid) if program else (0, 0)
        report = self.load(address, workload, self.args.seconds)
        after = cpu_seconds(program.pid) if program else (0, 0)
        answered = report["answered"]
        bad = sum(report["lost"].values()) + sum(n for s, n in report["by_status"].items() if s != "200")
        if bad or not answered:
            raise harness.Failed(f"{name}, {workload}: {bad} requests lost or failed: {report['by_status']}")
        return {
            "cpu_us": (sum(after) - sum(before)) / answered * 1e6,
            "user_us": (after[0] - before[0]) / answered * 1e6,
            "system_us": (after[1] - before[1]) / answered * 1e6,
            "per_second": report["per_second"],
            "closed_loop_p50_ms": report["latency_ms"]["p50"],
            "closed_loop_p99_ms": report["latency_ms"]["p99"],
        }

    def rounds(self):
        def names(workload):
            of_h2 = [name for name in H2_PEERS if name in self.proxies]
            return of_h2 if workload == "h2small" else [n for n in (*self.proxies, "direct") if n != "nghttpx"]

        results = {w: {n: [] for n in names(w)} for w in self.args.workloads}
        for number in range(self.args.rounds):
            for workload in self.args.workloads:
                for name in names(workload)[::1 if number % 2 == 0 else -1]:
                    results[workload][name].append(self.measure(name, workload))
        return results

    def syscalls(self, name, workload="small"):
        """System calls per request by name, under strace; None when it cannot attach."""
        program, address = self.proxies[name]
        with tempfile.NamedTemporaryFile("r", suffix=".strace") as out:
            tracer = subprocess.Popen(["strace", "-c", "-f", "-o", out.name, "-p", str(program.pid)],
                                      stderr=subprocess.PIPE, text=True)
            attached = tracer.stderr.readline()
            if "attached" not in attached:
                tracer.kill()
                print(f"run_load: strace: {attached.strip()}")
                return None
            report = self.load(address, workload, 2)
            tracer.send_signal(signal.SIGINT)
            tracer.communicate()
            rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:(\d+)\s+)?(\w+)$", out.read(), re.M)
        answered = max(1, report["answered"])
        return {call: {"per_request": int(count) / answered, "errors_per_request": int(errors or 0) / answered}
                for count, errors, call in rows if call != "total" and int(count) / answered >= 0.001}


def summarize(results):
    """Medians, spreads and ratios by workload and proxy."""
    summary = {}
    for workload, by_name in results.items():
        summary[workload] = {}
        for name, measured in by_name.items():
            cpu = [m["cpu_us"] for m in measured]
            summary[workload][name] = {key: statistics.median(m[key] for m in measured) for key in measured[0]}
            summary[workload][name]["cpu_us_spread"] = [min(cpu), max(cpu)]
        costs = {n: s["cpu_us"] for n, s in summary[workload].items() if n != "direct"}
        best = min((costs[n] for n in ("nginx", "haproxy", "nghttpx") if n in costs), default=None)
        for name, cost in costs.items():
            if best:
                summary[workload][name]["to_best_peer"] = cost / best
            if "relay" in costs:
                summary[workload][name]["to_relay"] = cost / costs["relay"]
    return summary


def show(summary, calls):
    for workload, by_name in summary.items():
        print(f"\n{workload}: CPU per request (median of rounds), 64 connections, closed loop")
        print(f"  {'':9}{'us':>7}{'user':>7}{'sys':>7}{'spread':>14}{'/ best peer':>13}{'/ relay':>9}"
              f"{'req/s':>9}{'p50 ms':>8}{'p99 ms':>8}")
        for name, s in by_name.items():
            latency = f"{s['per_second']:9.0f}{s['closed_loop_p50_ms']:8.2f}{s['closed_loop_p99_ms']:8.2f}"
            if name == "direct":
                print(f"  {name:9}{'':57}{latency}")
                continue
            low, high = s["cpu_us_spread"]
            print(f"  {name:9}{s['cpu_us']:7.1f}{s['user_us']:7.1f}{s['system_us']:7.1f}{f'{low:.1f}-{high:.1f}':>14}"
                  f"{s.get('to_best_peer', 0):13.2f}{s.get('to_relay', 0):9.2f}{latency}")
    print("\nsystem calls per request, small; +h2 is h2small (failed ones in brackets)")
    for name, by_call in calls.items():
        if by_call:
            told = sorted(by_call.items(), key=lambda item: -item[1]["per_request"])
            print(f"  {name:9}" + "  ".join(
                f"{call} {c['per_request']:.2f}" + (f" ({c['errors_per_request']:.2f})" if c["errors_per_request"] >= 0.01 else "")
                for call, c in told))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release", help="build directory")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--out", type=pathlib.Path, help="result file (default: load-result.json in the build)")
    parser.add_argument("--no-strace", action="store_true")
    parser.add_argument("--anyway", action="store_true", help="measure a dirty tree or on a busy machine")
    return parser.parse_args()


def main():
    args = arguments()
    args.bin = args.bin.resolve()
    facts = environment(args.bin)
    if os.cpu_count() < 2:
        print("run_load: needs two cores, one for the proxy and one for the rest", file=sys.stderr)
        return 1
    if not args.anyway and (facts["dirty"] or facts["load_average"][0] > LOAD_AVERAGE_MAX):
        what = "the tree has changes that no commit names" if facts["dirty"] else "the machine is busy"
        print(f"run_load: {what}; --anyway measures and marks the result", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as directory, harness.Programs(directory) as programs:
        comparison = Comparison(args, programs, directory)
        comparison.check_rule()
        summary = summarize(comparison.rounds())
        calls = {} if args.no_strace else {
            name: comparison.syscalls(name) for name in comparison.proxies if name != "nghttpx"}
        if not args.no_strace and "h2small" in args.workloads:
            calls |= {f"{name}+h2": comparison.syscalls(name, "h2small") for name in H2_PEERS if name in comparison.proxies}
    facts["load_average_after"] = os.getloadavg()
    show(summary, calls)
    out = args.out or args.bin / "load-result.json"
    out.write_text(json.dumps({"environment": facts, "rounds": args.rounds, "seconds": args.seconds,
                               "summary": summary, "syscalls_per_request": calls}, indent=2) + "\n")
    print(f"\nresult: {out}")
    return 0


if __name__ == "__main__":
    harness.run_main("run_load", main)
