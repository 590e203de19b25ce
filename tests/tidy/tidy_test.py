#!/usr/bin/python3
"""The rules of the house that a compiler does not know, as a test: reads the tree and reports file:line.

Layers and includes, lengths of files and functions, test twins, banned words with their replacement, files that
nobody includes, README maps that miss a file. Standard library only.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
TOP = ("core", "config", "tls", "gateway", "bench", "tests")

# Who may include whom, by folder; the longest folder that fits a file counts. A rule is a prefix of an include path.
LAYERS = {
    "core": ("core/",),
    "config": ("config/", "core/"),
    "tls": ("tls/", "core/"),
    "gateway/runtime": ("gateway/runtime/", "core/"),
    "gateway/codec": ("gateway/codec/", "core/"),
    # The codec counts; telemetry reads the struct it counts in.
    "gateway/telemetry": ("gateway/telemetry/", "gateway/codec/codec.h", "core/"),
    "gateway/net": ("gateway/net/", "gateway/codec/", "gateway/runtime/", "core/", "tls/"),
    "gateway/upstream": ("gateway/upstream/", "gateway/net/", "gateway/codec/", "gateway/runtime/", "core/", "tls/"),
    "gateway/proxy": ("gateway/proxy/", "gateway/upstream/", "gateway/net/", "gateway/codec/", "gateway/runtime/",
                      "gateway/telemetry/", "core/"),
    "gateway/store": ("gateway/store/", "config/", "core/"),
    "gateway/canary": ("gateway/canary/", "gateway/store/", "gateway/runtime/", "gateway/api/page_json.h",
                       "gateway/admin/admin_message.h", "gateway/telemetry/logging.h", "config/", "core/"),
    "gateway/experiment": ("gateway/experiment/", "gateway/runtime/", "gateway/telemetry/log_file.h", "gateway/api/page_json.h",
                           "gateway/admin/admin_message.h", "config/", "core/"),
    "gateway/api": ("gateway/api/", "gateway/store/", "gateway/admin/admin_message.h", "config/", "core/"),
    "gateway/explain": ("gateway/explain/", "config/", "core/"),
    "gateway/cases": ("gateway/cases/", "gateway/explain/", "config/", "core/"),
    "gateway/admin": ("gateway/admin/", "gateway/canary/canary_pages.h", "gateway/experiment/experiment_pages.h", "gateway/explain/", "gateway/api/", "gateway/store/", "gateway/codec/stream.h", "gateway/telemetry/", "gateway/runtime/",
                      "config/", "core/"),
    "gateway": ("gateway/", "config/", "core/", "tls/"),
}

# Third-party headers stay in the folder (or file) that owns them: header prefix -> where it may stand.
THIRD_PARTY = {
    "boost/beast": ("gateway/codec/second_reader", "gateway/canary/prometheus_query"),
    "boost/math": ("core/stats/",),
    "nghttp2/": ("gateway/codec/h2_",),
    "yaml-cpp/": ("config/yaml_node",),
    "re2/": ("core/route/predicate",),
    "openssl/": ("core/experiment/", "core/http/websocket_handshake", "tls/", "gateway/store/revision_",
                 "gateway/experiment/exposure_log"),
    "sqlite3.h": ("gateway/store/revision_",),
    "xxhash.h": ("core/upstream/",),
    "prometheus/": ("gateway/telemetry/",),
    "spdlog/": ("gateway/telemetry/", "gateway/app/"),
    "boost/asio": ("gateway/canary/", "gateway/experiment/", "gateway/net/", "gateway/runtime/", "gateway/upstream/", "gateway/admin/", "gateway/app/",
                   "gateway/cli/"),
}

# Banned words: pattern, where it is banned, where it stays allowed, what to write instead.
BANNED = (
    (r"steady_clock::now", ("core", "config", "tls", "gateway"), ("gateway/runtime/steady_clock.h",),
     "take `now` as an argument; gateway/runtime/steady_clock.h reads the clock"),
    (r"\b(?:std::)?s?rand\s*\(", TOP, (), "core::Random passed in by reference"),
    (r"\bstd::function\b", ("gateway/codec", "gateway/net", "gateway/proxy"), (),
     "an interface or a function pointer with its object"),
    # A TLS context is shared by threads: a session hands it from the snapshot to the filter.
    (r"\bshared_ptr\b", ("gateway/codec", "gateway/proxy"),
     ("gateway/proxy/proxy_session.h", "gateway/proxy/proxy_session.cc"), "one owner: unique_ptr or by value"),
    (r"\bsleep_for\b|\bsleep_until\b|\busleep\s*\(", ("tests",), (), "move a clock, or wait for the event"),
    (r"\bgmock\b", TOP, (), "a small real thing that remembers"),
    (r"\benable_shared_from_this\b", TOP, (), "retire, then free (gateway/runtime)"),
    (r"HTTP/[12](?!\.x)|\bHTTP ?[12]\b", ("core", "config", "gateway"), ("gateway/codec",),
     "version-neutral words; the codec knows the version"),
)

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def under(path, folder):
    return path == folder or path.startswith(folder + "/") or (folder.endswith(("/", "_")) and path.startswith(folder))


def strip_comments(text):
    """The code with comments and the inside of literals blanked, line numbers kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'',
                         re.S)

    def blank(match):
        kept = match.group(0)
        edge = kept[0] if kept[0] in "\"'" else " "
        inside = "".join(c if c == "\n" else " " for c in kept[1:-1])
        return edge + inside + (edge if len(kept) > 1 else "")

    return pattern.sub(blank, text)


class Tidy:
    def __init__(self, root):
        self.root = root
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"],
                                capture_output=True, text=True, check=False)
        names = listed.stdout.split("\n") if listed.returncode == 0 else [
            str(p.relative_to(root)) for folder in TOP for p in (root / folder).rglob("*") if p.is_file()]
        self.files = sorted(n for n in names if n and (root / n).is_file())
        self.sources = [n for n in self.files if n.startswith(tuple(t + "/" for t in TOP)) and n.endswith((".h", ".cc"))]
        self.text = {n: (root / n).read_text(encoding="utf-8") for n in self.sources}
        self.code = {n: strip_comments(t) for n, t in self.text.items()}
        self.findings = []

    def say(self, name, line, message):
        self.findings.append(f"{name}:{line}: {message}")

    def includes(self, name):
        for number, line in enumerate(self.text[name].split("\n"), 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1) or match.group(2)

    def check_layers(self):
        for name in self.sources:
            layer = max((f for f in LAYERS if under(name, f)), key=len, default=None)
            for number, target in self.includes(name):
                ours = target.split("/")[0] in TOP
                if ours and layer and not target.startswith(LAYERS[layer]):
                    self.say(name, number, f"{layer} may not include {target} (Layers)")
                if ours and not (self.root / target).is_file():
                    self.say(name, number, f"{target} is not in the tree")
                if layer:
                    self.check_third_party(name, number, target)

    def check_third_party(self, name, number, target):
        for prefix, homes in THIRD_PARTY.items():
            if target.startswith(prefix) and not name.startswith(homes):
                self.say(name, number, f"<{target}> belongs to {', '.join(homes)}")

    def check_lengths(self):
        for name in self.sources:
            lines = self.text[name].rstrip("\n").split("\n")
            if len(lines) > FILE_LINES_MAX:
                self.say(name, len(lines), f"{len(lines)} lines; over {FILE_LINES_MAX} there is a second noun in it")
            if not name.startswith("tests/"):
                self.check_functions(name)

    def check_functions(self, name):
        """A function begins at a line that ends in '{' after a ')' and is no type, namespace or control statement."""
        stack = []
        head = ""
        for number, line in enumerate(self.code[name].split("\n"), 1):
            if line.lstrip().startswith("#"):
                continue
            for char in line:
                if char == "{":
                    is_function = ")" in head and not re.search(
                        r"\b(if|for|while|switch|catch|namespace|class|struct|enum|union|do|else|return)\b|=\s*$", head)
                    stack.append((number, is_function and not any(s[1] for s in stack)))
                    head = ""
                elif char == "}":
                    if not stack:
                        return  # unbalanced by the preprocessor: nothing sensible to say
                    began, is_function = stack.pop()
                    if is_function and number - began + 1 > FUNCTION_LINES_MAX:
                        self.say(name, began, f"function of {number - began + 1} lines (at most {FUNCTION_LINES_MAX})")
                    head = ""
                elif char == ";":
                    head = ""
                else:
                    head += char
            head += " "

    def check_twins(self):
        have = set(self.files)
        for name in self.sources:
            if not name.endswith(".cc") or not name.startswith(("core/", "config/", "tls/", "gateway/codec/")):
                continue
            # x_send.cc beside x.cc is a part of the same noun and shares its twin.
            stems = [name[:-3]]
            while "_" in stems[-1].rsplit("/", 1)[1]:
                stems.append(stems[-1].rsplit("_", 1)[0])
            stems = stems[:1] + [s for s in stems[1:] if s + ".h" in have or s + ".cc" in have]
            # A file without a header of its own implements a part of the header it includes first: parse_match.cc of
            # parse.h, whose twin is parse_test.cc.
            own = [target for _, target in self.includes(name)][:1]
            stems += [target[:-2] for target in own if name[:-3] + ".h" not in have]
            if not any(f"tests/{stem}_test.cc" in have for stem in stems):
                self.say(name, 1, f"has no twin tests/{stems[0]}_test.cc")

    def check_words(self):
        for name in self.sources:
            for number, line in enumerate(self.code[name].split("\n"), 1):
                for pattern, where, except_for, instead in BANNED:
                    if (any(under(name, w) for w in where) and not any(under(name, e) for e in except_for)
                            and re.search(pattern, line)):
                        self.say(name, number, f"'{re.search(pattern, line).group(0).strip()}': {instead}")
                if name.endswith(".h") and re.search(r"\busing namespace\b", line):
                    self.say(name, number, "'using namespace' in a header reaches every includer")
            for number, line in enumerate(self.text[name].split("\n"), 1):
                if re.search(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))", line):
                    self.say(name, number, "unnamed TODO: finish it, or name the issue as TODO(#12)")
            if name.endswith(".h") and "#pragma once" not in self.text[name]:
                self.say(name, 1, "header without #pragma once")

    def check_used(self):
        included = {target for name in self.sources for _, target in self.includes(name)}
        for name in self.sources:
            if name.endswith(".h") and name not in included:
                self.say(name, 1, "no file includes it")

    def check_readmes(self):
        """A README that maps its folder (names at least one of its sources) names every source of it."""
        for readme in (n for n in self.files if n.startswith(tuple(t + "/" for t in TOP)) and n.endswith("/README.md")):
            folder = readme[: -len("README.md")]
            text = (self.root / readme).read_text(encoding="utf-8")
            stems = sorted({n[len(folder):].rsplit(".", 1)[0] for n in self.sources
                            if n.startswith(folder) and "/" not in n[len(folder):]})
            named = [s for s in stems if re.search(rf"\b{re.escape(s)}\b", text)]
            if named:
                for stem in sorted(set(stems) - set(named)):
                    self.say(readme, 1, f"the map misses {stem}")

    def run(self):
        self.check_layers()
        self.check_lengths()
        self.check_twins()
        self.check_words()
        self.check_used()
        self.check_readmes()
        return self.findings


def main():
    findings = Tidy(ROOT).run()
    for finding in sorted(set(findings)):
        print(finding)
    print(f"tidy: {len(set(findings))} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
