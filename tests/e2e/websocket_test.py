"""Requests for another protocol through the real gateway: WebSocket with the library that Python people use on both
ends, extended CONNECT with python3-h2 and, towards models, nghttpx; tunnels of bytes with half-close.
"""
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import threading
import time
import unittest

import rig

try:
    import websockets
    from websockets.frames import OP_CLOSE, OP_TEXT, Frame
except ImportError:
    websockets = None

KEY = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
ASK = ["connection: Upgrade", "upgrade: websocket", KEY, "sec-websocket-version: 13"]
AGREE = ("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
         "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
TWO = ("  - match: [{headers: {x-model: {exact: canary}}}]\n    route: [{destination: {host: model, subset: v1}}]\n"
       "  - route: [{destination: {host: model, subset: v0}}]\n    timeout: 1s\n")


class EchoServer:
    """The `websockets` library's server in a thread; says `name` first and then what it hears."""

    def __init__(self, name):
        self.name, self.closed_with = name, []
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self._run, args=(started,), daemon=True).start()
        started.wait(20)

    def _run(self, started):
        async def serve():
            async with websockets.serve(self._echo, "127.0.0.1", 0, max_size=1 << 24) as server:
                self.port = server.sockets[0].getsockname()[1]
                self.end = self.loop.create_future()
                started.set()
                await self.end
        self.loop.run_until_complete(serve())

    async def _echo(self, connection):
        await connection.send(self.name)
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in connection:
                await connection.send(message)
        self.closed_with.append(connection.close_code)

    def stop(self):
        self.loop.call_soon_threadsafe(self.end.set_result, None)


@unittest.skipUnless(websockets, "no python3-websockets is installed")
class WebSocket(rig.RigTest):
    """What a browser's code would do, over every pairing of versions."""

    def setUp(self):
        super().setUp()
        self.servers = [EchoServer("v0"), EchoServer("v1")]
        for server in self.servers:
            self.addCleanup(server.stop)

    def front_with_http2(self):
        """nghttpx before each echo server: a model that speaks HTTP/2 with extended CONNECT."""
        ports = []
        for server in self.servers:
            port = rig.harness.free_port()
            program = self.programs.start(f"nghttpx-{port}", [
                shutil.which("nghttpx"), "--single-process", "--workers=1", "--conf=/dev/null", "--accesslog-file=/dev/null",
                f"--frontend=127.0.0.1,{port};no-tls", f"--backend=127.0.0.1,{server.port}"])
            rig.harness.wait_for_port(f"127.0.0.1:{port}", program)
            ports.append(port)
        return ports

    def start(self, ports, *flags, more=""):
        return self.gateway(rig.rules(ports, TWO) + rig.settings("accessLog: {path: " + str(self.directory / "log") + "}",
                                                                 *more), *flags)

    def talk(self, gateway, **fields):
        """A whole conversation with the library as the client; the name of the model."""
        async def run():
            host, port = gateway.http.rsplit(":", 1)
            async with websockets.connect("ws://model/chat", host=host, port=int(port), max_size=1 << 24, compression=None,
                                          extra_headers=fields) as connection:
                name = await connection.recv()
                for message in ("hello", "grüße", b"\0\1" * 5, "", "x" * (1 << 20)):
                    await connection.send(message)
                    self.assertEqual(await connection.recv(), message)
                await asyncio.wait_for(await connection.ping(), 20)
                await connection.close(4001, "enough")
                return name
        return asyncio.run(run())

    def check(self, gateway):
        self.assertEqual(self.talk(gateway), "v0")
        self.assertEqual(self.talk(gateway, **{"x-model": "canary"}), "v1")
        self.told(gateway, 2)

    def told(self, gateway, count):
        """Metrics, access log and what the models saw of `count` conversations that ended with 4001."""
        self.wait_metric(gateway, count, "istio_requests_total", response_code="101")
        self.assertEqual(gateway.metric("envoy_http_downstream_cx_upgrades_total"), count)
        self.assertEqual(gateway.metric("envoy_http_downstream_cx_upgrades_active"), 0)
        self.assertEqual(gateway.metric("istio_requests_total", response_code="101", destination_version="v1"), 1)
        lines = rig.until(lambda: [json.loads(line) for line in (self.directory / "log").read_text().splitlines()
                                   if line.endswith("}")][count - 1:] and
                          [json.loads(line) for line in (self.directory / "log").read_text().splitlines()], "the log")
        self.assertEqual({(line["response_code"], line["response_flags"]) for line in lines}, {(101, "-")})
        self.assertGreater(lines[0]["bytes_received"], 1 << 20)
        self.assertGreater(lines[0]["bytes_sent"], 1 << 20)
        rig.until(lambda: [code for server in self.servers for code in server.closed_with] == [4001] * count, "the closes")

    def test_client_1_model_1(self):
        self.check(self.start([server.port for server in self.servers]))

    @unittest.skipUnless(shutil.which("nghttpx"), "no nghttpx is installed")
    def test_client_1_model_2(self):
        with rig_model(2):
            self.check(self.start(self.front_with_http2()))

    def test_client_2_model_1(self):
        self.over_http2(self.start([server.port for server in self.servers]))

    @unittest.skipUnless(shutil.which("nghttpx"), "no nghttpx is installed")
    def test_client_2_model_2(self):
        with rig_model(2):
            self.over_http2(self.start(self.front_with_http2()))

    def over_http2(self, gateway):
        """Two conversations at once on one connection, by frames of our own making."""
        host, port = gateway.http.rsplit(":", 1)
        peer = rig.http2().Peer(socket.create_connection((host, int(port)), 20), client_side=True)
        self.addCleanup(peer.close)
        pseudo = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", "model"),
                  (":path", "/chat"), ("sec-websocket-version", "13")]
        calls = [peer.open(pseudo, False), peer.open(pseudo + [("x-model", "canary")], False)]
        for call, name in zip(calls, ("v0", "v1")):
            call.wait(lambda call=call: call.heads or call.over)
            self.assertIn((":status", "200"), call.heads[0])
            self.assertEqual(read_frame(call), (OP_TEXT, name.encode()))
        for message in (b"hello", b"x" * (1 << 20)):
            for call in calls:
                threading.Thread(target=peer.send_body, args=(call, Frame(OP_TEXT, message).serialize(mask=True), False),
                                 daemon=True).start()
            for call in calls:
                self.assertEqual(read_frame(call), (OP_TEXT, message))
        for call in calls:
            peer.send_body(call, Frame(OP_CLOSE, (4001).to_bytes(2, "big")).serialize(mask=True), False)
            self.assertEqual(read_frame(call), (OP_CLOSE, (4001).to_bytes(2, "big")))
            with contextlib.suppress(ConnectionResetError):  # nghttpx wants no more once it has ended its direction
                peer.send_body(call, b"", True)
            call.wait(lambda call=call: call.ended or call.over)
            self.assertTrue(call.ended)
        self.told(gateway, 2)

    def test_a_drain_lets_a_conversation_go_on_until_its_time_is_over(self):
        gateway = self.start([server.port for server in self.servers], more=["timeouts: {drain: 2s}"])

        async def run():
            host, port = gateway.http.rsplit(":", 1)
            async with websockets.connect("ws://model/", host=host, port=int(port)) as connection:
                self.assertEqual(await connection.recv(), "v0")
                os.kill(gateway.pid, signal.SIGTERM)
                for i in range(10):
                    await connection.send(str(i))
                    self.assertEqual(await connection.recv(), str(i))
                with self.assertRaises(websockets.ConnectionClosed):
                    await asyncio.wait_for(connection.recv(), 20)
        asyncio.run(run())
        rig.until(lambda: gateway.program.process.poll() is not None, "the end")
        self.assertEqual(gateway.program.process.returncode, 0)


@contextlib.contextmanager
def rig_model(version):
    """The rules of this block say that the models speak that version."""
    before, rig.MODEL = rig.MODEL, version
    try:
        yield
    finally:
        rig.MODEL = before


def read_frame(call):
    """(opcode, payload) of the next frame of a WebSocket's server."""
    first, second = call.read_exactly(2)
    size = second & 0x7f
    if size > 125:
        size = int.from_bytes(call.read_exactly(2 if size == 126 else 8), "big")
    return first & 0x0f, call.read_exactly(size)


class Tunnel(rig.RigTest):
    """Bytes both ways, seen from raw sockets."""

    def open(self, script, more=(), rules=rig.PLAIN):
        """A gateway before a model whose script begins when it has agreed, and a client to whom it was told."""
        self.agreed = []

        def serve(connection):
            connection.read_head()
            connection.send(AGREE)
            script(connection)
        gateway = self.gateway(rig.rules([self.model(serve).port], rules) + (rig.settings(*more) if more else ""))
        client = gateway.client()
        self.addCleanup(client.close)
        client.send("\r\n".join(["GET /chat HTTP/1.1", "host: model", *ASK]) + "\r\n\r\n")
        status, _, fields = client.head()
        self.assertEqual(status, 101)
        self.assertIn(("upgrade", "websocket"), fields)
        return gateway, client

    def test_a_client_that_has_ended_still_hears_everything(self):
        heard = []

        def script(connection):
            heard.append(connection.read_to_end())
            connection.send(b"y" * 3_000_000)
        _, client = self.open(script)
        client.send(b"x" * 2_000_000)
        client.socket.shutdown(socket.SHUT_WR)

        self.assertEqual(len(client.read_to_end()), 3_000_000)
        self.assertEqual([len(part) for part in heard], [2_000_000])

    def test_a_model_that_has_ended_still_hears_everything(self):
        heard, done = [], threading.Event()

        def script(connection):
            connection.send(b"y" * 3_000_000)
            connection.socket.shutdown(socket.SHUT_WR)
            heard.append(connection.read_to_end())
            done.set()
        _, client = self.open(script)
        self.assertEqual(len(client.read_to_end()), 3_000_000)
        client.send(b"x" * 2_000_000)
        client.socket.shutdown(socket.SHUT_WR)

        self.assertTrue(done.wait(20))
        self.assertEqual([len(part) for part in heard], [2_000_000])

    def test_a_reader_that_stands_still_costs_a_bounded_amount(self):
        sent = [0]

        def script(connection):
            connection.socket.settimeout(2)
            with contextlib.suppress(TimeoutError):
                while sent[0] < 1 << 28:
                    sent[0] += connection.socket.send(b"y" * 65536)
            self.stalled.set()
        self.stalled = threading.Event()
        gateway, client = self.open(script)
        before = gateway.rss_kib()

        self.assertTrue(self.stalled.wait(60))
        self.assertLess(sent[0], 1 << 26, "the kernel's buffers, and not a quarter of a GiB")
        if not rig.SANITIZED:
            self.assertLess(gateway.rss_kib() - before, 4096)
        client.close()

    def test_a_reset_on_either_side_reaches_the_other(self):
        lost = threading.Event()

        def script(connection):
            with contextlib.suppress(OSError):
                connection.read_to_end()
            lost.set()
        gateway, client = self.open(script)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()
        self.assertTrue(lost.wait(20))
        self.wait_metric(gateway, 0, "envoy_http_downstream_cx_upgrades_active")

        _, client = self.open(lambda connection: connection.reset())
        self.assertTrue(client.closed())

    def test_a_reset_after_the_end_of_one_direction_reaches_the_other(self):
        ended, tested = threading.Event(), threading.Event()

        def script(connection):
            connection.read_to_end()
            ended.set()
            tested.wait(20)  # our direction stays open
        self.addCleanup(tested.set)
        gateway, client = self.open(script)
        client.socket.shutdown(socket.SHUT_WR)
        self.assertTrue(ended.wait(20))
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()

        self.wait_metric(gateway, 0, "envoy_http_downstream_cx_upgrades_active")

    def test_idle_tunnels_end_and_busy_ones_do_not(self):
        def script(connection):
            with contextlib.suppress(EOFError):
                while True:
                    connection.send(connection.read_exactly(1))
        gateway, client = self.open(script, more=["timeouts: {streamIdle: 1s}"],
                                    rules=rig.PLAIN + "    timeout: 500ms\n")
        end = time.monotonic() + 2.5  # five times the route's time-out
        while time.monotonic() < end:
            client.send(b"x")
            self.assertEqual(client.read_exactly(1), b"x")

        self.assertTrue(client.closed())
        self.wait_metric(gateway, 1, "envoy_http_downstream_rq_idle_timeout")


class Refusals(rig.RigTest):
    def setUp(self):
        super().setUp()
        self.answer = AGREE
        self.heard = []

        def serve(connection):
            connection.read_head()
            connection.send(self.answer)
            self.heard.append(connection.read_to_end())
        self.upstream = self.model(serve)
        self.gateway_ = self.gateway(rig.rules([self.upstream.port], rig.PLAIN))

    def ask(self, *fields, method="GET", behind=""):
        with self.gateway_.client() as client:
            client.send("\r\n".join([f"{method} /chat HTTP/1.1", "host: model", *fields]) + "\r\n\r\n" + behind)
            answer = client.answer()
            self.assertTrue(client.closed())
            return answer

    def test_protocols_that_are_not_allowed(self):
        answer = self.ask("connection: upgrade", "upgrade: foo", behind="GET /evil HTTP/1.1\r\nhost: model\r\n\r\n")
        self.assertEqual(answer.status, 403)
        self.assertIn("not allowed", answer.json()["detail"])
        self.assertEqual(self.upstream.requests, [])

    def test_handshakes_that_cannot_be(self):
        for case in (("POST", *ASK), ("GET", *ASK[:2]), ("GET", *ASK, "content-length: 5")):
            with self.subTest(case):
                self.assertEqual(self.ask(*case[1:], method=case[0]).status, 400)
        self.assertEqual(self.upstream.requests, [])

    def test_agreements_that_are_none(self):
        for answer in (AGREE.replace("s3pPLM", "AAAAAA"), AGREE.replace("upgrade: websocket", "upgrade: foo"),
                       AGREE.replace("connection: Upgrade\r\n", "")):
            with self.subTest(answer):
                self.answer = answer
                refused = self.ask(*ASK)
                self.assertEqual((refused.status, refused.json()["flags"]), (502, "UPE"))

    def test_a_model_that_declines_never_sees_what_came_behind(self):
        self.answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno"
        answer = self.ask(*ASK, behind="GET /evil HTTP/1.1\r\nhost: model\r\n\r\n")
        self.assertEqual((answer.status, answer.body), (404, b"no"))
        rig.until(lambda: self.heard, "the model's end")
        self.assertEqual(self.heard, [b""])
        self.assertEqual(len(self.upstream.requests), 1)


if __name__ == "__main__":
    unittest.main()
