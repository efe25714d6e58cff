"""`formy plugin check`: what ships keeps the rules, and every bad plugin fails for its own reason."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from PIL import Image

import formytest
from formytest import BIN, PATIENCE, PLUGINS, SANITIZED, TEST_PLUGINS, encode, picture

BAD = TEST_PLUGINS.parent / "bad_plugins"

# what the first sentence about each says; None: it keeps the rules when it is alone
REASONS = {
    "bad_mode_name": "no name for a mode",
    "bad_param_type": "type must be",
    "bad_params_json": "params are not JSON",
    "bad_picture": "stride does not fit its width",
    "ctor_abort": "crashes when it is loaded|ends the process that loads it",
    "dup_mode_1": None,
    "dup_mode_2": None,
    "exit_in_run": "ended its process with exit code",
    "exports": "exports 2 symbols beside its entry",
    "false_cancel": "cancelled, which it was not",
    "fd_leak": "leaves descriptors open",
    "grows": "its memory grows",
    "handler": "handler for signal 10",
    "hang_in_probe": "hangs when it is loaded",
    "hostile": None,
    "hostile_exec": None,
    "hostile_net": None,
    "memory_hog": "more memory than a task may have",
    "moves": "changed the working directory",
    "never_returns": "does not end",
    "no_entry": "does not export",
    "no_status": "a number that is no status",
    "not_elf": "not a shared library",
    "null_entry": "returned NULL",
    "ok_without_result": "without a result",
    "open_fails": "cannot be opened.*the data files are not there",
    "other_major": "built for ABI",
    "prints_much": "prints more than a log can hold",
    "progress_flood": "progress that is not from 0 to 1000",
    "reads_beyond": "crashed: signal 11|exit code",
    "segv_in_run": "crashed: signal 11|exit code",
    "short_struct": "its size is",
    "too_new": "built for ABI|needs ABI",
    "wrong_thread": "on another thread than run",
}


def check(file, *more, seconds=150):
    return subprocess.run([BIN / "formy", "plugin", "check", file, *more], text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=seconds * PATIENCE)


class Check(unittest.TestCase):
    def test_every_bad_plugin_has_its_reason(self):
        self.assertEqual({file.stem for file in BAD.glob("*.so")}, set(REASONS))

    def test_bad_plugins(self):
        for name, reason in REASONS.items():
            # the leak of memory is hidden by a checker's own
            if SANITIZED and name in ("grows", "memory_hog", "handler"):
                continue
            with self.subTest(name=name):
                run = check(BAD / f"{name}.so", "--json")
                said = json.loads(run.stdout)
                self.assertEqual(run.returncode, 0 if reason is None else 1, run)
                self.assertEqual(said["ok"], reason is None, said)
                if reason is not None:
                    self.assertRegex(said["reason"], reason)
                    self.assertRegex(run.stderr, reason)

    def test_shipped_plugins(self):
        for file in sorted(PLUGINS.glob("*.so")):
            with self.subTest(name=file.name):
                run = check(file, seconds=240)
                self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
                self.assertRegex(run.stdout, "CASE +RESULT")

    def test_cases_are_told(self):
        said = json.loads(check(PLUGINS / "template.so", "--json").stdout)
        self.assertTrue(said["ok"])
        self.assertEqual(said["plugin"]["id"], "template")
        cases = {case["case"] for case in said["cases"] if case["ok"]}
        self.assertLessEqual({"description", "loaded in time", "file", "open", "run", "many runs",
                              "without the picture source", "a picture that is cut",
                              "strength at its edges", "cancelled before",
                              "cancelled while it runs"}, cases)

    def test_own_pictures(self):
        with tempfile.TemporaryDirectory(prefix="formy-") as folder:
            source = Path(folder) / "in.png"
            source.write_bytes(encode(picture(), "png"))
            output = Path(folder) / "out.png"
            run = check(PLUGINS / "template.so", "--source", source, "--mode", "TINT",
                        "--config", '{"color": "#0000ff", "strength": 1}', "-o", output)
            self.assertEqual(run.returncode, 0, run.stderr)
            with Image.open(output) as made:
                self.assertEqual(made.size, (320, 240))
                self.assertEqual(made.convert("RGB").getpixel((100, 100)), (0, 0, 255))
            run = check(PLUGINS / "template.so", "--source", source, "--config", '{"strength": 2}')
            self.assertEqual(run.returncode, 1)
            self.assertIn("strength", run.stderr)
            run = check(PLUGINS / "template.so", "--source", Path(folder) / "none.png")
            self.assertIn("none.png cannot be read", run.stderr)

    @unittest.skipIf(SANITIZED, "valgrind runs no program of AddressSanitizer")
    def test_valgrind(self):
        self.assertEqual(check(PLUGINS / "template.so", "--valgrind", seconds=280).returncode, 0)
        run = check(BAD / "grows.so", "--valgrind", seconds=280)
        self.assertEqual(run.returncode, 1)
        self.assertIn("valgrind found errors", run.stderr)

    def test_what_is_no_plugin(self):
        run = check("/etc/nothing.so")
        self.assertEqual(run.returncode, 1)
        self.assertIn("cannot be read", run.stderr)


if __name__ == "__main__":
    formytest.main()
