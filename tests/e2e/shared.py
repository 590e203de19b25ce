"""What tests of decisions share: one gateway for a whole test case, a model that does what a request asks for, the
access log, and the checks that hold after every fault."""
import contextlib
import json
import pathlib
import socket
import tempfile
import unittest

import rig
from load import Load
from rig import harness, until


def acting(connection, name="model"):
    """A script that follows the request's `x-act`: a comma list, one act per try (x-envoy-attempt-count), the last one
    for all further tries. A number is a status; `hang` never answers; `close`, `reset`, `garbage`, `half`, `stall` and
    `half-head` end as they are called; `grpc-N` is a trailers-only answer; `ratelimited` is a 429 that says so. The
    body of an answer is JSON: what the model received."""
    while request := connection.read_request():
        have = dict(request["headers"])
        acts = have.get("x-act", "200").split(",")
        act = acts[min(int(have.get("x-envoy-attempt-count", "1")), len(acts)) - 1]
        body = json.dumps({"model": name, "line": request["line"], "headers": request["headers"],
                           "body": request["body"].decode("latin-1")}).encode()
        if act == "hang":
            connection.read_to_end()
            return
        if act == "reset":
            return connection.reset()
        if act == "close":
            return
        if act == "garbage":
            connection.send(b"\0\1\2 this is no HTTP\r\n\r\n")
            return
        if act == "half-head":
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-le")
            return
        if act in ("half", "stall"):
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
            if act == "stall":
                connection.read_to_end()
            return
        more = b""
        if act.startswith("grpc-"):
            more, body, act = b"content-type: application/grpc\r\ngrpc-status: %d\r\n" % int(act[5:]), b"", "200"
        if act == "ratelimited":
            more, act = b"x-envoy-ratelimited: true\r\n", "429"
        connection.send(b"HTTP/1.1 %d Said\r\nx-model-version: %s\r\n%scontent-length: %d\r\n\r\n%s"
                        % (int(act), name.encode(), more, len(body), body))


def named(name):
    """The acting script of a model that says who it is."""
    return lambda connection: acting(connection, name)


def header(headers, name):
    """All values of that name among [(name, value)] pairs."""
    return [value for have, value in headers if have == name]


class SharedTest(unittest.TestCase):
    """A test case whose tests share what `arrange` starts."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="sluice-e2e-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.programs = harness.Programs(cls.directory)
        cls.addClassCleanup(cls.programs.__exit__)
        cls.log_path = cls.directory / "access.log"
        cls.models = []
        cls.arrange()

    @classmethod
    def arrange(cls):
        """Starts models and the gateway."""

    @classmethod
    def model(cls, script=acting):
        model = rig.ScriptedModel(script)
        cls.addClassCleanup(model.stop)
        cls.models.append(model)
        return model

    @classmethod
    def stub(cls, version, *flags):
        """The port of a sluice-stub."""
        program = cls.programs.start(f"stub-{version}-{len(cls.programs.running)}",
                                     [rig.STUB, "--version", version, *flags]).wait_for(["http"])
        return int(program.listeners["http"].rsplit(":", 1)[1])

    @classmethod
    def closed_port(cls):
        """A port that refuses connections for as long as the test runs: bound, not listening."""
        holder = socket.socket()
        holder.bind(("127.0.0.1", 0))
        cls.addClassCleanup(holder.close)
        return holder.getsockname()[1]

    @classmethod
    def full_port(cls):
        """A port whose backlog is full: a connection attempt gets no answer at all."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        cls.addClassCleanup(listener.close)
        for _ in range(3):  # the kernel keeps one more than asked for, and drops the handshakes of the rest
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listener.getsockname())
            cls.addClassCleanup(filler.close)
        return listener.getsockname()[1]

    @classmethod
    def start(cls, rules, *flags, more_settings="workers: 1"):
        """The gateway of this case, with its access log on."""
        spec = f"{{accessLog: {{path: {cls.log_path}}}, {more_settings}}}"
        cls.gateway = rig.Gateway(cls.programs, cls.directory, rules + rig.settings(spec),
                                  [str(flag) for flag in flags], ())
        return cls.gateway

    def tearDown(self):
        for model in self.models:
            self.assertEqual(model.errors, [])

    # --- what was seen ---------------------------------------------------------------------------------------------

    def get(self, path="/predict", host="model", headers=(), **more):
        return self.gateway.get(path, host, headers, **more)

    def tries(self, path):
        """The requests for that path that models received, with the model that did, in the order of the tries."""
        seen = [(model, request) for model in self.models for request in model.requests
                if request["line"].split(" ")[1] == path]
        return sorted(seen, key=lambda pair: header(pair[1]["headers"], "x-envoy-attempt-count"))

    def lines(self):
        if not self.log_path.exists():
            return []
        return [json.loads(line) for line in self.log_path.read_text().split("\n")[:-1]]

    def line(self, path):
        """The access log's line of the request for that path; the log is written behind the answers."""
        return until(lambda: [line for line in self.lines() if line["path"] == path], f"a log line for {path}")[0]

    def wait_metric(self, expected, name, **labels):
        """Metrics are published at the end of a request or once a second: waits until the sum is `expected`."""
        return until(lambda: self.gateway.metric(name, **labels) == expected,
                     f"{name}{labels} == {expected}, have {self.gateway.metric(name, **labels)}")

    def assert_quiet(self):
        """Nothing is left over of any request: what every fault has to leave behind."""
        for gauge in ("envoy_cluster_upstream_rq_active", "envoy_cluster_upstream_rq_pending_active",
                      "envoy_http_downstream_rq_active"):
            until(lambda g=gauge: self.gateway.metric(g) == 0, f"{gauge} back to 0")

    def load(self, host, *args, path="/predict"):
        """A whole run; its report."""
        return Load(self, self.gateway, *args, path=path, host=host).report()
