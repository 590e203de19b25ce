"""Rules that cannot be: the last good ones stay in force, and the log, the metrics and the admin page say so. And how
a change of the files is noticed."""
import os
import pathlib
import signal
import time
import unittest

from load import split
from rig import PLAIN, RigTest, rules, until


def bombs():
    """Texts that want more than they are: deep, wide, referring to themselves."""
    aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    return {"alias bomb": aliases, "deep": "[" * 20000, "deep maps": "{a: " * 20000, "a self reference": "a: &a [*a]\n",
            "a long line": "a: " + "x" * 1_000_000 + "\n: :"}


def bad_texts(good):
    """name -> text, at least fifty kinds."""
    texts = bombs()
    texts |= {"empty": "", "blank": "\n\n", "a comment": "# nothing\n", "a scalar": "hello\n", "a list": "- a\n- b\n",
              "binary": "\x00\x01\x02", "not utf-8": b"\xff\xfe\xfa", "a tab": "a:\n\tb: 1\n", "open quote": 'a: "b\n',
              "open brace": "{a: 1\n", "unknown anchor": "a: *nope\n", "only separators": "---\n---\n---\n"}
    # Each takes one thing of the good rules and spoils it.
    spoil = {
        "apiVersion": [("networking.istio.io/v1", "networking.istio.io/v9"), ("networking.istio.io/v1", ""),
                       ("networking.istio.io/v1", "[1]")],
        "kind": [("kind: VirtualService", "kind: VirtualServic"), ("kind: VirtualService", "kynd: VirtualService"),
                 ("kind: DestinationRule", "kind: 7"), ("kind: ServiceEntry", "kind: {a: b}")],
        "metadata": [("metadata: {name: model}", "metadata: {}"), ("metadata: {name: model}", "metadata: [model]"),
                     ("metadata: {name: model}", "metadat: {name: model}")],
        "spec": [("hosts: [model]", "hosts: []"), ("hosts: [model]", "hosts: model"), ("hosts: [model]", "hosst: [model]"),
                 ("hosts: [model]", "hosts: [model]\n  hosts: [model]")],
        "endpoint": [("address: 127.0.0.1", "address: 127.0.0.1.1"), ("address: 127.0.0.1", "addres: 127.0.0.1"),
                     ("ports: {http:", "ports: {grpc:"), ("resolution: STATIC", "resolution: STATICAL"),
                     ("number: 80", "number: 80000"), ("number: 80", "number: -1"), ("number: 80", "number: eighty"),
                     ("protocol: HTTP", "protocol: SMTP")],
        "subset": [("name: v0, labels", "nam: v0, labels"), ("- {name: v0, ", "- {name: v1, "),
                   ("host: model\n  subsets", "hos: model\n  subsets")],
        "route": [("subset: v0", "subset: v9"), ("subset: v0", "subset: [v0]"), ("weight: 90", "weight: -90"),
                  ("weight: 90", "weight: lots"), ("weight: 90", "wieght: 90"), ("destination: {host: model, subset: v0}", "x: y"),
                  ("http:\n  - route", "htttp:\n  - route"), ("- route: [", "- rout: ["),
                  ("attempts: 0", "attempts: -1"), ("attempts: 0", "attempts: many"),
                  ("retries: {attempts: 0}", "retries: {attempts: 1, perTryTimeout: soon}"),
                  ("retries: {attempts: 0}", "timeout: -3s"), ("retries: {attempts: 0}", "timeout: 5 parsecs"),
                  ("retries: {attempts: 0}", "match: [{uri: {regex: '('}}]"),
                  ("retries: {attempts: 0}", "match: [{uri: {prefix: /a, exact: /b}}]"),
                  ("retries: {attempts: 0}", "fault: {abort: {httpStatus: 9999, percentage: {value: 1}}}"),
                  ("retries: {attempts: 0}", "mirrorPercentage: {value: 200}\n    mirror: {host: model}")]}
    for part, changes in spoil.items():
        for old, new in changes:
            if old not in good:
                raise AssertionError(f"{old!r} is not in the good rules")
            texts[f"{part}: {old} -> {new}"] = good.replace(old, new, 1 if part != "metadata" else -1)
    return texts


class BadRulesTest(RigTest):
    def setUp(self):
        super().setUp()
        self.one, self.two = self.model(), self.model()
        self.good = rules([self.one.port, self.two.port], split(90, 10))

    def test_fifty_kinds_of_bad_rules_change_nothing_and_are_told(self):
        gateway = self.gateway(self.good)
        texts = bad_texts(self.good)
        self.assertGreaterEqual(len(texts), 50)
        failures = "sluice_config_reload_failed_total"
        with gateway.client() as client:
            for name, text in texts.items():
                with self.subTest(name=name):
                    failed, said = gateway.metric(failures), len(gateway.log())
                    gateway.rules.write_bytes(text if isinstance(text, bytes) else text.encode())
                    gateway.program.process.send_signal(signal.SIGHUP)
                    until(lambda before=failed: gateway.metric(failures) > before, "the refusal is counted")
                    self.assertEqual(client.request().status, 200)
                    self.assertEqual(gateway.metric("sluice_config_generation"), 1)
                    self.assertEqual(gateway.metric("sluice_config_last_ok"), 0)
                    finding = gateway.config_dump()["last_rejected"]["findings"][0]
                    self.assertEqual(finding["file"], str(gateway.rules))
                    log = gateway.log()[said:]
                    self.assertIn("the last good one", log)
                    self.assertIn(str(gateway.rules), log)
                    self.assertLess(max(len(line) for line in log.split("\n")), 5000)
        self.recovers(gateway)

    def recovers(self, gateway):
        gateway.write_rules(self.good)
        gateway.program.process.send_signal(signal.SIGHUP)
        until(lambda: gateway.metric("sluice_config_last_ok") == 1, "good rules are accepted again")
        self.assertIsNone(gateway.config_dump()["last_rejected"])

    def test_a_missing_file_and_a_directory_in_its_place_change_nothing(self):
        gateway = self.gateway(self.good)
        gateway.rules.unlink()
        until(lambda: gateway.metric("sluice_config_last_ok") == 0, "the missing file is noticed")
        gateway.rules.mkdir()
        until(lambda: gateway.metric("sluice_config_reload_failed_total") >= 2, "the directory is noticed")
        self.assertEqual(gateway.get().status, 200)
        gateway.rules.rmdir()
        self.recovers(gateway)

    def test_warnings_of_rules_that_are_accepted_are_told_too(self):
        gateway = self.gateway(self.good)
        gateway.write_rules(self.good.replace("retries: {attempts: 0}",
                                                   "retries: {attempts: 3, perTryTimeout: 80ms}\n    timeout: 0.2s"))
        gateway.program.process.send_signal(signal.SIGHUP)
        until(lambda: "generation 2" in gateway.log(), "in force")
        self.assertRegex(gateway.log(), r"warning config .*rules\.yaml:\d+")


class WatchTest(RigTest):
    def serving(self, gateway, version):
        until(lambda: gateway.get(host="watched").body == version, f"{version} answers")

    def text(self, version):
        return rules([self.ports[version]], PLAIN.replace("host: model", "host: watched"), host="watched")

    def setUp(self):
        super().setUp()
        self.ports = {}
        for version in (b"one", b"two", b"three"):
            from_model = self.model(self.named(version))
            self.ports[version] = from_model.port

    @staticmethod
    def named(version):
        def script(connection):
            while connection.read_request():
                connection.send(f"HTTP/1.1 200 OK\r\ncontent-length: {len(version)}\r\n\r\n".encode() + version)
        return script

    def test_an_edit_in_place_and_a_rename_over_the_file_are_noticed(self):
        gateway = self.gateway(self.text(b"one"))
        self.serving(gateway, b"one")
        gateway.write_rules(self.text(b"two"))
        self.serving(gateway, b"two")
        aside = self.directory / "rules.yaml.tmp"
        aside.write_text(self.text(b"three"))
        os.replace(aside, gateway.rules)
        self.serving(gateway, b"three")
        self.assertIn("in force (files changed)", gateway.log())

    def test_a_file_is_not_read_while_it_is_being_written(self):
        gateway = self.gateway(self.text(b"one"))
        # The first half is complete rules of their own: a service without its VirtualService.
        half, rest = self.text(b"two").split("---\napiVersion: networking.istio.io/v1\nkind: VirtualService")
        end = time.monotonic() + 1.3  # one look of the watch, at least
        with open(gateway.rules, "w", encoding="utf-8") as file:
            file.write(half)

            def write_on():
                file.write("# more\n")
                file.flush()
                return time.monotonic() > end
            until(write_on, "the first half is written")
            self.assertEqual(gateway.metric("sluice_config_generation"), 1)
            file.write("---\napiVersion: networking.istio.io/v1\nkind: VirtualService" + rest)
        self.serving(gateway, b"two")
        self.assertEqual(gateway.metric("sluice_config_generation"), 2)

    def test_the_swap_of_a_config_map_is_noticed_and_other_files_are_not(self):
        mount = self.directory / "mount"
        self.publish(mount, "..1", self.text(b"one"))
        (mount / "watched.yaml").symlink_to(pathlib.Path("..data") / "watched.yaml")
        plain = rules([self.ports[b"one"]], PLAIN)
        gateway = self.gateway(plain, "-c", mount)
        self.serving(gateway, b"one")
        before = gateway.metric("sluice_config_generation")
        (mount / ".watched.yaml.swp").write_text("an editor's")
        (mount / "notes.txt").write_text("a note")
        self.publish(mount, "..2", self.text(b"two"))
        self.serving(gateway, b"two")
        self.assertEqual(gateway.metric("sluice_config_generation"), before + 1)

    @staticmethod
    def publish(mount, name, text):
        """As the kubelet does: a new directory, then the link `..data` is renamed over the old one."""
        (mount / name).mkdir(parents=True)
        (mount / name / "watched.yaml").write_text(text)
        link = mount / "..tmp"
        link.symlink_to(name)
        os.replace(link, mount / "..data")


if __name__ == "__main__":
    unittest.main()
