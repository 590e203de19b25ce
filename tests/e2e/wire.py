"""What tests of the wire share: one gateway per test case class in front of one model server whose next answer each
test scripts, and the check that nothing is left over when a test has ended."""
import pathlib
import tempfile
import unittest

import rig

# What must be zero when no request is under way: a fault that leaks shows here.
GAUGES = ("envoy_http_downstream_cx_active", "envoy_http_downstream_rq_active", "envoy_cluster_upstream_rq_active",
          "envoy_cluster_upstream_rq_pending_active", "envoy_cluster_upstream_cx_active")


def text(status="200 OK", *headers, body=b""):
    """A whole answer, framed by its length."""
    return ("\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]) + "\r\n\r\n").encode() + body


def hello(connection, request):
    """Reads the request and answers it."""
    connection.read_body(request)
    connection.send(text(body=b"hello"))


class WireTest(unittest.TestCase):
    """`self.answer_with(handler)` scripts the model: `handler(connection, request)` is called with each request's head
    read and its body not, and returns True to have the connection closed. `self.seen` are the requests of this test."""

    RULES = staticmethod(lambda ports: rig.rules(ports, rig.PLAIN))
    FLAGS = ("--workers", "1")

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="sluice-e2e-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.programs = rig.harness.Programs(cls.directory)
        cls.addClassCleanup(cls.programs.__exit__)
        cls.handler = staticmethod(hello)
        cls.seen = []
        cls.model = rig.ScriptedModel(cls._serve)
        cls.addClassCleanup(cls.model.stop)
        cls.gateway = rig.Gateway(cls.programs, cls.directory, cls.RULES([cls.model.port]), cls.FLAGS, ())

    @classmethod
    def _serve(cls, connection):
        while True:
            request = connection.read_head()
            cls.seen.append(request)
            if cls.handler(connection, request):
                return

    def setUp(self):
        type(self).seen = []
        self.answer_with(hello)
        self.addCleanup(self.assert_quiet)  # runs last

    def assert_quiet(self):
        """Nothing of this test is left in the gateway, and the next one begins with an empty pool."""
        self.assertEqual(self.model.errors, [])

        def quiet(gauge):
            self.model.hang_up()  # again and again: a connection may be on its way still
            return self.gateway.metric(gauge) == 0
        for gauge in GAUGES:
            rig.until(lambda name=gauge: quiet(name), f"{gauge} is 0")

    def answer_with(self, handler):
        """Takes a handler, or the bytes that answer every request once its body was read."""
        if isinstance(handler, bytes):
            answer = handler

            def handler(connection, request):
                connection.read_body(request)
                connection.send(answer)
        type(self).handler = staticmethod(handler)

    def assert_given_up(self):
        """The gateway has told the model that it wants nothing more of its request: by ending the connection, or the
        stream."""
        if rig.MODEL == 1:
            return self.assert_connections(0)
        return rig.until(lambda: all(request["over"].is_set() for request in self.seen), "the streams to be reset")

    def client(self):
        client = self.gateway.client()
        self.addCleanup(client.close)
        return client

    def flagged(self, flag):
        """How many requests ended with that response flag so far."""
        return self.gateway.metric("istio_requests_total", response_flags=flag)

    def assert_flag(self, flag, before, more=1):
        rig.until(lambda: self.flagged(flag) == before + more,
                  f"{more} more request with flag {flag}; have {self.flagged(flag) - before}")

    def wait_metric(self, expected, name, **labels):
        rig.until(lambda: self.gateway.metric(name, **labels) == expected,
                  f"{name}{labels} == {expected}; have {self.gateway.metric(name, **labels)}")

    def assert_connections(self, count):
        """Waits until the pool holds that many connections to the model."""
        rig.until(lambda: self.gateway.metric("envoy_cluster_upstream_cx_active") == count,
                  f"{count} connections to the model")
