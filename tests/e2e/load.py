"""Load in the background of a test, from sluice-bench or, where clients speak HTTP/2, from h2load; and the documents that
tests about the process share. Standard library only."""
import collections
import json
import re
import subprocess
import tempfile

import rig

STREAMS = 4  # of each of h2load's connections


class Load:
    """A run that goes on while the test does something else. Takes sluice-bench's flags -c, -n, -d and -H in either case;
    `by_version` is what clients saw, or with h2load, which does not look at answers, what the gateway counted."""

    def __init__(self, test, gateway, *flags, path="/predict", host="model"):
        self.gateway = gateway
        flags = [str(flag) for flag in flags]
        url = f"http://{gateway.http}{path}"
        self.lines = None
        if rig.CLIENT == 1:
            command = [rig.BENCH, url, "-H", f"Host: {host}", "-o", "json", *flags]
        else:
            self.before = self._versions()
            self.lines = tempfile.NamedTemporaryFile("r", prefix="sluice-h2load-")
            test.addCleanup(self.lines.close)
            self.connections = int(flags[flags.index("-c") + 1])
            command = ["h2load", "-m", STREAMS, f"--log-file={self.lines.name}", "-H", f":authority: {host}",
                       *self._as_h2load(flags), url]
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        test.addCleanup(self._end)

    @staticmethod
    def _as_h2load(flags):
        """It cannot be stopped and still report, so that a long run is a short one here."""
        translated = []
        for name, value in zip(flags[::2], flags[1::2]):
            if name == "-d":
                translated += ["-D", str(min(8, int(value.rstrip("s"))))]
            elif name != "--tally":
                translated += [name, value]
        return translated

    def _versions(self):
        samples = rig.harness.samples(rig.harness.get(self.gateway.metrics_at, "/stats/prometheus"))
        seen = collections.Counter()
        for name, labels, value in samples:
            if name == "istio_requests_total":
                seen[labels["destination_version"]] += int(value)
        return seen

    def _end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def report(self, stop=False):
        """Its report when it has ended; `stop` lets sluice-bench finish what runs and end now."""
        if stop and self.lines is None:
            self.process.terminate()
        out, error = self.process.communicate(timeout=120)
        if self.lines is not None:
            return self._of_h2load(out + error)
        if not out:
            raise AssertionError(f"sluice-bench ended with {self.process.returncode}: {error}")
        return json.loads(out)

    def _of_h2load(self, text):
        counts = re.search(r"requests: (\d+) total, \d+ started, (\d+) done, .* (\d+) timeout", text)
        if not counts:
            raise AssertionError(f"h2load ended with {self.process.returncode}: {text[-500:]}")
        statuses = collections.Counter(line.split("\t")[1] for line in self.lines)
        broken = statuses.pop("-1", 0)
        answered = statuses.total()
        total = max(int(counts.group(1)), answered + broken)  # with -D h2load says 0 here
        versions = rig.until(lambda: (self._versions() - self.before).total() >= answered and
                             self._versions() - self.before, "every answer to be counted")
        return {"sent": total, "answered": answered, "by_status": dict(statuses), "connects": self.connections,
                "lost": {"closed": total - answered, "timeout": int(counts.group(3)), "bad_answer": 0},
                "by_version": {version: {"count": count} for version, count in versions.items()}}


NOTHING_LOST = {"closed": 0, "timeout": 0, "bad_answer": 0}


def split(*weights):
    """A rule that splits over v0, v1, ... by these weights."""
    routes = ", ".join(f"{{destination: {{host: model, subset: v{i}}}, weight: {weight}}}"
                       for i, weight in enumerate(weights))
    return f"  - route: [{routes}]\n    retries: {{attempts: 0}}\n"
