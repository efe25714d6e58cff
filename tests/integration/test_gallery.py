"""packaging/gallery: strips of every mode from somebody's own pictures."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from PIL import Image

import formytest
from formytest import BIN, MODELS, PLUGINS, SOURCE, Service, photo

MODES = [mode for mode in ("BACKGROUND_CHANGE", "HEAD_SWAP", "POSE_CHANGE")
         if (PLUGINS / f"{mode.lower()}.so").exists()]


class Gallery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not MODES or not (PLUGINS / "local.so").exists():
            raise unittest.SkipTest("the build is without the local engine")
        if not (MODELS / "selfie.onnx").exists():
            raise unittest.SkipTest(f"the networks are not in {MODELS}: packaging/models/get")
        cls.host = cls.enterClassContext(
            Service({mode: {"engine": "local"} for mode in MODES}, plugin_dirs=(PLUGINS,)))

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))

    def gallery(self, *pictures):
        return subprocess.run(
            [SOURCE / "packaging" / "gallery", "-c", self.host.conf, self.folder / "out",
             *pictures],
            env={"FORMY": str(BIN / "formy"), "PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=100 * formytest.PATIENCE, check=False)

    def test_every_mode_has_its_strips(self):
        for name in "one.png", "two words.png":
            shutil.copy(photo("astronaut.png"), self.folder / name)
        run = self.gallery(self.folder / "one.png", self.folder / "two words.png")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        made = {file.name for file in (self.folder / "out").iterdir()}
        for name in "one-studio_white.jpg", "two words-removed.jpg", "one-head-on-two words.jpg":
            self.assertIn(name, made)
            with Image.open(self.folder / "out" / name) as strip:
                self.assertGreater(strip.width, 1.8 * strip.height, "before and after")
        self.assertIn(f"{len(made)} strips", run.stdout)

    def test_what_is_refused_is_told(self):
        run = self.gallery(photo("coffee.png"))
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("no coffee-studio_white:", run.stdout)
        self.assertIn("INVALID_SOURCE_IMAGE", run.stdout)
        self.assertEqual(list((self.folder / "out").iterdir()), [])

    def test_a_file_that_is_not_there(self):
        run = self.gallery(self.folder / "none.jpg")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, f"gallery: there is no file {self.folder / 'none.jpg'}\n")


if __name__ == "__main__":
    formytest.main()
