"""Starts and stops the programs that the demo and the load comparison are made of. Standard library only."""
import json
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

LISTENING = re.compile(r"^listening (\S+) (\S+:\d+)$")


class Failed(Exception):
    """Something that was to run does not; the text says what."""


class Program:
    """A child process that tells its listeners on stdout, one `listening NAME ADDRESS:PORT` line each."""

    def __init__(self, name, command, log_dir):
        self.name = name
        self.listeners = {}
        self.log = pathlib.Path(log_dir) / f"{name}.log"
        self._lines = queue.Queue()
        with open(self.log, "wb") as stderr:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True,
                                            start_new_session=True)  # Ctrl-C is ours to pass on
        # Reads on for as long as the child lives, so that its stdout never fills up.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self.process.pid

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, names, seconds=10.0):
        """Waits until every listener of `names` was told; raises Failed with the end of the log otherwise."""
        deadline = time.monotonic() + seconds
        while not set(names) <= set(self.listeners):
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{self.name} did not say it listens within {seconds:.0f} s\n{self.log_end()}") from None
            if line is None:
                raise Failed(f"{self.name} ended with {self.process.wait()}\n{self.log_end()}")
            match = LISTENING.match(line)
            if match:
                self.listeners[match.group(1)] = match.group(2)
        return self

    def log_end(self):
        return "\n".join(self.log.read_text(errors="replace").split("\n")[-15:])

    def alive(self):
        return self.process.poll() is None

    def stop(self, seconds=5.0):
        """SIGTERM, and SIGKILL after a while; the exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait()
        self._reader.join(seconds)
        self.process.stdout.close()
        return status


class Programs:
    """A set of programs that all end with the block."""

    def __init__(self, log_dir):
        self.log_dir = log_dir
        self.running = []

    def start(self, name, command):
        program = Program(name, [str(part) for part in command], self.log_dir)
        self.running.append(program)
        return program

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in reversed(self.running):
            program.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_free(port, host="127.0.0.1"):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def wait_for_port(address, program, seconds=10.0):
    host, port = address.rsplit(":", 1)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and program.alive():
        try:
            socket.create_connection((host, int(port)), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Failed(f"{program.name} does not answer on {address}\n{program.log_end()}")


def get(address, path):
    # No proxy of the environment stands between us and loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{address}{path}", timeout=10) as answer:
        return answer.read().decode()


def load(bench, url, *args, pin=()):
    """One run of sluice-bench; its report. Lost requests are in the report and do not raise."""
    command = [*pin, str(bench), url, "-o", "json", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        raise Failed(f"sluice-bench ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def samples(exposition):
    """Prometheus text as [(name, {label: value}, number)]."""
    found = []
    for line in exposition.split("\n"):
        match = re.match(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)', line)
        if match:
            labels = dict(re.findall(r'(\w+)="((?:\\.|[^"\\])*)"', match.group(2) or ""))
            found.append((match.group(1), labels, float(match.group(3))))
    return found


def service_entry(host, ports_by_version):
    """The ServiceEntry of model servers on loopback, one per version."""
    lines = [f"  - {{address: 127.0.0.1, ports: {{http: {port}}}, labels: {{model-version: {version}}}}}"
             for version, port in ports_by_version]
    return "\n".join(["apiVersion: networking.istio.io/v1", "kind: ServiceEntry",
                      f"metadata: {{name: {host}, namespace: ml-serving}}", "spec:", f"  hosts: [{host}]",
                      "  ports: [{number: 8000, name: http, protocol: HTTP}]", "  resolution: STATIC",
                      "  endpoints:", *lines, ""])


def run_main(name, main):
    """Runs a script's `main` and ends with its status; what failed is one line on stderr."""
    try:
        sys.exit(main())
    except Failed as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
