"""The engine runninghub against a server that speaks its v1 API."""

import formytest
from enginefaults import Faults
from enginetest import BLUE, RED, EngineTest, colour, mix
from formytest import PLUGINS, until

from runninghub import RunningHub

MODES = {"HEAD_SWAP": {"workflow_id": "77", "cloth_image": "1.image", "head_image": "2.image",
                       "blend_strength": "3.strength", "seed": "5.seed", "output_node": "9"},
         "BACKGROUND_CHANGE": {"workflow_id": "78", "bg_image": "1.image",
                               "model_image": "2.image", "output_node": "9"},
         "POSE_CHANGE": {"workflow_id": "79", "raw_image": "1.image", "pose_image": "2.image",
                         "smoothness": "3.strength", "output_node": "9"}}


class RunninghubTest(EngineTest):
    def start(self, modes=("HEAD_SWAP",), settings="", **more):
        self.server = self.enterContext(RunningHub())
        return self.engine(
            "runninghub", f'base_url = "{self.server.url}" api_key_file = "rh.key" '
            f"poll_every = 1 capacity_wait = 1 submit_timeout = 2 {settings}",
            {name: MODES[name] for name in modes}, key=RunningHub.KEY, **more)


class Runninghub(RunninghubTest):
    def test_each_mode_gets_its_pictures_and_parameters(self):
        service = self.start(MODES)
        task = service.wait(self.swap(service, blend_strength=0.25))
        self.assert_colour(service, task, mix(BLUE, RED, 0.25))
        facts = self.engine_facts(task)
        self.assertEqual((facts["task_id"], facts["consumeCoins"]), ("1000", "3"))
        task = service.wait(self.backdrop(service))
        self.assert_colour(service, task, mix(BLUE, RED, 0.5))
        task = service.wait(self.pose(service, smoothness=0.25))
        self.assert_colour(service, task, mix(RED, BLUE, 0.25))
        self.assertEqual([task["workflowId"] for _, task in self.server.tasks.values()],
                         ["77", "78", "79"])

    def test_the_newer_upload(self):
        service = self.start(settings='upload = "v2"')
        task = service.wait(self.swap(service, blend_strength=0.25))
        self.assert_colour(service, task, mix(BLUE, RED, 0.25))
        self.assertEqual(self.server.count["POST /openapi/v2/media/upload/binary"], 2)
        self.assertEqual(self.server.count["POST /task/openapi/upload"], 0)

    def test_parameters_that_only_the_workflow_knows(self):
        service = self.start()
        service.wait(self.swap(service, seed=77))
        self.assertIn({"nodeId": "5", "fieldName": "seed", "fieldValue": 77},
                      self.server.tasks["1000"][1]["nodeInfoList"])
        error = service.wait_error(self.swap(service, seed=[7]))
        self.assertEqual((error["code"], len(self.server.tasks)), ("INVALID_CONFIG", 1))

    def test_a_picture_that_the_task_lacks(self):
        service = self.start(MODES)
        error = service.wait_error(service.submit(
            "BACKGROUND_CHANGE", service.put(colour(RED)), {"background_type": "remove"}))
        self.assertEqual(error["code"], "MISSING_REQUIRED_PARAM")
        self.assertEqual(self.server.count["submits"], 0)

    def test_codes_end_the_task(self):
        service = self.start()
        for code, expected in ((810, "ENGINE_RESPONSE_ERROR"), (1501, "PROCESSING_FAILED"),
                               (1504, "ENGINE_TIMEOUT")):
            with self.subTest(code=code):
                before = self.server.count["submits"]
                self.server.faults["codes"] = {"create": [code]}
                self.assertEqual(service.wait_error(self.swap(service))["code"], expected)
                self.assertEqual(self.server.count["submits"], before + 1)

    def test_a_failed_workflow_says_why(self):
        service = self.start()
        self.server.faults["failed"] = "CUDA out of memory"
        error = service.wait_error(self.swap(service))
        self.assertEqual(error["code"], "PROCESSING_FAILED")
        self.assertIn("KSampler: CUDA out of memory", error["message"])
        self.assertEqual(self.server.count["submits"], 1)

    def test_capacity_comes_back(self):
        service = self.start()
        self.server.faults["codes"] = {"create": [421, "415"]}
        service.wait(self.swap(service), seconds=60)
        self.assertEqual(len(self.server.tasks), 1)

    def test_states_and_lost_answers_while_it_runs(self):
        service = self.start()
        self.server.faults = {"codes": {"outputs": [813, 804]},
                              "reset": {"POST /task/openapi/outputs": 1}}
        service.wait(self.swap(service))
        self.assertEqual(self.server.count["submits"], 1)

    def test_a_lost_connection_is_not_retried(self):
        service = self.start()
        for fault in "reset_after", "hang":
            with self.subTest(fault=fault):
                before = self.server.count["POST /task/openapi/create"]
                self.server.faults = {fault: {"POST /task/openapi/create": 1}}
                error = service.wait_error(self.swap(service))
                self.assertEqual(error["code"], "ENGINE_TIMEOUT")
                self.assertEqual(self.server.count["POST /task/openapi/create"], before + 1)

    def test_no_credit_is_said(self):
        service = self.start()
        self.server.faults["codes"] = {"create": [812]}
        self.swap(service)
        service.formyd.wait_log("INSUFFICIENT_CREDITS")

    def test_cancel(self):
        service = self.start()
        self.server.faults["seconds"] = 3600
        task = self.swap(service)
        until(lambda: self.server.tasks, 20, "it was created")
        service.cancel(task)
        until(lambda: self.server.cancelled == ["1000"], 10, "it was cancelled there")
        self.assertEqual(service.status(task), "cancelled")


class Common(Faults, RunninghubTest):
    SUBMIT, POLL = "POST /task/openapi/create", "POST /task/openapi/outputs"
    RESULT, UPLOAD = "GET /files", "POST /task/openapi/upload"
    CANCEL = "POST /task/openapi/cancel"
    CAPACITY_WAIT = 1

    def faulty(self, **more):
        return self.start(settings="upload_timeout = 1 poll_timeout = 1 download_timeout = 1 "
                          "max_result_mb = 1",
                          executors=1, **more)


if __name__ == "__main__":
    if not (PLUGINS / "runninghub.so").exists():
        raise SystemExit(formytest.SKIPPED)
    formytest.main()
