"""Bodies far larger than any buffer: whoever does not read stops whoever sends, memory stays where it was, and every
byte arrives in its place."""
import contextlib
import random
import threading
import unittest

import rig
from wire import WireTest, text

SIZE = 1 << (26 if rig.SANITIZED else 30)
GROWTH_KIB = 2048
BLOCK = random.Random(1).randbytes((1 << 20) - 3)  # no multiple of any buffer's size
DOUBLE = BLOCK + BLOCK


def send_pattern(sock, size):
    view = memoryview(BLOCK)
    while size > 0:
        sock.sendall(view[:min(size, len(BLOCK))])
        size -= min(size, len(BLOCK))


def read_pattern(peer, size):
    """Reads `size` bytes; AssertionError at the first that is not in its place."""
    have = 0
    buffer = bytearray(len(BLOCK))
    while have < size:
        if peer.buffer:
            piece, peer.buffer = peer.buffer, b""
        else:
            count = peer.socket.recv_into(buffer, min(len(buffer), size - have))
            piece = bytes(memoryview(buffer)[:count])
        if not piece:
            raise EOFError(f"closed after {have} of {size} bytes")
        at = have % len(BLOCK)
        if piece != DOUBLE[at:at + len(piece)]:
            raise AssertionError(f"a byte in {have}..{have + len(piece)} is not in its place")
        have += len(piece)
    return have


class Bulk(WireTest):
    def settled_rss(self):
        """The gateway's memory once it has stopped moving."""
        seen = []

        def still():
            seen.append(self.gateway.rss_kib())
            return len(seen) > 20 and len(set(seen[-20:])) == 1
        rig.until(still, "the gateway's memory stands still")
        return seen[-1]

    def assert_growth(self, before):
        growth = self.settled_rss() - before
        if not rig.SANITIZED:
            self.assertLess(growth, GROWTH_KIB)

    def warm(self):
        """Memory after ordinary use: what a first request allocates for good is not growth."""
        self.assertEqual(self.gateway.get(method="POST", body=b"x" * 100).status, 200)
        return self.settled_rss()

    def test_a_client_that_stops_reading_stops_the_model_and_then_gets_every_byte(self):
        before = self.warm()

        def handler(connection, _):
            connection.send(f"HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n")
            send_pattern(connection.socket, SIZE)
        self.answer_with(handler)
        client = self.client().send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")

        self.assertEqual(client.head()[0], 200)
        self.assert_growth(before)

        self.assertEqual(read_pattern(client, SIZE), SIZE)
        self.assert_growth(before)

    def test_a_model_that_stops_reading_stops_its_client_and_then_gets_every_byte(self):
        before = self.warm()
        read_on, result = threading.Event(), []

        def handler(connection, _):
            read_on.wait(20)
            result.append(read_pattern(connection, SIZE))
            connection.send(text(body=b"all"))
        self.answer_with(handler)
        client = self.client().send(f"POST / HTTP/1.1\r\nhost: model\r\ncontent-length: {SIZE}\r\n\r\n")
        upload = threading.Thread(target=send_pattern, args=(client.socket, SIZE), daemon=True)
        upload.start()
        rig.until(lambda: self.seen, "the model has the head")

        self.assert_growth(before)
        self.assertTrue(upload.is_alive())  # it is waiting
        read_on.set()

        self.assertEqual(client.answer().body, b"all")
        self.assertEqual(result, [SIZE])
        self.assert_growth(before)

    def test_tokens_for_a_client_that_does_not_read_take_no_more_than_their_size(self):
        """Each arrives in a packet of its own; none may hold on to the whole buffer it was read into."""
        before = self.warm()
        tokens = 20_000

        def handler(connection, _):
            connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in range(tokens):
                connection.send(b"5\r\ntoken\r\n")
            connection.send(b"0\r\n\r\n")
        self.answer_with(handler)
        client = self.client().send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")
        self.assertEqual(client.head()[0], 200)

        self.assert_growth(before)

        self.assertEqual(client.chunks(), b"token" * tokens)

    def test_pipelined_requests_of_a_client_that_does_not_read_are_not_gathered(self):
        before = self.warm()
        self.answer_with(text(body=b"x" * 10_000))
        client = self.client()
        client.socket.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            for _ in range(1000):
                client.send(b"GET / HTTP/1.1\r\nhost: model\r\n\r\n" * 100)

        self.assert_growth(before)
        self.assertLess(len(self.seen), 50_000)  # what the kernel holds of the answers, not what was asked for


if __name__ == "__main__":
    unittest.main()
