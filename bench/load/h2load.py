"""Load in HTTP/2 for the comparison, by nghttp2's h2load; the same shape of result as harness.load. Standard library only."""
import re
import subprocess

import harness

CONNECTIONS, STREAMS = 2, 32  # 64 requests in flight, as in the other workloads


def load(address, seconds, headers=(), pin=()):
    """`headers` as (name, value); closed loop, small answers."""
    fields = [item for name, value in headers for item in ("-H", f"{name}: {value}")]
    command = [*pin, "h2load", "-c", CONNECTIONS, "-m", STREAMS, "-D", max(1, round(seconds)), *fields,
               f"http://{address}/predict"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    counts = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed", done.stdout)
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    times = re.search(r"time for request:\s+\S+\s+(\S+)\s+(\S+)", done.stdout)
    if not counts or not codes or done.returncode != 0:
        raise harness.Failed(f"h2load: {done.stdout[-300:]} {done.stderr[-300:]}")
    answered, good, _ = (int(n) for n in counts.groups())
    by_status = {name: int(n) for name, n in zip(("200", "3xx", "4xx", "5xx"), codes.groups()) if int(n)}
    return {"answered": answered, "lost": {"failed": answered - good}, "by_status": by_status,
            "per_second": answered / max(1, round(seconds)),
            "latency_ms": {"p50": milliseconds(times.group(2)), "p99": milliseconds(times.group(1))}}


def milliseconds(text):
    """h2load gives mean and maximum; they stand where the others have median and 99th percentile."""
    number, unit = re.match(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
