"""Load in the background of a test, and the documents that tests about the process share. Standard library only."""
import json
import subprocess

import rig


class Load:
    """A run of sluice-bench that goes on while the test does something else."""

    def __init__(self, test, gateway, *flags, path="/predict", host="model"):
        command = [rig.BENCH, f"http://{gateway.http}{path}", "-H", f"Host: {host}", "-o", "json",
                   *[str(flag) for flag in flags]]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        test.addCleanup(self._end)

    def _end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def report(self, stop=False):
        """Its report when it has ended; `stop` lets it finish what runs and end now."""
        if stop:
            self.process.terminate()
        out, error = self.process.communicate(timeout=120)
        if not out:
            raise AssertionError(f"sluice-bench ended with {self.process.returncode}: {error}")
        return json.loads(out)


NOTHING_LOST = {"closed": 0, "timeout": 0, "bad_answer": 0}


def split(*weights):
    """A rule that splits over v0, v1, ... by these weights."""
    routes = ", ".join(f"{{destination: {{host: model, subset: v{i}}}, weight: {weight}}}"
                       for i, weight in enumerate(weights))
    return f"  - route: [{routes}]\n    retries: {{attempts: 0}}\n"
