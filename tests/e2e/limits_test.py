"""Limits and time-outs of the client's side: size and number of fields, heads that dribble, streams and connections on
which nothing moves."""
import contextlib
import select
import threading
import unittest

import rig
from wire import WireTest, text


class Sizes(WireTest):
    RULES = staticmethod(lambda ports: rig.rules(ports, rig.PLAIN, more=rig.settings(
        "limits: {headerBytes: 4KiB, headerCount: 10, requestsPerConnection: 3}")))

    def test_a_head_of_the_size_that_is_set_passes_and_a_byte_more_is_refused(self):
        bare = len("GET /predict HTTP/1.1\r\nhost: model\r\nx: \r\n\r\n")

        fits = self.gateway.get(headers=["x: " + "y" * (4096 - bare)])
        exceeds = self.gateway.get(headers=["x: " + "y" * (4096 - bare + 1)])

        self.assertEqual((fits.status, exceeds.status), (200, 431))
        self.assertEqual((exceeds.header("connection"), exceeds.json()["flags"]), ("close", "DPE"))
        self.assertEqual(len(self.seen), 1)

    def test_as_many_fields_as_are_set_pass_and_one_more_is_refused(self):
        fits = self.gateway.get(headers=["x: y"] * 9)
        exceeds = self.gateway.get(headers=["x: y"] * 10)

        self.assertEqual((fits.status, exceeds.status), (200, 431))

    def test_a_head_without_end_is_refused_at_the_limit_and_not_gathered(self):
        client = self.client().send("GET / HTTP/1.1\r\nhost: model\r\nx: ")

        def refused():
            client.send(b"y" * 512)
            return select.select([client.socket], [], [], 0)[0]
        rig.until(refused, "an answer")

        self.assertEqual(client.answer().status, 431)

    def test_the_last_request_that_a_connection_may_carry_ends_it(self):
        client = self.client()

        ends = [client.request().header("connection") for _ in range(3)]

        self.assertEqual(ends, [None, None, "close"])
        self.assertTrue(client.closed())


class HeadTimeout(WireTest):
    RULES = staticmethod(lambda ports: rig.rules(ports, rig.PLAIN, more=rig.settings("timeouts: {requestHead: 250ms}")))

    def test_half_a_head_is_a_408_and_the_close(self):
        before = self.flagged("DPE")
        client = self.client().send("GET / HTTP/1.1\r\nhost: mo")

        answer = client.answer()

        self.assertEqual((answer.status, answer.header("connection")), (408, "close"))
        self.assertTrue(client.closed())
        self.assertEqual(self.seen, [])
        self.assert_flag("DPE", before)

    def test_dribble_does_not_push_the_deadline_on(self):
        client = self.client().send("GET / HTTP/1.1\r\nhost: model\r\nx: ")

        def answered():
            client.send("y")
            return select.select([client.socket], [], [], 0.01)[0]
        rig.until(answered, "an answer")

        self.assertEqual(client.answer().status, 408)

    def test_a_second_head_has_a_deadline_of_its_own(self):
        client = self.client()
        self.assertEqual(client.request().status, 200)

        client.send("GET /")

        self.assertEqual(client.answer().status, 408)
        self.wait_metric_grows("envoy_http_downstream_rq_header_timeout")

    def test_a_connection_without_a_byte_and_one_between_requests_are_not_in_a_hurry(self):
        silent, between = self.client(), self.client()
        self.assertEqual(between.request().status, 200)
        late = self.client().send("GET /")

        self.assertEqual(late.answer().status, 408)  # the deadline has passed for one that began after them

        self.assertEqual([silent.request().status, between.request().status], [200, 200])

    def wait_metric_grows(self, name):
        rig.until(lambda: self.gateway.metric(name) > 0, name)


class IdleStreams(WireTest):
    RULES = staticmethod(lambda ports: rig.rules(ports, rig.PLAIN, more=rig.settings("timeouts: {streamIdle: 400ms}")))

    def test_a_model_that_never_answers_is_a_504_and_is_told(self):
        told = threading.Event()

        def handler(connection, _):
            connection.socket.recv(1)
            told.set()
            return True
        self.answer_with(handler)
        before = self.flagged("SI")

        with self.gateway.client() as client:
            answer = client.request()
            self.assertEqual((answer.status, answer.json()["flags"]), (504, "SI"))
            self.assertTrue(told.wait(20))
            self.answer_with(text())
            self.assertEqual(client.request().status, 200)
        self.assert_flag("SI", before)

    def test_a_client_that_stops_in_mid_upload_is_a_408_and_the_close(self):
        told = threading.Event()

        def handler(connection, _):
            connection.read_exactly(4)
            connection.socket.recv(1)
            told.set()
            return True
        self.answer_with(handler)
        client = self.client().send("POST / HTTP/1.1\r\nhost: model\r\ncontent-length: 10\r\n\r\nhalf")

        answer = client.answer()

        self.assertEqual((answer.status, answer.header("connection"), answer.json()["flags"]), (408, "close", "SI"))
        self.assertTrue(client.closed())
        self.assertTrue(told.wait(20))

    def test_a_model_that_stops_in_mid_answer_cuts_the_client(self):
        def handler(connection, _):
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
            connection.socket.recv(1)
            return True
        self.answer_with(handler)
        before = self.flagged("SI")
        client = self.client().send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")

        self.assertEqual(client.read_to_end().partition(b"\r\n\r\n")[2], b"half")
        self.assert_flag("SI", before)

    def test_a_client_that_reads_nothing_is_cut_and_its_model_freed(self):
        freed = threading.Event()

        def handler(connection, _):
            try:
                connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n" + b"x" * 100_000_000)
            except OSError:
                freed.set()
            return True
        self.answer_with(handler)
        before = self.flagged("SI")

        self.client().send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")

        self.assertTrue(freed.wait(20))
        self.assert_flag("SI", before)

    def test_a_client_that_leaves_whole_answers_unread_is_closed(self):
        """Its requests are over, so no stream is idle; what waits to be written still costs memory."""
        self.answer_with(text(body=b"x" * 50_000))
        client = self.client()
        client.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(10_000):
                client.socket.send(b"GET / HTTP/1.1\r\nhost: model\r\n\r\n")
        self.wait_metric(0, "envoy_http_downstream_rq_active")

        self.wait_metric(0, "envoy_http_downstream_cx_active")

    def test_an_answer_that_trickles_is_not_idle(self):
        """It takes longer than the deadline as a whole; each byte pushes it on."""
        slow, done = self.client(), []

        def handler(connection, request):
            if request["line"].startswith("GET /never"):
                connection.socket.recv(1)
                return True
            connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            while not done:
                connection.send(b"1\r\nx\r\n")
                select.select([], [], [], 0.01)
            connection.send(b"0\r\n\r\n")
            return False
        self.answer_with(handler)
        slow.send("GET /slow HTTP/1.1\r\nhost: model\r\n\r\n")
        self.assertEqual(slow.head()[0], 200)

        self.assertEqual(self.gateway.get("/never").status, 504)  # began later and has timed out
        done.append(True)

        self.assertGreater(len(slow.chunks()), 0)


class IdleConnections(WireTest):
    RULES = staticmethod(lambda ports: rig.rules(ports, rig.PLAIN, more=rig.settings("timeouts: {connectionIdle: 400ms}")))

    def test_an_idle_connection_is_closed_without_a_word(self):
        fresh, used = self.client(), self.client()
        self.assertEqual(used.request().status, 200)

        self.assertTrue(fresh.closed())
        self.assertTrue(used.closed())
        rig.until(lambda: self.gateway.metric("envoy_http_downstream_cx_idle_timeout") >= 2, "both are counted")


if __name__ == "__main__":
    unittest.main()
