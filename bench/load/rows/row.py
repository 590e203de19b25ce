"""One row of the comparison: who takes part, how one measurement is made, what of it is told. Standard library only."""
import dataclasses

from traffic import Traffic


@dataclasses.dataclass(frozen=True)
class Column:
    head: str
    key: str            # of the figures of a measurement
    form: str = "{:.1f}"


class Row:
    """Subclasses measure. `figures` of one measurement are {key: number}; the report takes the median of each."""
    name = ""
    title = ""
    names = ()          # who takes part, in the order of the table
    figure = "cpu_us"   # the key that is compared
    more_is_better = False
    peers = ("nginx", "haproxy", "nghttpx", "envoy")  # of whom the best is what Sluice is held against
    columns = ()
    traffic = Traffic()  # of the closed or open loop, None when single connections are made by hand
    once = False        # nothing to repeat: what is counted does not vary with the load of the machine
    note = ""           # a sentence under the table

    def measure(self, stage, name):
        raise NotImplementedError

    def complete(self, samples):
        """Adds figures that follow from several: `samples` is {name: [figures by round, None where it failed]}."""

    def close(self):
        """Stops what the row itself has started."""
