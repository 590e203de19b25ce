"""What happens when the process is told to end: nothing that was asked for is lost, and it ends in time."""
import contextlib
import http.client
import signal
import threading
import unittest

from load import NOTHING_LOST, Load
from rig import PLAIN, Client, RigTest, answering, rules, settings, until


def drain(duration):
    return settings(f"timeouts: {{drain: {duration}}}")


def health(gateway, page):
    """The status of a page of the health port."""
    connection = http.client.HTTPConnection(gateway.health, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", page)
        response = connection.getresponse()
        response.read()
        return response.status


class DrainTest(RigTest):
    def setUp(self):
        super().setUp()
        self.release = threading.Event()
        self.addCleanup(self.release.set)

    def held_model(self):
        """A model that answers when `self.release` is set."""
        def script(connection):
            while connection.read_request():
                self.release.wait(20)
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        return self.model(script)

    def run_with(self, model, duration="20s"):
        return self.gateway(rules([model.port], PLAIN, more=drain(duration)))

    def tell(self, gateway, number=signal.SIGTERM):
        """Sends the signal and waits until the process has taken it."""
        gateway.program.process.send_signal(number)
        until(lambda: health(gateway, "/healthz/ready") == 503, "not ready")

    def start_request(self, gateway, model):
        """A client whose request the model has and does not answer."""
        client = gateway.client()
        self.addCleanup(client.close)
        seen = len(model.requests)
        client.send("GET /predict HTTP/1.1\r\nhost: model\r\n\r\n")
        until(lambda: len(model.requests) > seen, "the model has the request")
        return client

    def exit_code(self, gateway):
        return gateway.program.process.wait(20)

    def test_no_request_is_lost_under_load_ten_times(self):
        _, port = self.stub("v0", "--latency", "1ms")
        for _ in range(10):
            gateway = self.gateway(rules([port], PLAIN, more=drain("800ms")), "--workers", 2)
            load = Load(self, gateway, "-c", 16, "-d", "20s")
            until(lambda gw=gateway: gw.metric("envoy_http_downstream_rq_total") > 200, "load")
            gateway.program.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.exit_code(gateway), 0)
            report = load.report(stop=True)
            self.assertEqual(report["lost"], NOTHING_LOST)
            self.assertEqual(set(report["by_status"]), {"200"})
            self.assertIn("drained: 0 client connections cut", gateway.log())

    def test_it_is_alive_but_not_ready_while_a_request_runs_and_ends_when_that_is_answered(self):
        model = self.held_model()
        gateway = self.run_with(model)
        client = self.start_request(gateway, model)
        self.assertEqual(health(gateway, "/healthz/ready"), 200)

        self.tell(gateway)

        self.assertEqual(health(gateway, "/healthz/live"), 200)
        self.assertEqual(gateway.metric("envoy_server_state"), 1)
        self.release.set()
        answer = client.answer()
        self.assertEqual((answer.status, answer.header("connection")), (200, "close"))
        self.assertTrue(client.closed())
        self.assertEqual(self.exit_code(gateway), 0)

    def test_a_request_on_its_way_to_an_idle_connection_is_answered_and_the_last(self):
        model = self.model()
        gateway = self.run_with(model)
        client = gateway.client()
        self.addCleanup(client.close)
        self.assertEqual(client.request().header("connection"), None)

        self.tell(gateway)

        answer = client.request()
        self.assertEqual((answer.status, answer.header("connection")), (200, "close"))
        self.assertTrue(client.closed())

    def test_an_idle_connection_is_closed(self):
        gateway = self.run_with(self.model())
        used, unused = gateway.client(), gateway.client()
        self.addCleanup(used.close)
        self.addCleanup(unused.close)
        used.request()

        self.tell(gateway)

        self.assertTrue(used.closed())
        self.assertTrue(unused.closed())
        self.assertEqual(self.exit_code(gateway), 0)

    def test_a_new_connection_is_served_while_others_still_learn_that_it_goes(self):
        model = self.held_model()
        gateway = self.run_with(model)
        self.start_request(gateway, model)
        self.tell(gateway)
        late = self.start_request(gateway, model)

        self.release.set()

        answer = late.answer()
        self.assertEqual((answer.status, answer.header("connection")), (200, "close"))

    def test_a_request_longer_than_the_drain_time_out_is_cut_at_it(self):
        model = self.held_model()
        gateway = self.run_with(model, "300ms")
        client = self.start_request(gateway, model)

        gateway.program.process.send_signal(signal.SIGTERM)

        self.assertEqual(self.exit_code(gateway), 0)
        self.assertTrue(client.closed())
        self.assertIn("drained: 1 client connections cut", gateway.log())

    def test_a_second_signal_ends_it_now(self):
        for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT)):
            with self.subTest(first=first):
                model = self.held_model()
                gateway = self.run_with(model, "1h")
                client = self.start_request(gateway, model)
                self.tell(gateway, first)
                gateway.program.process.send_signal(second)
                self.assertEqual(self.exit_code(gateway), 0)
                self.assertTrue(client.closed())
                self.assertIn("second signal: ending now", gateway.log())

    def test_the_admin_port_drains_as_the_signal_does(self):
        for page in ("/drain", "/drain_listeners", "/drain_listeners?graceful"):
            with self.subTest(page=page):
                gateway = self.run_with(self.model())
                self.assertEqual(gateway.admin_request("GET", page)[0], 400)
                self.assertEqual(health(gateway, "/healthz/ready"), 200)
                self.assertEqual(gateway.admin_request("POST", page)[0], 200)
                self.assertEqual(self.exit_code(gateway), 0)

    def test_the_last_request_that_a_connection_may_make_is_told_so(self):
        gateway = self.gateway(rules([self.model().port], PLAIN, more=settings("limits: {requestsPerConnection: 2}")))
        with gateway.client() as client:
            self.assertEqual(client.request("POST", body=b"one").header("connection"), None)
            last = client.request("POST", body=b"two")
            self.assertEqual((last.status, last.header("connection")), (200, "close"))
            self.assertTrue(client.closed())

    def test_open_connections_to_the_other_ports_do_not_hold_it(self):
        gateway = self.run_with(self.model())
        for address in (gateway.admin, gateway.health, gateway.metrics_at):
            idle, slow = Client(address), Client(address)
            self.addCleanup(idle.close)
            self.addCleanup(slow.close)
            idle.request(path="/ready", host="localhost")
            slow.send("GET /stats/prometheus HTTP/1.1\r\nhost: localhost\r\n" * 2)  # never a whole head

        gateway.program.process.send_signal(signal.SIGTERM)

        self.assertEqual(self.exit_code(gateway), 0)

    def test_the_health_switch_only_changes_what_probes_see(self):
        gateway = self.run_with(self.model(answering()))
        gateway.admin_request("POST", "/healthcheck/fail")
        self.assertEqual(health(gateway, "/healthz/ready"), 503)
        self.assertEqual(gateway.get().header("connection"), None)
        gateway.admin_request("POST", "/healthcheck/ok")
        self.assertEqual(health(gateway, "/healthz/ready"), 200)


if __name__ == "__main__":
    unittest.main()
