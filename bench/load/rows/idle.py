"""Memory of the proxy for each connection that has asked once and stays. Standard library only."""
import usage
from client import HTTP1, HTTP2, connect
from rows.row import Column, Row

FIRST = 50  # pools and tables of the first ones are not counted


KINDS = {"http1": ("http", None, HTTP1, "HTTP/1.1", ("nginx", "haproxy", "envoy", "sluice")),
         "tls": ("https", "http/1.1", HTTP1, "TLS, HTTP/1.1", ("nginx", "haproxy", "nghttpx", "envoy", "sluice")),
         "tls_h2": ("https", "h2", HTTP2, "TLS, HTTP/2", ("nginx", "haproxy", "nghttpx", "envoy", "sluice"))}


class Idle(Row):
    once, figure = True, "kib"
    traffic = None
    columns = (Column("KiB per connection", "kib"), Column("process at rest, MiB", "base_mib"))

    def __init__(self, settings, kind):
        self.settings, self.kind = settings, kind
        self.door, self.protocol, self.request, words, self.names = KINDS[kind]
        self.name = f"idle_{kind}"
        self.title = f"memory per idle connection: {words}"
        self.note = f"Private memory of a process that has done nothing else, {settings.idle_connections:,} connections."

    def measure(self, stage, name):
        proxy = stage.fresh(name, f"idle-{self.kind}")
        held = []
        try:
            program, address = proxy.doors[self.door]
            base = usage.private_kib(program.pid)
            held += [asked(address, self.protocol, self.request) for _ in range(FIRST)]
            before = usage.private_kib(program.pid)
            held += [asked(address, self.protocol, self.request) for _ in range(self.settings.idle_connections)]
            grown = usage.private_kib(program.pid) - before
        finally:
            for connection in held:
                connection.close()
            proxy.stop()
        return {"kib": grown / self.settings.idle_connections, "base_mib": base / 1024}


def asked(address, protocol, request):
    """A connection that has had one answer."""
    connection = connect(address, protocol)
    connection.sendall(request)
    connection.recv(65536)
    return connection
