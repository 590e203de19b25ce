"""The gateway through the eyes of the clients of HTTP/2 that people have: curl, nghttp and h2load."""
import json
import re
import shutil
import signal
import subprocess
import threading
import unittest

import rig
from wire import WireTest, text

CURL, NGHTTP, H2LOAD = (shutil.which(name) for name in ("curl", "nghttp", "h2load"))
PROTOCOL = "protocol: HTTP}"
BIG = (20 if rig.SANITIZED else 200) << 20
GROWTH_KIB = 8 << 10  # windows of both sides, and what the allocator keeps of them


def speaks_http2():
    """Whether this curl was built with it."""
    return CURL and "HTTP2" in subprocess.run([CURL, "-V"], capture_output=True, text=True, check=False).stdout


def towards_http2(rules):
    """The same rules with models that speak HTTP/2."""
    return rules.replace(PROTOCOL, "protocol: HTTP2}")


def succeeded(report):
    """h2load's count by outcome."""
    line = re.search(r"^requests: (.*)$", report, re.M).group(1)
    return {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", line)}


@unittest.skipUnless(speaks_http2(), "no curl with HTTP/2 is installed")
class CurlOverHttp2(WireTest):
    def curl(self, *arguments, stdin=b"", path="/predict", host="model"):
        """(exit status, stdout, stderr)."""
        command = [CURL, "-q", "-sS", "--http2-prior-knowledge", "--noproxy", "*", "--max-time", "120", "-H",
                   f"Host: {host}", *arguments, f"http://{self.gateway.http}{path}"]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=150, check=False)
        return done.returncode, done.stdout, done.stderr.decode(errors="replace")

    def test_get_prints_the_models_answer(self):
        self.assertEqual(self.curl("-w", "%{http_version}"), (0, b"hello2", ""))
        self.assertEqual(self.seen[0]["line"], "GET /predict HTTP/1.1")
        self.assertEqual(dict(self.seen[0]["headers"])["host"], "model")

    def test_post_arrives_with_its_length_and_from_stdin_whole(self):
        self.assertEqual(self.curl("-d", '{"a":1}')[:2], (0, b"hello"))
        self.assertEqual(self.seen[0]["body"], b'{"a":1}')
        self.assertEqual(dict(self.seen[0]["headers"])["content-length"], "7")

        body = b'{"instances": [1.0, 2.0]}' * 4000
        self.assertEqual(self.curl("-X", "POST", "-T", "-", stdin=body)[:2], (0, b"hello"))
        self.assertEqual(self.seen[1]["body"], body)

    def test_head_and_204_end_without_a_body(self):
        self.answer_with(b"HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n")
        status, out, _ = self.curl("-I")
        self.assertEqual(status, 0)
        self.assertIn(b"content-length: 1234\r\n", out)

        self.answer_with(b"HTTP/1.1 204 No Content\r\n\r\n")
        self.assertEqual(self.curl("-w", "%{http_code}")[:2], (0, b"204"))

    def test_trailers_of_the_model_arrive(self):
        self.answer_with(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-checksum\r\n\r\n"
                         b"5\r\nhello\r\n0\r\nx-checksum: abc\r\n\r\n")
        status, out, _ = self.curl("-D", "-")
        self.assertEqual(status, 0)
        self.assertIn(b"x-checksum: abc\r\n", out)

    def test_a_failure_of_the_gateway_is_json_that_says_what(self):
        status, out, _ = self.curl(host="nobody")
        self.assertEqual((status, json.loads(out)["status"]), (0, 404))

    def test_a_transfer_that_breaks_off_is_an_error_to_curl(self):
        def handler(connection, _):
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            return True
        self.answer_with(handler)
        status, _, err = self.curl()
        self.assertIn(status, (18, 56, 92), err)  # partial file, a receive that failed, a stream error

    def test_large_bodies_go_through_in_bounded_memory(self):
        self.assertEqual(self.curl("-d", "warm")[0], 0)
        before, block, seen = self.gateway.rss_kib(), b"x" * (1 << 20), []

        def handler(connection, request):
            left = int(dict(request["headers"])["content-length"])
            seen.append(left)
            while left:
                left -= len(connection.read_exactly(min(left, 1 << 16)))
            connection.send(f"HTTP/1.1 200 OK\r\ncontent-length: {BIG}\r\n\r\n")
            for _ in range(BIG >> 20):
                connection.send(block)
        self.answer_with(handler)
        upload = self.directory / "big.bin"
        with open(upload, "wb") as file:
            file.truncate(BIG)

        status, out, err = self.curl("-T", str(upload), "-o", "/dev/null", "-w", "%{size_download}")

        self.assertEqual((status, out, seen), (0, str(BIG).encode(), [BIG]), err)
        if not rig.SANITIZED:
            self.assertLess(self.gateway.rss_kib() - before, GROWTH_KIB)


class Nghttp2Tools(rig.RigTest):
    def run_with(self, *flags, latency="0ms", drain=""):
        _, port = self.stub("v0", "--latency", latency)
        return self.gateway(towards_http2(rig.rules([port], rig.PLAIN, more=drain)), *flags)

    def h2load(self, gateway, *flags):
        return [H2LOAD, "-H", ":authority: model", *flags, f"http://{gateway.http}/predict"]

    @unittest.skipUnless(NGHTTP, "nghttp is not installed: apt-get install nghttp2-client")
    def test_nghttp_gets_many_answers_over_one_connection(self):
        gateway = self.run_with()
        done = subprocess.run([NGHTTP, "-nv", "-m", "50", "-H", ":authority: model", f"http://{gateway.http}/predict"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(re.findall(r":status: 200", done.stdout)), 50)
        self.assertNotIn("RST_STREAM", done.stdout)
        self.assertEqual(gateway.metric("envoy_http_downstream_cx_total"), 1)

    @unittest.skipUnless(NGHTTP, "nghttp is not installed: apt-get install nghttp2-client")
    def test_an_upload_that_is_refused_early_gets_the_whole_refusal_before_it_is_stopped(self):
        """RFC 9113 section 8.1. Not with curl: 7.88 takes RST_STREAM(NO_ERROR) for a failure and drops the answer."""
        told = threading.Event()

        def script(connection):
            connection.read_head()
            connection.send(text("413 Too Large", body=b"no"))
            told.wait(60)  # the upload does not fit into the buffers on its way: it cannot end before the answer
            connection.read_to_end()
        gateway = self.gateway(rig.rules([self.model(script).port], rig.PLAIN))
        upload = self.directory / "refused.bin"
        upload.write_bytes(b"x" * (64 << 20))
        self.addCleanup(told.set)
        out = subprocess.run([NGHTTP, "-nv", "-d", upload, "-H", ":authority: model", f"http://{gateway.http}/predict"],
                             capture_output=True, text=True, timeout=60, check=False).stdout
        self.assertIn(":status: 413", out)
        self.assertRegex(out, r"recv DATA frame <length=2, flags=0x01(?s:.)*recv RST_STREAM(?s:.)*NO_ERROR\(0x00\)")

    @unittest.skipUnless(H2LOAD, "h2load is not installed: apt-get install nghttp2-client")
    def test_h2load_loses_none_of_a_hundred_thousand_requests(self):
        count = 10_000 if rig.SANITIZED else 100_000
        done = subprocess.run(self.h2load(self.run_with(), "-n", str(count), "-c", "8", "-m", "32"), capture_output=True,
                              text=True, timeout=300, check=False)
        report = succeeded(done.stdout)
        self.assertEqual((report["succeeded"], report["failed"], report["errored"]), (count, 0, 0), done.stdout)
        self.assertIn(f"status codes: {count} 2xx", done.stdout)

    @unittest.skipUnless(H2LOAD, "h2load is not installed: apt-get install nghttp2-client")
    def test_a_drain_under_load_fails_no_request_that_it_took(self):
        log = self.directory / "log"
        gateway = self.run_with("--workers", "2", latency="2ms", drain=rig.settings(
            "timeouts: {drain: 2s}", f"accessLog: {{path: {log}}}"))
        load = subprocess.Popen(self.h2load(gateway, "-D", "4", "-c", "8", "-m", "8"), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        self.addCleanup(lambda: load.poll() is None and load.kill())
        rig.until(lambda: gateway.metric("envoy_http_downstream_rq_total") > 0, "load")
        gateway.program.process.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.program.process.wait(20), 0)
        out = load.communicate(timeout=60)[0]
        report = succeeded(out)
        # What h2load calls failed it wanted to ask after the GOAWAY, and its own library did not let it. So the count is ours:
        # every request that the gateway took is in its log, has a whole answer, and that answer has arrived.
        self.assertEqual(report["timeout"], 0, out)
        taken = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual({(line["response_code"], line["response_flags"]) for line in taken}, {(200, "-")})
        self.assertEqual(len(taken), report["succeeded"], out)
        self.assertIn(f"status codes: {report['succeeded']} 2xx, 0 3xx, 0 4xx, 0 5xx", out)
        self.assertIn("drained: 0 client connections cut", gateway.log())


if __name__ == "__main__":
    unittest.main()
