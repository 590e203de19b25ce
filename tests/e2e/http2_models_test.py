"""Models that speak HTTP/2, or do not: what the gateway makes of GOAWAY, refusals, resets, silence, limits and of a server
that only knows the older version."""
import concurrent.futures
import http.server
import importlib
import importlib.util
import json
import subprocess
import threading
import unittest

import rig
from http2_peers_test import H2LOAD, succeeded, towards_http2

RETRIED = "  - route: [{destination: {host: model, subset: v0}}]\n"  # the default policy: two more tries
POOL = "  trafficPolicy: {connectionPool: {http: {%s}}}\n"


class Quiet(http.server.BaseHTTPRequestHandler):
    """python's http.server, keeping connections open."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"old"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Upgrade(rig.RigTest):
    def test_a_server_of_the_older_version_fails_no_request_is_warned_of_once_and_shown(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        port = server.server_address[1]
        gateway = self.gateway(rig.rules([port], rig.PLAIN, POOL % "h2UpgradePolicy: UPGRADE"), "--workers", 2)
        shown = f"::127.0.0.1:{port}::http1_only::"
        self.assertIn(shown + "false\n", gateway.admin_request("GET", "/clusters")[1])

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: gateway.get(), range(200)))

        self.assertEqual({(answer.status, answer.body) for answer in answers}, {(200, b"old")})
        self.assertIn(shown + "true\n", gateway.admin_request("GET", "/clusters")[1])
        self.assertEqual(gateway.log().count(f"127.0.0.1:{port} "), 1, gateway.log())

    def test_a_server_of_the_newer_version_is_spoken_to_in_it(self):
        _, port = self.stub("v0")
        gateway = self.gateway(rig.rules([port], rig.PLAIN, POOL % "h2UpgradePolicy: UPGRADE"))
        self.assertEqual(gateway.get().status, 200)
        self.assertEqual(last_request(port), "GET /predict HTTP/2")
        self.assertIn(f"::127.0.0.1:{port}::http1_only::false\n", gateway.admin_request("GET", "/clusters")[1])


def last_request(port):
    with rig.Client(f"127.0.0.1:{port}") as client:
        return client.request(path="/__stub/stats").json()["last"]["request"]


@unittest.skipUnless(H2LOAD, "h2load is not installed: apt-get install nghttp2-client")
class Limits(rig.RigTest):
    def load(self, gateway, count):
        done = subprocess.run([H2LOAD, "-H", ":authority: model", "-n", str(count), "-c", "4", "-m", "16",
                               f"http://{gateway.http}/predict"], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(succeeded(done.stdout)["succeeded"], count, done.stdout)
        self.assertIn(f"status codes: {count} 2xx", done.stdout)

    def run_with(self, policy):
        program, port = self.stub("v0", "--latency", "1ms")
        return self.gateway(towards_http2(rig.rules([port], rig.PLAIN, POOL % policy)), "--workers", 1), program

    def test_one_stream_a_connection_serves_everyone_over_many_connections(self):
        gateway, _ = self.run_with("maxConcurrentStreams: 1")
        self.load(gateway, 2000)
        self.assertGreater(gateway.metric("envoy_cluster_upstream_cx_total"), 1)

    def test_a_connection_is_left_after_so_many_requests_and_none_is_lost(self):
        gateway, _ = self.run_with("maxRequestsPerConnection: 10")
        self.load(gateway, 2000)
        self.assertGreaterEqual(gateway.metric("envoy_cluster_upstream_cx_total"), 200)

    def test_without_limits_the_streams_share_few_connections(self):
        gateway, _ = self.run_with("maxRetries: 3")
        self.load(gateway, 2000)
        self.assertLess(gateway.metric("envoy_cluster_upstream_cx_total"), 10)


@unittest.skipUnless(importlib.util.find_spec("h2"), "python3-h2 is not installed")
class Failures(rig.RigTest):
    """F20: who was not processed is tried again, whoever was is not."""

    def run_with(self, script, http=RETRIED, policy="", **more):
        h2_script = importlib.import_module("h2_script")
        events = h2_script.h2.events

        def on_event(connection, event):
            if isinstance(event, events.RequestReceived):
                script(connection, event.stream_id)
        self.upstream = h2_script.H2Model(on_event, **more)
        self.addCleanup(self.upstream.stop)
        self.addCleanup(lambda: self.assertEqual(self.upstream.errors, []))
        log = self.directory / "access.log"
        spec = rig.settings(f"accessLog: {{path: {log}}}")
        self.running = self.gateway(towards_http2(rig.rules([self.upstream.port], http, policy, more=spec)),
                                    "--workers", 1)
        self.flags = lambda: [json.loads(line) for line in log.read_text().split("\n")[:-1]] if log.exists() else []
        return self.running

    def test_a_refused_stream_is_tried_again(self):
        def script(connection, stream):
            if len(self.upstream.requests) == 1:
                return connection.h2.reset_stream(stream, 7)  # REFUSED_STREAM
            return connection.answer(stream)
        self.assertEqual(self.run_with(script).get().body, b"ok")
        self.assertEqual(len(self.upstream.requests), 2)

    def test_a_stream_that_is_always_refused_answers_503_after_three_tries(self):
        gateway = self.run_with(lambda connection, stream: connection.h2.reset_stream(stream, 7))
        self.assertEqual(gateway.get().status, 503)
        self.assertEqual(len(self.upstream.requests), 3)
        self.assertIn("URX", rig.until(self.flags, "a log line")[0]["response_flags"])

    def test_a_reset_in_the_middle_is_not_tried_again(self):
        gateway = self.run_with(lambda connection, stream: connection.h2.reset_stream(stream, 2))  # INTERNAL_ERROR
        self.assertEqual(gateway.get().status, 503)
        self.assertEqual(len(self.upstream.requests), 1)
        self.assertEqual(rig.until(self.flags, "a log line")[0]["response_flags"], "UR")

    def test_a_stream_beyond_the_last_of_a_goaway_is_tried_again_on_another_connection(self):
        def script(connection, stream):
            if connection.number == 0:
                return connection.leave(0)
            return connection.answer(stream)
        self.assertEqual(self.run_with(script).get().body, b"ok")
        self.assertEqual([number for number, _ in self.upstream.requests], [0, 1])

    def test_a_stream_within_a_goaway_ends_where_it_is_and_the_next_goes_elsewhere(self):
        def script(connection, stream):
            connection.answer(stream, b"from %d" % connection.number)
            if connection.number == 0:
                connection.leave(stream)
        gateway = self.run_with(script)
        self.assertEqual(gateway.get().body, b"from 0")
        self.assertEqual(gateway.get().body, b"from 1")

    def test_a_server_that_takes_one_stream_at_a_time_gets_one_at_a_time_once_it_has_said_so(self):
        """python-h2 ends the connection at a second stream, so every answer shows that there was none."""
        one = "  trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}\n"
        gateway = self.run_with(lambda connection, stream: connection.answer(stream), rig.PLAIN, one, streams_max=1)
        self.assertEqual(gateway.get().status, 200)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = set(pool.map(lambda _: gateway.get().status, range(100)))
        self.assertEqual((statuses, len(self.upstream.connections)), ({200}, 1))

    def test_a_server_that_falls_silent_is_noticed_by_its_missing_pong(self):
        ping = POOL % "http2KeepAlive: {interval: 200ms, timeout: 200ms}"

        def script(connection, stream):
            if connection.number > 0:
                return connection.answer(stream)
            connection.silent = True
            return None
        gateway = self.run_with(script, rig.PLAIN, ping)
        self.assertEqual(gateway.get().status, 503)  # there is no time-out on the route: only the ping can tell
        self.assertTrue(self.upstream.connections[0].ended.wait(20))
        self.assertEqual(gateway.get().body, b"ok")


if __name__ == "__main__":
    unittest.main()
