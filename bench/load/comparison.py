"""Takes every row's measurements, interleaved, round by round, within a budget of time. Standard library only.

What fails is told in the report and takes nothing else with it.
"""
import dataclasses
import sys
import time

from rows.workers import TWO
from stage import DIRECT


@dataclasses.dataclass
class Result:
    """The samples of one row. `samples[name][i]` is of the row's round i, None where it failed."""
    row: object
    samples: dict = dataclasses.field(default_factory=dict)
    failures: dict = dataclasses.field(default_factory=dict)  # {name: [sentence]}
    stretches: list = dataclasses.field(default_factory=list)  # (share of others, share stolen) by round

    def note_failure(self, name, words):
        if words not in self.failures.setdefault(name, []):
            self.failures[name].append(words)


class Comparison:
    def __init__(self, stage, rows, settings, watch):
        self.stage, self.settings, self.watch = stage, settings, watch
        self.results = {row.name: Result(row) for row in rows}
        self.began = time.monotonic()
        self.rounds_done = 0

    def elapsed(self):
        return time.monotonic() - self.began

    def run(self):
        try:
            for number in range(self.settings.rounds):
                began, repeated = self.elapsed(), 0
                for result in self.results.values():
                    if result.row.once and number > 0:
                        continue
                    if number == 0 and self.elapsed() > self.settings.budget_seconds:
                        result.note_failure("all", "not measured: the time of the run was used up")
                        continue
                    before = self.elapsed()
                    self.one_round(result, number)
                    repeated += 0 if result.row.once else self.elapsed() - before
                self.rounds_done = number + 1
                print(f"bench: round {number + 1} of {self.settings.rounds} took {self.elapsed() - began:.0f} s",
                      file=sys.stderr)
                if self.elapsed() + repeated > self.settings.budget_seconds:
                    break
        finally:
            for result in self.results.values():
                result.row.close()
        for result in self.results.values():
            result.row.complete(result.samples)

    def one_round(self, result, number):
        row = result.row
        names = [n for n in row.names if n == DIRECT or n.removesuffix(TWO) in self.stage.proxies]
        mark, began = self.watch.mark(), self.elapsed()
        for name in names if number % 2 == 0 else reversed(names):
            result.samples.setdefault(name, []).append(self.sample(result, name))
        result.stretches.append(self.watch.since(mark))
        print(f"bench: {row.name} {self.elapsed() - began:.1f} s", file=sys.stderr)

    def sample(self, result, name):
        # Anything may go wrong in so many programs; a run of a quarter of an hour shall not be lost to it.
        try:
            return result.row.measure(self.stage, name)
        except Exception as failure:  # noqa: BLE001  # pylint: disable=broad-exception-caught
            words = f"{failure}" if type(failure).__name__ == "Failed" else f"{type(failure).__name__}: {failure}"
            result.note_failure(name, " ".join(words.split())[:300])
            print(f"bench: {result.row.name}, {name}: {words}", file=sys.stderr)
            return None
