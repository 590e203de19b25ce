"""System calls and bytes per request, counted by strace: what does not depend on the machine. Standard library only."""
import contextlib
import re
import signal
import subprocess
import tempfile

import harness
from proxies.proxy import find
from rows.row import Column, Row
from traffic import Amount, Traffic

READS, WRITES = ("recvfrom", "read", "readv", "recvmsg"), ("sendto", "write", "writev", "sendmsg")
KINDS = {"small": ("HTTP/1.1, 64 connections", Traffic(), ("nginx", "haproxy", "relay", "envoy", "sluice")),
         "h2c": ("HTTP/2 in plaintext, 8 x 32 streams", Traffic(http2=True, connections=8, streams=32),
                 ("haproxy", "nghttpx", "envoy", "sluice")),
         "tls": ("TLS, HTTP/1.1, 64 connections", Traffic("https"), ("nginx", "haproxy", "nghttpx", "envoy", "sluice"))}
# 12 sendto(7<TCP:[4711]>, ""..., 200, ...) = 200
# A call that another thread's line interrupts has two lines: `12 read(7<...> <unfinished ...>`, `12 <... read resumed>...`
WHOLE = re.compile(r"^(\d+) +(\w+)\((.*) = (-?\d+|0x[0-9a-f]+)")
BEGUN = re.compile(r"^(\d+) +\w+\((.*)<unfinished \.\.\.>$")
ENDED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*) = (-?\d+|0x[0-9a-f]+)")
SOCKET = re.compile(r"^(\d+)<(?:TCP|TCPv6|socket):")


class SystemCalls(Row):
    once, figure = True, "calls"
    columns = (Column("calls", "calls", "{:.2f}"), Column("failed", "failed", "{:.2f}"), Column("reads", "reads", "{:.2f}"),
               Column("writes", "writes", "{:.2f}"), Column("epoll_wait", "epoll_wait", "{:.2f}"),
               Column("epoll_ctl", "epoll_ctl", "{:.2f}"), Column("others", "others", "{:.2f}"),
               Column("bytes from client", "client_in", "{:,.0f}"), Column("to model", "model_out", "{:,.0f}"),
               Column("from model", "model_in", "{:,.0f}"), Column("to client", "client_out", "{:,.0f}"))

    def __init__(self, settings, kind):
        self.settings, self.kind = settings, kind
        words, self.traffic, self.names = KINDS[kind]
        self.name = f"calls_{kind}"
        self.title = f"system calls and bytes per request: {words}"
        self.note = "Under strace, closed loop; making and closing connections is counted with the requests."

    def measure(self, stage, name):
        program, _ = stage.door(name, self.traffic.door)
        stage.load(name, self.traffic, Amount(requests=2000))
        with tempfile.NamedTemporaryFile("r", suffix=".strace", errors="replace") as out:
            with traced(program.pid, out.name):
                outcome = stage.load(name, self.traffic, Amount(requests=self.settings.traced_requests))
            counts, sent = count(out)
        return per_request(counts, sent, outcome.answered)


@contextlib.contextmanager
def traced(pid, path):
    strace = find("strace")
    if strace is None:
        raise harness.Failed("no strace here")
    tracer = subprocess.Popen([strace, "-f", "-y", "-s", "0", "-o", path, "-p", str(pid)], stderr=subprocess.PIPE,
                              text=True)
    try:
        told = tracer.stderr.readline()
        if "attached" not in told:
            raise harness.Failed(f"strace cannot attach: {told.strip()}")
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=20)


def count(lines):
    """({call: (times, failed)}, {(side, direction): bytes}). What was accepted is the client's side, other sockets are the
    models'; a descriptor that gets a new meaning is accepted or made by socket() again."""
    counts, moved, begun, accepted = {}, {}, {}, set()
    for line in lines:
        if half := BEGUN.match(line):
            begun[half.group(1)] = half.group(2)
            continue
        found = WHOLE.match(line) or ENDED.match(line)
        if not found:
            continue  # a signal, an end
        pid, call, arguments, result = found.groups()
        if "<..." in line[:20]:
            arguments = begun.pop(pid, "")
        times, failed = counts.get(call, (0, 0))
        counts[call] = (times + 1, failed + result.startswith("-"))
        if result.startswith("-"):
            continue
        if call in ("accept", "accept4"):
            accepted.add(result)
        elif call == "socket":
            accepted.discard(result)
        elif (socket := SOCKET.match(arguments)) and call in (*READS, *WRITES):
            key = ("client" if socket.group(1) in accepted else "model", "in" if call in READS else "out")
            moved[key] = moved.get(key, 0) + int(result, 0)
    return counts, moved


def per_request(counts, moved, answered):
    def times(*calls):
        return sum(counts.get(call, (0, 0))[0] for call in calls) / answered
    named = {"reads": times(*READS), "writes": times(*WRITES), "epoll_ctl": times("epoll_ctl"),
             "epoll_wait": times("epoll_wait", "epoll_pwait", "epoll_pwait2")}
    total = times(*counts)
    figures = named | {"calls": total, "others": total - sum(named.values()),
                       "failed": sum(failed for _, failed in counts.values()) / answered}
    return figures | {f"{side}_{way}": size / answered for (side, way), size in moved.items()}
