"""BACKGROUND_CHANGE by the local engine, as the web service and as the command line ask for it."""

import json
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy
from PIL import Image

import formytest
from formytest import MODELS, PLUGINS, Service, photo, picture


class Background(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (PLUGINS / "background_change.so").exists():
            raise unittest.SkipTest("the build is without the local engine")
        if not (MODELS / "selfie.onnx").exists():
            raise unittest.SkipTest(f"the networks are not in {MODELS}: packaging/models/get")
        cls.astronaut = photo("astronaut.png")
        cls.host = cls.enterClassContext(
            Service({"BACKGROUND_CHANGE": {"engine": "local"}}, plugin_dirs=(PLUGINS,)))

    def edit(self, config, source=None):
        source = source or self.host.put(self.astronaut)
        task = self.host.wait(self.host.submit("BACKGROUND_CHANGE", source, config), seconds=60)
        self.assertTrue(task["current_step"])
        with Image.open(self.host.result(task)) as output:
            output.load()
        return output

    def test_remove_leaves_the_person_alone(self):
        output = self.edit({"background_type": "remove"})
        self.assertEqual((output.mode, output.format, output.size), ("RGBA", "PNG", (512, 512)))
        alpha = numpy.asarray(output)[:, :, 3]
        self.assertGreater(alpha[60:300, 180:260].mean(), 250, "the face")
        self.assertLess(alpha[20:200, 20:100].mean(), 5, "the flag behind her")

    def test_presets(self):
        for config, corner in (
                ({"background_type": "preset", "background_preset": "studio_white"}, None),
                ({"background_type": "preset", "background_preset": "studio_grey"}, None),
                ({"background_type": "preset", "background_preset": "studio_black"}, None),
                ({"background_type": "preset", "background_preset": "gradient_warm"}, None),
                ({"background_type": "gradient_cool"}, None),
                ({"background_type": "preset", "background_preset": "#1040c0"}, (16, 64, 192))):
            with self.subTest(config=config):
                output = self.edit(config)
                self.assertEqual(output.size, (512, 512))
                if corner:
                    there = numpy.asarray(output.convert("RGB"))[5:40, 5:40].mean((0, 1))
                    self.assertLess(numpy.abs(there - corner).max(), 6)

    def test_custom(self):
        backdrop = Image.new("RGB", (400, 300), (20, 120, 60))
        for name in "background_image", "bg_image":
            with self.subTest(name=name):
                output = self.edit({name: self.host.put(backdrop, "reference")})
                there = numpy.asarray(output.convert("RGB"))[5:40, 5:40].mean((0, 1))
                self.assertLess(numpy.abs(there - (20, 120, 60)).max(), 8)

    def test_nobody_in_the_picture(self):
        for source in self.host.put(photo("coffee.png")), self.host.put(picture(400, 300)):
            task_id = self.host.submit("BACKGROUND_CHANGE", source, {"background_type": "remove"})
            self.assertEqual(self.host.wait_error(task_id, 60)["code"], "INVALID_SOURCE_IMAGE")

    def test_config_that_is_wrong(self):
        source = self.host.put(self.astronaut)
        for config, code, member in (
                ({"background_type": "preset"}, "MISSING_REQUIRED_PARAM", "background_preset"),
                ({"background_type": "custom"}, "MISSING_REQUIRED_PARAM", "background_image"),
                ({}, "MISSING_REQUIRED_PARAM", "background_image"),
                ({"background_type": "beach"}, "INVALID_CONFIG", "background_type"),
                ({"background_type": "preset", "background_preset": "beach"}, "INVALID_CONFIG",
                 "background_preset"),
                ({"background_type": "remove", "edge_blur": 99}, "INVALID_CONFIG", "edge_blur"),
                ({"background_type": "remove", "color_match": "no"}, "INVALID_CONFIG",
                 "color_match")):
            with self.subTest(config=config):
                error = self.host.wait_error(self.host.submit("BACKGROUND_CHANGE", source, config))
                self.assertEqual(error["code"], code, error)
                self.assertIn(member, error["message"])

    def test_by_the_command_line(self):
        file = self.host.folder / "out.png"
        run = self.host.formy(
            "submit", "BACKGROUND_CHANGE", self.astronaut, "--set", "background_type=remove",
            "--wait", "-o", file)
        self.assertEqual(run.returncode, 0, run.stderr)
        with Image.open(file) as output:
            self.assertEqual((output.mode, output.size), ("RGBA", (512, 512)))

        run = self.host.formy("--json", "submit", "BACKGROUND_CHANGE", self.astronaut,
                              "--background", photo("coffee.png"), "--wait")
        self.assertEqual(run.returncode, 0, run.stderr)
        run = self.host.formy("submit", "BACKGROUND_CHANGE", photo("coffee.png"),
                              "--set", "background_type=remove", "--wait")
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, "(?i)person")

        run = self.host.formy("--json", "list", "--status", "done")
        self.assertGreaterEqual(len(json.loads(run.stdout)["tasks"]), 2)


class OwnNetwork(unittest.TestCase):
    """The engine with a network that its section names."""

    def setUp(self):
        if not (PLUGINS / "background_change.so").exists():
            raise unittest.SkipTest("the build is without the local engine")
        if not (MODELS / "selfie.onnx").exists():
            raise unittest.SkipTest(f"the networks are not in {MODELS}: packaging/models/get")
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))
        self.model = self.folder / "ours.onnx"

    def service(self, preset):
        section = (f'engine "local" {{ type = "local" segmentation_model = "{self.model}" '
                   f'segmentation_preset = "{preset}" }}')
        return Service({"BACKGROUND_CHANGE": {"engine": "local"}}, executors=1, sections=section,
                       plugin_dirs=(PLUGINS,))

    def test_it_is_used(self):
        shutil.copyfile(MODELS / "selfie.onnx", self.model)
        with self.service("selfie") as host:
            task = host.wait(host.submit("BACKGROUND_CHANGE", host.put(photo("astronaut.png")),
                                         {"background_type": "remove"}), seconds=60)
            engine = json.loads(task["result"])["metadata"]["engine"]
            self.assertEqual((engine["tier"], engine["network"]), ("network", "selfie"))

    def test_a_file_that_is_none_is_refused_at_start(self):
        self.model.write_text("not a network")
        with self.service("u2net") as host:
            host.formyd.wait_log("Failed to parse ONNX model", 30)
            log = (host.folder / "formyd.log").read_text()
            line = next(line for line in log.splitlines() if "parse ONNX model" in line)
            self.assertIn(str(self.model), line)


if __name__ == "__main__":
    formytest.main()
