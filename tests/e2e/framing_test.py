"""The corpora of tests/vectors/h1 sent to a running gateway: what is refused never reaches a model and ends the
connection, what passes arrives as one request; and the same for what models answer."""
import unittest

import rig
import vectors
from wire import WireTest, text

# Their heads are good, so a model may see those before the body turns out to be bad.
BAD_BODIES = ("chunk", "trailer", "beast-extension", "beast-trailers")

# Not bad requests of HTTP/1.1 but another protocol: see http2_abuse_test.py and tls_refusals_test.py.
ANOTHER_PROTOCOL = ("preface-of-2", "tls-hello")


def any_host(ports):
    return rig.rules(ports, rig.PLAIN).replace("hosts: [model]\n  http", 'hosts: ["*"]\n  http')


class Requests(WireTest):
    RULES = staticmethod(any_host)

    def test_what_is_malformed_gets_its_status_and_the_close_and_no_model_sees_it(self):
        refused = [v for v in vectors.load("requests.txt") if v.expectation.isdigit() and v.name not in ANOTHER_PROTOCOL]
        self.assertGreater(len(refused), 150)
        whole = []

        def handler(connection, request):
            connection.read_body(request)
            whole.append(request)
            connection.send(text())
        self.answer_with(handler)
        for vector in refused:
            with self.subTest(vector.name), self.gateway.client() as client:
                # A second request behind it: the one that would be smuggled.
                client.send(vector.data + b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
                answer = client.answer()
                self.assertEqual(str(answer.status), vector.expectation)
                self.assertEqual(answer.header("connection"), "close")
                self.assertEqual(answer.header("content-type"), "application/problem+json")
                self.assertTrue(client.closed())
                if not vector.name.startswith(BAD_BODIES):
                    self.assertEqual(self.seen, [])
            self.seen.clear()
        self.assertEqual(whole, [])
        self.assertGreater(self.gateway.metric("sluice_ambiguous_requests_total"), 30)

    def test_what_is_legal_arrives_as_one_request_with_its_body(self):
        legal = [v for v in vectors.load("requests.txt") if v.expectation.startswith("ok")]
        self.assertGreater(len(legal), 40)
        for vector in legal:
            self.seen.clear()
            count = 2 if vector.expectation == "ok2" else 1
            with self.subTest(vector.name), self.gateway.client() as client:
                client.send(vector.data)
                answers = [client.answer() for _ in range(count)]
                self.assertEqual([a.status for a in answers], [200] * count)
                self.assertEqual(len(self.seen), count)
                if count == 1:
                    self.assertEqual(self.seen[0]["body"], vector.argument)

    def test_what_is_legal_is_the_same_request_byte_by_byte(self):
        wanted = ("chunked-extensions", "chunked-trailers", "length-body", "old-version-length", "two-requests")
        for vector in (v for v in vectors.load("requests.txt") if v.name in wanted):
            self.seen.clear()
            count = 2 if vector.expectation == "ok2" else 1
            with self.subTest(vector.name), self.gateway.client() as client:
                for byte in vector.data:
                    client.send(bytes([byte]))
                self.assertEqual([client.answer().status for _ in range(count)], [200] * count)
                self.assertEqual(self.seen[0]["body"], vector.argument)


class Answers(WireTest):
    """Each request names its vector in the path."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vectors = {v.name: v for v in vectors.load("responses.txt")}

    def setUp(self):
        super().setUp()
        self.answer_with(self._send_vector)

    def _send_vector(self, connection, request):
        vector = self.vectors[request["line"].split(" ")[1][1:]]
        connection.send(vector.data)
        return vector.expectation == "close"

    def _of(self, *expectations):
        return [v for v in self.vectors.values() if v.expectation in expectations]

    def test_a_legal_answer_arrives_and_its_connection_is_used_again_only_when_it_may_be(self):
        legal = self._of("ok", "last", "close")
        self.assertGreater(len(legal), 15)
        with self.gateway.client() as client:
            for vector in legal:
                with self.subTest(vector.name):
                    answer = client.request(path=f"/{vector.name}")
                    self.assertEqual(answer.body, vector.argument)
                    self.assert_connections(1 if vector.expectation == "ok" else 0)

    def test_bytes_behind_an_answer_never_reach_anyone_and_end_the_connection(self):
        before = self.gateway.metric("sluice_upstream_desync_total")
        desync = self._of("desync")
        with self.gateway.client() as client:
            for vector in desync:
                with self.subTest(vector.name):
                    answer = client.request(path=f"/{vector.name}")
                    self.assertEqual((answer.status < 500, answer.body), (True, vector.argument))
                    self.assert_connections(0)
        self.wait_metric(before + len(desync), "sluice_upstream_desync_total")

    def test_an_answer_that_is_no_valid_one_is_a_502_or_a_cut_and_never_a_whole_answer(self):
        evil = self._of("error")
        self.assertGreater(len(evil), 40)
        before = self.flagged("UPE")
        for vector in evil:
            with self.subTest(vector.name), self.gateway.client() as client:
                client.send(f"GET /{vector.name} HTTP/1.1\r\nhost: model\r\n\r\n")
                if vector.name in ("chunk-bad-size", "chunk-bad-end", "trailers-too-large"):
                    self.assertFalse(client.read_to_end().endswith(b"0\r\n\r\n"))  # its head had passed
                else:
                    answer = client.answer()
                    self.assertEqual((answer.status, answer.json()["flags"]), (502, "UPE"))
                self.assert_connections(0)
        self.assert_flag("UPE", before, len(evil))

    def test_a_stream_of_tokens_passes_however_long_it_is(self):
        """Small chunks cost more than they carry; for a model that answers token by token that is the normal case."""
        tokens = 30_000

        def handler(connection, _):
            connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in range(100):
                connection.send(b"5\r\ntoken\r\n" * (tokens // 100))
            connection.send(b"0\r\n\r\n")
        self.answer_with(handler)

        self.assertEqual(self.gateway.get().body, b"token" * tokens)

    def test_a_body_behind_the_answer_to_head_reaches_nobody(self):
        self.answer_with(text(body=b"not asked for"))
        with self.gateway.client() as client:
            self.assertEqual(client.request("HEAD").status, 200)
            self.assertEqual(client.request("HEAD").status, 200)

        self.assert_connections(0)

    def test_the_gateway_forgets_what_came_before_a_bad_answer(self):
        for bad in ("garbage", "length-and-coding", "extra-bytes"):
            with self.subTest(bad), self.gateway.client() as client:
                client.request(path=f"/{bad}")
                self.assertEqual(client.request(path="/length").body, b"hello")


class Faults(WireTest):
    """Models that break off: the client is never shown a short answer as a whole one."""

    def _cut(self, begin, reset):
        def handler(connection, _):
            connection.send(begin)
            if reset:
                connection.reset()
            return True
        self.answer_with(handler)

    def test_a_model_that_ends_or_resets_before_its_answer_is_a_503(self):
        for begin, reset, flag, status in ((b"", False, "UC", 503), (b"", True, "UR", 503),
                                           (b"HTTP/1.1 200 OK\r\ncontent-le", True, "UR", 503),
                                           (b"HTTP/1.1 200 OK\r\ncontent-le", False, "UPE", 502)):
            with self.subTest(f"{begin} {reset}"):
                self._cut(begin, reset)
                before = self.flagged(flag)
                answer = self.gateway.get()
                self.assertEqual((answer.status, answer.json()["flags"]), (status, flag))
                self.assertNotIn("127.0.0.1", answer.json()["detail"])
                self.assert_flag(flag, before)
                self.assert_connections(0)

    def test_a_body_that_breaks_off_cuts_the_client_too(self):
        short = {"length": b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
                 "chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\nhalf",
                 "between chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"}
        for name, begin in short.items():
            for reset, flag in ((False, "UC"), (True, "UR")):
                with self.subTest(f"{name} {flag}"):
                    self._cut(begin, reset)
                    before = self.flagged(flag)
                    cuts = self.gateway.metric("envoy_http_downstream_rq_tx_reset")
                    client = self.client().send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")
                    got = client.read_to_end()
                    self.assertFalse(got.endswith(b"0\r\n\r\n"))
                    self.assertLess(len(got.partition(b"\r\n\r\n")[2]), 100)
                    self.assert_flag(flag, before)
                    self.assertEqual(self.gateway.metric("envoy_http_downstream_rq_tx_reset"), cuts + 1)
                    self.assert_connections(0)

    def test_a_stale_pooled_connection_is_replaced_unseen(self):
        """The model ends its connection after each answer without saying so (F5)."""
        def handler(connection, request):
            connection.read_body(request)
            connection.send(text(body=b"hello"))
            return True
        self.answer_with(handler)
        with self.gateway.client() as client:
            statuses = {client.request(method="POST", body=b"again").status for _ in range(200)}

        self.assertEqual(statuses, {200})
        self.assertEqual(len(self.seen), 200)

    def test_bytes_on_an_idle_connection_close_it_and_are_never_an_answer(self):
        poison = []

        def handler(connection, request):
            connection.read_body(request)
            connection.send(text(body=b"hello"))
            poison.append(connection)
        self.answer_with(handler)
        with self.gateway.client() as client:
            client.request()
            self.assert_connections(1)
            poison[0].send(text(body=b"evil"))
            self.assert_connections(0)
            self.assertEqual(client.request().body, b"hello")


if __name__ == "__main__":
    unittest.main()
