"""Messages on the wire, both sides: connections that stay, framing of bodies, answers without one, the old version and
clients that go."""
import threading
import unittest

import rig
from wire import WireTest, text


class Connections(WireTest):
    def test_a_connection_serves_many_requests_and_so_does_the_models(self):
        with self.gateway.client() as client:
            answers = [client.request(path=f"/{i}") for i in range(5)]

        self.assertEqual([a.status for a in answers], [200] * 5)
        self.assertTrue(all(a.header("connection") is None for a in answers))
        self.assertEqual([r["line"] for r in self.seen], [f"GET /{i} HTTP/1.1" for i in range(5)])
        self.assert_connections(1)

    def test_pipelined_requests_are_answered_in_order(self):
        def handler(connection, request):
            connection.send(text(body=request["line"].encode()))
        self.answer_with(handler)
        client = self.client()

        client.send("".join(f"GET /{i} HTTP/1.1\r\nhost: model\r\n\r\n" for i in range(3)))

        self.assertEqual([client.answer().body for _ in range(3)],
                         [f"GET /{i} HTTP/1.1".encode() for i in range(3)])

    def test_a_pipelined_request_waits_until_the_answer_before_it_is_on_its_way(self):
        first_seen, go = threading.Event(), threading.Event()

        def handler(connection, request):
            first_seen.set()
            go.wait(20)
            connection.send(text(body=b"x"))
        self.answer_with(handler)
        client = self.client()

        client.send("GET /1 HTTP/1.1\r\nhost: model\r\n\r\nGET /2 HTTP/1.1\r\nhost: model\r\n\r\n")
        first_seen.wait(20)
        seen_meanwhile = len(self.seen)
        go.set()

        self.assertEqual([client.answer().status, client.answer().status], [200, 200])
        self.assertEqual((seen_meanwhile, len(self.seen)), (1, 2))

    def test_connection_close_of_a_client_ends_its_connection_after_the_answer(self):
        client = self.client()

        answer = client.request(headers=["connection: close"])

        self.assertEqual((answer.status, answer.header("connection")), (200, "close"))
        self.assertTrue(client.closed())
        self.assertNotIn("connection", dict(self.seen[0]["headers"]))

    def test_nothing_behind_a_request_that_closes_is_served(self):
        client = self.client()

        client.send("GET /1 HTTP/1.1\r\nhost: model\r\nconnection: close\r\n\r\n"
                    "GET /2 HTTP/1.1\r\nhost: model\r\n\r\n")

        self.assertEqual(client.answer().status, 200)
        self.assertTrue(client.closed())
        self.assertEqual(len(self.seen), 1)

    def test_connection_close_of_a_model_ends_only_its_own_connection(self):
        self.answer_with(text("200 OK", "connection: close", body=b"last"))
        with self.gateway.client() as client:
            first = client.request()
            self.assert_connections(0)
            second = client.request()

        self.assertEqual([(a.body, a.header("connection")) for a in (first, second)], [(b"last", None)] * 2)
        self.assert_connections(0)

    def test_a_client_that_ends_while_it_waits_frees_the_model_at_once(self):
        """A FIN is taken for a client that has gone: a close and a half-close look alike until something is sent."""
        gone = threading.Event()

        def handler(connection, _):
            connection.socket.recv(1)  # the gateway hangs up
            gone.set()
            return True
        self.answer_with(handler)
        before = self.flagged("DC")
        for end in ("close", "half-close"):
            gone.clear()
            client = self.client().send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")
            rig.until(lambda want=1 if end == "close" else 2: len(self.seen) == want, "the model has the request")

            client.close() if end == "close" else client.socket.shutdown(rig.socket.SHUT_WR)

            self.assertTrue(gone.wait(20), end)
        self.assert_flag("DC", before, 2)

    def test_a_client_that_resets_in_mid_upload_cancels_the_request_at_the_model(self):
        ended = threading.Event()

        def handler(connection, _):
            try:
                connection.read_exactly(1000)
            except (EOFError, OSError):
                ended.set()
            return True
        self.answer_with(handler)
        before = self.flagged("DC")
        client = self.client().send("POST / HTTP/1.1\r\nhost: model\r\ncontent-length: 1000\r\n\r\nhalf")
        rig.until(lambda: self.seen, "the model has the head")

        client.socket.setsockopt(rig.socket.SOL_SOCKET, rig.socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()

        self.assertTrue(ended.wait(20))
        self.assert_flag("DC", before)


    def test_a_client_that_leaves_in_mid_download_frees_the_model(self):
        freed = threading.Event()

        def handler(connection, _):
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
            try:
                while True:
                    connection.send(b"x" * 65536)
            except OSError:
                freed.set()
            return True
        self.answer_with(handler)
        before = self.flagged("DC")
        client = self.client().send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")
        client.read_exactly(200_000)

        client.close()

        self.assertTrue(freed.wait(20))
        self.assert_flag("DC", before)


class Bodies(WireTest):
    def test_a_length_framed_body_arrives_framed_by_its_length(self):
        body = bytes(range(256)) * 1000

        answer = self.gateway.get(method="POST", body=body)

        self.assertEqual(answer.body, b"hello")
        self.assertEqual(self.seen[0]["body"], body)
        self.assertEqual(dict(self.seen[0]["headers"])["content-length"], str(len(body)))
        self.assertNotIn("transfer-encoding", dict(self.seen[0]["headers"]))

    def test_a_chunked_body_arrives_chunked_and_whole(self):
        client = self.client()
        client.send("POST / HTTP/1.1\r\nhost: model\r\ntransfer-encoding: chunked\r\n\r\n")
        for size in (1, 10, 1000, 100000):
            client.send(f"{size:x};ext=1\r\n".encode() + b"x" * size + b"\r\n")
        client.send("0\r\n\r\n")

        answer = client.answer()

        self.assertEqual(answer.body, b"hello")
        self.assertEqual(self.seen[0]["body"], b"x" * 101011)
        self.assertNotIn("content-length", dict(self.seen[0]["headers"]))

    def test_a_chunked_answer_arrives_chunked_and_one_that_ends_with_the_close_does_so_too(self):
        heads = {"chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                 "close": b"HTTP/1.1 200 OK\r\n\r\nabcde", "old": b"HTTP/1.0 200 OK\r\n\r\nabcde"}

        def handler(connection, request):
            kind = request["line"].split(" ")[1][1:]
            connection.send(heads[kind])
            return kind != "chunked"
        self.answer_with(handler)
        with self.gateway.client() as client:
            answers = [client.request(path=f"/{kind}") for kind in heads]

        self.assertEqual([(a.body, a.header("transfer-encoding")) for a in answers], [(b"abcde", "chunked")] * 3)

    def test_bodies_stream_while_they_come(self):
        """Neither side waits for the end: the model answers piece by piece what the client sends piece by piece."""
        def handler(connection, _):
            connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            while (size := int(connection.read_until(b"\r\n"), 16)) > 0:
                piece = connection.read_exactly(size + 2)
                connection.send(b"%x\r\n%s" % (size, piece))
            connection.read_exactly(2)
            connection.send(b"0\r\n\r\n")
        self.answer_with(handler)
        client = self.client().send("POST / HTTP/1.1\r\nhost: model\r\ntransfer-encoding: chunked\r\n\r\n")

        self.assertEqual(client.head()[0], 200)
        for piece in (b"a", b"bcd", b"e" * 5000):
            client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            got = b""
            while len(got) < len(piece):
                size = int(client.read_until(b"\r\n"), 16)
                got += client.read_exactly(size)
                client.read_exactly(2)
            self.assertEqual(got, piece)
        client.send("0\r\n\r\n")
        self.assertEqual(client.read_until(b"0\r\n\r\n"), b"")

    def test_heads_of_many_kilobytes_pass_both_ways(self):
        self.answer_with(text("200 OK", "x-big: " + "b" * 70_000, body=b"ok"))

        answer = self.gateway.get(headers=["x-big: " + "a" * 59_000])

        self.assertEqual((answer.status, answer.body, answer.header("x-big")), (200, b"ok", "b" * 70_000))
        self.assertEqual(dict(self.seen[0]["headers"])["x-big"], "a" * 59_000)

    def test_answers_without_a_body_end_with_their_head(self):
        cases = {"HEAD": b"HTTP/1.1 200 OK\r\ncontent-length: 77\r\nx-a: b\r\n\r\n",
                 "GET /204": b"HTTP/1.1 204 No Content\r\n\r\n",
                 "GET /304": b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n"}
        self.answer_with(lambda connection, request: connection.send(
            next(answer for begin, answer in cases.items() if request["line"].startswith(begin))))
        with self.gateway.client() as client:
            head = client.request("HEAD", "/")
            none = client.request(path="/204")
            unchanged = client.request(path="/304")

        self.assertEqual((head.status, head.header("content-length"), head.header("x-a")), (200, "77", "b"))
        self.assertEqual((none.status, none.header("content-length")), (204, None))
        self.assertEqual((unchanged.status, unchanged.header("content-length")), (304, "9"))

    def test_of_trailers_only_announced_and_harmless_ones_pass(self):
        trailers = b"grpc-status: 0\r\nx-sum: 7\r\nx-more: 1\r\ncontent-length: 3\r\nx-ab-bucket: 5\r\nhost: evil\r\n"

        def handler(connection, request):
            connection.read_body(request)
            connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum, x-ab-bucket\r\n\r\n"
                            b"1\r\na\r\n0\r\n" + trailers + b"\r\n")
        self.answer_with(handler)
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nhost: model\r\ntransfer-encoding: chunked\r\n"
                    b"trailer: x-sum, host, x-ab-bucket, content-length\r\n\r\n1\r\na\r\n0\r\n" + trailers + b"\r\n")

        answer = client.answer()

        self.assertEqual((answer.status, answer.body), (200, b"a"))
        self.assertEqual(client.trailers, ["grpc-status: 0", "x-sum: 7"])
        self.assertEqual(self.seen[0]["trailers"], ["grpc-status: 0", "x-sum: 7"])
        self.assertNotIn("evil", dict(self.seen[0]["headers"]).values())


class OldVersion(WireTest):
    def test_an_old_request_is_answered_and_its_connection_closed(self):
        client = self.client().send("GET / HTTP/1.0\r\nhost: model\r\n\r\n")

        answer = client.answer()

        self.assertEqual((answer.status, answer.body, answer.header("connection")), (200, b"hello", "close"))
        self.assertTrue(client.closed())
        self.assertEqual(self.seen[0]["line"], "GET / HTTP/1.1")

    def test_an_old_request_may_ask_to_be_kept_alive(self):
        client = self.client()
        for _ in range(2):
            client.send("GET / HTTP/1.0\r\nhost: model\r\nconnection: keep-alive\r\n\r\n")
            answer = client.answer()
            self.assertEqual((answer.body, answer.header("connection")), (b"hello", "keep-alive"))

    def test_an_old_client_is_never_sent_chunks_or_interim_answers(self):
        self.answer_with(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
                         b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        client = self.client().send("GET / HTTP/1.0\r\nhost: model\r\nconnection: keep-alive\r\n\r\n")

        status, _, headers = client.head()

        self.assertEqual((status, dict(headers)["connection"]), (200, "close"))
        self.assertNotIn("transfer-encoding", dict(headers))
        self.assertEqual(client.read_to_end(), b"abc")


if __name__ == "__main__":
    unittest.main()
