"""Very many idle connections in one Sluice: all of them answer afterwards. Standard library only."""
import resource

import harness
import usage
from client import HTTP1, connect
from rows.row import Column, Row

SPARE = 400  # descriptors of a process that are not connections


class Held(Row):
    name, once, figure, more_is_better = "held", True, "answering", True
    traffic = None
    names, peers = ("sluice",), ()
    columns = (Column("held at once", "held", "{:,.0f}"), Column("answering afterwards", "answering", "{:,.0f}"),
               Column("KiB each", "kib"))

    def __init__(self, settings):
        self.settings = settings
        self.title = f"{settings.held_connections:,} idle connections in one process"
        self.note = "Each has asked once; then all are asked again, in the order of their age."

    def measure(self, stage, name):
        wanted = self.settings.held_connections
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard != resource.RLIM_INFINITY and hard < wanted + SPARE:
            raise harness.Failed(f"a process may have {hard} descriptors here, {wanted} connections need more")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        proxy = stage.fresh(name, "held", connections=wanted + SPARE // 2)
        held = []
        try:
            program, address = proxy.doors["http"]
            before = usage.private_kib(program.pid)
            for _ in range(wanted):
                held.append(connect(address))
                if not asked(held[-1]):
                    raise harness.Failed(f"connection {len(held)} has no answer")
            grown = usage.private_kib(program.pid) - before
            answering = sum(asked(connection) for connection in held)
        finally:
            for connection in held:
                connection.close()
            proxy.stop()
        return {"held": len(held), "answering": answering, "kib": grown / wanted}


def asked(connection):
    try:
        connection.sendall(HTTP1)
        return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
