"""How large a run of the growth curves is. Standard library only."""
import dataclasses

KIB, MIB = 1 << 10, 1 << 20


@dataclasses.dataclass(frozen=True)
class Size:
    function_seconds: float = 0.1    # of one repetition of one micro-benchmark
    repetitions: int = 3             # the median counts, for functions and for the gateway
    seconds: float = 1.0             # of one measurement of the gateway
    idle: tuple = (1, 10, 100, 1000, 10_000, 19_000)
    active: tuple = (1, 4, 16, 64, 256, 1000)
    streams: tuple = (1, 4, 16, 64, 100)
    bodies: tuple = (KIB, 16 * KIB, 256 * KIB, 4 * MIB, 64 * MIB)
    body_bytes: int = 256 * MIB      # sent in one measurement, at least one body
    small_requests: int = 4000       # of bodies at most, where they are small


FULL = Size()
QUICK = Size(function_seconds=0.03, repetitions=1, seconds=0.5, idle=(1, 100, 1000, 5000), body_bytes=64 * MIB)
# The smallest at which every curve still has its points: for the test of this program.
SMOKE = Size(function_seconds=0.001, repetitions=1, seconds=0.1, idle=(1, 5, 20), active=(1, 4, 16), streams=(1, 4, 16),
             bodies=(KIB, 16 * KIB, 64 * KIB), body_bytes=256 * KIB, small_requests=50)
