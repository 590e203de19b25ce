"""What a process has used: CPU time, memory, descriptors; read from /proc. Standard library only."""
import contextlib
import dataclasses
import os
import pathlib
import re

TICK = os.sysconf("SC_CLK_TCK")


def family(pid):
    """The process and its children, for a server may work in processes of its own."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


@dataclasses.dataclass(frozen=True)
class Cpu:
    """CPU time of a process and its children so far. The scheduler counts in ns, but cannot tell user from system."""
    user: float     # seconds, in ticks
    system: float
    exact: float    # seconds
    threads: frozenset

    @staticmethod
    def of(pid):
        user = system = exact = 0
        threads = set()
        for member in family(pid):
            fields = pathlib.Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
            user, system = user + int(fields[11]), system + int(fields[12])
            for task in pathlib.Path(f"/proc/{member}/task").iterdir():
                with contextlib.suppress(OSError):  # a thread that has just ended
                    exact += int((task / "schedstat").read_text().split()[0])
                    threads.add(task.name)
        return Cpu(user / TICK, system / TICK, exact / 1e9, frozenset(threads))

    def since(self, before):
        """(all, user, system) seconds. Ticks alone when a thread came or went, whose time would be missed."""
        user, system = self.user - before.user, self.system - before.system
        total = self.exact - before.exact if self.threads == before.threads else user + system
        return total, user, system


def private_kib(pid):
    """Memory that is the process's own, swapped pages included: its libraries are not."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) for n in re.findall(r"^(?:Private_\w+|Swap):\s+(\d+)", text, re.M))


def resident_kib(pid, peak=False):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{'VmHWM' if peak else 'VmRSS'}:\s+(\d+)", text, re.M).group(1))


def forget_peak(pid):
    """Peak memory is counted from here on (proc(5), clear_refs)."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
