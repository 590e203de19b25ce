"""What tests of sluice-bench share: a run of it, and a directory with the servers that it is run against."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import rig

LOST, UNREACHABLE = 1, 69


def bench(*flags, expect=0):
    """Its report; with another exit status than 0, what it said on stderr as well."""
    command = [rig.BENCH, *map(str, flags), "-o", "json", "--no-progress"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != expect:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stdout[-2000:]} {done.stderr}")
    report = json.loads(done.stdout) if done.stdout else None
    if report and report["sent"] != report["answered"] + sum(report["lost"].values()):
        raise AssertionError(f"a request is unaccounted for: {report}")
    return (report, done.stderr) if expect else report


class BenchTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sluice-bench-")
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)
        self.programs = rig.harness.Programs(self.dir)
        self.programs.__enter__()
        self.addCleanup(self.programs.__exit__)

    def stub(self, *flags):
        return self.programs.start("stub", [rig.STUB, "--port", 0, *flags]).wait_for(["http"]).listeners["http"]

    def launch(self, name, command, port):
        """A program that does not say when it listens."""
        self.programs.start(name, command)
        rig.until(lambda: not rig.harness.port_is_free(port), f"{name} to listen")
