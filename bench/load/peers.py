"""nginx and HAProxy set up for the rule of canonical.md, each by its own means. Standard library only."""
import os
import pathlib
import shutil

import harness

NGINX_HEAD = """\
daemon off;
master_process off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx-error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
"""

NGINX = NGINX_HEAD + """\
  client_body_buffer_size 64k;
  proxy_buffers 8 32k;
  split_clients "$connection:$connection_requests" $drawn {{ 90% v45; * v47; }}
  map $http_x_user_segment $version {{ premium v47; default $drawn; }}
  upstream v45 {{ server 127.0.0.1:{v45}; keepalive 128; keepalive_requests 1000000000; }}
  upstream v47 {{ server 127.0.0.1:{v47}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://$version;
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
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:{port}
  use_backend v47 if {{ req.hdr(x-user-segment) -m str premium }}
  use_backend v47 if {{ rand(100) lt 10 }}
  default_backend v45
backend v45
  server a 127.0.0.1:{v45}
backend v47
  server a 127.0.0.1:{v47}
"""

RELAY = """\
global
  nbthread 1
  maxconn 4096
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:{port}
  default_backend both
backend both
  server v45 127.0.0.1:{v45} weight 90
  server v47 127.0.0.1:{v47} weight 10
"""

RULES = """\
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: content-ranking-dr, namespace: ml-serving}
spec:
  host: content-ranking-svc
  subsets:
  - {name: v45, labels: {model-version: v45}}
  - {name: v47, labels: {model-version: v47}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: content-ranking-vs, namespace: ml-serving}
spec:
  hosts: [content-ranking-svc]
  http:
  - name: premium
    match: [{headers: {x-user-segment: {exact: premium}}}]
    route: [{destination: {host: content-ranking-svc, subset: v47}}]
  - name: default
    route:
    - {destination: {host: content-ranking-svc, subset: v45}, weight: 90}
    - {destination: {host: content-ranking-svc, subset: v47}, weight: 10}
"""


def find(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def start_configured(programs, directory, name, text, pin, binary=None, label=""):
    """nginx or HAProxy on a configuration with the place holder {port}; (Program, address), or None without the binary."""
    binary = binary or name
    path = find(binary)
    if path is None:
        print(f"bench: no {binary}; left out")
        return None
    port = harness.free_port()
    text = text.replace("{port}", str(port))
    if binary == "nginx" and os.geteuid() == 0:
        text = "user root;\n" + text
    config = directory / f"{name}.conf"
    config.write_text(text)
    flags = ("-p", directory, "-c") if binary == "nginx" else ("-db", "-f")
    program = programs.start(name + label, [*pin, path, *flags, config])
    harness.wait_for_port(f"127.0.0.1:{port}", program)
    return program, f"127.0.0.1:{port}"


def start(programs, directory, sluice, backends, pin):
    """Starts every proxy that is there; {name: (Program, address)}. `backends` is {version: port}."""
    directory = pathlib.Path(directory)
    started = {}
    for name, binary, template in (("nginx", "nginx", NGINX), ("haproxy", "haproxy", HAPROXY),
                                   ("relay", "haproxy", RELAY)):
        text = template.format(dir=directory, port="{port}", **backends)
        if (proxy := start_configured(programs, directory, name, text, pin, binary)) is not None:
            started[name] = proxy
    nghttpx = find("nghttpx")
    if nghttpx is not None:
        port = harness.free_port()
        # It knows no rule on a header: only the two backends by weight.
        program = programs.start("nghttpx", [
            *pin, nghttpx, "--conf=/dev/null", "--single-process", "-n1", "--errorlog-file=/dev/null", f"--frontend=127.0.0.1,{port};no-tls",
            *(f"--backend=127.0.0.1,{backends[version]};;weight={weight}" for version, weight in (("v45", 90), ("v47", 10)))])
        harness.wait_for_port(f"127.0.0.1:{port}", program)
        started["nghttpx"] = (program, f"127.0.0.1:{port}")
    if sluice is not None:
        rules = directory / "rules"
        rules.mkdir()
        (rules / "rules.yaml").write_text(harness.service_entry("content-ranking-svc", backends.items()) + RULES)
        program = programs.start("sluice", [*pin, sluice, "run", "-c", rules, "--http-port", 0, "--admin", "off",
                                            "--health", "off", "--metrics", "127.0.0.1:0", "--workers", 1])
        program.wait_for(["http", "metrics"])
        started["sluice"] = (program, program.listeners["http"].replace("0.0.0.0", "127.0.0.1"))
    return started
