"""HEAD_SWAP by the local engine, as the web service asks for it."""

import json
import unittest

import numpy
from PIL import Image

import formytest
from formytest import MODELS, PLUGINS, Service, photo


class HeadSwap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (PLUGINS / "head_swap.so").exists() or not (PLUGINS / "local.so").exists():
            raise unittest.SkipTest("the build is without the local engine")
        if not (MODELS / "selfie.onnx").exists():
            raise unittest.SkipTest(f"the networks are not in {MODELS}: packaging/models/get")
        cls.astronaut = photo("astronaut.png")
        cls.host = cls.enterClassContext(
            Service({"HEAD_SWAP": {"engine": "local"}}, plugin_dirs=(PLUGINS,)))

    def test_all_but_the_head_stays(self):
        source = self.host.put(self.astronaut)
        for name in "reference_image", "cloth_image", "target_face_image":
            with self.subTest(name=name):
                config = {name: self.host.put(self.astronaut, "reference"), "quality": "low"}
                task = self.host.wait(self.host.submit("HEAD_SWAP", source, config), seconds=60)
                engine = json.loads(task["result"])["metadata"]["engine"]
                self.assertLess(engine["fit"], 0.01, "one head on itself")
                self.assertAlmostEqual(engine["scale"], 1, places=2)
                with Image.open(self.host.result(task)) as output, \
                        Image.open(self.astronaut) as before:
                    apart = numpy.abs(numpy.asarray(output.convert("RGB")).astype(int)
                                      - numpy.asarray(before.convert("RGB")).astype(int))
                self.assertLess(apart[470:].mean(), 4, "the suit, but for the encoding")
                self.assertLess(apart[:, 480:].mean(), 4, "the far edge")

    def test_no_face_is_said(self):
        config = {"reference_image": self.host.put(photo("coffee.png"), "reference")}
        error = self.host.wait_error(
            self.host.submit("HEAD_SWAP", self.host.put(self.astronaut), config))
        self.assertEqual(error["code"], "NO_FACE_DETECTED")
        self.assertIn("reference image", error["message"])
        self.assertIn("0.30", str(error["details"]))


if __name__ == "__main__":
    formytest.main()
