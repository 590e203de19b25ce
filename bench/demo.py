#!/usr/bin/python3
"""The demo of ./dev run: three stub model servers, the gateway on rules like the article's, a burst of traffic, and a
table of what was asked for beside what was seen. Runs until Ctrl-C, or with --once until the table.

Standard library only. Exit codes: 0 fine, 1 something did not run or a share is off.
"""
import argparse
import json
import math
import pathlib
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))
import harness  # noqa: E402

# Version, how it behaves. v45 fails now and then, so that retries have something to do.
STUBS = (
    ("v45", ("--latency", "4ms", "--jitter", "2ms", "--failure-rate", "0.01")),
    ("v47", ("--latency", "3ms", "--jitter", "2ms")),
    ("v43", ("--latency", "8ms", "--jitter", "4ms")),
)
MIRROR_PERCENT = 10

RULES = f"""\
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: content-ranking-dr, namespace: ml-serving}}
spec:
  host: content-ranking-svc
  trafficPolicy:
    loadBalancer: {{simple: LEAST_REQUEST}}
    outlierDetection: {{consecutive5xxErrors: 5, interval: 30s, baseEjectionTime: 60s, maxEjectionPercent: 100}}
  subsets:
  - {{name: v45, labels: {{model-version: v45}}}}
  - {{name: v47, labels: {{model-version: v47}}}}
  - {{name: v43-legacy, labels: {{model-version: v43}}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: content-ranking-vs, namespace: ml-serving}}
spec:
  hosts: [content-ranking-svc]
  http:
  - name: premium
    match: [{{headers: {{x-user-segment: {{exact: premium}}}}}}]
    route: [{{destination: {{host: content-ranking-svc, subset: v47}}}}]
  - name: default
    route:
    - {{destination: {{host: content-ranking-svc, subset: v45}}, weight: 90}}
    - {{destination: {{host: content-ranking-svc, subset: v47}}, weight: 10}}
    timeout: 200ms
    retries: {{attempts: 2, perTryTimeout: 80ms, retryOn: "5xx,gateway-error,connect-failure,retriable-4xx"}}
    mirror: {{host: content-ranking-svc, subset: v43-legacy}}
    mirrorPercentage: {{value: {MIRROR_PERCENT}.0}}
"""

EXPERIMENT_RULES = """\
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: search-ranking-dr, namespace: ml-serving}
spec:
  host: search-ranking-svc
  subsets:
  - {name: v45, labels: {model-version: v45}}
  - {name: v47, labels: {model-version: v47}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: search-ranking-vs, namespace: ml-serving}
spec:
  hosts: [search-ranking-svc]
  http:
  - name: default
    route: [{destination: {host: search-ranking-svc, subset: v45}}]
    timeout: 200ms
    retries: {attempts: 2, perTryTimeout: 80ms, retryOn: "5xx"}
---
apiVersion: sluice.dev/v1alpha1
kind: Experiment
metadata: {name: search-ranking-v47, namespace: ml-serving}
spec:
  host: search-ranking-svc
  unit: {header: x-user-id}
  buckets: 100
  arms:
  - {name: control, buckets: 0-79, subset: v45}
  - {name: treatment, buckets: 80-99, subset: v47}
"""

# What is sent: title, host, extra fields, how many, the configured share per version.
TRAFFIC = (
    ("premium header", "content-ranking-svc", ("x-user-segment: premium",), 1000, {"v47": 1.0}),
    ("90/10 split", "content-ranking-svc", (), 10000, {"v45": 0.9, "v47": 0.1}),
    ("A/B experiment", "search-ranking-svc", (), 5000, {"v45": 0.8, "v47": 0.2}),
)


class Demo:
    def __init__(self, binaries, once, directory, programs):
        self.directory = pathlib.Path(directory)
        self.bench = binaries / "bench" / "sluice-bench"
        self.stubs = {}
        for version, behaviour in STUBS:
            self.stubs[version] = programs.start(version, [binaries / "bench" / "sluice-stub", "--version", version,
                                                           *behaviour])
        for stub in self.stubs.values():
            stub.wait_for(["http"])
        self.gateway = programs.start("sluice", [binaries / "sluice", "run", "-c", self.write_rules(),
                                                 *self.ports(once)])
        self.gateway.wait_for(["http", "admin", "health", "metrics"], 30)
        self.at = {name: address.replace("0.0.0.0", "127.0.0.1") for name, address in self.gateway.listeners.items()}

    def write_rules(self):
        rules = self.directory / "rules"
        rules.mkdir()
        ports = [(version, stub.listeners["http"].rsplit(":", 1)[1]) for version, stub in self.stubs.items()]
        (rules / "content-ranking.yaml").write_text(harness.service_entry("content-ranking-svc", ports) + RULES)
        (rules / "search-ranking.yaml").write_text(harness.service_entry("search-ranking-svc", ports)
                                                   + EXPERIMENT_RULES)
        return rules

    @staticmethod
    def ports(once):
        """The usual ports where they are free; a test takes what it gets."""
        def port(usual):
            return usual if not once and harness.port_is_free(usual) else 0
        return ["--http-port", port(8080), "--admin", f"127.0.0.1:{port(15000)}",
                "--health", f"127.0.0.1:{port(15021)}", "--metrics", f"127.0.0.1:{port(15090)}"]

    def send(self):
        """The reports of sluice-bench, one a row of TRAFFIC."""
        reports = []
        for number, (_, host, fields, count, _) in enumerate(TRAFFIC):
            headers = [f"Host: {host}", "x-user-id: user-{random:100000}", *fields]
            reports.append(harness.load(self.bench, f"http://{self.at['http']}/predict", "-c", 16, "-n", count,
                                        "--seed", number + 1, *[word for h in headers for word in ("-H", h)]))
        return reports

    def metrics(self):
        return harness.samples(harness.get(self.at["metrics"], "/stats/prometheus"))


def off(share, seen, count):
    """Whether `seen` lies outside the 99.999 % interval of `count` draws: this is also a test, and its dice are not
    seeded."""
    return abs(seen - share) > 4.42 * math.sqrt(share * (1 - share) / max(1, count)) + 1e-9


def total(samples, name, **labels):
    return sum(value for n, have, value in samples
               if n == name and all(have.get(k) == v for k, v in labels.items()))


def show_shares(reports):
    """The table of shares; how many of them are off."""
    wrong = 0
    print(f"\n{'traffic':16}{'version':9}{'configured':>11}{'seen':>9}{'answers':>9}{'p50 ms':>9}{'p99 ms':>9}")
    for (title, _, _, _, shares), report in zip(TRAFFIC, reports):
        for version in sorted(set(shares) | set(report["by_version"])):
            seen = report["by_version"].get(version, {"count": 0, "latency_ms": {"p50": 0, "p99": 0}})
            share = seen["count"] / max(1, report["answered"])
            is_off = off(shares.get(version, 0.0), share, report["answered"])
            wrong += is_off
            print(f"{title:16}{version or '(none)':9}{shares.get(version, 0):>10.0%} {share:>8.1%}"
                  f"{seen['count']:>9}{seen['latency_ms']['p50']:>9.2f}{seen['latency_ms']['p99']:>9.2f}"
                  f"{'   outside the 99.999 % interval' if is_off else ''}")
    return wrong


def show_rest(demo, reports):
    """Answers, retries, ejections, mirrors; how many of them are off."""
    samples = demo.metrics()
    answered = sum(r["answered"] for r in reports)
    lost = sum(sum(r["lost"].values()) for r in reports)
    failed = sum(n for r in reports for status, n in r["by_status"].items() if status != "200")
    stub_mirrors = sum(stub_stats(stub)["mirrored"] for stub in demo.stubs.values())
    expected = TRAFFIC[1][3] * MIRROR_PERCENT // 100
    print(f"\nanswers     {answered}, of them {failed} not 200; {lost} lost")
    print(f"counted     {total(samples, 'istio_requests_total'):.0f} in istio_requests_total")
    print(f"retries     {total(samples, 'envoy_cluster_upstream_rq_retry'):.0f}, "
          f"{total(samples, 'envoy_cluster_upstream_rq_retry_success'):.0f} of them with success")
    print(f"ejections   {total(samples, 'envoy_cluster_outlier_detection_ejections_enforced_total'):.0f}")
    print(f"mirrored    {total(samples, 'sluice_mirror_requests_total'):.0f} to v43-legacy, "
          f"about {expected} expected; the stub saw {stub_mirrors}")
    # A busy machine may time out now and then; more than one in a hundred is a fault.
    return (lost > 0) + (failed > answered / 100) + off(MIRROR_PERCENT / 100, stub_mirrors / TRAFFIC[1][3],
                                                        TRAFFIC[1][3])


def stub_stats(stub):
    return json.loads(harness.get(stub.listeners["http"], "/__stub/stats"))


def show_addresses(demo):
    print(f"""
the gateway  http://{demo.at['http']}/        try: curl -H 'Host: content-ranking-svc' http://{demo.at['http']}/predict
health       http://{demo.at['health']}/healthz/ready
metrics      http://{demo.at['metrics']}/stats/prometheus
admin        http://{demo.at['admin']}/config_dump
rules        {demo.directory / 'rules'}""")


def run(args):
    for program in ("sluice", "bench/sluice-stub", "bench/sluice-bench"):
        if not (args.bin / program).exists():
            raise harness.Failed(f"{args.bin / program} is not built; ./dev build builds it")
    with tempfile.TemporaryDirectory(prefix="sluice-demo-") as directory, harness.Programs(directory) as programs:
        demo = Demo(args.bin, args.once, directory, programs)
        reports = demo.send()
        wrong = show_shares(reports) + show_rest(demo, reports)
        show_addresses(demo)
        if not args.once:
            print("\nThe gateway keeps running; Ctrl-C stops it.", flush=True)
            while demo.gateway.alive():
                time.sleep(0.5)
            raise harness.Failed(f"the gateway ended\n{demo.gateway.log_end()}")
        status = demo.gateway.stop()
        if status != 0:
            print(f"demo: the gateway ended with {status}\n{demo.gateway.log_end()}", file=sys.stderr)
    return 1 if wrong or status != 0 else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", type=lambda p: pathlib.Path(p).resolve(), default=ROOT / "build" / "release")
    parser.add_argument("--once", action="store_true", help="stop after the table")
    args = parser.parse_args()

    def stop(_number, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)  # the children end with us
    try:
        return run(args)
    except KeyboardInterrupt:
        return 0
    except harness.Failed as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
