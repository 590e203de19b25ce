"""What a client hears before its request is over: interim answers, and final ones that come early."""
import unittest

import rig
from wire import WireTest, text


class EarlyTest(WireTest):
    def assert_over(self, client, answer):
        """The exchange is: a connection that is one exchange at a time ends with it, one with streams lives on."""
        if rig.CLIENT == 1:
            self.assertEqual(answer.header("connection"), "close")
            self.assertTrue(client.closed())
        else:
            client.abandon()
            self.assertEqual(client.request(host="nobody").status, 404)


class Interims(EarlyTest):
    def test_a_continue_of_the_model_reaches_a_client_that_waits_for_it(self):
        def handler(connection, request):
            connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
            connection.read_body(request)
            connection.send(text(body=b"done"))
        self.answer_with(handler)
        client = self.client()

        client.send("POST / HTTP/1.1\r\nhost: model\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
        self.assertEqual(client.head()[0], 100)
        client.send("body")

        self.assertEqual(client.head()[0], 200)  # the second 100 was one too many
        self.assertEqual(client.read_exactly(4), b"done")
        self.assertEqual(dict(self.seen[0]["headers"])["expect"], "100-continue")
        self.assertEqual(self.seen[0]["body"], b"body")

    def test_a_refusal_instead_of_a_continue_reaches_the_client_and_ends_the_connection(self):
        self.answer_with(lambda connection, _: connection.send(text("413 Too Large", body=b"no")))
        client = self.client()

        client.send("POST / HTTP/1.1\r\nhost: model\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
        answer = client.answer()

        self.assertEqual((answer.status, answer.body), (413, b"no"))
        self.assert_over(client, answer)
        self.assert_given_up()  # the rest of that request can never be sent

    def test_early_hints_pass_in_their_order_and_with_their_fields(self):
        self.answer_with(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
                         b"HTTP/1.1 103 Early Hints\r\nlink: </b>\r\n\r\n" + text(body=b"x"))
        client = self.client().send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")

        heads = [client.head() for _ in range(3)]

        self.assertEqual([h[0] for h in heads], [103, 103, 200])
        self.assertEqual([dict(h[2]).get("link") for h in heads], ["</a>", "</b>", None])


class EarlyAnswers(EarlyTest):
    def test_an_answer_in_mid_upload_is_delivered_and_the_connection_closed(self):
        """Neither side's connection may be used again: the rest of the upload would be read as a request (F19)."""
        def handler(connection, _):
            connection.read_exactly(1)
            connection.send(text("413 Too Large", body=b"enough"))
            connection.socket.recv(1 << 20)
        self.answer_with(handler)
        client = self.client().send("POST / HTTP/1.1\r\nhost: model\r\ncontent-length: 10000000\r\n\r\n" + "x" * 5000)

        answer = client.answer()

        self.assertEqual((answer.status, answer.body), (413, b"enough"))
        self.assertIsNone(answer.header("x-envoy-upstream-service-time"))
        self.assert_over(client, answer)
        self.assert_given_up()

    def test_a_client_that_reads_only_after_its_upload_still_gets_an_early_answer(self):
        """The connection is not torn down under it: a reset would throw the answer away."""
        client = self.client()
        body = b"x" * 2_000_000

        client.send(f"POST / HTTP/1.1\r\nhost: nobody\r\ncontent-length: {len(body)}\r\n\r\n").send(body)

        answer = client.answer()
        self.assertEqual(answer.status, 404)
        self.assert_over(client, answer)

    @rig.http1_client  # with streams that is a flood of frames on one that is closed: http2_abuse_test
    def test_a_client_that_uploads_for_ever_after_its_answer_is_cut_off(self):
        client = self.client().send("POST / HTTP/1.1\r\nhost: nobody\r\ncontent-length: 999999999999\r\n\r\n")
        self.assertEqual(client.answer().status, 404)

        with self.assertRaises(ConnectionError):
            while True:
                client.send(b"x" * 65536)


if __name__ == "__main__":
    unittest.main()
