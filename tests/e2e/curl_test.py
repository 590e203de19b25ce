"""The gateway through the eyes of curl, the client that people try first."""
import json
import shutil
import subprocess
import unittest

from wire import WireTest, text

CURL = shutil.which("curl")


@unittest.skipUnless(CURL, "curl is not installed")
class Curl(WireTest):
    def curl(self, *arguments, stdin=b"", path="/predict", host="model"):
        """(exit status, stdout, stderr)."""
        command = [CURL, "-q", "-sS", "--noproxy", "*", "--max-time", "20", "-H", f"Host: {host}", *arguments,
                   f"http://{self.gateway.http}{path}"]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=30, check=False)
        return done.returncode, done.stdout, done.stderr.decode(errors="replace")

    def test_get_prints_the_models_answer(self):
        self.assertEqual(self.curl(), (0, b"hello", ""))
        self.assertEqual(self.seen[0]["line"], "GET /predict HTTP/1.1")

    def test_post_from_stdin_is_chunked_and_arrives_whole(self):
        body = b'{"instances": [1.0, 2.0]}' * 4000

        status, out, _ = self.curl("-X", "POST", "-H", "Expect:", "-T", "-", stdin=body)

        self.assertEqual((status, out), (0, b"hello"))
        self.assertEqual(dict(self.seen[0]["headers"])["transfer-encoding"], "chunked")
        self.assertEqual(self.seen[0]["body"], body)

    def test_post_of_json_arrives_with_its_length(self):
        status, out, _ = self.curl("-H", "content-type: application/json", "-d", '{"a":1}')

        self.assertEqual((status, out), (0, b"hello"))
        self.assertEqual(dict(self.seen[0]["headers"])["content-type"], "application/json")
        self.assertEqual(self.seen[0]["body"], b'{"a":1}')

    def test_an_upload_that_expects_a_continue_gets_the_models(self):
        def handler(connection, request):
            connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            connection.read_body(request)
            connection.send(text(body=b"stored"))
        self.answer_with(handler)
        upload = self.directory / "upload.bin"
        upload.write_bytes(bytes(range(256)) * 16384)  # 4 MiB: curl asks before it sends that much

        status, out, err = self.curl("-v", "-T", str(upload), "-H", "Expect: 100-continue", path="/models/")

        self.assertEqual((status, out), (0, b"stored"))
        self.assertIn("< HTTP/1.1 100 Continue", err)
        self.assertEqual(self.seen[0]["line"], "PUT /models/upload.bin HTTP/1.1")
        self.assertEqual(self.seen[0]["body"], upload.read_bytes())

    def test_an_upload_that_is_refused_ends_with_the_refusal(self):
        self.answer_with(lambda connection, _: connection.send(text("413 Too Large", body=b"no")))
        upload = self.directory / "refused.bin"
        upload.write_bytes(b"x" * (4 << 20))

        status, out, _ = self.curl("-T", str(upload), "-H", "Expect: 100-continue", "-w", "%{http_code}")

        self.assertEqual((status, out), (0, b"no413"))

    def test_head_prints_fields_and_waits_for_no_body(self):
        self.answer_with(b"HTTP/1.1 200 OK\r\ncontent-length: 1234\r\nx-model: v1\r\n\r\n")

        status, out, _ = self.curl("-I")

        self.assertEqual(status, 0)
        self.assertIn(b"content-length: 1234\r\n", out)
        self.assertIn(b"x-model: v1\r\n", out)

    def test_the_old_version_is_answered(self):
        status, out, err = self.curl("--http1.0", "-v")

        self.assertEqual((status, out), (0, b"hello"))
        self.assertIn("> GET /predict HTTP/1.0", err)

    def test_two_urls_share_one_connection(self):
        status, out, _ = self.curl("-w", "%{num_connects}\n", f"http://{self.gateway.http}/first")

        self.assertEqual((status, out), (0, b"hello1\nhello0\n"))

    def test_a_failure_of_the_gateway_is_json_that_says_what(self):
        status, out, _ = self.curl(host="nobody")

        self.assertEqual((status, json.loads(out)["status"]), (0, 404))

    def test_a_transfer_that_breaks_off_is_an_error_to_curl(self):
        def handler(connection, _):
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            return True
        self.answer_with(handler)

        status, _, err = self.curl()

        self.assertIn(status, (18, 56), err)  # partial file, or a receive that failed


if __name__ == "__main__":
    unittest.main()
