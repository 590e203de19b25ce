"""What a result was measured on: machine, build, versions; and whether it may be quoted. Standard library only."""
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

import harness
from proxies.proxy import find

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROXY_CORE, OTHER_CORE = "0", "1"
LOAD_AVERAGE_MAX = 0.7  # of the last minute, at the start
QUIET_WAIT_SECONDS = 180
DIRTY = "the tree has changes that no commit names"
PAGE = "bench/RESULTS.md"  # what this program itself writes does not make a tree dirty


def said(*command):
    """Both outputs, for nginx tells its version on stderr; "" when it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=20)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip()


def compile_flags(ninja):
    """What the gateway itself was compiled with; the cache names only CMake's defaults."""
    text = ninja.read_text() if ninja.exists() else ""
    found = re.search(r"^build \S*sluice\.dir/gateway/main\.cc\.o:.*?^  FLAGS = (.*?)$", text, re.M | re.S)
    return " ".join(f for f in found.group(1).split() if not f.startswith(("-W", "-D"))) if found else "unknown"


def versions():
    told = {}
    for name, flag, pattern in (("nginx", "-v", r"nginx/(\S+)"), ("haproxy", "-v", r"version (\S+)"),
                                ("nghttpx", "-v", r"nghttp2/(\S+)"), ("envoy", "--version", r"/(\d+\.\d+\.\d+\S*)/Clean"),
                                ("h2load", "--version", r"nghttp2/(\S+)"), ("strace", "-V", r"version (\S+)")):
        path = find(name)
        found = re.search(pattern, said(path, flag)) if path else None
        told[name] = found.group(1) if found else "unknown version" if path else "not installed"
    return told


def dirty():
    return bool(said("git", "status", "--porcelain", "--", ".", f":!{PAGE}"))


def facts(binaries):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    governor = pathlib.Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    cache = binaries / "CMakeCache.txt"
    cached = dict(re.findall(r"^(\w+):\w+=(.*)$", cache.read_text(), re.M)) if cache.exists() else {}
    return {
        "commit": said("git", "rev-parse", "HEAD"),
        "dirty": dirty(),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "compiler": said("c++", "--version").split("\n")[0],
        "build": cached.get("CMAKE_BUILD_TYPE", "unknown"),
        "flags": compile_flags(binaries / "build.ninja"),
        "kernel": platform.release(),
        "cpu": cpu.group(1) if cpu else "unknown",
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory.group(1)) / 2**20) if memory else 0,
        "governor": governor.read_text().strip() if governor.exists() else "unknown",
        "load_average_before": os.getloadavg(),
        "versions": versions(),
    }


def wait_until_quiet():
    """Lets the load average fall that a build before the run has left; gives up after a while."""
    deadline = time.monotonic() + QUIET_WAIT_SECONDS
    if os.getloadavg()[0] > LOAD_AVERAGE_MAX:
        print(f"bench: load average {os.getloadavg()[0]:.2f}; waiting up to {QUIET_WAIT_SECONDS} s for "
              f"{LOAD_AVERAGE_MAX}", file=sys.stderr)
    while os.getloadavg()[0] > LOAD_AVERAGE_MAX and time.monotonic() < deadline:
        time.sleep(2)


def why_not_to_quote(told):
    """A sentence when figures taken now should not be quoted, "" otherwise."""
    if told["dirty"]:
        return DIRTY
    if told["load_average_before"][0] > LOAD_AVERAGE_MAX:
        return f"the machine is busy, its load average is {told['load_average_before'][0]:.2f}"
    return ""


def ready(binaries, needed, anyway):
    """The facts of a run that may begin, this program itself on the core of the generator. Raises harness.Failed where a
    program is missing, or figures would not be quotable and are not wanted `anyway`."""
    if os.cpu_count() < 2:
        raise harness.Failed("needs two cores, one for the proxy and one for the rest")
    for name in needed:
        if not (binaries / name).exists():
            raise harness.Failed(f"there is no {binaries / name}; `./dev build` makes it, --bin names another build")
    if not anyway:
        if dirty():
            raise harness.Failed(f"{DIRTY}; --anyway measures and marks the result")
        wait_until_quiet()
    told = facts(binaries)
    if not anyway and why_not_to_quote(told):
        raise harness.Failed(f"{why_not_to_quote(told)}; --anyway measures and marks the result")
    os.sched_setaffinity(0, {int(OTHER_CORE)})
    return told
