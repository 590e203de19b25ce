"""The rows of the comparison, by name, in the order of the report. Standard library only."""
from rows.change import Change
from rows.decision import Decision
from rows.held import Held
from rows.idle import Idle
from rows.latency import Latency, Saturation
from rows.new_connections import NewConnections
from rows.requests import per_request_rows
from rows.system_calls import SystemCalls
from rows.workers import Workers
from settings import FULL


def make(settings):
    """{name: Row}; a Saturation is shared by the three rates."""
    saturation = Saturation(settings)
    found = [*per_request_rows(settings), NewConnections(settings),
             *(Latency(settings, saturation, percent) for percent in (50, 75, 90)), Workers(settings),
             *(SystemCalls(settings, kind) for kind in ("small", "h2c", "tls")),
             *(Idle(settings, kind) for kind in ("http1", "tls", "tls_h2")), Held(settings), Decision(settings),
             Change(settings)]
    return {row.name: row for row in found}


KINDS = make(FULL)  # for those who read results: titles, columns
