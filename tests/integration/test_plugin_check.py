"""`formy plugin check`: what ships keeps the rules, and every bad plugin fails for its own reason."""

import json
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

import formytest
from enginetest import WORKFLOWS
from formytest import (BIN, MODELS, PATIENCE, PLUGINS, SANITIZED, TEST_PLUGINS, encode, photo,
                       picture)

BAD = TEST_PLUGINS.parent / "bad_plugins"
AT_ONCE = 4  # most of what a check does is to wait for processes

# What an operator would write for those engines that want to be told something. Nobody listens there.
NOWHERE = "http://127.0.0.1:1"
CONFIGS = {
    "comfyui": {"urls": [NOWHERE],
                "mode": {"name": "TRIAL", "workflow": str(WORKFLOWS / "head_swap.json")}},
    "http": {"submit_url": NOWHERE, "body": '{"a": "{picture:source}"}', "result_path": "x"},
    "openai": {"base_url": NOWHERE, "api_key": "k", "mode": {"name": "TRIAL", "prompt": "x"}},
    "runninghub": {"base_url": NOWHERE, "api_key": "k", "mode": {
        "name": "TRIAL", "workflow_id": "1", "image": "1.image", "output_node": "9"}},
}

# what the first sentence about each says; None: it keeps the rules when it is alone
REASONS = {
    "bad_mode_name": "no name for a mode",
    "bad_param_type": "type must be",
    "bad_params_json": "params are not JSON",
    "bad_picture": "stride does not fit its width",
    "blames_sender": "it blames the sender .-101. for what its engine did",
    "ctor_abort": "crashes when it is loaded|ends the process that loads it",
    "dup_mode_1": None,
    "dup_mode_2": None,
    "engine_deaf": "A: cancelled before: it does not end",
    "engine_trusts": "A: without pictures: it (crashed: signal 11|ended)",
    "exit_in_run": "ended its process with exit code",
    "exports": r"exports \d symbols beside its entry",
    "false_cancel": "cancelled, which it was not",
    "fd_leak": "leaves descriptors open",
    "grows": "its memory grows",
    "handler": "handler for signal 10",
    "hang_in_probe": "hangs when it is loaded",
    "hostile": None,
    "hostile_exec": None,
    "hostile_net": None,
    "knows_all": "an extension that it cannot know",
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
    "segv_engine": "PAINT: run: it (crashed: signal 11|ended)",
    "segv_in_run": "crashed: signal 11|exit code",
    "short_struct": "its size is",
    "too_new": "built for ABI|needs ABI",
    "trusts_engine": "its engine answers other pictures: it (crashed: signal 11|ended)",
    "trusts_params": "by chance: with .*points.*: it (crashed: signal 11|ended)",
    "wrong_thread": "on another thread than run",
}


def check(file, *more, seconds=150):
    return subprocess.run([BIN / "formy", "plugin", "check", file, *more], text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=seconds * PATIENCE)


def check_configured(file):
    config = CONFIGS.get(file.stem)
    return check(file, *(("--engine-config", json.dumps(config)) if config else ()), seconds=280)


def at_once(function, over):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(function, over))


class Check(unittest.TestCase):
    def test_every_bad_plugin_has_its_reason(self):
        self.assertEqual({file.stem for file in BAD.glob("*.so")}, set(REASONS))

    def test_bad_plugins(self):
        # the leak of memory is hidden by a checker's own
        names = [name for name in REASONS
                 if not SANITIZED or name not in ("grows", "memory_hog", "handler")]
        for name, run in zip(names, at_once(
                lambda name: check(BAD / f"{name}.so", "--json", "--timeout",
                                   str(int(5 * PATIENCE))), names)):
            reason = REASONS[name]
            with self.subTest(name=name):
                said = json.loads(run.stdout)
                self.assertEqual(run.returncode, 0 if reason is None else 1, run)
                self.assertEqual(said["ok"], reason is None, said)
                if reason is not None:
                    self.assertRegex(said["reason"], reason)
                    self.assertRegex(run.stderr, reason)

    def test_shipped_plugins(self):
        files = sorted(PLUGINS.glob("*.so"))
        for file, run in zip(files, at_once(check_configured, files)):
            with self.subTest(name=file.name):
                self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
                self.assertRegex(run.stdout, "CASE +RESULT")
                self.assertRegex(run.stdout, "many runs +ok")

    def test_an_engine_that_nobody_configured(self):
        for name in CONFIGS:
            if (PLUGINS / f"{name}.so").exists():
                run = check(PLUGINS / f"{name}.so")
                self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
                self.assertIn("open without configuration", run.stdout)
        run = check(PLUGINS / "openai.so", "--engine-config", "[]")
        self.assertEqual(run.returncode, 2)
        self.assertIn("--engine-config: it is no object", run.stderr)
        run = check(PLUGINS / "openai.so", "--engine-config", '{"extra": 5}')
        self.assertEqual(run.returncode, 1)
        self.assertIn("cannot be opened", run.stderr)

    def test_a_mode_with_its_real_engine(self):
        if not (PLUGINS / "local.so").exists() or not (MODELS / "selfie.onnx").exists():
            self.skipTest("there is no local engine, or no networks")
        with tempfile.TemporaryDirectory(prefix="formy-") as folder:
            source, behind = photo("astronaut.png"), Path(folder) / "behind.png"
            behind.write_bytes(encode(picture(), "png"))
            output = Path(folder) / "out.png"
            run = check(PLUGINS / "background_change.so", "--mode", "BACKGROUND_CHANGE",
                        "--engine", PLUGINS / "local.so", "--source", source,
                        "--reference", behind, "-o", output)
            self.assertEqual(run.returncode, 0, run.stderr)
            with Image.open(output) as made, Image.open(source) as before:
                self.assertEqual(made.size, before.size)

    def test_cases_are_told(self):
        said = json.loads(check(PLUGINS / "template.so", "--json").stdout)
        self.assertTrue(said["ok"])
        self.assertEqual(said["plugin"]["id"], "template")
        cases = {case["case"] for case in said["cases"] if case["ok"]}
        self.assertLessEqual({"description", "loaded in time", "file", "open", "run", "many runs",
                              "without the picture source", "a picture that is cut",
                              "a picture of no bytes", "strength at its edges",
                              "parameters by chance", "cancelled before",
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
