"""Man pages and completion say what the programs are: each is compared with its source."""

import re
import shutil
import subprocess
import unittest

import formytest
from formytest import BIN, SOURCE

PAGES = BIN.parent / "packaging"
NAMES = ("formy.1", "formy.conf.5", "formy-plugin.7", "formyd.8")


def run(*command, **more):
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False, **more)


def page(name):
    """The page's source as text: no fonts, no escapes."""
    text = (PAGES / name).read_text()
    return re.sub(r"\\f[BIR]", "", text).replace(r"\-", "-").replace(r"\&", "")


def commands():
    listed = run(BIN / "formy", "help").stdout.split("\nCommands:\n")[1].split("\n\n")[0]
    return [m[1] for m in re.finditer(r"^  (\w+(?: \w+)?)(?:  |$)", listed, re.M)]


def options(command):
    return re.findall(r"^ +(?:-\w, )?(--[\w-]+)", run(BIN / "formy", "help", *command.split()).stdout, re.M)


class Manual(unittest.TestCase):
    def test_pages_are_sound(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is missing")
        for name in NAMES:
            with self.subTest(name):
                said = run("mandoc", "-Tlint", "-Wwarning", PAGES / name)
                lines = [line for line in (said.stdout + said.stderr).splitlines()
                         if "missing date" not in line]
                self.assertEqual(lines, [])

    def test_formy_has_every_command_and_option(self):
        text = page("formy.1")
        found = commands()
        self.assertIn("plugin check", found)
        for command in found:
            self.assertIn(f"\n.SS {command}\n", text)
            for option in options(command):
                self.assertRegex(text, rf"(?m)^(-\w, )?{option}\b", command)

    def test_formy_conf_has_every_option(self):
        text = page("formy.conf.5")
        sample = (SOURCE / "etc" / "formy.conf").read_text()
        named = re.findall(r"^[\t# ]+(\w+) = ", sample, re.M)
        self.assertGreater(len(named), 40)
        for name in set(named) - {"urls"}:  # of the example
            self.assertRegex(text, rf"(?m)^{name}$")

    def test_formyd_has_its_options_and_exit_codes(self):
        text = page("formyd.8")
        usage = run(BIN / "formyd", "--help").stdout
        self.assertEqual(re.findall(r"^(-\w, --\w+)", text, re.M),
                         re.findall(r"^ +(-\w, --\w+)", usage, re.M))
        codes = re.findall(r"\b(\d+) ", usage.split("Exit status:")[1])
        self.assertEqual(re.findall(r"^(\d+)$", text, re.M), codes)

    def test_formy_plugin_has_the_header(self):
        text = page("formy-plugin.7")
        header = (SOURCE / "include" / "formy" / "plugin.h").read_text()
        host = header.split("typedef struct formy_host {")[1].split("} formy_host;")[0]
        functions = re.findall(r"\(\*(\w+)\)\(", host)
        statuses = re.findall(r"^\t(FORMY_(?:OK|E_\w+)) =", header, re.M)
        self.assertGreater(len(functions), 15)
        for name in functions + statuses:
            self.assertRegex(text, rf"\b{name}\b")
        self.assertLessEqual(set(re.findall(r"FORMY_E_\w+", text)), set(statuses))


    def test_formy_plugin_names_the_kit(self):
        text = page("formy-plugin.7")
        kit = BIN.parent / "plugins" / "kit"
        variables = dict(re.findall(r"^(\w+)=(.*)$", (kit / "formy-plugin.pc").read_text(), re.M))
        asked = re.findall(r"--variable=(\w+)", text)
        self.assertEqual(set(asked), {"plugindir", "debian_abi"})
        self.assertLessEqual(set(asked), set(variables))
        self.assertIn("formy-plugin", re.findall(r"--cflags ([\w-]+)", text))
        package = re.search(r"find_package\((\w+)\)", text)[1]
        function = re.search(r"and (\w+)\(", text)[1]
        self.assertIn(f"function({function} ", (kit / f"{package}Config.cmake").read_text())


class Units(unittest.TestCase):
    def test_exposure(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is missing")
        for name in ("formyd.service", "formyd@.service"):
            with self.subTest(name):
                done = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                           "--threshold=20", PAGES / name)
                self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)
                self.assertRegex(done.stdout, r"exposure level for \S+: [01]\.\d OK|2\.0 OK")


BASH = """
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_formy
printf '%s\\n' "${COMPREPLY[@]}"
"""

ZSH = """
_describe() { local name=$argv[-1]; print -rl -- ${(P)name%%:*} }
_files() { print -r -- FILES }
compadd() { shift; print -rl -- "$@" }
file=$1
shift
words=("$@") CURRENT=$# PREFIX=$argv[-1]
source $file
"""


class Completion(unittest.TestCase):
    CASES = (
        (("formy", ""), {"submit", "image", "plugin", "help"}, {"put", "--json"}),
        (("formy", "image", ""), {"put", "get"}, {"submit"}),
        (("formy", "list", "--status", ""), {"pending", "failed"}, {"list"}),
        (("formy", "-c", "x.conf", "submit", "--"), {"--wait", "--reference", "--json"}, {"--status"}),
        (("formy", "plugin", "check", "--"), {"--help"}, {"--wait"}),
    )

    def check(self, ask):
        for words, wanted, unwanted in self.CASES:
            with self.subTest(words=words):
                found = set(ask(words).split())
                self.assertLessEqual(wanted, found)
                self.assertFalse(unwanted & found, found)
        for command in commands():
            with self.subTest(command=command):
                found = ask(("formy", *command.split(), "--")).split()
                self.assertEqual(sorted(found), sorted(set(options(command))))

    def test_bash(self):
        def ask(words):
            done = run("bash", "-c", BASH, "bash", PAGES / "completion" / "formy", *words)
            self.assertEqual(done.stderr, "")
            return done.stdout
        self.check(ask)

    def test_bash_files(self):
        done = run("bash", "-c", BASH, "bash", PAGES / "completion" / "formy", "formy", "image",
                   "put", "READ", cwd=SOURCE)
        self.assertEqual(done.stdout.split(), ["README.md"])

    def test_zsh(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is missing")

        def ask(words):
            done = run("zsh", "-f", "-c", ZSH, "zsh", PAGES / "completion" / "_formy", *words)
            self.assertEqual(done.stderr, "")
            return done.stdout
        self.check(ask)

    def test_fish(self):
        if not shutil.which("fish"):
            self.skipTest("fish is missing")

        def ask(words):
            done = run("fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"',
                       PAGES / "completion" / "formy.fish", " ".join(words))
            self.assertEqual(done.stderr, "")
            return "\n".join(line.split("\t")[0] for line in done.stdout.splitlines()
                             if not re.match(r"-\w\t|-\w$", line))
        self.check(ask)


if __name__ == "__main__":
    formytest.main()
