"""The two models, the proxies in front of them and the generators: everything that runs while figures are taken.

Standard library only. One proxy is measured at a time; the others stand by.
"""
import contextlib
import dataclasses
import pathlib

import client
import generators
import harness
import machine
import proxies
from proxies import proxy as proxy_module
from traffic import PREMIUM, Amount, Traffic

PROXY_PIN, OTHER_PIN = ("taskset", "-c", machine.PROXY_CORE), ("taskset", "-c", machine.OTHER_CORE)
DIRECT = "direct"  # the generator against a model: what is subtracted


class Stage:
    def __init__(self, binaries, programs, directory):
        self.binaries, self.directory = binaries, pathlib.Path(directory)
        self.ground = proxy_module.prepare(programs, self.directory, binaries / "sluice", binaries / "bench" / "sluice-stub",
                                           PROXY_PIN, OTHER_PIN)
        self.certs = self.ground.certs
        self.generator = generators.Generators(
            generators.SluiceBench(binaries / "bench" / "sluice-bench", self.certs, OTHER_PIN),
            generators.H2load(proxy_module.find("h2load"), OTHER_PIN))
        self.proxies, self.missing, self.notes = {}, [], []
        for name in proxies.KINDS:
            self._open(name)

    def _open(self, name):
        try:
            started = proxies.KINDS[name](self.ground)
        except harness.Failed as failure:
            self.notes.append(f"{name} does not start: {failure}")
            return
        if started is None:
            self.missing.append(name)
        else:
            self.proxies[name] = started

    def fresh(self, name, label, **changes):
        """Another proxy of the kind, which has done nothing yet; the caller stops it."""
        directory = self.directory / label
        directory.mkdir(exist_ok=True)
        options = {key: changes.pop(key) for key in ("connections", "changeable") if key in changes}
        ground = dataclasses.replace(self.ground, directory=directory, label=f"-{label}", **changes)
        return proxies.KINDS[name](ground, **options)

    @contextlib.contextmanager
    def on_stage(self, name, proxy):
        """For the length of a block, the name stands for a proxy of the caller's."""
        self.proxies[name] = proxy
        try:
            yield
        finally:
            del self.proxies[name]

    def check_rules(self):
        """Every proxy does the rule before anybody counts what it costs; one that does not is left out."""
        for name in list(self.proxies):
            try:
                self._check_doors(self.proxies[name].doors)
                if name not in proxies.RULELESS:
                    self._check_rule(name)
            except harness.Failed as failure:
                self.notes.append(f"{name} is left out: {failure}")
                self.proxies.pop(name).stop()

    def _check_doors(self, doors):
        """Each door is what it is said to be, the one for client certificates a shut one for others."""
        credential = self.certs / "client"
        for door, (_, address) in doors.items():
            protocol = None if door == "http" else "http/1.1"
            if not client.answers(address, protocol, credential if door == "mtls" else None):
                raise harness.Failed(f"its door {door} does not answer")
            if door == "mtls" and client.answers(address, protocol):
                raise harness.Failed("it asks for client certificates and does without")

    def _check_rule(self, name):
        premium = self.load(name, Traffic(segment=PREMIUM), Amount(requests=500))
        standard = self.load(name, Traffic(), Amount(requests=10000))
        if set(premium.versions) != {"v47"}:
            raise harness.Failed(f"its premium requests went to {premium.versions}")
        share = standard.versions.get("v47", 0) / standard.answered
        if not 0.07 < share < 0.13:
            raise harness.Failed(f"its share of v47 is {share:.3f} instead of 0.10")

    def door(self, name, door):
        """(Program or None, address). A proxy that has ended is started again, which the report tells."""
        if name == DIRECT:
            return None, f"127.0.0.1:{self.ground.models['v45']}"
        if not self.proxies[name].alive():
            self.notes.append(f"{name} had ended and was started again")
            self.proxies[name].stop()
            self._open(name)
        if door not in self.proxies[name].doors:
            raise harness.Failed(f"{name} has no door {door}")
        return self.proxies[name].doors[door]

    def load(self, name, traffic, amount):
        return self.generator.load(self.door(name, traffic.door)[1], traffic, amount)
