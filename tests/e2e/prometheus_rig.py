"""A real Prometheus on loopback that scrapes a gateway every second, and a scripted one that says anything."""
import contextlib
import http.server
import json
import shutil
import threading
import urllib.error
import urllib.parse
import urllib.request

import rig
from rig import harness, until


def program():
    """Debian's prometheus: installed, or the files that ./dev has fetched; None without."""
    fetched = rig.ROOT / "build/tools/usr/bin/prometheus"
    return shutil.which("prometheus") or (str(fetched) if fetched.exists() else None)


class Prometheus:
    """The server; ends with the programs of the test."""

    def __init__(self, test, target):
        config = test.directory / "prometheus.yaml"
        config.write_text("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: sluice\n"
                          f"  metrics_path: /stats/prometheus\n  static_configs: [{{targets: [\"{target}\"]}}]\n")
        self.at = f"127.0.0.1:{harness.free_port()}"
        self.address = f"http://{self.at}"
        self.program = test.programs.start("prometheus", [
            program(), f"--config.file={config}", f"--storage.tsdb.path={test.directory / 'tsdb'}",
            f"--web.listen-address={self.at}", "--log.level=warn"])
        until(self._scraped, f"a first scrape: {self.program.log_end()}", 30)

    def _scraped(self):
        """It begins to scrape some seconds after its start."""
        if not self.program.alive():
            raise AssertionError(f"Prometheus ended: {self.program.log_end()}")
        try:
            return self.ask("up == 1")
        except (urllib.error.URLError, ConnectionError):
            return False

    def ask(self, query):
        """[(labels, value)] of an instant query."""
        answer = json.loads(harness.get(self.at, "/api/v1/query?" + urllib.parse.urlencode({"query": query})))
        return [(sample["metric"], float(sample["value"][1])) for sample in answer["data"]["result"]]

    def kill(self):
        self.program.process.kill()
        self.program.process.wait()


class Scripted:
    """Answers every query with the next of `answers`, (status, body), the last one for ever; remembers the queries."""

    def __init__(self, test, *answers):
        self.answers = list(answers)
        self.queries = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                owner.queries.append(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["query"][0])
                status, body = owner.answers.pop(0) if len(owner.answers) > 1 else owner.answers[0]
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # too long for who asked
                    self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)


def vector(*values):
    return 200, json.dumps({"status": "success", "data": {"resultType": "vector", "result": [
        {"metric": {}, "value": [1, value]} for value in values]}})
