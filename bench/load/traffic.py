"""What is sent, independent of the program that sends it. Standard library only."""
import dataclasses

FIELDS = (("host", "content-ranking-svc"), ("x-user-id", "u{random:100000}"), ("accept", "application/json"))
STANDARD, PREMIUM = (("x-user-segment", "standard"),), (("x-user-segment", "premium"),)


@dataclasses.dataclass(frozen=True)
class Traffic:
    door: str = "http"       # http, https or mtls
    http2: bool = False
    connections: int = 64
    streams: int = 1         # at once on each connection, HTTP/2 only
    method: str = "GET"
    path: str = "/predict"
    body_bytes: int = 0
    fields: tuple = ()       # beyond those of the canonical workload
    segment: tuple = STANDARD
    new: bool = False        # each connection carries one request: as many requests as connections

    def all_fields(self):
        return (*FIELDS, *self.segment, *self.fields)

    def url(self, address):
        return f"{'http' if self.door == 'http' else 'https'}://{address}{self.path}"


@dataclasses.dataclass(frozen=True)
class Amount:
    """How long, or how many; and for an open loop at which rate."""
    seconds: float = 0
    requests: int = 0
    rate: float = 0


@dataclasses.dataclass(frozen=True)
class Outcome:
    answered: int
    per_second: float
    p50_us: float | None = None
    p99_us: float | None = None
    versions: dict = dataclasses.field(default_factory=dict)  # {version: answers}
