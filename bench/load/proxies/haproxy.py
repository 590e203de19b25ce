"""HAProxy: in HTTP mode with the rule as ACLs, and in TCP mode as the relay. Standard library only."""
import harness
from proxies.proxy import Proxy, find

COMMON = """\
global
  nbthread {workers}
  maxconn 9000
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode {mode}
  timeout connect 5s
  timeout client 300s
  timeout server 300s
"""

HTTP = COMMON + """\
  timeout http-keep-alive 300s
  http-reuse always
frontend in
  bind 127.0.0.1:{http}
  bind 127.0.0.1:{https} ssl crt {pem} alpn h2,http/1.1
  bind 127.0.0.1:{mtls} ssl crt {pem} alpn h2,http/1.1 ca-file {certs}/ca.crt verify required
  use_backend v47 if {{ req.hdr(x-user-segment) -m str premium }}
  use_backend v47 if {{ rand(100) lt 10 }}
  default_backend v45
backend v45
  server a 127.0.0.1:{v45}
backend v47
  server a 127.0.0.1:{v47}
"""

RELAY = COMMON + """\
frontend in
  bind 127.0.0.1:{http}
  default_backend both
backend both
  server v45 127.0.0.1:{v45} weight 90
  server v47 127.0.0.1:{v47} weight 10
"""


def bundle(ground, name, credential):
    """Certificate and key in one file, as HAProxy reads them."""
    parts = [(ground.certs / credential / part).read_text() for part in ("tls.crt", "tls.key")]
    return ground.file(name, "".join(parts))


def launch(ground, name, text, ports):
    config = ground.file(f"{name}.cfg", text)
    program = ground.start(name, [find("haproxy"), "-db", "-f", config], ports.values())
    return Proxy(name).open(program, **ports)


def start(ground, name="haproxy"):
    if find("haproxy") is None:
        return None
    ports = {door: harness.free_port() for door in ("http", "https", "mtls")}
    text = HTTP.format(mode="http", workers=ground.workers, certs=ground.certs,
                       pem=bundle(ground, f"{name}.pem", "gateway"), **ports, **ground.models)
    return launch(ground, name, text, ports)


def start_relay(ground, name="relay"):
    if find("haproxy") is None:
        return None
    ports = {"http": harness.free_port()}
    return launch(ground, name, RELAY.format(mode="tcp", workers=ground.workers, **ports, **ground.models), ports)
