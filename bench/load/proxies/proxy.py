"""One running proxy with its doors, and what it needs to be started. Standard library only."""
import dataclasses
import pathlib
import shutil
import subprocess

import harness


def find(name):
    """The path of a program; Debian keeps servers where an ordinary user does not look."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


@dataclasses.dataclass
class Ground:
    """What every proxy stands on."""
    programs: harness.Programs
    directory: pathlib.Path  # of this set of proxies; configurations go here
    models: dict             # {version: port on loopback}
    certs: pathlib.Path      # what `sluice certs init` wrote: ca.crt, gateway/, client/
    pin: tuple               # command prefix that pins to a core
    binary: pathlib.Path     # sluice
    workers: int = 1
    label: str = ""          # tells the logs of several sets apart

    def file(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def start(self, name, command, ports):
        """Starts the program and waits until all its ports accept."""
        program = self.programs.start(name + self.label, [*self.pin, *command])
        for port in ports:
            harness.wait_for_port(f"127.0.0.1:{port}", program)
        return program


def prepare(programs, directory, binary, stub, pin=(), model_pin=(), label=""):
    """A Ground with certificates and two models, v45 and v47, which have started."""
    certs = directory / "certs"
    subprocess.run([binary, "certs", "init", certs], check=True, capture_output=True)
    models = {}
    for version in ("v45", "v47"):
        model = programs.start(version + label, [*model_pin, stub, "--version", version]).wait_for(["http"])
        models[version] = model.listeners["http"].rsplit(":", 1)[1]
    return Ground(programs, directory, models, certs, pin, binary, label=label)


class Proxy:
    """Doors by name: `http` takes plaintext (HTTP/1.1 and prior-knowledge HTTP/2), `https` TLS, `mtls` TLS with a client
    certificate. A door knows the process behind it, for some proxies need several."""

    def __init__(self, name):
        self.name = name
        self.doors = {}  # {door: (Program, address)}

    def open(self, program, **ports):
        for door, port in ports.items():
            self.doors[door] = (program, f"127.0.0.1:{port}")
        return self

    def alive(self):
        return all(program.alive() for program, _ in self.doors.values())

    def stop(self):
        for program, _ in self.doors.values():
            program.stop()
