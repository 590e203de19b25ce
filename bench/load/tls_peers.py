"""nginx, HAProxy, nghttpx and Sluice as TLS front ends of one backend, with the same certificate and the versions and
ciphers that they come with; with `mutual` clients must show a certificate. Standard library only."""
import pathlib
import subprocess

import harness
import peers

NGINX = peers.NGINX_HEAD + """\
  upstream model {{ server 127.0.0.1:{backend}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} ssl http2;
    http2_max_concurrent_streams 256;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {certs}/gateway/tls.crt;
    ssl_certificate_key {certs}/gateway/tls.key;
    {mutual}
    location / {{
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }}
  }}
}}
"""

HAPROXY = """\
global
  nbthread 1
  maxconn 4096
  ssl-default-bind-options ssl-min-ver TLSv1.2
  tune.ssl.default-dh-param 2048
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-keep-alive 300s
  http-reuse always
frontend in
  bind 127.0.0.1:{port} ssl crt {dir}/haproxy.pem alpn h2,http/1.1 {mutual}
  default_backend model
backend model
  server a 127.0.0.1:{backend}
"""

# What turns plaintext of the load generator into mutual TLS, on the generator's core.
CLIENT = """\
global
  nbthread 1
  maxconn 4096
defaults
  mode tcp
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend in
  bind 127.0.0.1:{port}
  default_backend proxy
backend proxy
  server a {address} ssl crt {dir}/client.pem ca-file {certs}/ca.crt verify required verifyhost localhost sni str(localhost)
"""

RULES = """\
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: edge}}
spec:
  servers:
  - port: {{number: {port}, name: https, protocol: HTTPS}}
    bind: 127.0.0.1
    hosts: ["*"]
    tls: {{mode: {mode}, credentialName: gateway}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: edge}}
spec:
  hosts: ["*"]
  gateways: [edge]
  http:
  - route: [{{destination: {{host: model}}}}]
---
apiVersion: sluice.dev/v1alpha1
kind: GatewaySettings
metadata: {{name: settings}}
spec: {{limits: {{connections: 4096}}, identity: {{certificateDirectory: "{certs}"}}}}
"""


def make_certificates(directory, sluice):
    certs = pathlib.Path(directory) / "certs"
    subprocess.run([sluice, "certs", "init", certs], check=True, capture_output=True)
    return certs


def bundle(path, credential):
    """Certificate and key in one file, as HAProxy reads them."""
    path.write_bytes((credential / "tls.crt").read_bytes() + (credential / "tls.key").read_bytes())
    return path


def start(programs, directory, sluice, certs, backend, pin, label, mutual=False):
    """{name: (Program, address)} of every front end that is there; `label` tells several sets apart."""
    directory = pathlib.Path(directory) / label
    directory.mkdir()
    bundle(directory / "haproxy.pem", certs / "gateway")
    started = {}

    def launch(name, port, command):
        program = programs.start(f"{name}-{label}", [*pin, *command])
        harness.wait_for_port(f"127.0.0.1:{port}", program)
        started[name] = (program, f"127.0.0.1:{port}")

    for name, template, words in (
            ("nginx", NGINX, f"ssl_client_certificate {certs}/ca.crt; ssl_verify_client on;" if mutual else ""),
            ("haproxy", HAPROXY, f"ca-file {certs}/ca.crt verify required" if mutual else "")):
        text = template.format(dir=directory, port="{port}", backend=backend, certs=certs, mutual=words)
        if (proxy := peers.start_configured(programs, directory, name, text, pin, label=f"-{label}")) is not None:
            started[name] = proxy
    if peers.find("nghttpx") is not None:
        port = harness.free_port()
        verify = ("--verify-client", f"--verify-client-cacert={certs}/ca.crt") if mutual else ()
        launch("nghttpx", port, [peers.find("nghttpx"), "--conf=/dev/null", "--single-process", "-n1",
                                 "--errorlog-file=/dev/null", f"--frontend=127.0.0.1,{port}", *verify,
                                 f"--backend=127.0.0.1,{backend}", certs / "gateway" / "tls.key",
                                 certs / "gateway" / "tls.crt"])
    port = harness.free_port()
    rules = directory / "rules.yaml"
    rules.write_text(harness.service_entry("model", [("v0", backend)]) +
                     RULES.format(port=port, mode="MUTUAL" if mutual else "SIMPLE", certs=certs))
    launch("sluice", port, [sluice, "run", "-c", rules, "--namespace", "ml-serving", "--admin", "off", "--health", "off",
                            "--metrics", "off", "--workers", "1"])
    return started


def start_client(programs, directory, certs, name, address, pin):
    """The address at which plaintext becomes mutual TLS towards `address`."""
    directory = pathlib.Path(directory)
    bundle(directory / "client.pem", certs / "client")
    text = CLIENT.format(port="{port}", address=address, dir=directory, certs=certs)
    proxy = peers.start_configured(programs, directory, f"client-{name}", text, pin, "haproxy")
    if proxy is None:
        raise harness.Failed("mutual TLS of the generator is made by HAProxy, which is not installed")
    return proxy[1]
