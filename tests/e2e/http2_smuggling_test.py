"""The downgrade corpus: what an HTTP/2 client can say that would be something else, or somebody else's, once written as
HTTP/1.1. Each vector is refused, or is the one request that it was, and whatever the model received is one head per
request, read byte by byte."""
import unittest

import h2_frames as h2
import rig
from h2_frames import pseudo
from wire import WireTest

END = h2.END_STREAM | h2.END_HEADERS


def without(name):
    return [field for field in pseudo() if field[0] != name]


def bodies(*lengths, size):
    """A POST whose content-length fields say `lengths` and whose DATA has `size` bytes."""
    fields = pseudo("POST") + [("content-length", str(length)) for length in lengths]
    return h2.head(1, fields, h2.END_HEADERS) + h2.frame(h2.DATA, h2.END_STREAM, 1, b"x" * size)


def trailers(*fields):
    return (h2.head(1, pseudo("POST"), h2.END_HEADERS) + h2.frame(h2.DATA, 0, 1, b"hello") +
            h2.head(1, list(fields)))


SMUGGLED = "x\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: model\r\n\r\n"

# name -> fields of a head that ends its stream, or the bytes of whole frames for stream 1.
REFUSED = {
    # Bytes that end a line, or a string.
    "value-crlf-request": pseudo() + [("x", SMUGGLED)],
    "value-crlf-field": pseudo() + [("x", "y\r\ntransfer-encoding: chunked")],
    "value-lf": pseudo() + [("x", "y\nz: 1")],
    "value-cr": pseudo() + [("x", "y\rz: 1")],
    "value-nul": pseudo() + [("x", "y\0z")],
    "value-bell": pseudo() + [("x", "\x07")],
    "value-delete": pseudo() + [("x", "\x7f")],
    "value-escape": pseudo() + [("x", "\x1b[0m")],
    "value-blank-before": pseudo() + [("x", " y")],
    "value-tab-after": pseudo() + [("x", "y\t")],
    "name-crlf": pseudo() + [("x\r\ny", "z")],
    "name-crlf-request": pseudo() + [(SMUGGLED, "z")],
    "name-lf": pseudo() + [("x\ny", "z")],
    "name-nul": pseudo() + [("x\0", "z")],
    "name-blank": pseudo() + [("x y", "z")],
    "name-blank-after": pseudo() + [("content-length ", "0")],
    "name-colon": pseudo() + [("x: y\r", "z")],
    "name-colon-inside": pseudo() + [("transfer-encoding: chunked", "z")],
    "name-empty": pseudo() + [("", "z")],
    "name-high-byte": pseudo() + [("x\xff", "z")],
    "cookie-crlf": pseudo() + [("cookie", "a=1"), ("cookie", "b=2\r\nx: y")],
    "method-crlf": pseudo("GET / HTTP/1.1\r\nx: y\r\n\r\nGET"),
    "method-blank": pseudo("GET /other"),
    "method-empty": pseudo(""),
    "path-crlf": pseudo(path="/ HTTP/1.1\r\nhost: model\r\n\r\nGET /smuggled"),
    "path-lf": pseudo(path="/a\nb"),
    "path-nul": pseudo(path="/a\0b"),
    "path-blank": pseudo(path="/a HTTP/1.1 b"),
    "path-blank-before": pseudo(path=" /a"),
    "path-tab": pseudo(path="/a\tb"),
    "path-fragment": pseudo(path="/a#b"),
    "path-high-byte": pseudo(path="/a\xe4"),
    "path-empty": pseudo(path=""),
    "path-relative": pseudo(path="predict"),
    "path-absolute": pseudo(path="http://other/predict"),
    "path-star": pseudo(path="*"),
    "path-encoded-nul": pseudo(path="/a%00b"),
    "scheme-crlf": pseudo(scheme="http\r\nx: y"),
    "authority-crlf": pseudo(authority="model\r\nx: y"),
    "authority-nul": pseudo(authority="model\0"),
    "authority-blank": pseudo(authority="model other"),
    "authority-path": pseudo(authority="model/predict"),
    "authority-user": pseudo(authority="user@model"),
    "authority-user-password": pseudo(authority="user:secret@model"),
    "authority-port": pseudo(authority="model:99999"),
    "authority-empty": pseudo(authority=""),
    # Pseudo-headers.
    "no-method": without(":method"),
    "no-scheme": without(":scheme"),
    "no-path": without(":path"),
    "no-authority": without(":authority"),
    "two-methods": pseudo() + [(":method", "POST")],
    "two-paths": pseudo() + [(":path", "/other")],
    "two-schemes": pseudo() + [(":scheme", "https")],
    "two-authorities": pseudo() + [(":authority", "other")],
    "pseudo-unknown": pseudo() + [(":protocol2", "x")],
    "pseudo-empty": pseudo() + [(":", "x")],
    "pseudo-of-an-answer": pseudo() + [(":status", "200")],
    "connect": pseudo("CONNECT"),
    "extended-connect-without-path": [f for f in pseudo("CONNECT") if f[0] != ":path"] + [(":protocol", "websocket")],
    "extended-connect-to-http": pseudo("CONNECT") + [(":protocol", "h2c")],
    "extended-connect-to-no-protocol": pseudo("CONNECT") + [(":protocol", "")],
    "extended-connect-to-two-words": pseudo("CONNECT") + [(":protocol", "web socket")],
    "extended-connect-with-length": pseudo("CONNECT") + [(":protocol", "websocket"), ("content-length", "5")],
    "extended-connect-twice": pseudo("CONNECT") + [(":protocol", "websocket"), (":protocol", "websocket")],
    "pseudo-protocol": pseudo() + [(":protocol", "websocket")],
    "pseudo-late": without(":path") + [("x", "y"), (":path", "/predict")],
    "pseudo-late-authority": without(":authority") + [("x", "y"), (":authority", "other")],
    "pseudo-upper-case": without(":path") + [(":Path", "/predict")],
    # Names that only the older version has, and those that it would read differently.
    "upper-case": pseudo() + [("X-Thing", "y")],
    "upper-case-last": pseudo() + [("hosT", "other")],
    "upper-case-length": pseudo() + [("Content-Length", "5")],
    "connection-close": pseudo() + [("connection", "close")],
    "connection-names": pseudo() + [("connection", "x-forwarded-for")],
    "keep-alive": pseudo() + [("keep-alive", "timeout=5")],
    "proxy-connection": pseudo() + [("proxy-connection", "close")],
    "transfer-encoding": pseudo("POST") + [("transfer-encoding", "chunked")],
    "transfer-encoding-body": h2.head(1, pseudo("POST") + [("transfer-encoding", "chunked")], h2.END_HEADERS) +
                              h2.frame(h2.DATA, h2.END_STREAM, 1, b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"),
    "transfer-encoding-identity": pseudo("POST") + [("transfer-encoding", "identity")],
    "upgrade-h2c": pseudo() + [("upgrade", "h2c")],
    "upgrade-websocket": pseudo() + [("upgrade", "websocket")],
    "te-gzip": pseudo() + [("te", "gzip")],
    "te-trailers-and-more": pseudo() + [("te", "trailers, gzip")],
    "te-chunked": pseudo() + [("te", "chunked")],
    # Length.
    "length-more": bodies(10, size=5),
    "length-less": bodies(1, size=5),
    "length-without-body": pseudo("POST") + [("content-length", "5")],
    "length-twice": bodies(5, 5, size=5),
    "length-two": bodies(5, 6, size=5),
    "length-plus": bodies("+5", size=5),
    "length-negative": bodies("-1", size=5),
    "length-hex": bodies("0x5", size=5),
    "length-list": bodies("5, 5", size=5),
    "length-empty": bodies("", size=5),
    "length-overflow": bodies("18446744073709551621", size=5),
    "length-letters": bodies("five", size=5),
    # Whose request is it?
    "host-differs": pseudo() + [("host", "other")],
    "host-differs-in-port": pseudo() + [("host", "model:8080")],
    "two-hosts": pseudo() + [("host", "model"), ("host", "model")],
    "two-hosts-without-authority": without(":authority") + [("host", "model"), ("host", "other")],
    "host-user": without(":authority") + [("host", "user@model")],
    "host-empty": without(":authority") + [("host", "")],
    "connect": [(":method", "CONNECT"), (":authority", "model:80")],
    "connect-with-path": pseudo("CONNECT"),
    "trace": pseudo("TRACE"),
    "expect": pseudo("POST") + [("expect", "the-unexpected")],
    # Trailers.
    "trailers-pseudo": trailers((":path", "/other")),
    "trailers-connection": trailers(("connection", "close")),
    "trailers-transfer-encoding": trailers(("transfer-encoding", "chunked")),
    "trailers-length": trailers(("content-length", "50")),
    "trailers-upper-case": trailers(("X", "y")),
    "trailers-crlf": trailers(("x", SMUGGLED)),
    "trailers-without-end": h2.head(1, pseudo("POST"), h2.END_HEADERS) +
                            h2.head(1, [("x", "y")], h2.END_HEADERS) + h2.frame(h2.DATA, h2.END_STREAM, 1, b"x"),
}

BODY = h2.frame(h2.DATA, h2.END_STREAM, 1, b"hello")

# Legal, if odd: name -> (frames, what the model must have got: line, body).
LEGAL = {
    "crumbs": (h2.head(1, pseudo() + [("cookie", "a=1"), ("cookie", "b=2")]), "GET /predict", b""),
    "host-equals-authority": (h2.head(1, pseudo() + [("host", "MODEL")]), "GET /predict", b""),
    "host-alone": (h2.head(1, without(":authority") + [("host", "model")]), "GET /predict", b""),
    "te-trailers": (h2.head(1, pseudo() + [("te", "trailers")]), "GET /predict", b""),
    "length-agrees-in-pieces": (h2.head(1, pseudo("POST") + [("content-length", "5")], h2.END_HEADERS) +
                                h2.frame(h2.DATA, 0, 1, b"he") + h2.frame(h2.DATA, 0, 1) +
                                h2.frame(h2.DATA, h2.PADDED, 1, b"\3llo\0\0\0") + h2.frame(h2.DATA, h2.END_STREAM, 1),
                                "POST /predict", b"hello"),
    "body-without-length-and-with-trailers": (trailers(("x-checksum", "1")), "POST /predict", b"hello"),
    "body-that-looks-like-a-request": (h2.head(1, pseudo("POST"), h2.END_HEADERS) +
                                       h2.frame(h2.DATA, h2.END_STREAM, 1, b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"),
                                       "POST /predict", b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"),
    "length-of-nothing": (h2.head(1, pseudo("POST") + [("content-length", "0")]), "POST /predict", b""),
    "delete-with-body": (h2.head(1, pseudo("DELETE"), h2.END_HEADERS) + BODY, "DELETE /predict", b"hello"),
    "empty-value-and-high-bytes": (h2.head(1, pseudo() + [("x", ""), ("y", "\xc3\xa4")]), "GET /predict", b""),
    "options-star-is-refused-by-nobody": (h2.head(1, pseudo("OPTIONS", "*")), "OPTIONS *", b""),
    "head-cut-in-three": (h2.frame(h2.HEADERS, h2.END_STREAM, 1, h2.block(pseudo())[:9]) +
                          h2.frame(h2.CONTINUATION, 0, 1, h2.block(pseudo())[9:20]) +
                          h2.frame(h2.CONTINUATION, h2.END_HEADERS, 1, h2.block(pseudo())[20:]), "GET /predict", b""),
}


class SmugglingTest(WireTest):
    def setUp(self):
        super().setUp()
        self.whole = []

        def record(connection, request):
            connection.read_body(request)
            self.whole.append(request)
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        self.answer_with(record)

    def peer(self):
        peer = h2.Peer(self.gateway.http)
        self.addCleanup(peer.close)
        return peer

    def outcome(self, vector):
        """What became of stream 1: a status, minus the code of a reset; with the peer."""
        peer = self.peer()
        peer.send(vector if isinstance(vector, bytes) else h2.head(1, vector))
        return peer.outcome(1), peer

    def test_what_would_be_another_request_is_refused_and_no_model_has_it(self):
        self.assertGreater(len(REFUSED), 100)
        for name, vector in REFUSED.items():
            with self.subTest(name):
                outcome, peer = self.outcome(vector)

                self.assertIn(outcome, (-h2.PROTOCOL_ERROR, 400, 405, 417))
                self.assertIsNone(peer.goaway)
                peer.next_stream = 3
                self.assertEqual(peer.request(), 200)  # the connection lives, and its HPACK state is right
                self.assertEqual([request["line"] for request in self.whole], ["GET /predict HTTP/1.1"])
            self.whole.clear()

    def test_a_malformed_head_never_reaches_a_model_at_all(self):
        """A body that turns out to be bad may have been on its way, but is never a whole request."""
        heads = [vector for vector in REFUSED.values() if not isinstance(vector, bytes)]
        for vector in heads:
            self.outcome(vector)

        self.assertEqual(self.seen, [])

    def test_what_is_legal_is_the_one_request_that_it_was(self):
        self.assertGreaterEqual(len(LEGAL), 7)
        for name, (frames, line, body) in LEGAL.items():
            self.whole.clear()
            with self.subTest(name):
                outcome, _ = self.outcome(frames)

                self.assertEqual(outcome, 200)
                self.assertEqual([request["line"] for request in self.whole], [line + " HTTP/1.1"])
                self.assertEqual(self.whole[0]["body"], body)
                hosts = [value for have, value in self.whole[0]["headers"] if have == "host"]
                self.assertEqual([host.lower() for host in hosts], ["model"])

    def test_crumbs_of_a_cookie_are_one_field_for_the_model(self):
        self.outcome(h2.head(1, pseudo() + [("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")]))

        self.assertEqual([v for n, v in self.whole[0]["headers"] if n == "cookie"], ["a=1; b=2"])

    def test_trailers_that_would_be_obeyed_are_dropped(self):
        outcome, _ = self.outcome(trailers(("host", "other"), ("x-ab-bucket", "5"), ("authorization", "me"),
                                           ("x-forwarded-for", "1.2.3.4")))

        self.assertEqual(outcome, 200)
        request = self.whole[0]
        self.assertEqual(request["body"], b"hello")
        self.assertEqual(request.get("trailers", []), [])
        self.assertEqual(dict(request["headers"])["host"], "model")
        self.assertNotIn("authorization", dict(request["headers"]))

    def test_data_behind_a_length_of_nothing_reaches_nobody(self):
        """The request was whole with its head, so the model may have it; what follows is the client's error."""
        outcome, peer = self.outcome(bodies(0, size=5))

        self.assertEqual((outcome, peer.goaway), (-h2.PROTOCOL_ERROR, None))
        self.assertEqual([request["body"] for request in self.whole], [b""] * len(self.whole))
        self.assertLessEqual(len(self.whole), 1)

    def test_the_scheme_that_a_client_claims_is_not_believed(self):
        self.outcome(pseudo(scheme="https"))

        self.assertEqual(dict(self.whole[0]["headers"])["x-forwarded-proto"], "http")

    def test_no_byte_of_a_tunnel_arrives_that_the_model_has_not_agreed_to(self):
        smuggled = h2.frame(h2.DATA, 0, 1, b"GET /smuggled HTTP/1.1\r\nhost: model\r\n\r\n")
        outcome, _ = self.outcome(h2.head(1, pseudo("CONNECT") + [(":protocol", "websocket")], h2.END_HEADERS) + smuggled)

        self.assertEqual(outcome, 200)  # the model's own, which is no 101: nothing of the sort was agreed to
        self.assertEqual([request["line"] for request in self.seen], ["GET /predict HTTP/1.1"])
        self.assertEqual(self.whole[0]["body"], b"")

    def test_an_upgrade_of_the_older_version_is_never_a_tunnel(self):
        for more in (["connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQAAP__"],
                     ["upgrade: h2c"], ["upgrade: websocket"]):
            with self.subTest(more), self.gateway.client() as client:
                self.whole.clear()
                answer = client.request(headers=more)

                self.assertIn(answer.status, (200, 400, 403, 426, 501))
                self.assertNotEqual(answer.status, 101)
                for request in self.whole:
                    names = {name for name, _ in request["headers"]}
                    self.assertFalse(names & {"upgrade", "http2-settings", "connection"}, names)

    def test_a_preface_behind_a_request_is_no_second_version(self):
        with self.gateway.client() as client:
            client.send(b"GET /predict HTTP/1.1\r\nhost: model\r\n\r\n" + h2.PREFACE + h2.settings() + h2.head(1))
            self.assertEqual(client.answer().status, 200)
            self.assertIn(client.answer().status, (400, 505))
            self.assertTrue(client.closed())
        self.assertEqual(len(self.whole), 1)


if __name__ == "__main__":
    unittest.main()
