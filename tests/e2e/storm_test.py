"""Many faults at once, on both sides: when the last client has gone nothing is left of any of them, and the gateway
answers as if nothing had been."""
import collections
import random
import socket
import threading
import unittest

import rig
from wire import WireTest, hello, text

THREADS = 8
REQUESTS = 60  # per thread
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"


def reset_after(begin):
    def act(connection, _):
        connection.send(begin)
        connection.reset()
        return True
    return act


def send_and_close(begin):
    def act(connection, _):
        connection.send(begin)
        return True
    return act


def until_cut(connection, _):
    """Sends until somebody has had enough."""
    connection.send(HEAD.replace(b"1000000", b"99999999999"))
    while True:
        connection.send(b"x" * 65536)


MODEL = {
    "good": hello,
    "early": lambda connection, _: connection.send(text("413 Too Large", body=b"no")),
    "reset": reset_after(b""),
    "reset-head": reset_after(b"HTTP/1.1 200 OK\r\nx"),
    "reset-body": reset_after(HEAD + b"half"),
    "close": send_and_close(b""),
    "close-body": send_and_close(HEAD + b"half"),
    "close-chunk": send_and_close(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal"),
    "garbage": send_and_close(b"\0\1\2"),
    "extra": lambda connection, _: connection.send(text(body=b"hello") + text(body=b"smuggled")),
    "endless": until_cut,
    "silent": lambda connection, _: connection.read_to_end() is not None,
}
ENDLESS = ("endless", "silent")  # the client has to leave


def leave(client):
    client.close()


def break_off(client):
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.close()


class Storm(WireTest):
    FLAGS = ("--workers", "2")

    def one(self, chance, tally):
        """A request against a fault of the model, by a client that may be faulty itself."""
        kind = chance.choice(list(MODEL))
        with self.gateway.client() as client:
            upload = chance.choice((0, 0, 100, 300_000))
            head = f"POST /{kind} HTTP/1.1\r\nhost: model\r\ncontent-length: {upload}\r\n\r\n".encode()
            cut = chance.randrange(len(head)) if chance.random() < 0.1 else len(head)
            try:
                client.send(head[:cut])
                if cut == len(head):
                    client.send(b"u" * (upload // 2 if chance.random() < 0.2 else upload))
                else:
                    return tally.append("left")
                if kind in ENDLESS or chance.random() < 0.2:
                    chance.choice((leave, break_off))(client)
                    return tally.append("left")
                client.socket.settimeout(0.2 if upload else 20)
                answer = client.answer("POST")
                self.assertNotIn(b"smuggled", answer.body)
                tally.append(answer.status)
            except EOFError:
                tally.append("cut")
            except OSError:
                tally.append("broken")

    def test_nothing_is_left_of_a_storm(self):
        self.answer_with(lambda connection, request: MODEL[request["line"].split(" ")[1][1:]](connection, request))
        self.gateway.get("/good")
        descriptors = self.gateway.descriptors()
        tally, errors = [], []

        def run(seed):
            chance = random.Random(seed)
            try:
                for _ in range(REQUESTS):
                    self.one(chance, tally)
            except AssertionError as error:
                errors.append(error)
        threads = [threading.Thread(target=run, args=(seed,)) for seed in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        self.assertEqual(errors, [])
        self.assertEqual(len(tally), THREADS * REQUESTS)
        self.assertTrue({200, 502, 503, "cut", "left"} <= set(tally), collections.Counter(tally))
        self.assert_quiet()
        rig.until(lambda: self.gateway.descriptors() <= descriptors, "all descriptors are back")
        self.assertEqual(self.gateway.get("/good").body, b"hello")
        self.assertEqual(self.gateway.metric("envoy_http_downstream_rq_total"),
                         self.gateway.metric("envoy_http_downstream_rq_completed"))


if __name__ == "__main__":
    unittest.main()
