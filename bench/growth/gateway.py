"""Curves of whole requests through a running gateway: CPU time per request against connections, streams, size of bodies.

Standard library only. The gateway has core 0 for itself, models and generator the other one.
"""
import contextlib
import resource
import statistics

import generators
import harness
import machine
from client import connect
from curve import FLAT, LINEAR, SLOWLY, Curve
from proxies import proxy as proxy_module
from proxies import sluice
from rows import requests
from rows.held import SPARE, asked
from traffic import Amount, Traffic

PROXY_PIN, OTHER_PIN = ("taskset", "-c", machine.PROXY_CORE), ("taskset", "-c", machine.OTHER_CORE)
MOVED = "every byte is moved"
IDLE = Curve("idle", "a request beside idle connections", "connections", "µs", FLAT)
ACTIVE = Curve("active", "a request on one of many busy connections", "connections", "µs", SLOWLY,
               "more connections than the caches hold")
STREAMS = Curve("streams", "a request on one of many streams, HTTP/2", "streams", "µs", FLAT)
UPLOAD = Curve("upload", "a request with a body", "KiB", "µs", LINEAR, MOVED)
DOWNLOAD = Curve("download", "a request whose answer has a body", "KiB", "µs", LINEAR, MOVED)


class Solo:
    """One gateway with its models; the part of a Stage that a measurement of CPU time needs."""

    def __init__(self, binaries, programs, directory, connections):
        ground = proxy_module.prepare(programs, directory, binaries / "sluice", binaries / "bench" / "sluice-stub", PROXY_PIN,
                                      OTHER_PIN)
        self.proxy = sluice.start(ground, connections=connections)
        self.generator = generators.SluiceBench(binaries / "bench" / "sluice-bench", ground.certs, OTHER_PIN)

    def door(self, _, door):
        return self.proxy.doors[door]

    def load(self, _, traffic, amount):
        return self.generator.load(self.proxy.doors[traffic.door][1], traffic, amount)


def kept(solo, traffic, size):
    return statistics.median(requests.kept_cost(solo, "sluice", traffic, size.seconds)["cpu_us"]
                             for _ in range(size.repetitions))


def bodies(solo, size, traffic_of):
    """[(KiB, µs)]; each measurement sends about the same number of bytes, as far as that is a sensible number of requests."""
    found = []
    for body in size.bodies:
        count = max(2, min(size.small_requests, size.body_bytes // body))
        traffic = traffic_of(body)
        solo.load("sluice", traffic, Amount(requests=2))
        costs = [requests.cost(solo, "sluice", traffic, Amount(requests=count))[0]["cpu_us"] for _ in range(size.repetitions)]
        found.append((body / 1024, statistics.median(costs)))
    return found


def beside_idle(solo, size):
    """The idle ones have asked once, so that everything they ever need was made."""
    found, address = [], solo.door("sluice", "http")[1]
    with contextlib.ExitStack() as held:
        count = 0
        for wanted in size.idle:
            for _ in range(wanted - count):
                connection = held.enter_context(connect(address))
                if not asked(connection):
                    raise harness.Failed(f"idle connection {count + 1} of {wanted} has no answer")
                count += 1
            found.append((wanted, kept(solo, Traffic(connections=32), size)))
    return found


def measure(binaries, programs, directory, size):
    """(Curve, points), one after the other."""
    wanted = max(size.idle) + SPARE
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < wanted + SPARE:
        raise harness.Failed(f"a process may have {hard} descriptors here, {wanted} connections need more")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    solo = Solo(binaries, programs, directory, max(wanted, max(size.active) + SPARE))
    yield ACTIVE, [(n, kept(solo, Traffic(connections=n), size)) for n in size.active]
    yield STREAMS, [(n, kept(solo, Traffic(http2=True, connections=4, streams=n), size)) for n in size.streams]
    yield UPLOAD, bodies(solo, size, lambda body: Traffic(connections=2, method="POST", path="/upload", body_bytes=body))
    yield DOWNLOAD, bodies(solo, size, lambda body: Traffic(connections=2, fields=(("x-stub-body-bytes", str(body)),)))
    # Another gateway: the one before keeps as many connections to the models as it once had requests, and all of them together
    # would be more than a process may have.
    apart = directory / "idle"
    apart.mkdir()
    yield IDLE, beside_idle(Solo(binaries, programs, apart, wanted), size)
