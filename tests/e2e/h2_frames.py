"""A client of HTTP/2 that sends what it is told: frames made by hand, good and bad, and a reader that remembers what came
back. Heads are written as literals without Huffman coding, so that any byte can stand in them; hpack (python3-hpack)
reads the answers'."""
import contextlib
import select
import socket
import struct
import time

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
INITIAL_WINDOW_SIZE = 4
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED = range(6)
FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(6, 12)


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def rst(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def window_update(stream, more):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", more))


def integer(value, bits, flags=0):
    """RFC 7541 section 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([flags | value])
    out, value = bytes([flags | most]), value - most
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def text(value):
    value = value if isinstance(value, bytes) else value.encode("latin-1")
    return integer(len(value), 7) + value


def literal(name, value, index=False):
    return (b"\x40" if index else b"\x00") + text(name) + text(value)


def block(fields):
    return b"".join(literal(name, value) for name, value in fields)


def pseudo(method="GET", path="/predict", authority="model", scheme="http"):
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]


def head(stream, fields=None, flags=END_STREAM | END_HEADERS):
    return frame(HEADERS, flags, stream, block(pseudo() if fields is None else fields))


class Peer:
    """One connection. What came: `frames` as (kind, flags, stream, payload), `status`, `fields`, `data` and `resets` by
    stream, `goaway` (a code), `closed`."""

    def __init__(self, address, begin=settings(), ack=True, receive_buffer=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.decoder = hpack.Decoder()
        self.buffer, self.block = b"", b""
        self.frames, self.status, self.fields, self.trailers, self.data, self.resets = [], {}, {}, {}, {}, {}
        self.ended, self.goaway, self.closed, self.next_stream, self.acks = set(), None, False, 1, ack
        self.send(PREFACE + begin)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data, reading=True, seconds=20.0):
        """Sends all of it, reading meanwhile; False as soon as the gateway has said GOAWAY or closed."""
        view, deadline = memoryview(data), time.monotonic() + seconds
        while view and not self.closed and self.goaway is None:
            self._wait(deadline, reading, writing=True)
            try:
                view = view[self.socket.send(view[:65536]):]
            except BlockingIOError:
                pass
            except (ConnectionResetError, BrokenPipeError):
                self.poll()
                self.closed = True
        return not view

    def flood(self, frames, reading=True, answered=False):
        """Sends what `frames` yields until the gateway cuts the connection; how many were sent until then. `answered`:
        each is a stream that is reset, and never more are open than a client may have."""
        count, batch = 0, []
        for one in frames:
            batch.append(one)
            if len(batch) == 50:
                if not self.send(b"".join(batch), reading):
                    return count
                count, batch = count + len(batch), []
                if answered:
                    self.until(lambda: len(self.resets) >= count or self.goaway is not None, "resets")  # pylint: disable=cell-var-from-loop
        self.send(b"".join(batch), reading)
        return count + len(batch)

    def until(self, condition, what, seconds=20.0):
        """Reads until `condition()`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.closed or time.monotonic() > deadline:
                raise AssertionError(f"not seen: {what}; goaway {self.goaway}, closed {self.closed}, "
                                     f"resets {self.resets}, status {self.status}")
            self._wait(deadline, True, writing=False)

    def until_closed(self):
        self.until(lambda: self.closed, "the end of the connection")
        return self.goaway

    def request(self, fields=None, body=b""):
        """One request; its status, or minus the code of its reset."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        self.send(head(stream, fields, END_HEADERS | (0 if body else END_STREAM)) +
                  (frame(DATA, END_STREAM, stream, body) if body else b""))
        return self.outcome(stream)

    def outcome(self, stream):
        self.until(lambda: stream in self.ended or stream in self.resets or self.goaway is not None, f"end of {stream}")
        return self.status[stream] if stream in self.ended else -self.resets.get(stream, 1000)

    def _wait(self, deadline, reading, writing):
        """Until there is something to do; takes in what there is."""
        left = max(0.0, deadline - time.monotonic())
        wants = [self.socket] if writing else []
        readable, writable, _ = select.select([self.socket] if reading else [], wants, [], left)
        if not readable and not writable:
            raise AssertionError(f"nothing moves; goaway {self.goaway}, resets {self.resets}, status {self.status}")
        if readable:
            self.poll()

    def poll(self):
        with contextlib.suppress(BlockingIOError):
            while not self.closed:
                try:
                    more = self.socket.recv(65536)
                except ConnectionResetError:
                    more = b""
                self.closed = not more
                self.buffer += more
                self._split()

    def _split(self):
        while len(self.buffer) >= 9:
            size = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + size:
                return
            kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
            payload, self.buffer = self.buffer[9:9 + size], self.buffer[9 + size:]
            self.frames.append((kind, flags, stream, payload))
            self._take(kind, flags, stream, payload)

    def _take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK and self.acks:
            with contextlib.suppress(OSError):
                self.socket.send(frame(SETTINGS, ACK))
        elif kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")
        elif kind == RST_STREAM:
            self.resets[stream] = int.from_bytes(payload, "big")
        elif kind == DATA:
            self.data[stream] = self.data.get(stream, b"") + payload
        elif kind in (HEADERS, CONTINUATION):
            self.block += payload
            if flags & END_HEADERS:
                self._take_head(stream)
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self.ended.add(stream)

    def _take_head(self, stream):
        fields, self.block = self.decoder.decode(self.block), b""
        if fields and fields[0][0] == ":status":
            self.status[stream], self.fields[stream] = int(fields[0][1]), fields[1:]
        else:
            self.trailers[stream] = fields
