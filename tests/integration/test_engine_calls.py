"""What a mode hands to its engine and to its helper. The mode is tests/plugins/masked.c."""

import json

import numpy
from PIL import Image

import formytest
from formytest import FormyTest, MODELS, PLUGINS, photo


class Calls(FormyTest):
    """The mode asks a helper, here the local engine, for a matte, and hands it to its engine."""

    def masked(self, engine):
        if not (PLUGINS / "local.so").exists():
            self.skipTest("the build is without the local engine")
        if not (MODELS / "selfie.onnx").exists():
            self.skipTest(f"the networks are not in {MODELS}: packaging/models/get")
        return self.service({"MASKED": {"engine": engine, "helper": "local"}}, executors=1,
                            sections=f'engine "{engine}" {{ type = "{engine}" }}\n')

    def told(self, host, config):
        """A finished task, and the parameters that its engine was given."""
        task = host.wait(host.submit("MASKED", host.put(photo("astronaut.png")), config),
                         seconds=60)
        engine = json.loads(task["result"])["metadata"]["engine"]
        return task, engine["name"], engine["params"]

    def test_a_helper_cuts_the_person_out_for_the_engine(self):
        host = self.masked("narrow")
        task, name, _ = self.told(host, {})
        self.assertEqual(name, "narrow", "the main engine is who did it")
        with Image.open(host.result(task)) as output:
            pixels = numpy.asarray(output.convert("RGB")).astype(int)
        with Image.open(photo("astronaut.png")) as source:
            there = numpy.asarray(source.convert("RGB")).astype(int)
        face = abs(pixels - there)[60:300, 180:260]
        self.assertLess(face.mean(), 8, "the face is as it was")
        flag = pixels[20:200, 20:100].mean((0, 1))
        self.assertTrue(flag[0] > 240 and flag[1] < 12 and flag[2] < 12, f"behind her: {flag}")

    def test_members_that_no_mode_knows_reach_an_engine_that_wants_them(self):
        host = self.masked("wide")
        _, _, params = self.told(host, {
            "seed": 42, "strength": 3, "colour": "blue", "deep": {"er": [1, None]}, "no": None,
            "timeout": 60})
        # what the mode asks stands before what the task says
        self.assertEqual(params, {"strength": 7, "colour": "red", "softness": 0.5, "seed": 42,
                                  "deep": {"er": [1, None]}})
        self.assertNotIn("does not know", host.formyd.log())

    def test_and_no_other(self):
        host = self.masked("narrow")
        _, _, params = self.told(host, {"seed": 42, "softness": 0.1})
        self.assertEqual(params, {"strength": 7, "colour": "red"})
        self.assertRegex(host.formyd.log(), "members that the mode does not know.*members=seed")


if __name__ == "__main__":
    formytest.main()
