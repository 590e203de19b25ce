"""Changes of a running gateway through its admin port, as the verbs make them. Standard library only."""
import contextlib
import http.client
import json


class Admin:
    """The admin port of a gateway with a state directory: reads, and writes with its token."""

    def __init__(self, gateway, state):
        self.address = gateway.admin
        self.token = (state / "admin-token").read_text().strip()
        self.connection = None

    def ask(self, method, path, body=None, headers=(), token=True):
        """(status, headers, parsed body) on a connection that is kept."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=30)
        sent = dict(headers)
        if token:
            sent["authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent.setdefault("content-type", "application/json")
        self.connection.request(method, path, body, sent)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        with contextlib.suppress(json.JSONDecodeError):
            text = json.loads(text)
        return answer.status, dict(answer.getheaders()), text

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def apply(self, *objects, **more):
        """Puts objects in force in one step; the answer, which must be good."""
        status, _, answer = self.ask("POST", "/sluice/v1/apply", {"objects": list(objects), **more})
        if status != 200:
            raise AssertionError(f"{status}: {answer}")
        return answer

    def history(self, query=""):
        return self.ask("GET", "/sluice/v1/history" + query)[2]["revisions"]

    def live(self, kind, name, namespace="default"):
        """The body that is in force, or None."""
        _, _, answer = self.ask("GET", f"/sluice/v1/objects?kind={kind}&namespace={namespace}&name={name}")
        return next((entry["body"] for entry in answer["objects"] if entry.get("body")), None)


def virtual_service(*http, name="model", hosts=("model",)):
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {"name": name, "namespace": "default"}, "spec": {"hosts": list(hosts), "http": list(http)}}


def destination_rule(*versions, name="model", host="model"):
    return {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"host": host, "subsets": [{"name": v, "labels": {"version": v}} for v in versions]}}


def split(**weights):
    """A rule that splits by weights: split(v0=90, v1=10)."""
    return {"name": "default", "route": [{"destination": {"host": "model", "subset": subset}, "weight": weight}
                                          for subset, weight in weights.items()]}
