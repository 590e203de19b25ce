"""A gateway with a canary that lives several lives: the clock promotes it, since it has no gates, unless a test says
otherwise. Stages take a second or less, and are followed, edited and killed."""
import signal
import subprocess

import rig
from canary_rig import CanaryCase
from live import Admin
from rig import answering, rules

HTTP = """
  - name: premium
    match: [{headers: {x-segment: {exact: premium}}}]
    route: [{destination: {host: model, subset: v1}}]
    timeout: 3s
    retries: {attempts: 2, perTryTimeout: 1s}
  - name: default
    route:
    - {destination: {host: model, subset: v0}, weight: 90}
    - {destination: {host: model, subset: v1}, weight: 0}
    - {destination: {host: model, subset: v2}, weight: 10}
    mirror: {host: model, subset: v2}
    mirrorPercentage: {value: 5.0}
    retries: {attempts: 1, perTryTimeout: 2s}
"""
CANARY = """---
apiVersion: sluice.dev/v1alpha1
kind: Canary
metadata: {name: next}
spec:
  virtualService: model
  route: default
  champion: v0
  challenger: v1
  stages: [%s]
"""
FAST = "{weight: 10, hold: 300ms}, {weight: 50, hold: 300ms}, {weight: 100, bake: 300ms}"
SLOW = "{weight: 10, hold: 10m}, {weight: 50, hold: 10m}, {weight: 100, bake: 10m}"


class CanaryLife(CanaryCase):
    def begin(self, stages=SLOW, more=""):
        ports = [self.model(answering(f"v{i}".encode())).port for i in range(3)]
        self.text = rules(ports, HTTP) + CANARY % stages + more
        return self.launch()

    def launch(self, *flags):
        self.state = self.directory / "state"
        self.running = self.gateway(self.text, "--state-dir", self.state, *flags)
        self.admin = Admin(self.running, self.state)
        self.addCleanup(self.admin.close)
        return self.running

    def end(self, how=signal.SIGKILL):
        self.admin.close()
        self.running.program.process.send_signal(how)
        self.running.program.process.wait(30)

    def edit(self, change):
        """Somebody else's edit of the VirtualService."""
        body = self.service()
        change({rule["name"]: rule for rule in body["spec"]["http"]})
        self.admin.apply(body)

    def sluice(self, *arguments, code=0):
        done = subprocess.run([rig.BIN, *arguments, "--server", f"http://{self.running.admin}", "--token-file",
                               str(self.state / "admin-token")], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr
