"""Scarce things: descriptors, disk space, time. The gateway serves what it can, says what it could not, and recovers."""
import contextlib
import os
import pathlib
import re
import resource
import signal
import socket
import threading
import unittest

from rig import PLAIN, SANITIZED, Client, RigTest, harness, rules, settings, until

FEW = ("prlimit", "--nofile=100:100")
# The reader of its stdout stops, or leaves, after the lines that tell the four listeners.
STUCK = ("bash", "-c", 'exec "$@" > >(head -n 4; exec timeout 20 tail -f /dev/null > /dev/null)', "--")
HUNG_UP = ("bash", "-c", 'exec "$@" > >(head -n 4)', "--")


def cpu_seconds(gateway):
    fields = pathlib.Path(f"/proc/{gateway.pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pss_kib(gateway):
    text = pathlib.Path(f"/proc/{gateway.pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE).group(1))


def raise_own_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class ScarceTest(RigTest):
    def clients(self, gateway, count):
        found = [gateway.client() for _ in range(count)]
        for client in found:
            self.addCleanup(client.close)
        return found

    def delay(self, seconds):
        """Something that takes this long and is not the gateway: an answer of a slow model."""
        _, port = self.stub("slow", "--latency", f"{int(seconds * 1000)}ms")

        def wait():
            with Client(f"127.0.0.1:{port}") as client:
                client.request()
        return wait


class DescriptorsTest(ScarceTest):
    # UBSan's check of vtables opens a pipe to see whether memory can be read, and takes EMFILE for a broken object.
    @unittest.skipIf("undefined" in SANITIZED, "UBSan itself needs a descriptor")
    def test_without_a_descriptor_left_new_clients_wait_and_old_ones_are_served(self):
        _, port = self.stub("v0")
        # The limit of connections is out of the way: accept itself fails.
        gateway = self.gateway(rules([port], PLAIN, more=settings("limits: {connections: 10000}")), prefix=FEW)
        served, = self.clients(gateway, 1)
        self.assertEqual(served.request().status, 200)
        slow = self.delay(1)

        crowd = self.clients(gateway, 150)
        until(lambda: gateway.descriptors() == 100, "every descriptor is taken")
        spent = cpu_seconds(gateway)
        slow()
        spent = cpu_seconds(gateway) - spent

        if not SANITIZED:
            self.assertLess(spent, 0.2, "seconds of CPU in a second of waiting")
        self.assertEqual(served.request().status, 200)
        for client in crowd[:75]:
            client.close()
        # One of those that waited.
        self.assertEqual(crowd[-1].request().status, 200)
        self.assertEqual(served.request().status, 200)

    @unittest.skipIf("undefined" in SANITIZED, "UBSan itself needs a descriptor")
    def test_a_lack_of_descriptors_is_no_fault_of_the_models(self):
        _, port = self.stub("v0")
        policy = ("  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 100s, "
                  "maxEjectionPercent: 100}}\n")
        gateway = self.gateway(rules([port], PLAIN, policy, more=settings("limits: {connections: 10000}")), prefix=FEW)
        served, = self.clients(gateway, 1)
        crowd = self.clients(gateway, 150)
        until(lambda: gateway.descriptors() == 100, "every descriptor is taken")

        refused = served.request()

        self.assertEqual((refused.status, refused.json()["flags"]), (503, "UO"))
        for client in crowd:
            client.close()
        until(lambda: gateway.descriptors() < 90, "there are descriptors again")
        self.assertEqual(served.request().status, 200)
        self.assertEqual(gateway.metric("envoy_cluster_outlier_detection_ejections_active"), 0)

    def test_half_of_few_descriptors_are_kept_for_models(self):
        gateway_model = self.model()
        gateway = self.gateway(rules([gateway_model.port], PLAIN), prefix=FEW)
        held = self.clients(gateway, 70)
        until(lambda: gateway.metric("envoy_http_downstream_cx_overflow") > 0, "some are closed")
        self.assertEqual(held[0].request().status, 200)
        self.assertTrue(held[-1].closed())

    def test_connections_beyond_the_limit_are_closed_and_counted(self):
        model = self.model()
        gateway = self.gateway(rules([model.port], PLAIN, more=settings("limits: {connections: 5}")), "--workers", 2)
        held = self.clients(gateway, 5)
        self.assertEqual({client.request().status for client in held}, {200})

        refused = self.clients(gateway, 3)

        self.assertEqual([client.closed() for client in refused], [True] * 3)
        self.wait_metric(gateway, 3, "envoy_http_downstream_cx_overflow")
        self.assertEqual({client.request().status for client in held}, {200})
        held[0].close()
        self.wait_metric(gateway, 4, "envoy_http_downstream_cx_active")
        self.assertEqual(gateway.get().status, 200)

    def test_a_new_limit_holds_for_connections_to_come(self):
        model = self.model()
        gateway = self.gateway(rules([model.port], PLAIN, more=settings("limits: {connections: 1}")))
        held, = self.clients(gateway, 1)
        held.request()
        gateway.write_rules(rules([model.port], PLAIN, more=settings("limits: {connections: 2}")))
        gateway.program.process.send_signal(signal.SIGHUP)
        until(lambda: gateway.metric("sluice_config_generation") == 2, "the new limit is in force")
        self.assertEqual(gateway.get().status, 200)
        self.assertEqual(held.request().status, 200)

    def test_a_burst_at_once_does_not_exceed_the_limit(self):
        model = self.model()
        gateway = self.gateway(rules([model.port], PLAIN, more=settings("limits: {connections: 5}")))
        gateway.program.process.send_signal(signal.SIGSTOP)
        crowd = self.clients(gateway, 50)  # all in the queue of the listener
        gateway.program.process.send_signal(signal.SIGCONT)
        self.wait_metric(gateway, 45, "envoy_http_downstream_cx_overflow")
        self.assertEqual(crowd[0].request().status, 200)

    def test_five_thousand_idle_connections_cost_little_and_all_answer(self):
        count = min(5000, (raise_own_limit() - 500) // 2)
        _, port = self.stub("v0")
        gateway = self.gateway(rules([port], PLAIN, more=settings("limits: {connections: 10000}")))
        first = count // 10
        held = self.clients(gateway, first)
        for client in held:
            client.request()
        before = pss_kib(gateway)
        more = self.clients(gateway, count - first)
        for client in more:
            client.request()
        each = (pss_kib(gateway) - before) / len(more)
        print(f"\nidle connection: {each:.2f} KiB of memory, {count} held")
        if not SANITIZED:
            self.assertLessEqual(each, 3.0, "KiB for an idle connection")
        self.assertEqual({client.request().status for client in held + more}, {200})


class RudeClientsTest(ScarceTest):
    def test_a_thousand_clients_that_leave_early_do_not_end_it(self):
        _, port = self.stub("v0", "--body-bytes", 300_000)
        gateway = self.gateway(rules([port], PLAIN))
        request = b"GET / HTTP/1.1\r\nhost: model\r\n\r\n"
        for i in range(1000):
            client = gateway.client()
            client.send(request)
            if i % 2:
                client.socket.recv(1)  # in the middle of the answer
            if i % 4 < 2:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            client.close()
        self.assertEqual(gateway.get().status, 200)
        self.wait_metric(gateway, 0, "envoy_http_downstream_cx_active")
        self.wait_metric(gateway, 0, "envoy_http_downstream_rq_active")
        self.assertTrue(gateway.program.alive())

    def test_a_stdout_whose_reader_has_stopped_reading_holds_nothing_up(self):
        model = self.model()
        text = rules([model.port], PLAIN, more=settings("accessLog: {path: /dev/stdout}"))
        gateway = self.gateway(text, prefix=STUCK)
        with gateway.client() as client:
            for _ in range(400):  # more lines than a pipe holds
                client.request(path="/" + "x" * 500)
        until(lambda: gateway.metric("sluice_log_dropped_total") > 0, "lines are lost")
        self.assertEqual(gateway.get().status, 200)
        self.assertIn("degraded", harness.get(gateway.health, "/healthz/ready"))

    def test_a_stdout_that_nobody_reads_any_more_does_not_end_it(self):
        model = self.model()
        text = rules([model.port], PLAIN, more=settings("accessLog: {path: /dev/stdout}"))
        gateway = self.gateway(text, prefix=HUNG_UP)
        gateway.get()
        until(lambda: gateway.metric("sluice_log_dropped_total") >= 1, "the line is lost")
        self.assertEqual(gateway.get().status, 200)


class DiskTest(ScarceTest):
    def test_a_full_disk_costs_lines_and_not_requests(self):
        model = self.model()
        gateway = self.gateway(rules([model.port], PLAIN, more=settings("accessLog: {path: /dev/full}")))
        with gateway.client() as client:
            self.assertEqual({client.request().status for _ in range(50)}, {200})
            self.wait_metric(gateway, 50, "sluice_log_dropped_total")
            self.assertEqual(gateway.metric("sluice_access_log_healthy"), 0)
            self.assertIn("degraded", harness.get(gateway.health, "/healthz/ready"))
            self.assertEqual(client.request().status, 200)


class StoppedTest(ScarceTest):
    def test_a_pause_of_the_process_ejects_nothing(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def held(connection):
            while connection.read_request():
                release.wait(20)
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        model = self.model(held)
        policy = ("  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 3, interval: 1s, baseEjectionTime: 100s, "
                  "maxEjectionPercent: 100}}\n")
        rule = "  - route: [{destination: {host: model, subset: v0}}]\n    timeout: 2s\n    retries: {attempts: 0}\n"
        gateway = self.gateway(rules([model.port], rule, policy), "--workers", 1)
        pause = self.delay(3)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(gateway.client()) for _ in range(20)]
            for client in clients:
                client.send("GET / HTTP/1.1\r\nhost: model\r\n\r\n")
            until(lambda: len(model.requests) == 20, "the model has all")

            gateway.program.process.send_signal(signal.SIGSTOP)
            release.set()  # the models answer in time; the gateway is not there to see it
            pause()
            gateway.program.process.send_signal(signal.SIGCONT)

            self.assertEqual([client.answer().status for client in clients], [200] * 20)
            self.assertEqual(gateway.metric("envoy_cluster_outlier_detection_ejections_active"), 0)
            self.assertEqual({client.request().status for client in clients}, {200})


if __name__ == "__main__":
    unittest.main()
