"""What tests of canaries share: two versions of one model that can be told to fail or to be slow, a gateway that may be
written to, load in the background, and what the controller says of itself. Seconds where people write minutes."""
import http.client
import json
import time

import live
import load
import rig
from rig import until

NAME = "next"
PAGE = f"/sluice/v1/canaries/default/{NAME}"
OVER = ("Succeeded", "RolledBack", "Aborted")
GATES = "{errorRate: {maxIncreasePercentagePoints: 1}}"
# What a canary must leave alone stands around what it changes.
RULES = """\
  - name: premium
    match: [{headers: {x-user-segment: {exact: premium}}}]
    route:
    - {destination: {host: model, subset: v0}, weight: 60}
    - {destination: {host: model, subset: v1}, weight: 40}
    retries: {attempts: 0}
  - name: default
    route:
    - {destination: {host: model, subset: v0}, weight: 100}
    - {destination: {host: model, subset: v1}, weight: 0}
    timeout: 5s
    retries: {attempts: 0}
    mirror: {host: model, subset: v0}
    mirrorPercentage: {value: 0.1}
"""


def document(stages="{weight: 25, hold: 1s}, {weight: 50, hold: 1s}, {weight: 100, bake: 1s}", gates=GATES, more="",
             name=NAME):
    """A Canary from v0 to v1; `more` are lines of its spec."""
    return (f"---\napiVersion: sluice.dev/v1alpha1\nkind: Canary\nmetadata: {{name: {name}}}\nspec:\n"
            "  virtualService: model\n  route: default\n  champion: v0\n  challenger: v1\n"
            f"  stages: [{stages}]\n  gates: {gates}\n  analysis: {{confidence: 0.95, minRequests: 50}}\n{more}")


def tell(port, settings):
    """Another behaviour for a stub, from its next request on."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", f"/__stub/config?{settings}")
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise AssertionError(f"the stub answered {status} to {settings}")


class CanaryCase(rig.RigTest):
    """What can be asked of a gateway with a canary. Subclasses start it and set `admin`."""

    def ask(self, verb, expected=200, **body):
        status, _, answer = self.admin.ask("POST", f"{PAGE}/{verb}", body)
        self.assertEqual(status, expected, answer)
        return answer

    def status(self):
        status, _, answer = self.admin.ask("GET", PAGE + "?events=1000")
        self.assertEqual(status, 200, answer)
        return answer

    def until_phase(self, phase, seconds=20.0):
        """Waits for it; ends at once when the canary ends otherwise."""
        def there():
            status = self.status()
            if status["phase"] in OVER and status["phase"] != phase:
                raise AssertionError(f"{status['phase']} instead of {phase}: {status['reason']}")
            return status["phase"] == phase and status
        return until(there, f"phase {phase}; it is {json.dumps(self.status())[:2000]}", seconds)

    def events(self, what=None):
        """What happened, oldest first."""
        return [event for event in reversed(self.status()["events"]) if what in (None, event["what"])]

    def service(self):
        return self.admin.live("VirtualService", "model")

    def rule(self, name="default"):
        return next(rule for rule in self.service()["spec"]["http"] if rule.get("name") == name)

    def weights(self):
        return [entry.get("weight") for entry in self.rule()["route"]]

    def rest(self):
        """The VirtualService without what a canary may change."""
        body = self.service()
        for rule in body["spec"]["http"]:
            for entry in rule["route"] if rule.get("name") == "default" else []:
                entry.pop("weight", None)
        return json.dumps(body)


class CanaryTest(CanaryCase):
    """Two versions that can be told to fail or to be slow; `begin` starts everything but the canary itself."""

    def begin(self, canary, champion=("--latency", "2ms"), challenger=("--latency", "2ms"), rules=RULES):
        self.champion = self.stub("v0", *champion)[1]
        self.challenger = self.stub("v1", *challenger)[1]
        state = self.directory / "state"
        self.served = self.gateway(rig.rules([self.champion, self.challenger], rules) + canary, "--state-dir", state)
        self.admin = live.Admin(self.served, state)
        self.addCleanup(self.admin.close)
        self.first = self.rest()

    def load(self, rate=400):
        """Requests in the background until the test ends."""
        return load.Load(self, self.served, "-c", 16, "-r", rate, "-d", "60s", "--tally", "x-model-version")

    def revisions(self):
        """What the canary has changed, oldest first."""
        return [revision for revision in reversed(self.admin.history()) if revision["source"] == "canary"]

    def assert_only_weights_changed(self):
        """Everything else of the VirtualService is as it was before the start."""
        self.assertEqual(self.rest(), self.first)

    def time_to_roll_back(self, break_it, what):
        """Breaks the challenger and measures until its weight is 0 again."""
        began = time.monotonic()
        break_it()
        until(lambda: self.weights() == [100, 0], f"weights before the start; it is {self.status()}")
        took = time.monotonic() - began
        print(f"{what}: rolled back after {took:.2f} s")
        return took
