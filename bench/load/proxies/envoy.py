"""Envoy, when `envoy` is on PATH (it is no package of Debian): static configuration. Standard library only."""
import json
import shutil

import harness
from proxies.proxy import Proxy

EXTENSIONS = "type.googleapis.com/envoy.extensions"
MANAGER = f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = f"{EXTENSIONS}.filters.http.router.v3.Router"
DOWNSTREAM_TLS = f"{EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext"
MANY = 9000  # the defaults of the circuit breaker, 1,024, are fewer than the slow models have in flight


def routes():
    premium = {"name": "x-user-segment", "string_match": {"exact": "premium"}}
    split = {"clusters": [{"name": "v45", "weight": 90}, {"name": "v47", "weight": 10}]}
    return {"name": "all", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
        {"match": {"prefix": "/", "headers": [premium]}, "route": {"cluster": "v47"}},
        {"match": {"prefix": "/"}, "route": {"weighted_clusters": split}}]}]}


def listener(name, port, tls=None):
    manager = {"@type": MANAGER, "stat_prefix": name, "codec_type": "AUTO", "route_config": routes(),
               "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}]}
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    if tls is not None:
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": tls}
    return {"name": name, "address": address(port), "filter_chains": [chain]}


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": int(port)}}


def tls_context(certs, mutual=False):
    pair = {"certificate_chain": {"filename": f"{certs}/gateway/tls.crt"},
            "private_key": {"filename": f"{certs}/gateway/tls.key"}}
    common = {"tls_certificates": [pair], "alpn_protocols": ["h2", "http/1.1"]}
    if mutual:
        common["validation_context"] = {"trusted_ca": {"filename": f"{certs}/ca.crt"}}
    return {"@type": DOWNSTREAM_TLS, "common_tls_context": common, "require_client_certificate": mutual}


def cluster(version, port):
    limits = {"max_connections": MANY, "max_pending_requests": MANY, "max_requests": MANY}
    endpoint = {"endpoint": {"address": address(port)}}
    return {"name": version, "type": "STATIC", "connect_timeout": "5s", "circuit_breakers": {"thresholds": [limits]},
            "load_assignment": {"cluster_name": version, "endpoints": [{"lb_endpoints": [endpoint]}]}}


def start(ground, name="envoy"):
    path = shutil.which("envoy")
    if path is None:
        return None
    ports = {door: harness.free_port() for door in ("http", "https", "mtls")}
    config = {"static_resources": {
        "listeners": [listener("http", ports["http"]),
                      listener("https", ports["https"], tls_context(ground.certs)),
                      listener("mtls", ports["mtls"], tls_context(ground.certs, mutual=True))],
        "clusters": [cluster(version, port) for version, port in ground.models.items()]}}
    file = ground.file(f"{name}.json", json.dumps(config, indent=1))
    command = [path, "-c", file, "--concurrency", ground.workers, "--disable-hot-restart", "--log-level", "error"]
    return Proxy(name).open(ground.start(name, command, ports.values()), **ports)
