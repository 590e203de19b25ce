"""gRPC through the gateway, between a client and a server of grpcio: every kind of call, ends of every kind, and the
gateway's own failures as a gRPC client is told them. No code generation: messages are bytes."""
import importlib.util
import sys
import threading
from concurrent import futures
import unittest

import rig
import shared
from http2_peers_test import towards_http2

if importlib.util.find_spec("grpc") is None:
    print("skipped: python3-grpcio is not installed")
    sys.exit(0)

import grpc  # noqa: E402

MESSAGES, SIZE = 10_000, 4096
GROWTH_KIB = 8 << 10
OPTIONS = [("grpc.enable_http_proxy", 0), ("grpc.http2.bdp_probe", 0), ("grpc.enable_retries", 0)]


class Service(grpc.GenericRpcHandler):
    """What the methods of the model do; remembers how calls ended."""

    def __init__(self):
        self.ended = {}  # method -> event: the server saw the call end
        self.metadata = {}  # method -> what came with it
        self.left = None  # seconds until the deadline, as told
        self.sent = 0

    def service(self, details):
        name = details.method.rsplit("/", 1)[1]
        self.metadata[name] = [(key, value) for key, value in details.invocation_metadata]
        kinds = {"Echo": grpc.unary_unary_rpc_method_handler, "Fail": grpc.unary_unary_rpc_method_handler,
                 "Hang": grpc.unary_unary_rpc_method_handler, "Join": grpc.stream_unary_rpc_method_handler,
                 "Count": grpc.unary_stream_rpc_method_handler, "Half": grpc.unary_stream_rpc_method_handler,
                 "Talk": grpc.stream_stream_rpc_method_handler}
        return kinds[name](getattr(self, name)) if name in kinds else None

    def Echo(self, request, context):
        context.send_initial_metadata((("x-model", "v0"), ("x-bytes-bin", b"\0\1\xff")))
        context.set_trailing_metadata((("x-cost", "3"), ("x-end-bin", b"\xfe\0")))
        return request

    def Fail(self, _, context):
        context.set_trailing_metadata((("x-why", "quota"),))
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more: 100 % – really")

    def Hang(self, _, context):
        self.left = context.time_remaining()
        ended = self.ended.setdefault("Hang", threading.Event())
        context.add_callback(ended.set)
        ended.wait(20)
        return b""

    def Join(self, requests, _):
        return b",".join(requests)

    def Count(self, request, _):
        for i in range(int(request)):
            yield b"%d" % i

    def Half(self, _, context):
        yield b"one"
        context.set_trailing_metadata((("x-after", "one"),))
        context.abort(grpc.StatusCode.DATA_LOSS, "lost")

    def Talk(self, requests, context):
        context.add_callback(self.ended.setdefault("Talk", threading.Event()).set)
        for request in requests:
            self.sent += 1
            yield request


class GrpcTest(shared.SharedTest):
    @classmethod
    def arrange(cls):
        cls.service = Service()
        server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[cls.service], options=OPTIONS)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        cls.addClassCleanup(lambda: server.stop(None).wait(10))
        healthy = "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 0}}\n"
        dead = cls.closed_port()
        ejecting = ("  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, interval: 1h, baseEjectionTime: 1h, "
                    "maxEjectionPercent: 100, minHealthPercent: 0}}\n")
        cls.start(towards_http2("---\n".join([
            rig.rules([port], rig.PLAIN, healthy),
            rig.rules([dead], rig.PLAIN.replace("model", "dead"), healthy, host="dead"),
            rig.rules([dead], rig.PLAIN.replace("model", "gone"), ejecting, host="gone")])))

    def setUp(self):
        self.service.ended.clear()
        self.service.sent = 0

    def channel(self, host="model"):
        channel = grpc.insecure_channel(self.gateway.http, OPTIONS + [("grpc.default_authority", host)])
        self.addCleanup(channel.close)
        return channel

    def unary(self, method, host="model"):
        return self.channel(host).unary_unary(f"/test.Model/{method}")

    def error(self, method, host="model", **more):
        with self.assertRaises(grpc.RpcError) as caught:
            self.unary(method, host)(b"x", **{"timeout": 20, **more})
        return caught.exception

    # --- kinds of calls --------------------------------------------------------------------------------------------

    def test_a_unary_call_keeps_message_metadata_and_trailers(self):
        answer, call = self.unary("Echo").with_call(b"\0\xffhello", timeout=20,
                                                    metadata=(("x-user", "7"), ("x-raw-bin", b"\0\xff")))
        self.assertEqual(answer, b"\0\xffhello")
        self.assertLessEqual({("x-user", "7"), ("x-raw-bin", b"\0\xff")}, set(self.service.metadata["Echo"]))
        self.assertLessEqual({("x-model", "v0"), ("x-bytes-bin", b"\0\1\xff")}, set(call.initial_metadata()))
        self.assertEqual(set(call.trailing_metadata()), {("x-cost", "3"), ("x-end-bin", b"\xfe\0")})
        self.assertEqual(self.line("/test.Model/Echo")["grpc_status"], 0)

    def test_a_large_message_arrives_whole(self):
        message = bytes(range(256)) * (3 << 12)  # 3 MiB
        self.assertEqual(self.unary("Echo")(message, timeout=20), message)

    def test_a_stream_of_requests_gets_one_answer(self):
        join = self.channel().stream_unary("/test.Model/Join")
        self.assertEqual(join((b"%d" % i for i in range(1000)), timeout=20), b",".join(b"%d" % i for i in range(1000)))

    def test_one_request_gets_a_stream_of_answers(self):
        count = self.channel().unary_stream("/test.Model/Count")
        self.assertEqual([int(answer) for answer in count(b"1000", timeout=20)], list(range(1000)))

    def test_both_sides_may_talk_in_turns(self):
        go_on, questions = threading.Semaphore(1), 50

        def ask():
            for i in range(questions):
                go_on.acquire()
                yield b"%d" % i
        heard = []
        for answer in self.channel().stream_stream("/test.Model/Talk")(ask(), timeout=20):
            heard.append(int(answer))
            go_on.release()  # the next question waits for this answer
        self.assertEqual(heard, list(range(questions)))

    def test_a_consumer_that_pauses_holds_the_stream_in_bounded_memory_and_loses_nothing(self):
        self.unary("Echo")(b"warm", timeout=20)
        before = self.gateway.rss_kib()
        talk = self.channel().stream_stream("/test.Model/Talk")
        answers = talk((b"%08d" % i + b"x" * (SIZE - 8) for i in range(MESSAGES)), timeout=120)
        numbers = [int(next(answers)[:8])]

        seen = []

        def stands_still():
            seen.append(self.service.sent)
            return len(seen) > 40 and len(set(seen[-40:])) == 1
        rig.until(stands_still, "the server waits for the consumer")
        self.assertLess(self.service.sent, MESSAGES)
        if not rig.SANITIZED:
            self.assertLess(self.gateway.rss_kib() - before, GROWTH_KIB)

        numbers += [int(answer[:8]) for answer in answers]
        self.assertEqual(numbers, list(range(MESSAGES)))
        if not rig.SANITIZED:
            self.assertLess(self.gateway.rss_kib() - before, GROWTH_KIB)

    # --- ends ------------------------------------------------------------------------------------------------------

    def test_a_cancelled_call_ends_at_the_server(self):
        call = self.unary("Hang").future(b"x", timeout=20)
        ended = rig.until(lambda: self.service.ended.get("Hang"), "the server has the call")
        call.cancel()
        self.assertTrue(ended.wait(10))
        self.assert_quiet()

    def test_a_cancelled_stream_ends_at_the_server(self):
        never = threading.Event()
        self.addCleanup(never.set)

        def ask():
            yield b"first"
            never.wait(20)
        call = self.channel().stream_stream("/test.Model/Talk")(ask(), timeout=20)
        self.assertEqual(next(call), b"first")
        call.cancel()
        self.assertTrue(self.service.ended["Talk"].wait(10))
        self.assert_quiet()

    def test_a_deadline_is_told_to_the_server_and_ends_the_call_on_both_sides(self):
        error = self.error("Hang", timeout=0.5)
        self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertLess(self.service.left, 1.0)  # grpcio rounds both up; a call without a deadline has years
        self.assertTrue(self.service.ended["Hang"].wait(10))

    def test_an_error_without_a_message_keeps_status_text_and_metadata(self):
        error = self.error("Fail")
        self.assertEqual((error.code(), error.details()),
                         (grpc.StatusCode.RESOURCE_EXHAUSTED, "no more: 100 % – really"))
        self.assertIn(("x-why", "quota"), error.trailing_metadata())
        self.assertEqual(self.line("/test.Model/Fail")["grpc_status"], 8)

    def test_an_error_after_a_message_comes_behind_it(self):
        answers = self.channel().unary_stream("/test.Model/Half")(b"", timeout=20)
        self.assertEqual(next(answers), b"one")
        with self.assertRaises(grpc.RpcError) as caught:
            next(answers)
        self.assertEqual((caught.exception.code(), caught.exception.details()), (grpc.StatusCode.DATA_LOSS, "lost"))
        self.assertIn(("x-after", "one"), caught.exception.trailing_metadata())

    def test_a_method_that_is_not_there_is_the_servers_to_refuse(self):
        self.assertEqual(self.error("Nothing").code(), grpc.StatusCode.UNIMPLEMENTED)
        self.assertEqual(self.line("/test.Model/Nothing")["response_flags"], "-")

    # --- the gateway's own -----------------------------------------------------------------------------------------

    def test_what_the_gateway_answers_itself_is_a_grpc_status(self):
        for host, path, code, flag in (("nobody", "NoRoute", grpc.StatusCode.UNIMPLEMENTED, "NR"),
                                       ("dead", "Refused", grpc.StatusCode.UNAVAILABLE, "UF")):
            with self.subTest(host=host):
                error = self.error(path, host)
                self.assertEqual(error.code(), code, error.details())
                self.assertTrue(error.details())
                line = self.line(f"/test.Model/{path}")
                self.assertEqual((line["response_code"], line["response_flags"]), (200, flag))

    def test_no_healthy_endpoint_is_unavailable(self):
        self.assertEqual(self.error("First", "gone").code(), grpc.StatusCode.UNAVAILABLE)  # ejects the only endpoint
        self.assertEqual(self.error("Second", "gone").code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(self.line("/test.Model/Second")["response_flags"], "UH")


if __name__ == "__main__":
    unittest.main()
