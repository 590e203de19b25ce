"""CPU time of the proxy per request, closed loop: the rows that differ in what is sent. Standard library only."""
import time

import usage
from rows.row import Column, Row
from traffic import Amount, Traffic

MIB = 1 << 20
AT_ONCE = 4  # uploads
COST = (Column("µs", "cpu_us"), Column("user", "user_us"), Column("sys", "system_us"))
PACE = (Column("req/s", "per_second", "{:,.0f}"), Column("core", "busy", "{:.0%}"),
        Column("p50 ms", "p50_ms", "{:.2f}"), Column("p99 ms", "p99_ms", "{:.2f}"))


SHORT = 0.2  # of the seconds of a measurement: its set-up is measured in a run of this length

# At least, also on a slow machine: a run is long enough for all its connections to be made and to answer.
CONNECTS_PER_SECOND, HANDSHAKES_PER_SECOND = 4000, 400


def cost(stage, name, traffic, amount):
    """Loads and gives (figures, Outcome): CPU per request and how much of a core the proxy took, connections and all."""
    program, _ = stage.door(name, traffic.door)
    before, began = program and usage.Cpu.of(program.pid), time.monotonic()
    outcome = stage.load(name, traffic, amount)
    figures = {"per_second": outcome.per_second, "answered": outcome.answered}
    if outcome.p50_us is not None:
        figures |= {"p50_ms": outcome.p50_us / 1000, "p99_ms": outcome.p99_us / 1000}
    if program:
        spent = usage.Cpu.of(program.pid).since(before)
        for key, seconds in zip(("cpu_us", "user_us", "system_us"), spent):
            figures[key] = seconds / outcome.answered * 1e6
        figures["busy"] = spent[0] / (time.monotonic() - began)
    return figures, outcome


def kept_cost(stage, name, traffic, seconds):
    """Figures of a request on a connection that is kept. Making the connections (2,000 of them, or TLS handshakes, would be
    a tenth of the whole) is taken out: what a long run cost more than a short one is divided by what it answered more."""
    per_second = CONNECTS_PER_SECOND if traffic.door == "http" else HANDSHAKES_PER_SECOND
    less = Amount(seconds=max(SHORT * seconds, traffic.connections / per_second))
    # Connections to the models and caches are warm when the clock starts.
    stage.load(name, traffic, less)
    short, _ = cost(stage, name, traffic, less)
    figures, _ = cost(stage, name, traffic, Amount(seconds=max(seconds, 3 * less.seconds)))
    more = figures["answered"] - short["answered"]
    if "cpu_us" in figures and more > short["answered"]:
        whole = figures["cpu_us"]
        kept = (whole * figures["answered"] - short["cpu_us"] * short["answered"]) / more
        # Ticks are too coarse for a difference; the shares of user and system time are those of the whole.
        figures |= {"cpu_us": kept, "with_set_up_us": whole, "user_us": figures["user_us"] * kept / whole,
                    "system_us": figures["system_us"] * kept / whole}
    return figures


class Requests(Row):
    columns = (*COST, *PACE)

    def __init__(self, settings, name, title, traffic, names, note="", peers=Row.peers):
        self.settings, self.name, self.title, self.traffic = settings, name, title, traffic
        self.names, self.note, self.peers = names, note, peers

    def measure(self, stage, name):
        return kept_cost(stage, name, self.traffic, self.settings.seconds)


class Uploads(Row):
    name, figure = "upload", "cpu_us_per_mib"
    names = ("nginx", "haproxy", "relay", "envoy", "sluice")
    columns = (Column("µs per MiB", "cpu_us_per_mib"), Column("MiB/s", "mib_per_second", "{:,.0f}"),
               Column("core", "busy", "{:.0%}"), Column("peak of memory, MiB over idle", "peak_mib"))
    note = "Four uploads at once. nginx passes bodies on as they come here, which it does when told to."

    def __init__(self, settings):
        self.settings = settings
        self.traffic = Traffic(connections=AT_ONCE, method="POST", path="/upload", body_bytes=settings.upload_mib * MIB)
        self.title = f"POST of {settings.upload_mib} MiB, small answer, {AT_ONCE} at once"

    def measure(self, stage, name):
        program, _ = stage.door(name, "http")
        usage.forget_peak(program.pid)
        idle = usage.resident_kib(program.pid)
        figures, outcome = cost(stage, name, self.traffic, Amount(requests=2 * AT_ONCE))
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
