"""POSE_CHANGE by the local engine, as the web service asks for it."""

import json
import unittest

import numpy
from PIL import Image

import formytest
from formytest import MODELS, PLUGINS, Service, photo


class PoseChange(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (PLUGINS / "pose_change.so").exists() or not (PLUGINS / "local.so").exists():
            raise unittest.SkipTest("the build is without the local engine")
        if not (MODELS / "movenet.onnx").exists():
            raise unittest.SkipTest(f"the networks are not in {MODELS}: packaging/models/get")
        cls.person = photo("pose.jpg")
        cls.host = cls.enterClassContext(
            Service({"POSE_CHANGE": {"engine": "local"}}, plugin_dirs=(PLUGINS,)))

    def change(self, config, reference=None, source=None):
        image_id = self.host.put(source or self.person)
        if reference:
            config = {**config, "pose_image": self.host.put(reference, "reference")}
        return self.host.submit("POSE_CHANGE", image_id, config)

    def test_a_preset_moves_the_arms_and_nothing_else(self):
        task = self.host.wait(self.change({"target_pose": "hand_on_hip_left"}), seconds=60)
        result = json.loads(task["result"])
        engine = result["metadata"]["engine"]
        self.assertEqual(engine["moved"], ["left upper arm", "left forearm"])
        self.assertGreater(engine["pose_score"], 0.3)
        with Image.open(self.host.result(task)) as output, Image.open(self.person) as before:
            self.assertEqual(output.size, before.size)
            apart = numpy.abs(numpy.asarray(output.convert("RGB")).astype(int)
                              - numpy.asarray(before.convert("RGB")).astype(int)).mean(axis=2)
        self.assertGreater(apart[280:330, 620:740].mean(), 8, "where the left arm was")
        self.assertLess(apart[500:].mean(), 4, "the legs, but for the encoding")
        self.assertLess(apart[:, :400].mean(), 4, "the other arm's hand")

    def test_what_cannot_be_done_names_the_limb(self):
        error = self.host.wait_error(self.change({}, reference=photo("squat.jpg")))
        self.assertEqual(error["code"], "POSE_EXTRACTION_FAILED")
        self.assertIn("left thigh", error["message"])
        self.assertIn("limit 25", error["details"])

    def test_a_picture_without_a_person(self):
        error = self.host.wait_error(
            self.change({"target_pose": "arms_up"}, source=photo("coffee.png")))
        self.assertEqual(error["code"], "INVALID_SOURCE_IMAGE")

    def test_config(self):
        for config, code, word in (
                ({}, "MISSING_REQUIRED_PARAM", "target_pose"),
                ({"target_pose": "handstand"}, "INVALID_CONFIG", "target_pose"),
                ({"target_pose": "arms_up", "smoothness": 2}, "INVALID_CONFIG", "smoothness"),
                ({"target_keypoints": [[1, 2, 0.5]] * 16}, "INVALID_CONFIG", "target_keypoints"),
                ({"target_keypoints": [[1, 2]] * 17}, "INVALID_CONFIG", "target_keypoints[0]"),
                ({"target_pose": "arms_up", "source_keypoints": [[1, 2, 7]] * 17},
                 "INVALID_CONFIG", "source_keypoints[0]")):
            with self.subTest(config=config):
                error = self.host.wait_error(self.change(config))
                self.assertEqual(error["code"], code)
                self.assertIn(word, error["message"])


if __name__ == "__main__":
    formytest.main()
