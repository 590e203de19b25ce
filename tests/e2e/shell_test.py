"""Shell life: every verb of the real binary has a description and examples, a misspelt one is told the nearest, the
shells complete from the printed scripts, and the manual page is one.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from rig import BIN

USAGE = 64


def run(*command, **environment):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, check=False,
                          env=os.environ | environment)


def verbs(*path):
    """The verbs below `path` and theirs, as lists of words."""
    found = []
    part = run(BIN, *path, "--help").stdout.partition("\nSubcommands:\n")[2]
    for name in re.findall(r"^  ([\w-]+)(?:, \S+)* ", part.partition("\n\n")[0], re.M):
        found += [[*path, name], *verbs(*path, name)]
    return found


class ShellTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sluice-shell-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def script(self, shell, more=""):
        done = run(BIN, "completion", shell)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        path = self.directory / f"sluice.{shell}"
        path.write_text(done.stdout + more)
        return path

    def need(self, program):
        if shutil.which(program) is None:
            self.skipTest(f"{program} is not installed")

    def test_every_verb_has_a_description_and_examples_that_name_it(self):
        names = [" ".join(path) for path in verbs()]
        for name in ("run", "validate", "apply", "delete", "weights", "get", "history", "diff", "revert", "status",
                     "certs", "certs init", "completion", "man", "version"):
            self.assertIn(name, names)
        for path in verbs():
            with self.subTest(verb=" ".join(path)):
                done = run(BIN, *path, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout.split("\n")[0], r"^[A-Z].{9,}")
                examples = done.stdout.partition("Examples:")[2]
                self.assertIn("sluice " + " ".join(path), examples)

    def test_options_in_examples_exist(self):
        for path in verbs():
            text = run(BIN, *path, "--help").stdout
            head, _, examples = text.partition("Examples:")
            for line in examples.split("\n"):
                if "sluice " + " ".join(path) + " " not in line:
                    continue
                mine = line.partition("sluice " + " ".join(path))[2].partition("|")[0]
                for option in re.findall(r" (--?[a-z][a-z-]*)", re.sub(r"'[^']*'", "''", mine)):
                    with self.subTest(verb=" ".join(path), option=option):
                        self.assertRegex(head, rf"[ ,]{option}\b")

    def test_a_misspelt_verb_is_told_the_nearest_one(self):
        for words, nearest in ((["valdiate"], "'validate'"), (["certs", "inti"], "'certs init'"), (["statsu"], "'status'")):
            done = run(BIN, *words)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
            self.assertIn(f"did you mean {nearest}", done.stderr)
        self.assertEqual(run(BIN, "completion", "csh").returncode, USAGE)

    def test_results_that_cannot_be_written_are_a_failure(self):
        for words in (["man"], ["completion", "bash"], ["version"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([BIN, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, "sluice: stdout: .")

    def test_bash_completes(self):
        self.need("bash")
        ask = ("\nt() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _sluice; echo \"${COMPREPLY[*]}\"; }\n"
               "t sluice va\nt sluice certs ''\nt sluice get -o y\nt sluice get virt\nt sluice apply --dr\n")
        path = self.script("bash", ask)
        self.assertEqual(run("bash", "-n", path).stderr, "")
        self.assertEqual(run("bash", "--norc", path).stdout, "validate\ninit\nyaml\nvirtualservice\n--dry-run\n")

    def test_fish_completes(self):
        self.need("fish")
        path = self.script("fish", "\ncomplete -C 'sluice va'\ncomplete -C 'sluice get -o y'\n")
        self.assertEqual(run("fish", "-n", path).stderr, "")
        done = run("fish", "--no-config", path, HOME=self.directory)
        self.assertEqual([line.split("\t")[0] for line in done.stdout.splitlines()], ["validate", "yaml"], done.stderr)

    def test_zsh_completes(self):
        self.need("zsh")
        path = self.script("zsh")
        self.assertEqual(run("zsh", "-n", path).stderr, "")
        # A shell in a terminal of its own; each line is typed with a tab, and what the shell makes of it is waited for.
        driver = self.directory / "driver.zsh"
        driver.write_text(f"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "autoload -U compinit; compinit -u -d {self.directory}/dump; source {path}; bindkey '^I' complete-word; echo rea''dy"
zpty -r z out '*ready*' || exit 1
for typed wanted in "sluice va" "validate" "sluice certs in" "init" "sluice get -o y" "yaml" "sluice apply --dr" "--dry-run"; do
  zpty -w -n z "$typed"$'\\t'
  zpty -r z out "*$wanted*" || exit 1
  zpty -w -n z $'\\x15'
  print -r -- "$wanted"
done
""")
        done = run("zsh", "-f", driver)
        self.assertEqual(done.stdout.split(), ["validate", "init", "yaml", "--dry-run"], done.stderr)

    def test_the_manual_page_is_one_and_knows_every_verb_and_option(self):
        page = run(BIN, "man")
        self.assertEqual((page.returncode, page.stderr), (0, ""))
        path = self.directory / "sluice.1"
        path.write_text(page.stdout)
        self.need("groff")
        shown = run("groff", "-man", "-Tascii", "-P-cbou", "-ww", "-rHY=0", "-rLL=200n", path)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        text = shown.stdout
        for words in verbs():
            self.assertIn("sluice " + " ".join(words), text)
            head = run(BIN, *words, "--help").stdout.partition("Examples:")[0]
            for option in re.findall(r"^  (?:-\w,)?(--[a-z-]+)", head, re.M):
                if option != "--help":
                    self.assertIn(option, text)
        for part in ("EXIT STATUS", "79", "ENVIRONMENT", "SLUICE_STATE_DIR", "FILES", "admin-token"):
            self.assertIn(part, text)

    def test_man_has_nothing_to_complain_about(self):
        self.need("man")
        path = self.directory / "sluice.1"
        path.write_text(run(BIN, "man").stdout)
        shown = run("man", "--warnings", "-l", path, LC_ALL="C.UTF-8", MANWIDTH="100", MANPAGER="cat")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
