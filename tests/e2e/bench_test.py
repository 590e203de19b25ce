"""sluice-bench against servers that we did not write (nginx, nghttpd, grpcio) and against the stub: every request is
answered or lost for a told reason, in every protocol it speaks."""
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from concurrent import futures
import unittest

import pki
import rig
from bench_rig import LOST, UNREACHABLE, BenchTest, bench

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NGHTTPD = shutil.which("nghttpd")

NGINX_CONF = """
daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log {dir}/access.log; keepalive_requests 1000000;
  client_body_temp_path {dir}/1; proxy_temp_path {dir}/2; fastcgi_temp_path {dir}/3; uwsgi_temp_path {dir}/4;
  scgi_temp_path {dir}/5; ssl_certificate {dir}/tls.crt; ssl_certificate_key {dir}/tls.key;
  add_header x-model-version $server_protocol;
  server {{ listen 127.0.0.1:{ports[plain]}; location / {{ return 200 "hello"; }} }}
  server {{ listen 127.0.0.1:{ports[tls]} ssl; location / {{ return 200 "hello"; }} }}
  server {{ listen 127.0.0.1:{ports[h2c]} http2; location / {{ return 200 "hello"; }} }}
  server {{ listen 127.0.0.1:{ports[h2]} ssl http2; location / {{ return 200 "hello"; }} }}
  server {{ listen 127.0.0.1:{ports[leaving]} http2; keepalive_requests 50; location / {{ return 200 "hello"; }} }}
  server {{ listen 127.0.0.1:{ports[mutual]} ssl http2; ssl_client_certificate {dir}/ca.crt; ssl_verify_client on;
           ssl_protocols TLSv1.3; location / {{ return 200 "$ssl_client_s_dn"; }} }}
}}
"""


class Stub(BenchTest):
    def test_open_loop_sees_a_stall_in_every_request_that_was_due_meanwhile(self):
        address = self.stub("--latency", "1ms")
        pid = self.programs.running[-1].pid
        running = subprocess.Popen([rig.BENCH, f"http://{address}/", "-c", "4", "-r", "500", "-d", "3s", "-o", "json"],
                                   stdout=subprocess.PIPE, text=True)
        url = "/__stub/stats"
        rig.until(lambda: json.loads(rig.harness.get(address, url))["requests"] > 300, "the load to run")
        stopped = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        threading.Event().wait(1.0)  # the stall is what is measured
        os.kill(pid, signal.SIGCONT)
        stall = time.monotonic() - stopped
        report = json.loads(running.communicate(timeout=60)[0])

        self.assertEqual(report["sent"] + report["not_sent"], 1501)
        # A closed loop would show four slow answers; here a share of stall / 3 s waited half of it and more on average.
        self.assertGreater(report["latency_ms"]["max"], 900 * min(stall, 1.0))
        self.assertGreater(report["latency_ms"]["p90"], 200)

    def test_a_signal_ends_the_run_and_the_report_is_complete(self):
        for more in ((), ("--http2", "-s", "8"), ("-t", "2")):
            with self.subTest(more):
                address = self.stub()
                command = [rig.BENCH, f"http://{address}/", "-c", "4", "-d", "100s", "-o", "json", *more]
                running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
                rig.until(lambda: json.loads(rig.harness.get(address, "/__stub/stats"))["requests"] > 100, "some load")
                running.terminate()
                report = json.loads(running.communicate(timeout=60)[0])
                self.assertEqual((running.returncode, report["answered"]), (0, report["sent"]))
                self.assertEqual(json.loads(rig.harness.get(address, "/__stub/stats"))["requests"], report["sent"])

    def test_who_does_not_listen_or_speak_tls_is_told_from_who_is_slow(self):
        port = rig.harness.free_port()
        for more in ((), ("--http2",), ("-t", "2")):
            self.assertIn("refused", bench(f"http://127.0.0.1:{port}/", "-c", 4, *more, expect=UNREACHABLE)[1])
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
            said = bench(url, "-c", 2, "--insecure", "--timeout", "300ms", expect=UNREACHABLE)[1]
        self.assertIn("no connection within the time-out", said)

    def test_localhost_is_reached_whichever_of_its_addresses_is_served(self):
        port = self.stub().rsplit(":", 1)[1]
        self.assertEqual(bench(f"http://localhost:{port}/", "-c", 1, "-n", 10)["answered"], 10)


@unittest.skipUnless(NGINX, "nginx is not installed")
class Nginx(BenchTest):
    def setUp(self):
        super().setUp()
        authority = pki.Authority()
        pki.put_credential(self.dir, authority.leaf(dns=["localhost", "model.test"], ips=["127.0.0.1"]),
                           authority.root_pem())
        pki.put_credential(self.dir / "client", authority.leaf(subject="caller"))
        names = ("plain", "tls", "h2c", "h2", "leaving", "mutual")
        self.ports = {name: rig.harness.free_port() for name in names}
        conf = self.dir / "nginx.conf"
        conf.write_text(NGINX_CONF.format(dir=self.dir, ports=self.ports))
        self.launch("nginx", [NGINX, "-p", self.dir, "-c", conf], self.ports["mutual"])
        self.ca = ("--ca", self.dir / "ca.crt")

    def url(self, name, host="127.0.0.1"):
        scheme = "http" if name in ("plain", "h2c", "leaving") else "https"
        return f"{scheme}://{host}:{self.ports[name]}/"

    def test_each_protocol_is_spoken_as_asked(self):
        for name, flags, spoken in (("plain", (), "HTTP/1.1"), ("tls", self.ca, "HTTP/1.1"),
                                    ("h2c", ("--http2", "-s", 8), "HTTP/2.0"),
                                    ("h2", ("--http2", "-s", 8, *self.ca), "HTTP/2.0"), ("h2", self.ca, "HTTP/1.1")):
            for threads in (1, 3):
                with self.subTest(name=name, flags=flags, threads=threads):
                    report = bench(self.url(name), "-c", 6, "-t", threads, "-n", 3000, *flags)
                    self.assertEqual(report["by_version"][spoken]["count"], 3000)
                    self.assertEqual((report["connects"], report["body_bytes"]), (6, 15000))

    def test_nobody_asked_more_than_was_counted(self):
        bench(self.url("h2"), "--http2", "-s", 5, "-c", 3, "-n", 777, *self.ca)
        log = self.dir / "access.log"
        rig.until(lambda: log.read_text().count("\n") >= 777, "the log")
        self.assertEqual(log.read_text().count("\n"), 777)

    def test_a_certificate_is_verified_unless_that_is_waived(self):
        self.assertIn("verify failed", bench(self.url("tls"), "-c", 2, "-n", 4, expect=UNREACHABLE)[1])
        self.assertEqual(bench(self.url("tls"), "-n", 4, "--insecure")["answered"], 4)
        self.assertEqual(bench(self.url("tls"), "-n", 4, "--sni", "model.test", *self.ca)["answered"], 4)
        self.assertIn("verify failed", bench(self.url("tls"), "-c", 2, "-n", 4, "--sni", "other.test", *self.ca,
                                             expect=UNREACHABLE)[1])

    def test_mutual_tls_takes_our_certificate_and_tells_of_its_absence(self):
        own = ("--cert", self.dir / "client/tls.crt", "--key", self.dir / "client/tls.key")
        for protocol in ((), ("--http2", "-s", 4)):
            with self.subTest(protocol):
                report = bench(self.url("mutual"), "-n", 100, "-c", 4, *self.ca, *own, *protocol)
                self.assertEqual((report["by_status"], report["body_bytes"]), ({"200": 100}, 100 * len("CN=caller")))
                # nginx answers 400 to who shows none.
                self.assertEqual(bench(self.url("mutual"), "-n", 8, *self.ca, *protocol)["by_status"], {"400": 8})

    def test_goaway_loses_nothing_and_what_it_left_out_is_sent_again(self):
        report = bench(self.url("leaving"), "--http2", "-c", 4, "-s", 16, "-n", 5000)
        self.assertEqual(report["by_status"], {"200": 5000})
        self.assertGreaterEqual(report["connects"], 5000 // 51)
        self.assertGreater(report["retried"], 0)

    def test_a_server_of_another_version_is_no_server(self):
        report, said = bench(self.url("plain"), "--http2", "-c", 2, "-n", 4, expect=LOST)
        self.assertEqual(report["answered"], 0)
        self.assertEqual(report["lost"]["bad_answer"] + report["lost"]["closed"], 4)
        self.assertIn("no application protocol", bench(self.url("tls"), "--http2", "-c", 2, *self.ca,
                                                       expect=UNREACHABLE)[1])
        plain = self.url("plain").replace("http:", "https:")
        self.assertIn("TLS: wrong version", bench(plain, "-c", 2, "--insecure", expect=UNREACHABLE)[1])


class Refusals(BenchTest):
    """Of a TLS server that does nothing but shake hands."""

    def setUp(self):
        super().setUp()
        authority = pki.Authority()
        pki.put_credential(self.dir, authority.leaf(ips=["127.0.0.1"]), authority.root_pem())
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(self.dir / "tls.crt", self.dir / "tls.key")
        self.context.load_verify_locations(self.dir / "ca.crt")
        server = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        serving = threading.Thread(target=self.serve, args=(server,))
        serving.start()
        self.addCleanup(serving.join)
        self.addCleanup(server.close)
        self.addCleanup(server.shutdown, socket.SHUT_RDWR)

    def serve(self, server):
        while True:
            try:
                plain = server.accept()[0]
            except OSError:
                return
            with contextlib.suppress(OSError), plain, self.context.wrap_socket(plain, server_side=True):
                pass

    def test_an_alert_after_our_end_of_the_handshake_is_told_as_tls(self):
        self.context.verify_mode = ssl.CERT_REQUIRED
        report, said = bench(self.url, "-c", 1, "-n", 3, "--ca", self.dir / "ca.crt", expect=LOST)
        self.assertEqual(report["answered"], 0)
        self.assertGreaterEqual(report["lost"]["tls"], 1)
        self.assertIn("certificate required", said)

    def test_a_server_that_chooses_no_protocol_speaks_no_http2(self):
        said = bench(self.url, "-c", 1, "-n", 3, "--http2", "--insecure", expect=UNREACHABLE)[1]
        self.assertIn("no h2 by ALPN", said)


@unittest.skipUnless(NGHTTPD, "nghttpd (nghttp2-server) is not installed")
class Nghttpd(BenchTest):
    def test_more_streams_than_the_server_allows_wait_for_their_turn(self):
        (self.dir / "page").write_text("0123456789")
        port = rig.harness.free_port()
        self.launch("nghttpd", [NGHTTPD, "--no-tls", "-a", "127.0.0.1", "-m", "3", "-d", self.dir, port], port)
        report = bench(f"http://127.0.0.1:{port}/page", "--http2", "-c", 2, "-s", 50, "-n", 2000)
        self.assertEqual((report["by_status"], report["body_bytes"]), ({"200": 2000}, 20000))


@unittest.skipUnless(importlib.util.find_spec("grpc"), "python3-grpcio is not installed")
class Grpc(BenchTest):
    def test_unary_calls_end_with_the_status_that_their_trailers_name(self):
        import grpc
        received = []

        def echo(request, _):
            received.append(request)
            return request

        def fail(_, context):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more")

        class Service(grpc.GenericRpcHandler):
            def service(self, details):
                method = {"/pkg.Model/Echo": echo, "/pkg.Model/Fail": fail}.get(details.method)
                return method and grpc.unary_unary_rpc_method_handler(method)
        server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Service()])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(0).wait())
        url = f"http://127.0.0.1:{port}/pkg.Model/"
        flags = ("--grpc", "--body", "message", "-c", 2, "-s", 4, "-n", 200)

        report = bench(url + "Echo", *flags)
        self.assertEqual(report["by_grpc_status"], {"0": 200})
        self.assertEqual(received, [b"message"] * 200)
        self.assertEqual(bench(url + "Fail", *flags)["by_grpc_status"], {"8": 200})
        self.assertEqual(bench(url + "Missing", *flags)["by_grpc_status"], {"12": 200})  # trailers only


if __name__ == "__main__":
    unittest.main(verbosity=2)
