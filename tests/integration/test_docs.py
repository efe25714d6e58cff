"""What README and docs promise: the commands run, the code compiles, the files are there."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy
from PIL import Image

import formytest
from formytest import BIN, MODELS, PLUGINS, SOURCE, FormyTest, photo

PAGES = [SOURCE / "README.md", SOURCE / "CONTRIBUTING.md", *sorted((SOURCE / "docs").glob("*.md"))]
TOP = "core|include|plugins|etc|tests|packaging|docs"


def blocks(page, language):
    """The texts of the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)


class Pages(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
                if "://" not in target:
                    with self.subTest(page=page.name, target=target):
                        self.assertTrue((page.parent / target).exists())

    def test_files_that_are_named_are_there(self):
        for page in PAGES:
            for name in re.findall(rf"`((?:{TOP})/[\w./*-]+)`", page.read_text()):
                if name.rpartition("/")[2].isupper():
                    continue  # stands for a name
                with self.subTest(page=page.name, name=name):
                    self.assertTrue(list(SOURCE.glob(name)), f"{page.name} names {name}")

    def test_scripts_explain_themselves(self):
        for script in ("packaging/build-deb", "packaging/build-rpm", "packaging/demo",
                       "packaging/deps", "packaging/gallery", "packaging/test-install",
                       "tests/run", "tests/checks"):
            run = subprocess.run([SOURCE / script, "--help"], stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, timeout=10, check=True)
            self.assertIn("Usage: " + script, run.stdout)

    def test_configurations_are_right(self):
        for page in PAGES:
            for text in blocks(page, "conf"):
                with self.subTest(page=page.name, text=text), tempfile.TemporaryDirectory() as to:
                    conf = Path(to) / "formy.conf"
                    conf.write_text(text)
                    key = Path(to) / "service.key"
                    key.write_text("no-real-key")
                    key.chmod(0o600)
                    shutil.copytree(SOURCE / "tests" / "servers" / "workflows",
                                    Path(to) / "workflows")
                    run = subprocess.run([BIN / "formyd", "-t", "-c", conf], capture_output=True,
                                         stdin=subprocess.DEVNULL, text=True, timeout=30,
                                         check=False)
                    self.assertEqual(run.returncode, 0, run.stdout + run.stderr)


class Drawing(unittest.TestCase):
    """The table of the slot in docs/architecture.md is the one of slot_table.c."""

    MEANING = {
        "ignore": "–", "do_start": "starting", "do_ready": "idle", "do_refused": "draining",
        "do_job": "running", "do_next_job": "waits", "do_progress": "told",
        "do_outcome": "idle",
        "do_cancel": "cancelling", "on_job_deadline": "cancelling", "do_drain_idle": "draining",
        "do_drain_after": "noted", "do_exit": "dead", "on_garbage": "killing",
        "on_kill": "killing", "on_eof": "killing", "on_start_deadline": "killing",
        "on_grace_over": "killing", "on_drain_deadline": "killing", "on_kill_deadline": "killing"}

    def test_the_table(self):
        code = (SOURCE / "core/daemon/slot_table.c").read_text()
        body = re.search(r"\[SLOT_STATES\]\[SLOT_EVENTS\] = \{(.*?)\n\};", code, re.S)[1]
        in_code = {(state.lower(), event.lower()): self.MEANING[handler]
                   for state, cells in re.findall(r"\[SLOT_([A-Z]+)\]\s*=\s*\{(.*?)\}", body, re.S)
                   for event, handler in re.findall(r"\[SLOT_EV_(\w+)\] = (\w+)", cells)}

        page = (SOURCE / "docs/architecture.md").read_text()
        rows = [[cell.strip() for cell in line.strip("|").split("|")]
                for line in re.search(r"^\| \| dead .*?\n\n", page, re.M | re.S)[0].splitlines()
                if line]
        in_page = {(state, row[0]): cell for row in rows[2:]
                   for state, cell in zip(rows[0][1:], row[1:]) if cell}
        self.assertGreater(len(in_code), 50)
        self.assertEqual(in_page, in_code)


class Readme(FormyTest):
    def setUp(self):
        self.readme = SOURCE / "README.md"
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))
        (self.folder / "include").symlink_to(SOURCE / "include")

    def shell(self, script):
        """Runs commands of the page in the folder, with this build's programs."""
        run = subprocess.run(
            ["sh", "-e"], input=script, cwd=self.folder, capture_output=True, text=True,
            timeout=180 * formytest.PATIENCE, check=False,
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return run

    def commands(self, word):
        return next(text for text in blocks(self.readme, "sh") if word in text)

    def person(self):
        with Image.open(photo("astronaut.png")) as image:
            image.convert("RGB").save(self.folder / "photo.jpg", quality=95)

    def test_the_plugin(self):
        code, = (text for text in blocks(self.readme, "c") if "grey.c" in text)
        (self.folder / "grey.c").write_text(code)
        self.shell(self.commands("cc ").replace("-Wextra", "-Wextra -Werror"))
        plugins = self.folder / "plugins"
        plugins.mkdir()
        shutil.move(self.folder / "grey.so", plugins)
        self.person()

        host = self.service({"GREY": {}}, plugin_dirs=(plugins,))
        shutil.copy(host.conf, self.folder / "formy.conf")
        self.shell("formy -c formy.conf submit GREY photo.jpg --wait -o grey.jpg")
        with Image.open(self.folder / "grey.jpg") as grey, \
                Image.open(self.folder / "photo.jpg") as original:
            self.assertEqual(grey.size, original.size)
            pixels = numpy.asarray(grey.convert("RGB")).astype(int)
            self.assertLess(numpy.abs(pixels[:, :, 0] - pixels[:, :, 2]).max(), 4)
            light = numpy.asarray(original.convert("RGB")).astype(int) @ [54, 183, 19] / 256
            self.assertLess(numpy.abs(light - pixels[:, :, 0]).mean(), 4)

    def test_the_commands(self):
        if not (PLUGINS / "background_change.so").exists() or not MODELS.exists():
            self.skipTest("the build is without the local engine")
        self.person()
        with Image.open(photo("hubble_deep_field.jpg")) as image:
            image.save(self.folder / "beach.jpg")
        host = self.service({"BACKGROUND_CHANGE": {"engine": "local"}}, plugin_dirs=(PLUGINS,))
        shutil.copy(host.conf, self.folder / "formy.conf")
        self.shell(self.commands("formy.conf submit BACKGROUND_CHANGE"))
        with Image.open(self.folder / "cut.png") as cut:
            self.assertEqual(cut.mode, "RGBA")
        with Image.open(self.folder / "new.jpg") as new:
            self.assertEqual(new.size, (512, 512))


if __name__ == "__main__":
    formytest.main()
