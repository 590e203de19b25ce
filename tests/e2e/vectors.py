"""Reads a corpus of byte vectors (tests/vectors/h1/*.txt); the form is described at the head of those files."""
import rig

_SINGLE = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0"}


class Vector:
    def __init__(self, name, expectation):
        self.name = name
        self.expectation, _, argument = expectation.partition(" ")
        self.argument = _unescape(argument)[0]
        self.data = b""


def _unescape(text, at=0, inside=False):
    """The bytes from `at` on, to the end or to the brace that closes a repetition; and where that is."""
    out = bytearray()
    while at < len(text):
        if inside and text[at] == "}":
            return bytes(out), at
        if text[at] != "\\" or at + 1 == len(text):
            out += text[at].encode("latin-1")
            at += 1
            continue
        kind = text[at + 1]
        at += 2
        if kind == "x":
            out.append(int(text[at:at + 2], 16))
            at += 2
        elif kind == "R":
            comma = text.index(",", at)
            once, end = _unescape(text, comma + 1, True)
            out += once * int(text[at + 1:comma])
            at = end + 1
        else:
            out += _SINGLE.get(kind, kind.encode("latin-1"))
    return bytes(out), at


def load(name):
    found = []
    path = rig.ROOT / "tests/vectors/h1" / name
    for line in path.read_text(encoding="latin-1").split("\n"):
        if line.startswith("== "):
            found.append(Vector(*line[3:].split(" | ", 1)))
        elif found:
            found[-1].data += _unescape(line)[0]
    return found
