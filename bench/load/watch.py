"""Watches for what others do to the machine while figures are taken. Standard library only; one thread."""
import os
import pathlib
import threading
import time
import typing

from usage import TICK

EVERY = 1.0            # seconds between two looks; each costs some ms of the generator's core
OTHERS_MAX = 0.05      # of one core, over a measurement of a row
STEAL_MAX = 0.03       # of one core, taken by the hypervisor


class Process(typing.NamedTuple):
    parent: int
    command: str
    ticks: int    # of user and system time
    began: str    # with the pid this names a process for good


class Watch:
    """CPU seconds used by processes that are not descendants of this one, and stolen by the hypervisor, so far."""

    def __init__(self):
        self.others = 0.0
        self.worst = {}     # {command: CPU seconds}
        self._first_steal = stolen()
        self._seen = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._look(count=False)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.wait(EVERY):
            self._look()

    def _look(self, count=True):
        with self._lock:
            processes = read_processes()
            ours = descendants(processes, os.getpid())
            seen = {}
            for pid, process in processes.items():
                if pid in ours:
                    continue
                seen[pid, process.began] = process.ticks
                # One that was not there before has used all of its time since.
                used = (process.ticks - self._seen.get((pid, process.began), 0)) / TICK if count else 0
                if used > 0:
                    self.others += used
                    self.worst[process.command] = self.worst.get(process.command, 0) + used
            self._seen = seen

    def mark(self):
        """Where a stretch begins; given to `since` at its end."""
        self._look()
        return time.monotonic(), self.others, stolen()

    def since(self, mark):
        """(share of a core used by others, share stolen) of the stretch."""
        began, others, steal = mark
        self._look()
        took = max(1e-3, time.monotonic() - began)
        return (self.others - others) / took, (stolen() - steal) / took

    def names(self, count=3):
        return sorted(self.worst, key=self.worst.get, reverse=True)[:count]


def disturbed(shares):
    return shares[0] > OTHERS_MAX or shares[1] > STEAL_MAX


def stolen():
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[8]) / TICK


def read_processes():
    """{pid: Process}."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue  # it ended between the two looks
        command = text[text.index("(") + 1:text.rindex(")")]
        fields = text[text.rindex(")") + 1:].split()
        found[int(entry.name)] = Process(int(fields[1]), command, int(fields[11]) + int(fields[12]), fields[19])
    return found


def descendants(processes, root):
    children = {}
    for pid, process in processes.items():
        children.setdefault(process.parent, []).append(pid)
    found, ahead = {root}, [root]
    while ahead:
        for child in children.get(ahead.pop(), ()):
            found.add(child)
            ahead.append(child)
    return found
