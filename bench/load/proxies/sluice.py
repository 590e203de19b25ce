"""Sluice: a Gateway with the three doors and the rule as Istio's resources. Standard library only."""
import harness
from proxies.proxy import Proxy

HOST = "content-ranking-svc"

RULES = """\
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: edge, namespace: ml-serving}}
spec:
  servers:
  - port: {{number: {http}, name: http, protocol: HTTP}}
    bind: 127.0.0.1
    hosts: ["*"]
  - port: {{number: {https}, name: https, protocol: HTTPS}}
    bind: 127.0.0.1
    hosts: ["*"]
    tls: {{mode: SIMPLE, credentialName: gateway}}
  - port: {{number: {mtls}, name: mtls, protocol: HTTPS}}
    bind: 127.0.0.1
    hosts: ["*"]
    tls: {{mode: MUTUAL, credentialName: gateway}}
---
apiVersion: sluice.dev/v1alpha1
kind: GatewaySettings
metadata: {{name: settings, namespace: ml-serving}}
spec: {{limits: {{connections: {connections}}}, identity: {{certificateDirectory: "{certs}"}}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: content-ranking-dr, namespace: ml-serving}}
spec:
  host: content-ranking-svc
  subsets:
  - {{name: v45, labels: {{model-version: v45}}}}
  - {{name: v47, labels: {{model-version: v47}}}}
"""

ROUTES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: content-ranking-vs, namespace: ml-serving}
spec:
  hosts: [content-ranking-svc]
  gateways: [edge]
  http:
  - name: premium
    match: [{headers: {x-user-segment: {exact: premium}}}]
    route: [{destination: {host: content-ranking-svc, subset: v47}}]
  - name: default
    route:
    - {destination: {host: content-ranking-svc, subset: v45}, weight: 90}
    - {destination: {host: content-ranking-svc, subset: v47}, weight: 10}
"""


def all_to(version):
    """The object that replaces the routes by one to a single version."""
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {"name": "content-ranking-vs", "namespace": "ml-serving"},
            "spec": {"hosts": [HOST], "gateways": ["edge"],
                     "http": [{"route": [{"destination": {"host": HOST, "subset": version}}]}]}}


def start(ground, name="sluice", connections=9000, changeable=False):
    """What ships on stays on: metrics, outlier detection, request ids. The access log ships off."""
    ports = {door: harness.free_port() for door in ("http", "https", "mtls")}
    rules = ground.directory / f"{name}-rules"
    rules.mkdir(exist_ok=True)
    (rules / "edge.yaml").write_text(harness.service_entry(HOST, ground.models.items()) + RULES.format(
        certs=ground.certs, connections=connections, **ports))
    (rules / "routes.yaml").write_text(ROUTES)
    admin = ["--admin", "127.0.0.1:0", "--state-dir", ground.directory / "state"] if changeable else ["--admin", "off"]
    program = ground.start(name, [
        ground.binary, "run", "-c", rules, "--namespace", "ml-serving", "--http-port", "off", "--health", "off", *admin, "--metrics", "127.0.0.1:0", "--workers", ground.workers], ports.values())
    return Proxy(name).open(program, **ports)
