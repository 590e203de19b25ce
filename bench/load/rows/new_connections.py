"""New TLS connections: a full handshake and one request on each. Standard library only."""
import usage
from rows.row import Column, Row
from traffic import Amount, Traffic

AT_ONCE = 100


class NewConnections(Row):
    name, figure, more_is_better = "new_tls", "per_cpu_second", True
    title = "new TLS connections, full handshake, one request each"
    names = ("nginx", "haproxy", "nghttpx", "envoy", "sluice")
    columns = (Column("per CPU second", "per_cpu_second", "{:,.0f}"), Column("µs", "cpu_us"),
               Column("user", "user_us"), Column("sys", "system_us"))
    note = f"{AT_ONCE} at once from a generator that starts anew and so has no session to resume."

    traffic = Traffic("https", connections=AT_ONCE, new=True)

    def __init__(self, settings):
        self.settings = settings

    def measure(self, stage, name):
        hundred = Amount(requests=AT_ONCE)
        program, _ = stage.door(name, "https")
        stage.load(name, self.traffic, hundred)
        before = usage.Cpu.of(program.pid)
        made = sum(stage.load(name, self.traffic, hundred).answered for _ in range(self.settings.hundreds))
        spent = usage.Cpu.of(program.pid).since(before)
        figures = {key: seconds / made * 1e6 for key, seconds in zip(("cpu_us", "user_us", "system_us"), spent)}
        return figures | {"per_cpu_second": 1e6 / figures["cpu_us"]}
