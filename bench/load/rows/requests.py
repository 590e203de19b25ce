"""CPU time of the proxy per request, closed loop: the rows that differ in what is sent. Standard library only."""
import time

import usage
from rows.row import Column, Row
from traffic import Amount, Traffic

MIB = 1 << 20
COST = (Column("µs", "cpu_us"), Column("user", "user_us"), Column("sys", "system_us"))
PACE = (Column("req/s", "per_second", "{:,.0f}"), Column("core", "busy", "{:.0%}"),
        Column("p50 ms", "p50_ms", "{:.2f}"), Column("p99 ms", "p99_ms", "{:.2f}"))


def cost(stage, name, traffic, amount):
    """Loads and gives (figures, Outcome): CPU per request and how much of a core the proxy took."""
    program, _ = stage.door(name, traffic.door)
    before, began = program and usage.Cpu.of(program.pid), time.monotonic()
    outcome = stage.load(name, traffic, amount)
    figures = {"per_second": outcome.per_second}
    if outcome.p50_us is not None:
        figures |= {"p50_ms": outcome.p50_us / 1000, "p99_ms": outcome.p99_us / 1000}
    if program:
        spent = usage.Cpu.of(program.pid).since(before)
        for key, seconds in zip(("cpu_us", "user_us", "system_us"), spent):
            figures[key] = seconds / outcome.answered * 1e6
        figures["busy"] = spent[0] / (time.monotonic() - began)
    return figures, outcome


class Requests(Row):
    columns = (*COST, *PACE)

    def __init__(self, settings, name, title, traffic, names, note="", peers=Row.peers):
        self.settings, self.name, self.title, self.traffic = settings, name, title, traffic
        self.names, self.note, self.peers = names, note, peers

    def measure(self, stage, name):
        # Connections to the models and caches are warm when the clock starts.
        stage.load(name, self.traffic, Amount(seconds=min(0.2, self.settings.seconds)))
        return cost(stage, name, self.traffic, Amount(seconds=self.settings.seconds))[0]


class Uploads(Row):
    name, figure = "upload", "cpu_us_per_mib"
    names = ("nginx", "haproxy", "relay", "envoy", "sluice")
    columns = (Column("µs per MiB", "cpu_us_per_mib"), Column("MiB/s", "mib_per_second", "{:,.0f}"),
               Column("core", "busy", "{:.0%}"), Column("peak of memory, MiB over idle", "peak_mib"))
    note = "Four uploads at once. nginx passes bodies on as they come here, which it does when told to."
    connections = 4

    def __init__(self, settings):
        self.settings = settings
        self.title = f"POST of {settings.upload_mib} MiB, small answer, {self.connections} at once"

    def measure(self, stage, name):
        traffic = Traffic(connections=self.connections, method="POST", path="/upload",
                          body_bytes=self.settings.upload_mib * MIB)
        program, _ = stage.door(name, "http")
        usage.forget_peak(program.pid)
        idle = usage.resident_kib(program.pid)
        figures, outcome = cost(stage, name, traffic, Amount(requests=2 * self.connections))
        mib = self.settings.upload_mib
        return {"cpu_us_per_mib": figures["cpu_us"] / mib, "mib_per_second": outcome.per_second * mib,
                "busy": figures["busy"], "peak_mib": (usage.resident_kib(program.pid, peak=True) - idle) / 1024}


def per_request_rows(settings):
    plain = ("nginx", "haproxy", "relay", "envoy", "sluice", "direct")
    secured = ("nginx", "haproxy", "nghttpx", "envoy", "sluice")
    json = (("content-type", "application/json"),)

    def row(*args, **options):
        return Requests(settings, *args, **options)
    return [
        row("small", "GET, small answer, HTTP/1.1, 64 connections", Traffic(), plain,
            peers=("nginx", "haproxy"), note="*relay* is HAProxy copying bytes between two sockets, *direct* the "
            "generator without a proxy. *core* is how busy the proxy kept its core: below 100 % the generator and the "
            "models, which share the other, are what limits the rate."),
        row("post4k", "POST of 4 KiB, small answer, HTTP/1.1, 64 connections",
            Traffic(method="POST", body_bytes=4096, fields=json), plain),
        row("answer64k", "GET, 64 KiB answer, HTTP/1.1, 64 connections",
            Traffic(fields=(("x-stub-body-bytes", "65536"),)), plain),
        row("tls", "GET, small answer, TLS, HTTP/1.1, 64 kept connections", Traffic("https"), secured),
        row("mtls", "the same with client certificates", Traffic("mtls"), secured),
        row("h2c", "GET, small answer, HTTP/2 in plaintext, 8 connections of 32 streams",
            Traffic(http2=True, connections=8, streams=32), ("haproxy", "nghttpx", "envoy", "sluice"),
            peers=("haproxy", "nghttpx"), note="nghttpx routes by host alone; the others look at the header field too."),
        row("h2tls", "GET, small answer, HTTP/2 over TLS, 8 connections of 32 streams",
            Traffic("https", http2=True, connections=8, streams=32), secured, peers=("haproxy", "nghttpx")),
        row("slow", f"GET, models answer after 20 ms, {settings.slow_connections:,} in flight, HTTP/1.1",
            Traffic(connections=settings.slow_connections, fields=(("x-stub-delay-ms", "20"),)),
            ("nginx", "haproxy", "envoy", "sluice", "direct")),
        Uploads(settings)]
