#!/usr/bin/python3
"""What TLS costs Sluice beside nginx, HAProxy and nghttpx: CPU per request on kept connections, CPU per new connection,
memory per idle connection.

Interleaved rounds in one run, medians and ratios. Loopback only, standard library and h2load.
"""
import argparse
import json
import os
import pathlib
import re
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
sys.path.insert(0, str(ROOT / "bench" / "load"))
import harness  # noqa: E402
import run_load  # noqa: E402
import tls_peers  # noqa: E402

CORE_OF_PROXY, CORE_OF_REST = ("taskset", "-c", run_load.PROXY_CORE), ("taskset", "-c", run_load.OTHER_CORE)
KEPT = {"tls1": ("--npn-list=http/1.1", "-c", "64"), "tlsh2": ("-c", "8", "-m", "32")}
NEW_CONNECTIONS, NEW_ROUNDS = 100, 20  # at once, and how often


def h2load(address, *options):
    """How many requests were answered; raises when one was not."""
    done = subprocess.run([*CORE_OF_REST, "h2load", *map(str, options), f"https://{address}/predict"],
                          capture_output=True, text=True, check=False)
    counts = re.search(r"(\d+) done, (\d+) succeeded", done.stdout)
    good = re.search(r"status codes: (\d+) 2xx", done.stdout)
    if not counts or not good or counts.group(1) != counts.group(2) or good.group(1) != counts.group(1):
        raise harness.Failed(f"h2load: {done.stdout[-400:]} {done.stderr[-300:]}")
    return int(counts.group(1))


class Comparison:
    def __init__(self, args, programs, directory):
        self.args = args
        sluice = args.bin / "sluice"
        backend = programs.start("model", [*CORE_OF_REST, args.bin / "bench" / "sluice-stub"]).wait_for(["http"])
        port = backend.listeners["http"].rsplit(":", 1)[1]
        certs = tls_peers.make_certificates(directory, sluice)

        def start(label, mutual=False):
            return tls_peers.start(programs, directory, sluice, certs, port, CORE_OF_PROXY, label, mutual)
        # Memory is measured on processes that have done nothing else.
        self.unused = {protocol: start(f"idle-{protocol.replace('/', '-')}") for protocol in FIRST_REQUEST}
        self.simple, self.mutual = start("simple"), start("mutual", True)
        self.clients = {name: tls_peers.start_client(programs, directory, certs, name, address, CORE_OF_REST)
                        for name, (_, address) in self.mutual.items()}

    @staticmethod
    def cost(program, act):
        """Microseconds of CPU of the process for each of what `act` did and counted."""
        before = sum(run_load.cpu_seconds(program.pid))
        count = act()
        return (sum(run_load.cpu_seconds(program.pid)) - before) / count * 1e6

    def kept(self, workload, name):
        program, address = self.simple[name]
        seconds = max(1, round(self.args.seconds))
        h2load(address, *KEPT[workload], "-n", 2000)
        return self.cost(program, lambda: h2load(address, *KEPT[workload], "-D", seconds))

    def mutual_kept(self, name):
        program = self.mutual[name][0]

        def load():
            report = harness.load(self.args.bin / "bench" / "sluice-bench", f"http://{self.clients[name]}/predict", "-c", 64,
                                  "-d", f"{self.args.seconds}s", pin=CORE_OF_REST)
            if sum(report["lost"].values()) or set(report["by_status"]) != {"200"}:
                raise harness.Failed(f"{name}, mtls1: {report['lost']} {report['by_status']}")
            return report["answered"]
        load()
        return self.cost(program, load)

    def new(self, name):
        program, address = self.simple[name]

        def load():
            return sum(h2load(address, "--npn-list=http/1.1", "-c", NEW_CONNECTIONS, "-n", NEW_CONNECTIONS)
                       for _ in range(NEW_ROUNDS))
        return self.cost(program, load)

    def rounds(self):
        acts = {"tls1": lambda name: self.kept("tls1", name), "tlsh2": lambda name: self.kept("tlsh2", name),
                "mtls1": self.mutual_kept, "new": self.new}
        results = {workload: {name: [] for name in self.simple} for workload in self.args.workloads}
        for number in range(self.args.rounds):
            for workload in self.args.workloads:
                for name in list(self.simple)[::1 if number % 2 == 0 else -1]:
                    results[workload][name].append(acts[workload](name))
        return results

    def idle(self, name, protocol):
        """KiB of memory of one connection that has asked once and stays."""
        program, address = self.unused[protocol][name]
        host, port = address.rsplit(":", 1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols([protocol])

        def connect():
            secured = context.wrap_socket(socket.create_connection((host, int(port))), server_hostname="localhost")
            secured.sendall(FIRST_REQUEST[protocol])
            secured.recv(65536)
            return secured
        held = [connect() for _ in range(50)]  # pools and tables of the first ones are not counted
        before = memory(program.pid)
        held += [connect() for _ in range(self.args.idle)]
        grown = memory(program.pid) - before
        for secured in held:
            secured.close()
        return grown / self.args.idle


def frame(kind, flags, stream, body=b""):
    return len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body


# RFC 7541: indexed GET and https, a literal :path and :authority.
FIRST_REQUEST = {
    "http/1.1": b"GET /predict HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "h2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) +
          frame(1, 5, 1, b"\x82\x87\x04\x08/predict\x01\x09localhost"),
}


def memory(pid):
    """Private memory of the process in KiB, swapped pages included."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) for n in re.findall(r"^(?:Private_\w+|Swap):\s+(\d+)", text, re.M))


def summarize(results):
    summary = {}
    for workload, by_name in results.items():
        costs = {name: statistics.median(values) for name, values in by_name.items()}
        best = min((cost for name, cost in costs.items() if name != "sluice"), default=None)
        summary[workload] = {name: {"cpu_us": cost, "spread": [min(by_name[name]), max(by_name[name])],
                                    "to_best_peer": cost / best if best else None} for name, cost in costs.items()}
    return summary


WHAT = {"tls1": "request over TLS, HTTP/1.1, 64 kept connections", "tlsh2": "request over TLS, HTTP/2, 8 x 32 streams",
        "mtls1": "request over mutual TLS, HTTP/1.1, 64 kept connections",
        "new": "new TLS connection with one request (full handshake)"}


def show(summary, idle):
    for workload, by_name in summary.items():
        print(f"\n{workload}: us of CPU per {WHAT[workload]} (median of rounds)")
        for name, told in by_name.items():
            low, high = told["spread"]
            ratio = f"{told['to_best_peer']:.2f}" if told["to_best_peer"] else "-"
            print(f"  {name:9}{told['cpu_us']:9.1f}   {low:.1f}-{high:.1f}   / best peer {ratio}")
    for protocol, by_name in idle.items():
        print(f"\nKiB per idle TLS connection, {protocol}: " + ", ".join(f"{n} {kib:.1f}" for n, kib in by_name.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release", help="build directory")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--workloads", nargs="+", choices=WHAT, default=list(WHAT))
    parser.add_argument("--idle", type=int, default=1000, help="connections held for the figure on memory")
    parser.add_argument("--out", type=pathlib.Path, help="result file (default: tls-result.json in the build)")
    parser.add_argument("--anyway", action="store_true", help="measure a dirty tree or on a busy machine")
    args = parser.parse_args()
    args.bin = args.bin.resolve()
    facts = run_load.environment(args.bin)
    if not args.anyway and (facts["dirty"] or facts["load_average"][0] > run_load.LOAD_AVERAGE_MAX):
        print("run_tls: the tree is dirty or the machine busy; --anyway measures and marks the result", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as directory, harness.Programs(directory) as programs:
        comparison = Comparison(args, programs, directory)
        idle = {protocol: {name: comparison.idle(name, protocol) for name in comparison.simple} for protocol in FIRST_REQUEST}
        summary = summarize(comparison.rounds())
    facts["load_average_after"] = os.getloadavg()
    show(summary, idle)
    out = args.out or args.bin / "tls-result.json"
    out.write_text(json.dumps({"environment": facts, "rounds": args.rounds, "summary": summary, "idle_kib": idle},
                              indent=2) + "\n")
    print(f"\nresult: {out}")
    return 0


if __name__ == "__main__":
    harness.run_main("run_tls", main)
