"""nginx: split_clients and map choose the version. Standard library only."""
import os

import harness
from proxies.proxy import Proxy, find

CONFIG = """\
{user}daemon off;
master_process {master};
worker_processes {workers};
worker_rlimit_nofile 20000;
pid {dir}/nginx.pid;
error_log {dir}/nginx-error.log crit;
events {{ worker_connections 9000; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  client_body_buffer_size 64k;
  proxy_buffers 8 32k;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  split_clients "$connection:$connection_requests" $drawn {{ 90% v45; * v47; }}
  map $http_x_user_segment $version {{ premium v47; default $drawn; }}
  upstream v45 {{ server 127.0.0.1:{v45}; keepalive 2048; keepalive_requests 1000000000; }}
  upstream v47 {{ server 127.0.0.1:{v47}; keepalive 2048; keepalive_requests 1000000000; }}
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_certificate {certs}/gateway/tls.crt;
  ssl_certificate_key {certs}/gateway/tls.key;
  http2_max_concurrent_streams 256;
  server {{
    listen 127.0.0.1:{http};
{locations}  }}
  server {{
    listen 127.0.0.1:{https} ssl http2;
{locations}  }}
  server {{
    listen 127.0.0.1:{mtls} ssl http2;
    ssl_client_certificate {certs}/ca.crt;
    ssl_verify_client on;
{locations}  }}
}}
"""

# Uploads are passed on as they come, as every other proxy here does; the default would write them to disk first.
LOCATIONS = """\
    location / { proxy_pass http://$version; }
    location /upload { proxy_pass http://$version; proxy_request_buffering off; client_max_body_size 0; }
"""


def start(ground, name="nginx"):
    path = find("nginx")
    if path is None:
        return None
    ports = {door: harness.free_port() for door in ("http", "https", "mtls")}
    config = ground.file(f"{name}.conf", CONFIG.format(
        user="user root;\n" if os.geteuid() == 0 else "", master="on" if ground.workers > 1 else "off",
        workers=ground.workers, dir=ground.directory, certs=ground.certs, locations=LOCATIONS, **ports, **ground.models))
    command = [path, "-p", ground.directory, "-c", config]
    return Proxy(name).open(ground.start(name, command, ports.values()), **ports)
