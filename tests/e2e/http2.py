"""The rig's client and models over HTTP/2. A test says what it says in the text of HTTP/1.1, which here is notation only:
each request becomes a stream, each answer goes out in frames, and what comes back reads as before. Needs python3-h2.

A model's script runs once per stream, on a connection that has that one request. What ends a connection of HTTP/1.1 (a
script that returns in mid-answer, reset()) ends the whole HTTP/2 connection too.
"""
import contextlib
import socket
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

import rig

HOP = ("connection", "transfer-encoding", "keep-alive", "host")


class Call:
    """One stream, as its side of the wire has seen it so far."""

    def __init__(self, peer, number):
        self.peer, self.number = peer, number
        self.heads = []  # [(name, value)] each
        self.body = bytearray()
        self.trailers = []
        self.ended = False  # the other side has said everything
        self.reset = None  # the code it was reset with
        self.given_up = threading.Event()  # by the other side, or with the connection

    @property
    def over(self):
        return self.reset is not None or self.peer.gone

    def wait(self, condition, seconds=20.0):
        with self.peer.changed:
            if not self.peer.changed.wait_for(condition, seconds):
                raise TimeoutError(f"nothing within {seconds:.0f} s on stream {self.number}")

    def take(self, size):
        """Up to that many bytes of the body, which the other side may then send more of; EOFError when none comes."""
        self.wait(lambda: self.body or self.ended or self.over)
        with self.peer.changed:
            part = bytes(self.body[:size])
            del self.body[:size]
        if part:
            self.peer.consumed(self, len(part))
        return part

    def read_exactly(self, size):
        got = b""
        while len(got) < size:
            part = self.take(size - len(got))
            if not part:
                raise EOFError(f"ended after {len(got)} of {size} bytes")
            got += part
        return got

    def read_body(self):
        """All of it; EOFError when the stream breaks off."""
        got = self.read_rest()
        if not self.ended:
            raise EOFError(f"broken off after {len(got)} bytes with {self.reset}")
        return got

    def read_rest(self):
        got = b""
        while part := self.take(1 << 20):
            got += part
        return got


class Peer:
    """A connection in either role. A thread reads; whoever waits is told through `changed`."""

    def __init__(self, connected, client_side, on_call=None):
        self.socket = connected
        self.changed = threading.Condition()
        self.calls = {}
        self.gone = False
        self.goaway = None  # the event
        self.on_call = on_call
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=client_side, header_encoding="latin-1", validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(16 << 20)
        self.flush()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def flush(self):
        with self.changed:
            data = self.h2.data_to_send()
            if data:
                self.socket.sendall(data)

    def _read(self):
        try:
            while data := self.socket.recv(65536):
                with self.changed:
                    for event in self.h2.receive_data(data):
                        self._take(event)
                    with contextlib.suppress(OSError):
                        self.flush()
                    self.changed.notify_all()
        except (OSError, h2.exceptions.ProtocolError):
            with contextlib.suppress(OSError):
                self.flush()  # a GOAWAY says what was wrong
        with self.changed:
            self.gone = True
            for call in self.calls.values():
                call.given_up.set()
            self.changed.notify_all()

    def _take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            call = self.calls[event.stream_id] = Call(self, event.stream_id)
            call.heads.append(event.headers)
            threading.Thread(target=self.on_call, args=(call,), daemon=True).start()
            return
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event
        call = self.calls.get(getattr(event, "stream_id", None))
        if call is None:
            return
        if isinstance(event, (h2.events.ResponseReceived, h2.events.InformationalResponseReceived)):
            call.heads.append(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            call.body += event.data
            padding = event.flow_controlled_length - len(event.data)
            if padding:
                self.h2.acknowledge_received_data(padding, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            call.trailers = event.headers
        elif isinstance(event, h2.events.StreamEnded):
            call.ended = True
        elif isinstance(event, h2.events.StreamReset):
            call.reset = event.error_code
            call.given_up.set()

    def consumed(self, call, size):
        with self.changed, contextlib.suppress(h2.exceptions.ProtocolError, OSError):
            self.h2.acknowledge_received_data(size, call.number)
            self.flush()

    def open(self, fields, end):
        """A new stream of a client."""
        with self.changed:
            self.changed.wait_for(lambda: self.gone or
                                  self.h2.open_outbound_streams < self.h2.remote_settings.max_concurrent_streams, 20.0)
            call = Call(self, self.h2.get_next_available_stream_id())
            self.calls[call.number] = call
            self.send_head(call, fields, end)
        return call

    def send_head(self, call, fields, end):
        with self.changed, self.as_os_error():
            self.h2.send_headers(call.number, [(n.encode("latin-1"), v.encode("latin-1")) for n, v in fields], end)
            self.flush()

    def send_body(self, call, data, end):
        """All of it, as the other side makes room; OSError when it does not want it."""
        data = memoryview(data)
        while data or end:
            with self.changed, self.as_os_error():
                if data and not self.changed.wait_for(lambda: call.over or self._room(call) > 0, 20.0):
                    raise TimeoutError("no room to send")
                if call.over:
                    raise ConnectionResetError(f"stream {call.number}: {call.reset}")
                size = min(len(data), self._room(call)) if data else 0
                part, data = bytes(data[:size]), data[size:]
                last = end and not data
                self.h2.send_data(call.number, part, end_stream=last)
                self.flush()
                if last:
                    return

    def _room(self, call):
        return min(self.h2.local_flow_control_window(call.number), self.h2.max_outbound_frame_size)

    @contextlib.contextmanager
    def as_os_error(self):
        try:
            yield
        except h2.exceptions.ProtocolError as error:  # the stream or the connection is closed already
            raise ConnectionResetError(str(error)) from error

    def reset(self, call, code=h2.errors.ErrorCodes.CANCEL):
        with self.changed, self.as_os_error():
            self.h2.reset_stream(call.number, code)
            self.flush()

    def send_raw(self, data):
        with self.changed:
            self.socket.sendall(data)

    def close(self, hard=False):
        if hard:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        with contextlib.suppress(OSError):  # wakes the reader, whose recv() would hold the socket open
            self.socket.shutdown(socket.SHUT_RD if hard else socket.SHUT_RDWR)
        self.socket.close()


class Framer:
    """Turns the text of messages into calls of `target`: on_head(start line, fields, ends), on_data(bytes, ends) and
    on_trailers(fields)."""

    def __init__(self, target, bodiless):
        self.target, self.bodiless = target, bodiless
        self.buffer = b""
        self.left = None  # of a body framed by its length; None: at a head
        self.chunked = self.open_ended = False

    def feed(self, data):
        self.buffer += data
        while self._step():
            pass

    def _step(self):
        if self.open_ended:
            data, self.buffer = self.buffer, b""
            if data:
                self.target.on_data(data, False)
            return False
        if self.chunked:
            return self._chunk()
        if self.left is None:
            return self._head()
        part, self.buffer = self.buffer[:self.left], self.buffer[self.left:]
        if part:
            self.left -= len(part)
            ends, self.left = self.left == 0, self.left or None
            self.target.on_data(part, ends)
        return bool(part)

    def _head(self):
        if b"\r\n\r\n" not in self.buffer:
            return False
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        start, *lines = head.decode("latin-1").split("\r\n")
        fields = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        have = dict(fields)
        self.chunked = have.get("transfer-encoding") == "chunked"
        length = int(have.get("content-length", 0)) or None
        kind = self.bodiless(start, have)
        self.open_ended = kind == "open"
        if kind == "none":
            self.chunked, length = False, None
        self.left = length
        self.target.on_head(start, fields, not (self.chunked or length or self.open_ended))
        return True

    def _chunk(self):
        line, mark, rest = self.buffer.partition(b"\r\n")
        size = int(line.split(b";")[0], 16) if mark else 0
        if not mark or len(rest) < size + 2:
            return False
        if size:
            self.buffer = rest[size + 2:]
            self.target.on_data(rest[:size], False)
            return True
        lines, end, after = self.buffer[len(line):].partition(b"\r\n\r\n")
        if not end:
            return False
        self.buffer, self.chunked = after, False
        fields = [(n.lower(), v.strip()) for n, _, v in (text.partition(":")
                                                         for text in lines.decode("latin-1").split("\r\n") if text)]
        self.target.on_trailers(fields) if fields else self.target.on_data(b"", True)
        return True


class H2Client(rig.Client):
    """rig.Client over HTTP/2: requests may be sent one after the other, answers are read in that order."""

    def __init__(self, address, timeout=20.0):
        host, port = address.rsplit(":", 1)
        connected = socket.create_connection((host, int(port)), timeout)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.settimeout(None)
        self.peer = Peer(connected, client_side=True)
        self.socket = connected
        self.waiting = []  # calls whose answer was not read
        self.sending = None
        self.trailers = []
        self.framer = Framer(self, lambda start, have: "")

    # --- asking ----------------------------------------------------------------------------------------------------

    def send(self, data):
        self.framer.feed(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def on_head(self, start, fields, ends):
        method, path, _ = start.split(" ")
        authority = next((value for name, value in fields if name == "host"), "")
        pseudo = [(":method", method), (":scheme", "http"), (":authority", authority), (":path", path)]
        self.sending = self.peer.open(pseudo + [field for field in fields if field[0] not in HOP], ends)
        self.waiting.append(self.sending)

    def on_data(self, data, ends):
        try:
            self.peer.send_body(self.sending, data, ends)
        except ConnectionResetError:
            if self.sending.reset != h2.errors.ErrorCodes.NO_ERROR:
                raise  # otherwise it was answered early and the rest is not wanted: RFC 9113 section 8.1

    def on_trailers(self, fields):
        self.peer.send_head(self.sending, fields, True)

    def abandon(self):
        """What is missing of a request that was answered early will not be sent: the next one begins."""
        self.framer = Framer(self, lambda start, have: "")

    # --- reading ---------------------------------------------------------------------------------------------------

    def head(self):
        call = self.waiting[0]
        call.wait(lambda: call.heads or call.over)
        if not call.heads:
            raise EOFError(f"no answer on stream {call.number}: reset {call.reset}, {self.peer.goaway}")
        fields = call.heads.pop(0)
        status = next(int(value) for name, value in fields if name == ":status")
        return status, "", [(name, value) for name, value in fields if name != ":status"]

    def answer(self, method="GET"):
        status, reason, fields = self.head()
        while status < 200:
            status, reason, fields = self.head()
        call = self.waiting.pop(0)
        body = call.read_body()
        self.trailers = [f"{name}: {value}" for name, value in call.trailers]
        return rig.Answer(status, reason, fields, body)

    def read_exactly(self, size):
        return self.waiting[0].read_exactly(size)

    def read_to_end(self):
        return self.waiting[0].read_rest()

    def chunks(self):
        call = self.waiting.pop(0)
        body = call.read_body()
        self.trailers = [f"{name}: {value}" for name, value in call.trailers]
        return body

    def closed(self):
        with self.peer.changed:
            if not self.peer.changed.wait_for(lambda: self.peer.gone, 20.0):
                raise AssertionError("the connection is open")
        return True

    def close(self):
        self.peer.close()


class H2ServerConnection:
    """The model's end of a connection: remembers requests, starts the script for each."""

    def __init__(self, peer_socket, script, errors):
        self.socket = peer_socket
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.script, self.errors = script, errors
        self.requests = []
        self.ended = threading.Event()
        self.peer = None

    def run(self):
        """Until the connection has ended."""
        with contextlib.suppress(OSError):
            self.peer = Peer(self.socket, client_side=False, on_call=self._serve)
            self.peer.reader.join()

    def _serve(self, call):
        exchange = H2Exchange(self, call)
        with contextlib.suppress(EOFError, OSError, TimeoutError):  # the gateway ended it: the test asserts on what it saw
            try:
                self.script(exchange)
                exchange.finish()
            except (EOFError, OSError):
                if not exchange.answered and not call.over:
                    self.peer.close()
                raise
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(error)


class H2Exchange:
    """What a script takes for a rig.ServerConnection with one request."""

    def __init__(self, connection, call):
        self.connection, self.call = connection, call
        self.requests = connection.requests
        self.ended = connection.ended
        self.socket = self
        self.request = None
        self.answered = False  # all of it
        self.framer = Framer(self, self._body_kind)
        self.trailers = []

    def read_head(self):
        if self.request is not None:
            raise EOFError("one request a stream")
        have = self.call.heads[0]
        pseudo = {name: value for name, value in have if name.startswith(":")}
        fields = [("host", pseudo.get(":authority", ""))] + [f for f in have if not f[0].startswith(":")]
        self.request = {"line": f"{pseudo[':method']} {pseudo[':path']} HTTP/1.1", "headers": fields, "body": b"",
                        "over": self.call.given_up}
        self.requests.append(self.request)
        return self.request

    def read_request(self):
        if self.request is not None:
            return None
        body = self.call.read_body()  # first: requests are remembered in the order of their ends, as if one by one
        request = self.read_head()
        self._keep(request, body)
        return request

    def read_body(self, request):
        return self._keep(request, self.call.read_body())

    def _keep(self, request, body):
        request["body"] = body
        request["trailers"] = self.trailers = [f"{name}: {value}" for name, value in self.call.trailers]
        return request["body"]

    def read_exactly(self, size):
        return self.call.read_exactly(size)

    def read_to_end(self):
        """What still comes, until the gateway ends the stream."""
        got = self.call.read_rest()
        self.call.wait(lambda: self.call.over)
        return got

    def recv(self, _):
        return self.read_to_end()

    # --- answering -------------------------------------------------------------------------------------------------

    def _body_kind(self, start, have):
        status = int(start.split(" ")[1])
        if status < 200 or status in (204, 304) or self.request["line"].startswith("HEAD "):
            return "none"
        return "" if "content-length" in have or "transfer-encoding" in have else "open"

    def send(self, data):
        data = data.encode("latin-1") if isinstance(data, str) else data
        if not self.framer.buffer and self.framer.left is None and not data.startswith(b"HTTP/") and not (
                self.framer.chunked or self.framer.open_ended):
            # Not HTTP, whatever the version: a header block that no decoder accepts.
            self.call.peer.send_raw(b"\0\0\1\1\4" + self.call.number.to_bytes(4, "big") + b"\x80")
            return self
        self.framer.feed(data)
        return self

    def on_head(self, start, fields, ends):
        status = start.split(" ")[1]
        ends = ends and int(status) >= 200
        self.call.peer.send_head(self.call, [(":status", status)] + [f for f in fields if f[0] not in HOP], ends)
        self.answered = ends

    def on_data(self, data, ends):
        self.call.peer.send_body(self.call, data, ends)
        self.answered = ends

    def on_trailers(self, fields):
        self.call.peer.send_head(self.call, fields, True)
        self.answered = True

    def finish(self):
        """The script is over: an answer that was to be ended by that ends, anything else ends the connection."""
        if self.framer.open_ended:
            self.on_data(b"", True)
        if not self.answered and self.call.reset is None:
            self.call.peer.close()

    def reset(self):
        self.answered = True
        self.call.peer.close(hard=True)
