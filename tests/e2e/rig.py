"""What end-to-end scripts are made of: the built gateway on rules of the test, stub models, model servers that a test
scripts byte by byte, and a client that sees bytes. Real processes and sockets, ports that were asked for, no sleeping:
a test waits for an event (`until`). Standard library only.
"""
import contextlib
import http.client
import importlib
import json
import os
import pathlib
import re
import socket
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import harness  # noqa: E402

BIN = os.environ.get("SLUICE_BIN", str(ROOT / "build/release/sluice"))
STUB = os.environ.get("SLUICE_STUB", str(ROOT / "build/release/bench/sluice-stub"))
BENCH = os.environ.get("SLUICE_BENCH_BIN", str(ROOT / "build/release/bench/sluice-bench"))
# Sanitized builds are slower and need more memory: tests of bounds ask for this.
SANITIZED = os.environ.get("SLUICE_SANITIZED", "")  # "address,undefined", "thread" or nothing
# The major versions that the client and the models speak in this run: 1-1, 1-2, 2-1 or 2-2.
PAIRING = os.environ.get("SLUICE_PAIRING", "1-1")
CLIENT, MODEL = (int(version) for version in PAIRING.split("-"))

http1_client = unittest.skipIf(CLIENT == 2, "about clients that speak HTTP/1.1")
http1_model = unittest.skipIf(MODEL == 2, "about models that speak HTTP/1.1")
first_pairing = unittest.skipIf(PAIRING != "1-1", "the same in every pairing")


def until(condition, what, seconds=20.0):
    """Polls until `condition()` is true and returns its value; AssertionError after a while of real time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        threading.Event().wait(0.005)


def http2():
    """The module that speaks HTTP/2, loaded when it is needed: it needs python3-h2."""
    return importlib.import_module("http2")


class Answer:
    """A response as it came off the wire."""

    def __init__(self, status, reason, headers, body):
        self.status = status
        self.reason = reason
        self.headers = headers  # [(lower-case name, value)]
        self.body = body

    def header(self, name):
        """The first value of that name, or None."""
        return next((value for have, value in self.headers if have == name), None)

    def json(self):
        return json.loads(self.body)


class Client:
    """A connection that sends what it is told, byte by byte if need be, and reads answers strictly enough to notice a
    wrong frame."""

    def __init__(self, address, timeout=20.0):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def request(self, method="GET", path="/predict", host="model", headers=(), body=None):
        """Sends one request, framed by its length, and reads the answer."""
        head = [f"{method} {path} HTTP/1.1", f"host: {host}", *headers]
        if body is not None:
            head.append(f"content-length: {len(body)}")
        self.send("\r\n".join(head) + "\r\n\r\n")
        if body:
            self.send(body)
        return self.answer(method)

    def _more(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def read_until(self, mark):
        while mark not in self.buffer:
            if not self._more():
                raise EOFError(f"closed before {mark!r}; got {self.buffer[:200]!r}")
        part, self.buffer = self.buffer.split(mark, 1)
        return part

    def read_exactly(self, size):
        while len(self.buffer) < size:
            if not self._more():
                raise EOFError(f"closed after {len(self.buffer)} of {size} bytes")
        part, self.buffer = self.buffer[:size], self.buffer[size:]
        return part

    def read_to_end(self):
        with contextlib.suppress(ConnectionResetError):
            while self._more():
                pass
        part, self.buffer = self.buffer, b""
        return part

    def head(self):
        """(status, reason, headers) of the next head, interim ones included."""
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) ?(.*)", lines[0])
        if not match:
            raise AssertionError(f"no status line: {lines[0]!r}")
        fields = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise AssertionError(f"no field: {line!r}")
            fields.append((name.lower(), value.strip()))
        return int(match.group(1)), match.group(2), fields

    def answer(self, method="GET"):
        """The next final answer with its whole body; interim ones are skipped."""
        status, reason, fields = self.head()
        while status < 200:
            status, reason, fields = self.head()
        have = dict(fields)
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif have.get("transfer-encoding") == "chunked":
            body = self.chunks()
        elif "content-length" in have:
            body = self.read_exactly(int(have["content-length"]))
        else:
            body = self.read_to_end()
        return Answer(status, reason, fields, body)

    def chunks(self):
        body = b""
        while True:
            size = int(self.read_until(b"\r\n"), 16)
            if size == 0:
                self.trailers = []
                while line := self.read_until(b"\r\n"):
                    self.trailers.append(line.decode("latin-1"))
                return body
            body += self.read_exactly(size)
            if self.read_exactly(2) != b"\r\n":
                raise AssertionError("a chunk does not end where it says")

    def closed(self):
        """Waits for the peer's end; whatever still comes is an error."""
        rest = self.read_to_end()
        if rest:
            raise AssertionError(f"bytes after the end: {rest[:200]!r}")
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ScriptedModel:
    """A model server whose every connection runs `script(connection)` in a thread of its own; `connection` is a
    ServerConnection. Remembers what it saw."""

    def __init__(self, script, version=MODEL):
        self.script = script
        self.version = version  # of HTTP
        self.connections = []
        self.errors = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            connection = (ServerConnection(peer) if self.version == 1 else
                          http2().H2ServerConnection(peer, self.script, self.errors))
            self.connections.append(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            self.script(connection) if self.version == 1 else connection.run()
        except (EOFError, OSError):
            pass  # the gateway ended the connection: the test asserts on what it saw
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)
        finally:
            connection.ended.set()
            connection.socket.close()

    @property
    def requests(self):
        return [request for connection in list(self.connections) for request in list(connection.requests)]

    def stop(self):
        self.listener.close()
        self.hang_up()

    def hang_up(self):
        """Ends every connection there is."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)


class ServerConnection(Client):
    """The model's end of a connection."""

    def __init__(self, peer):  # pylint: disable=super-init-not-called
        self.socket = peer
        self.socket.settimeout(20.0)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.requests = []
        self.ended = threading.Event()

    def read_head(self):
        """The next request's head: {"line", "headers": [(name, value)], "body": b"", "over": an event that is set when
        the gateway has given the exchange up, or the connection has ended}."""
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        request = {"line": lines[0], "headers": fields, "body": b"", "over": self.ended}
        self.requests.append(request)
        return request

    def read_request(self):
        """The next request with its whole body; None when the gateway closed in between."""
        if not self.buffer and not self._more():
            return None
        request = self.read_head()
        self.read_body(request)
        return request

    def read_body(self, request):
        """Reads the body of a request whose head was read."""
        have = dict(request["headers"])
        if have.get("transfer-encoding") == "chunked":
            request["body"] = self.chunks()
            request["trailers"] = self.trailers
        elif "content-length" in have:
            request["body"] = self.read_exactly(int(have["content-length"]))
        return request["body"]

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()


def answering(body=b"ok", status="200 OK", headers=()):
    """A script that answers every request alike."""
    def script(connection):
        while connection.read_request():
            head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
            connection.send(("\r\n".join(head) + "\r\n\r\n").encode() + body)
    return script


class Gateway:
    """A running sluice."""

    def __init__(self, programs, directory, rules, flags, prefix, listeners=("http", "admin", "health", "metrics"),
                 admin="127.0.0.1:0"):
        self.rules = directory / "rules.yaml"
        self.write_rules(rules)
        number = len(programs.running)
        self.program = programs.start(f"sluice-{number}", [
            *prefix, BIN, "run", "-c", self.rules, "--http-port", "0", "--admin", admin, "--health", "127.0.0.1:0",
            "--metrics", "127.0.0.1:0", *flags])
        self.program.wait_for(listeners, 30)
        at = {name: address.replace("0.0.0.0", "127.0.0.1") for name, address in self.program.listeners.items()}
        self.http, self.admin, self.health, self.metrics_at = (  # a Gateway's ports take the place of `http`
            at.get(name) for name in ("http", "admin", "health", "metrics"))

    def write_rules(self, text):
        """Puts rules in place, which say that the models speak what they do in this run."""
        self.rules.write_text(re.sub(r"\bprotocol: HTTP\b", "protocol: HTTP2" if MODEL == 2 else "protocol: HTTP", text))

    @property
    def pid(self):
        return self.program.pid

    def client(self, **options):
        return (Client if CLIENT == 1 else http2().H2Client)(self.http, **options)

    def get(self, path="/predict", host="model", headers=(), method="GET", body=None):
        """One request on a connection of its own."""
        with self.client() as client:
            return client.request(method, path, host, headers, body)

    def metric(self, name, **labels):
        """The sum of all series of that name with those labels."""
        samples = harness.samples(harness.get(self.metrics_at, "/stats/prometheus"))
        return sum(value for have, got, value in samples
                   if have == name and all(got.get(k) == v for k, v in labels.items()))

    def admin_request(self, method, path):
        """(status, body) of the admin port."""
        connection = http.client.HTTPConnection(self.admin, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def config_dump(self):
        return json.loads(self.admin_request("GET", "/config_dump")[1])

    def rss_kib(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def log(self):
        return self.program.log.read_text(errors="replace")


class RigTest(unittest.TestCase):
    """A test case with a directory, programs that end with it, and scripted models."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sluice-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.programs = harness.Programs(self.directory)
        self.addCleanup(self.programs.__exit__)

    def model(self, script=None):
        """A scripted model server; its `port` goes into the rules."""
        model = ScriptedModel(script or answering())
        self.addCleanup(model.stop)
        self.addCleanup(lambda: self.assertEqual(model.errors, []))
        return model

    def stub(self, version, *flags):
        """A sluice-stub; (program, port)."""
        program = self.programs.start(f"stub-{version}-{len(self.programs.running)}",
                                      [STUB, "--version", version, *flags]).wait_for(["http"])
        return program, int(program.listeners["http"].rsplit(":", 1)[1])

    def gateway(self, rules, *flags, prefix=(), **more):
        return Gateway(self.programs, self.directory, rules, [str(flag) for flag in flags], prefix, **more)

    def wait_metric(self, gateway, expected, name, **labels):
        """Metrics are published at the end of a request or once a second: waits until the sum is `expected`."""
        return until(lambda: gateway.metric(name, **labels) == expected,
                     f"{name}{labels} == {expected}, have {gateway.metric(name, **labels)}")


def rules(ports, http, policy="", host="model", more=""):
    """A service `host` with one endpoint per port, subsets v0, v1, ... in that order, these http rules (YAML list
    items, two blanks in), this trafficPolicy block of the DestinationRule and more documents."""
    endpoints = "".join(f"  - {{address: 127.0.0.1, ports: {{http: {port}}}, labels: {{version: v{i}}}}}\n"
                        for i, port in enumerate(ports))
    subsets = "".join(f"  - {{name: v{i}, labels: {{version: v{i}}}}}\n" for i in range(len(ports)))
    return (f"apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: {host}}}\nspec:\n"
            f"  hosts: [{host}]\n  ports: [{{number: 80, name: http, protocol: HTTP}}]\n  resolution: STATIC\n"
            f"  endpoints:\n{endpoints}---\n"
            f"apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: {host}}}\nspec:\n"
            f"  host: {host}\n{policy}  subsets:\n{subsets}---\n"
            f"apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {host}}}\nspec:\n"
            f"  hosts: [{host}]\n  http:\n{http}{more}")


def settings(*lines):
    """A GatewaySettings document to be appended to the rules: lines of its spec, or the spec as one flow map."""
    return ("---\napiVersion: sluice.dev/v1alpha1\nkind: GatewaySettings\nmetadata: {name: settings}\nspec:\n" +
            "".join(f"  {line}\n" for line in lines))


PLAIN = "  - route: [{destination: {host: model, subset: v0}}]\n    retries: {attempts: 0}\n"
