"""The engine openai against a server that speaks images/edits."""

import json
import unittest

import numpy
from PIL import Image

import formytest
from enginefaults import Faults
from enginetest import BLUE, RED, EngineTest, colour, mix
from formytest import MODELS, PLUGINS, members, photo, until

from openai import OpenAI

PROMPT = {"HEAD_SWAP": {"prompt": "Swap the heads, share={blend_strength}"},
          "BACKGROUND_CHANGE": {"prompt": "Put them there"},
          "POSE_CHANGE": {"prompt": "As there, share={smoothness}"}}


class OpenaiTest(EngineTest):
    def start(self, settings="", modes=("HEAD_SWAP",), helper="", **more):
        self.server = self.enterContext(OpenAI())
        return self.engine(
            "openai", f'base_url = "{self.server.url}/v1" api_key_file = "openai.key" {settings}',
            {name: f"{members(PROMPT[name])} {helper}" for name in modes}, key=OpenAI.KEY, **more)


class Openai(OpenaiTest):
    def test_each_mode_gets_its_pictures_and_parameters(self):
        service = self.start('extra = {"quality=high"}', PROMPT)
        task = service.wait(self.swap(service, blend_strength=0.25))
        self.assert_colour(service, task, mix(RED, BLUE, 0.25))
        self.assertEqual(self.server.forms[0], {
            "model": "gpt-image-1", "quality": "high", "size": "1536x1024",
            "prompt": "Swap the heads, share=0.25"})
        facts = self.engine_facts(task)
        self.assertEqual(facts["usage"], {"output_tokens": 4160})
        self.assertEqual(facts["request_id"], "req-1")
        task = service.wait(self.backdrop(service))
        self.assert_colour(service, task, mix(RED, BLUE, 0.5))
        task = service.wait(self.pose(service, smoothness=0.25))
        self.assert_colour(service, task, mix(RED, BLUE, 0.25))

    @unittest.skipUnless((PLUGINS / "local.so").exists() and (MODELS / "selfie.onnx").exists(),
                         "there is no local engine, or it has no networks")
    def test_the_local_engine_makes_the_mask(self):
        service = self.start(modes=("BACKGROUND_CHANGE",), helper='helper = "local"',
                             executors=1)
        with Image.open(photo("astronaut.png")) as file:
            source = numpy.asarray(file.convert("RGB")).astype(int)
        for background in {"background_image": service.put(colour(BLUE), "reference")}, \
                {"background_type": "#0028c8"}:
            task = service.wait(service.submit(
                "BACKGROUND_CHANGE", service.put(photo("astronaut.png")), background), seconds=60)
            with Image.open(service.result(task)) as output:
                pixels = numpy.asarray(output.convert("RGB")).astype(int)
            self.assertLess(abs(pixels - source)[60:300, 180:260].mean(), 4, "the face is hers")
            self.assertLess(abs(pixels - BLUE)[20:200, 20:100].mean(), 4, "all is blue behind her")
        service.wait_error(service.submit(
            "BACKGROUND_CHANGE", service.put(colour(RED)), background), seconds=60)
        self.assertEqual(self.server.count["submits"], 2, "nobody there: nothing was paid for")

    def test_result_as_url_is_fetched_without_the_key(self):
        service = self.start()
        self.server.as_url = True
        task = service.wait(self.swap(service, blend_strength=1))
        self.assert_colour(service, task, BLUE)
        self.assertNotIn("Authorization", self.server.foreign_headers)

    def test_faults_end_the_task_and_send_nothing_twice(self):
        service = self.start()
        said = json.dumps
        for answer, code in (
                ((400, said({"error": {"code": "moderation_blocked", "message": "no"}})),
                 "PROCESSING_FAILED"),
                ((400, said({"error": {"code": "invalid_size", "message": "no"}})),
                 "ENGINE_RESPONSE_ERROR"),
                ((504, "gateway"), "ENGINE_TIMEOUT"),
                ((200, "<html>Sign in</html>"), "ENGINE_RESPONSE_ERROR"),
                ((200, '{"data": [{"b64_json": "bm8gcGljdHVyZQ=="}]}'), "ENGINE_RESPONSE_ERROR")):
            with self.subTest(answer=answer):
                before = self.server.count["POST /v1/images/edits"]
                self.server.faults = {"say": {"POST /v1/images": [answer]}}
                self.assertEqual(service.wait_error(self.swap(service))["code"], code)
                self.assertEqual(self.server.count["POST /v1/images/edits"], before + 1)

    def test_no_image_is_an_error_of_its_own(self):
        service = self.start()
        self.server.faults["no_image"] = True
        error = service.wait_error(self.swap(service))
        self.assertEqual(error["code"], "ENGINE_RESPONSE_ERROR")
        self.assertIn("without a picture", error["message"])
        self.assertIn("I cannot draw that", error["details"])

    def test_a_lost_connection_is_not_retried(self):
        service = self.start()
        self.server.faults["reset_after"] = {"POST /v1/images": 1}
        error = service.wait_error(self.swap(service))
        self.assertEqual(error["code"], "ENGINE_TIMEOUT")
        self.assertIn("not known", error["message"])
        self.assertEqual(self.server.count["submits"], 1)

    def test_an_answer_that_is_too_late(self):
        service = self.start("submit_timeout = 1")
        self.server.faults["slow"] = 30
        self.assertEqual(service.wait_error(self.swap(service))["code"], "ENGINE_TIMEOUT")
        self.assertEqual(self.server.count["submits"], 1)

    def test_too_many_requests_come_back(self):
        service = self.start()
        self.server.faults["say"] = {"POST /v1/images": [
            (429, '{"error": {"code": "rate_limit_exceeded"}}', {"Retry-After": "1"})]}
        task = service.wait(self.swap(service, blend_strength=1), seconds=60)
        self.assert_colour(service, task, BLUE)

    def test_the_key_is_nowhere(self):
        service = self.start()
        self.server.KEY = "another"
        task = self.swap(service)
        service.formyd.wait_log("ENGINE_AUTH_FAILED")
        until(lambda: self.server.count["submits"] >= 1, 10, "it was asked")
        self.assertNotIn(OpenAI.KEY, service.formyd.log())
        self.assertNotIn(OpenAI.KEY, str(service.task(task)))


class Common(Faults, OpenaiTest):
    SUBMIT, RESULT = "POST /v1/images/edits", "GET /made.png"
    EXPECTED = mix(RED, BLUE, 0.8)
    RESUMES = False

    def faulty(self, **more):
        service = self.start("submit_timeout = 2 download_timeout = 1 max_result_mb = 1", executors=1, **more)
        self.server.as_url = True
        return service


if __name__ == "__main__":
    if not (PLUGINS / "openai.so").exists():
        raise SystemExit(formytest.SKIPPED)
    formytest.main()
