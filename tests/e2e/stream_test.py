"""Long streams: server-sent events and tokens, which must pass byte by byte and for as long as they take, in both
directions and in every pairing of versions.
"""
import threading
import time
import unittest

import rig

EVENTS = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
TOKENS = 200


class LongStreams(rig.RigTest):
    def chunk(self, peer):
        """The next piece of an open body, as it comes to either end."""
        call = getattr(peer, "call", None) or (peer.waiting[0] if hasattr(peer, "waiting") else None)
        if call is not None:  # with streams there are no chunks, but pieces
            return call.take(1 << 20)
        size = int(peer.read_until(b"\r\n"), 16)
        piece = peer.read_exactly(size)
        peer.read_exactly(2)
        return piece

    def test_each_token_arrives_before_the_next_one_is_made(self):
        """In lock-step: whoever holds one byte back for company, for an instant or for ever, stops this test."""
        heard = threading.Semaphore(0)

        def script(connection):
            connection.read_request()
            connection.send(EVENTS)
            for i in range(TOKENS):
                self.assertTrue(heard.acquire(timeout=20))
                connection.send(b"1\r\n%c\r\n" % (97 + i % 26))
            connection.send(b"0\r\n\r\n")
        gateway = self.gateway(rig.rules([self.model(script).port], rig.PLAIN))
        with gateway.client() as client:
            client.send("GET /stream HTTP/1.1\r\nhost: model\r\n\r\n")
            status, _, fields = client.head()
            self.assertEqual((status, dict(fields)["content-type"]), (200, "text/event-stream"))
            for i in range(TOKENS):
                heard.release()
                self.assertEqual(self.chunk(client), b"%c" % (97 + i % 26))
        self.wait_metric(gateway, 1, "istio_requests_total", response_code="200")

    def test_words_of_a_request_arrive_one_by_one_too(self):
        """An answer that begins before its request has ended, each word of it made of one that was just sent."""
        def script(connection):
            connection.read_head()
            connection.send(EVENTS)
            for _ in range(TOKENS):
                word = self.chunk(connection)
                connection.send(b"%x\r\n%s\r\n" % (len(word), word.upper()))
            connection.send(b"0\r\n\r\n")
        gateway = self.gateway(rig.rules([self.model(script).port], rig.PLAIN))
        with gateway.client() as client:
            client.send("POST /stream HTTP/1.1\r\nhost: model\r\ntransfer-encoding: chunked\r\n\r\n")
            self.assertEqual(client.head()[0], 200)
            for i in range(TOKENS):
                client.send(b"2\r\n%02x\r\n" % i)
                self.assertEqual(self.chunk(client), b"%02X" % i)

    def test_a_stream_ends_when_nothing_has_moved_for_a_while_and_not_before(self):
        """No total time-out unless the route sets one: this stream outlives its idle time-out several times over."""
        go_on = threading.Semaphore(0)
        given_up, done = threading.Event(), threading.Event()

        def script(connection):
            connection.read_request()
            connection.send(EVENTS)
            while go_on.acquire(timeout=20) and not done.is_set():
                connection.send(b"1\r\nx\r\n")
            connection.read_to_end()
            given_up.set()
        gateway = self.gateway(rig.rules([self.model(script).port], rig.PLAIN) +
                               rig.settings("timeouts: {streamIdle: 1s}"))
        with gateway.client() as client:
            client.send("GET /stream HTTP/1.1\r\nhost: model\r\n\r\n")
            self.assertEqual(client.head()[0], 200)
            end = time.monotonic() + 2.5
            while time.monotonic() < end:
                go_on.release()
                self.assertEqual(self.chunk(client), b"x")
            done.set()
            go_on.release()
            self.wait_metric(gateway, 1, "envoy_http_downstream_rq_idle_timeout")
            rig.until(given_up.is_set, "the model to hear of it")
            with self.assertRaises((EOFError, ValueError)):
                self.chunk(client) or self.fail_as_ended()
        self.assertEqual(gateway.metric("istio_requests_total", response_code="200", response_flags="SI"), 1)

    def fail_as_ended(self):
        raise EOFError

    def test_the_routes_time_out_ends_a_stream_too(self):
        def script(connection):
            connection.read_request()
            connection.send(EVENTS + "1\r\nx\r\n")
            connection.read_to_end()
        gateway = self.gateway(rig.rules([self.model(script).port], rig.PLAIN + "    timeout: 300ms\n"))
        with gateway.client() as client:
            client.send("GET /stream HTTP/1.1\r\nhost: model\r\n\r\n")
            self.assertEqual(client.head()[0], 200)
            self.assertEqual(self.chunk(client), b"x")
            self.wait_metric(gateway, 1, "istio_requests_total", response_code="200", response_flags="UT")


if __name__ == "__main__":
    unittest.main()
