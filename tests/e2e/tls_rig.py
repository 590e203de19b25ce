"""What tests of TLS are made of: a gateway with certificates of the test, curl in both versions of HTTP, handshakes that
are wrong in one way, and models behind TLS. Certificates come from pki.py."""
import contextlib
import json
import re
import select
import socket
import ssl
import subprocess
import threading

import pki
import rig
import shared
from rig import until

EDGE = "models.example"  # the host that Gateways of these tests serve

VERSIONS = ("--http1.1", "--http2")


def free_port():
    """A port that nobody listens on, for a Gateway: its number must be in the rules."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def gateway(servers, name="edge", **spec):
    """A Gateway with these servers, dicts of its own shape."""
    return ("---\napiVersion: networking.istio.io/v1\nkind: Gateway\n"
            f"metadata: {{name: {name}}}\nspec: {json.dumps({'servers': servers, **spec})}\n")


def edge_rules(host="model", served="*"):
    """A VirtualService of the Gateway `edge`: requests for `served` go to subset v0 of `host`."""
    return ("---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
            f"metadata: {{name: edge-{host}}}\nspec:\n  hosts: [\"{served}\"]\n  gateways: [edge]\n  http:\n" +
            rig.PLAIN.replace("host: model", f"host: {host}"))


def server(port, tls=None, hosts=(EDGE,), name="https", protocol="HTTPS"):
    made = {"port": {"number": port, "name": name, "protocol": protocol}, "hosts": list(hosts)}
    return {**made, "tls": tls} if tls else made


def peer_authentication(mode, **spec):
    return ("---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
            f"metadata: {{name: peers}}\nspec: {json.dumps({'mtls': {'mode': mode}, **spec})}\n")


def upstream(**tls):
    """The trafficPolicy block of a DestinationRule."""
    return f"  trafficPolicy: {json.dumps({'tls': tls})}\n"


class Curl:
    """One request with curl: what came back."""

    def __init__(self, url, *options):
        command = ["curl", "-sS", "-i", "--max-time", "20", "--noproxy", "*", *map(str, options), url]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        self.code = done.returncode
        self.error = done.stderr.decode()
        head, _, self.body = done.stdout.decode("latin-1").partition("\r\n\r\n")
        match = re.match(r"HTTP/(\S+) (\d{3})", head)
        self.version, self.status = (match.group(1), int(match.group(2))) if match else (None, None)
        self.headers = [(name.lower(), value.strip()) for name, _, value in
                        (line.partition(":") for line in head.split("\r\n")[1:])]

    def header(self, name):
        return next((value for have, value in self.headers if have == name), None)


class TlsFront:
    """TLS in front of a plaintext port: takes connections, and pumps bytes both ways in one thread for each, since
    Python's ssl must not read and write at once. Remembers handshakes that failed, and what clients showed and asked."""

    def __init__(self, context, port):
        self.context, self.behind = context, port
        self.names, self.certificates, self.protocols, self.failures = [], [], [], []
        context.sni_callback = lambda _connection, name, _context: self.names.append(name)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as secured:
                self.certificates.append(secured.getpeercert(binary_form=True))
                self.protocols.append(secured.selected_alpn_protocol())
                with socket.create_connection(("127.0.0.1", self.behind)) as behind:
                    self._pump(secured, behind)
        except OSError as error:
            self.failures.append(str(error))

    @staticmethod
    def _pump(secured, behind):
        while True:
            ready = [secured] if secured.pending() else select.select([secured, behind], [], [])[0]
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                (behind if one is secured else secured).sendall(data)

    def stop(self):
        self.listener.close()


def server_context(directory, client_ca=None, alpn=("h2", "http/1.1")):
    """Of a model server, from a credential's directory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "tls.crt", directory / "tls.key")
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if client_ca:
        context.load_verify_locations(cadata=client_ca.decode())
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(credential=None, alpn=("http/1.1",)):
    """Of a client that does not look at the server's certificate: what is tested is what the server does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if credential:
        context.load_cert_chain(credential / "tls.crt", credential / "tls.key")
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def attempt(address, context, server_name=EDGE, path="/smuggled"):
    """A handshake and one request of HTTP/1.1: "answered" or "refused". A client learns of a refused certificate only
    after its own handshake with TLS 1.3, so the request is part of it."""
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), 20) as plain:
            with context.wrap_socket(plain, server_hostname=server_name) as secured:
                secured.sendall(f"GET {path} HTTP/1.1\r\nhost: {server_name}\r\n\r\n".encode())
                return "answered" if secured.recv(65536).startswith(b"HTTP/1.1 ") else "refused"
    except (ssl.SSLError, ConnectionError):
        return "refused"


class TlsTest(shared.SharedTest):
    """A shared gateway with an authority of its own and a workload certificate in `certificates`."""

    @classmethod
    def make_authority(cls):
        cls.authority = pki.Authority()
        cls.certificates = cls.directory / "certificates"
        pki.put_workload(cls.certificates, cls.authority.workload("sluice"), cls.authority.root_pem())
        cls.clients = cls.directory / "clients"

    @classmethod
    def credential(cls, name, leaf, ca=None, crl=None):
        return pki.put_credential(cls.certificates / name, leaf, ca, crl)

    @classmethod
    def client_credential(cls, name, leaf):
        return pki.put_credential(cls.clients / name, leaf)

    @classmethod
    def run_gateway(cls, rules, *more_settings, flags=(), listeners=("http", "admin", "metrics")):
        cls.gateway = rig.Gateway(
            cls.programs, cls.directory,
            rules + rig.settings(f"accessLog: {{path: {cls.log_path}}}", *more_settings), list(flags), (), listeners)
        return cls.gateway

    def failures(self, reason, side="downstream"):
        return self.gateway.metric("sluice_tls_failures_total", side=side, reason=reason)

    @contextlib.contextmanager
    def one_more(self, reason, side="downstream"):
        """What happens within counts once as `reason` and as nothing else."""
        before = {labels["reason"]: value for name, labels, value in self.all_failures(side)}
        yield
        until(lambda: self.failures(reason, side) > before[reason], f"another failure of reason {reason}")
        after = {labels["reason"]: value for name, labels, value in self.all_failures(side)}
        self.assertEqual({r: after[r] - before[r] for r in after if after[r] != before[r]}, {reason: 1})

    def all_failures(self, side):
        samples = rig.harness.samples(rig.harness.get(self.gateway.metrics_at, "/stats/prometheus"))
        return [sample for sample in samples if sample[0] == "sluice_tls_failures_total" and sample[1]["side"] == side]

    def curl(self, port, version, *options, host=EDGE, path="/predict"):
        return Curl(f"https://{host}:{port}{path}", version, "--resolve", f"{host}:{port}:127.0.0.1", *options)

    def certificate_options(self, credential):
        return "--cert", credential / "tls.crt", "--key", credential / "tls.key"
