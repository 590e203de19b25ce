"""The programs that make load: sluice-bench, and nghttp2's h2load for new connections. Standard library only.

Both raise harness.Failed when a request was lost or answered with anything but 200: a figure is of work done.
"""
import json
import re
import subprocess

import harness
from traffic import Outcome

SECONDS_MAX = 120  # no single run is longer; one that hangs is a failed measurement


def run(command):
    try:
        return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=SECONDS_MAX,
                              check=False)
    except subprocess.TimeoutExpired:
        raise harness.Failed(f"{command[-1]}: the generator did not end within {SECONDS_MAX} s") from None


class SluiceBench:
    name = "sluice-bench"

    def __init__(self, binary, certs, pin):
        self.binary, self.certs, self.pin = binary, certs, pin

    def can(self, traffic):
        # Its connections take requests as they come, so a quick one may take two.
        return not traffic.new

    def load(self, address, traffic, amount):
        done = run([*self.pin, self.binary, traffic.url(address), "-o", "json", *self.flags(traffic), *pace(amount)])
        if done.returncode not in (0, 1) or not done.stdout:
            raise harness.Failed(f"sluice-bench ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        told = json.loads(done.stdout)
        bad = sum(told["lost"].values()) + sum(n for status, n in told["by_status"].items() if status != "200")
        if bad or not told["answered"]:
            raise harness.Failed(f"{bad} requests lost or failed: {told['by_status']}, lost {told['lost']}")
        return Outcome(told["answered"], told["per_second"], told["latency_ms"]["p50"] * 1000,
                       told["latency_ms"]["p99"] * 1000, {v: seen["count"] for v, seen in told["by_version"].items()})

    def flags(self, traffic):
        flags = ["-c", traffic.connections, "-m", traffic.method]
        for name, value in traffic.all_fields():
            flags += ["-H", f"{name}: {value}"]
        if traffic.body_bytes:
            flags += ["--body-bytes", traffic.body_bytes]
        if traffic.http2:
            flags += ["--http2", "-s", traffic.streams]
        if traffic.door != "http":
            # Checking the server's certificate would cost the generator's core and nobody's figure.
            flags += ["--insecure", "--sni", "localhost"]
        if traffic.door == "mtls":
            flags += ["--cert", self.certs / "client" / "tls.crt", "--key", self.certs / "client" / "tls.key"]
        return flags


def pace(amount):
    if amount.requests:
        return ["-n", amount.requests]
    return ["-d", f"{amount.seconds * 1000:.0f}ms", *(("-r", f"{amount.rate:.1f}") if amount.rate else ())]


class H2load:
    """A connection of HTTP/1.1 over TLS for each request. Its latencies are means and are left out."""
    name = "h2load"

    def __init__(self, binary, pin):
        self.binary, self.pin = binary, pin

    def can(self, traffic):
        return self.binary is not None and traffic.new

    def load(self, address, traffic, amount):
        fields = []
        for name, value in traffic.all_fields():
            # In HTTP/1.1 too: it would send a second Host otherwise.
            fields += ["-H", f"{':authority' if name == 'host' else name}: {value}"]
        done = run([*self.pin, self.binary, "-c", traffic.connections, "-n", amount.requests, "--npn-list=http/1.1",
                    *fields, traffic.url(address)])
        counts = re.search(r"(\d+) done, (\d+) succeeded", done.stdout)
        good = re.search(r"status codes: (\d+) 2xx", done.stdout)
        rate = re.search(r"finished in \S+, ([\d.]+) req/s", done.stdout)
        if not counts or not good or not rate or counts.group(1) != counts.group(2) or good.group(1) != counts.group(1):
            raise harness.Failed(f"h2load: {done.stdout[-400:].strip()} {done.stderr[-300:].strip()}")
        return Outcome(int(counts.group(1)), float(rate.group(1)))


class Generators:
    """The first one that can make the traffic makes it; which one is in the report."""

    def __init__(self, *generators):
        self.generators = generators

    def of(self, traffic):
        return next((g for g in self.generators if g.can(traffic)), None)

    def load(self, address, traffic, amount):
        able = self.of(traffic)
        if able is None:
            raise harness.Failed("no generator here can make this traffic")
        return able.load(address, traffic, amount)
