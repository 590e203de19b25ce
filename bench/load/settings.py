"""How large a run is. Standard library only."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Settings:
    rounds: int = 5
    seconds: float = 1.0             # of one measurement, closed loop
    latency_seconds: float = 2.0     # of one measurement, open loop
    budget_seconds: float = 780      # no round begins that would not end within it
    slow_connections: int = 2000
    upload_mib: int = 64
    hundreds: int = 10               # of new TLS connections a measurement
    traced_requests: int = 3000
    idle_connections: int = 1000
    held_connections: int = 19000
    changes: int = 20


FULL = Settings()
QUICK = Settings(rounds=1, seconds=0.5, latency_seconds=0.8, budget_seconds=150, hundreds=3, traced_requests=1000,
                 idle_connections=300, changes=10)
# The smallest at which every row still does what it does: for the test of this program.
SMOKE = Settings(rounds=1, seconds=0.2, latency_seconds=0.2, budget_seconds=150, slow_connections=64, upload_mib=1,
                 hundreds=1, traced_requests=100, idle_connections=10, held_connections=40, changes=2)
