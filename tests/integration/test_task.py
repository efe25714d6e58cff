"""A task's whole way, driven by a client that knows nothing but the contract's keys."""

import json
import re
import signal
import unittest
from datetime import datetime

import numpy
from PIL import Image

import formytest
from formytest import FormyTest, picture

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$"


class Way(FormyTest):
    def setUp(self):
        self.host = self.service({"ECHO": {}, "SLOW": {}, "NOOP": {}, "FAIL": {}})

    def test_done_has_every_field_and_three_pictures(self):
        source = self.host.put(picture(640, 480))
        task_id = self.host.submit("ECHO", source, user_id="u1", credits_consumed=3)
        task = self.host.wait(task_id)

        self.assertEqual(set(task), {
            "task_id", "status", "data", "progress", "current_step", "created_at", "updated_at",
            "started_at", "completed_at", "result", "attempts", "worker", "processing_time"})
        self.assertEqual(task["task_id"], task_id)
        self.assertEqual(task["progress"], "100")
        self.assertEqual(task["current_step"], "Done")
        self.assertEqual(task["attempts"], "1")
        self.assertEqual(task["worker"], self.host.formyd.name)
        self.assertRegex(task["processing_time"], r"^\d+(\.\d+)?$")
        for field in ("updated_at", "started_at", "completed_at"):
            self.assertRegex(task[field], TIME)
        datetime.fromisoformat(task["completed_at"]) - datetime.fromisoformat(task["created_at"])
        self.assertEqual(json.loads(task["data"])["credits_consumed"], 3)

        result = json.loads(task["result"])
        self.assertEqual(set(result), {"output_image", "thumbnail", "comparison_image", "metadata"})
        self.assertRegex(result["output_image"], rf"^/results/{task_id}_output\.(jpg|png|webp)$")
        self.assertEqual(result["thumbnail"], f"/results/{task_id}_thumb.jpg")
        self.assertEqual(result["comparison_image"], f"/results/{task_id}_comparison.jpg")
        with Image.open(self.host.result(task)) as output:
            self.assertEqual(output.size, (640, 480))
        with Image.open(self.host.result(task, "thumbnail")) as thumb:
            self.assertEqual(thumb.size, (256, 192))
        with Image.open(self.host.result(task, "comparison_image")) as comparison:
            self.assertGreater(comparison.width, comparison.height * 2)
        metadata = result["metadata"]
        self.assertEqual((metadata["width"], metadata["height"]), (640, 480))
        self.assertEqual(metadata["size"], self.host.result(task).stat().st_size)
        self.assertIn(metadata["format"].lower(), ("jpeg", "jpg", "png", "webp"))

        self.assertEqual(self.host.client.llen("formy:task:queue"), 0)
        self.assertEqual(self.host.client.smembers("formy:task:processing"), set())

    def started(self, task_id, host=None):
        """Waits until an executor has told of it, and returns the hash."""
        host = host or self.host
        return formytest.until(
            lambda: "current_step" in host.task(task_id) and host.task(task_id), 20,
            lambda: "the task tells its step\n" + host.tail())

    def test_the_keys_tell_the_truth_while_it_runs(self):
        task_id = self.host.submit("SLOW", "x", {"ms": 60000})
        task = self.started(task_id)
        self.assertEqual(task["status"], "processing")
        self.assertEqual(task["current_step"], "Waiting")
        self.assertEqual(self.host.client.smembers("formy:task:processing"), {task_id})
        self.assertEqual(self.host.client.llen("formy:task:queue"), 0)
        self.assertNotIn("completed_at", task)
        self.assertNotIn("error", task)
        self.assertNotIn("result", task)

    def test_progress_goes_up(self):
        task_id = self.host.submit("SLOW", "x", {"ms": 1200})
        seen = []

        def ended():
            task = self.host.task(task_id)
            if "progress" in task:
                seen.append(int(task["progress"]))
            return task["status"] == "done"

        formytest.until(ended, 30, "the task is done")
        self.assertEqual(seen, sorted(seen))
        self.assertTrue(any(0 < value < 100 for value in seen), seen)
        self.assertEqual(seen[-1], 100)

    def test_times_without_a_fraction_and_with_a_zone_are_read(self):
        for created in "2026-11-17T10:00:00", "2026-11-17T10:00:00.5+02:00", "2026-11-17T10:00:00Z":
            data = json.dumps({"mode": "NOOP", "source_image": "x"})
            self.host.wait(self.host.submit_data(data, created_at=created, updated_at=created))

    def test_a_null_member_counts_as_absent(self):
        data = json.dumps({"mode": "NOOP", "source_image": "x", "config": None, "user_id": None})
        self.host.wait(self.host.submit_data(data))

    def test_the_same_id_pushed_twice_runs_once(self):
        task_id = self.host.submit("SLOW", "x", {"ms": 200})
        self.host.client.rpush("formy:task:queue", task_id)
        self.host.wait(task_id)
        self.host.wait(self.host.submit("NOOP", "x"))
        self.assertEqual(self.host.task(task_id)["attempts"], "1")

    def test_cancel_while_it_waits(self):
        first = [self.host.submit("SLOW", "x", {"ms": 700}) for _ in range(2)]
        for task_id in first:
            self.host.wait(task_id, "processing")
        waiting = self.host.submit("SLOW", "x", {"ms": 60000})
        self.host.cancel(waiting)
        self.host.wait(self.host.submit("NOOP", "x"))
        task = self.host.task(waiting)
        self.assertEqual(task["status"], "cancelled")
        self.assertNotIn("started_at", task)

    def test_cancel_while_it_runs(self):
        task_id = self.host.submit("SLOW", "x", {"ms": 60000})
        self.host.wait(task_id, "processing")
        self.host.cancel(task_id)
        self.two_executors_are_free()
        self.assertEqual(self.host.status(task_id), "cancelled")
        self.assertEqual(self.host.client.smembers("formy:task:processing"), set())

    def test_delete_while_it_runs(self):
        task_id = self.host.submit("SLOW", "x", {"ms": 60000})
        self.host.wait(task_id, "processing")
        self.host.delete(task_id)
        self.two_executors_are_free()
        self.assertEqual(self.host.task(task_id), {})
        self.assertEqual(self.host.client.smembers("formy:task:processing"), set())

    def test_delete_while_it_waits(self):
        first = [self.host.submit("SLOW", "x", {"ms": 500}) for _ in range(2)]
        for task_id in first:
            self.host.wait(task_id, "processing")
        waiting = self.host.submit("SLOW", "x", {"ms": 60000})
        self.host.delete(waiting)
        self.two_executors_are_free()
        self.assertEqual(self.host.task(waiting), {})

    def two_executors_are_free(self):
        """True when two tasks can run at once, which is all that the worker has."""
        pair = [self.host.submit("SLOW", "x", {"ms": 300}) for _ in range(2)]
        formytest.until(
            lambda: {self.host.status(task_id) for task_id in pair} == {"processing"}, 20,
            lambda: "both run at once\n" + self.host.tail())
        for task_id in pair:
            self.host.wait(task_id)

    def test_a_failure_says_why(self):
        task_id = self.host.submit("FAIL", "x", {
            "status": -102, "code": "NO_FACE_DETECTED", "message": "There is no face."})
        task = self.host.wait(task_id, "failed")
        error = json.loads(task["error"])
        self.assertEqual(error["code"], "NO_FACE_DETECTED")
        self.assertEqual(error["message"], "There is no face.")
        self.assertIsInstance(error["details"], str)
        self.assertRegex(task["failed_at"], TIME)
        self.assertNotIn("result", task)
        self.assertNotIn("completed_at", task)

    def test_a_failure_that_may_pass_is_tried_again(self):
        task_id = self.host.submit("FAIL", "x", {"status": -203, "times": 1})
        task = self.host.wait(task_id, "done", 20)
        self.assertEqual(task["attempts"], "2")
        self.assertNotIn("error", task)
        self.assertNotIn("failed_at", task)

    def test_stop_gives_back_what_does_not_end_in_time(self):
        host = self.service({"SLOW": {}}, worker='shutdown_timeout = "500ms"')
        task_id = host.submit("SLOW", "x", {"ms": 60000})
        host.wait(task_id, "processing")
        self.assertEqual(host.formyd.stop(), 0)
        self.assertEqual(host.status(task_id), "pending")
        self.assertEqual(host.client.lrange("formy:task:queue", 0, -1), [task_id])
        self.assertEqual(host.client.smembers("formy:task:processing"), set())

    def test_stop_lets_a_running_task_end(self):
        task_id = self.host.submit("SLOW", "x", {"ms": 1500})
        self.started(task_id)
        self.assertEqual(self.host.formyd.stop(signal.SIGINT), 0)
        self.assertEqual(self.host.status(task_id), "done")

    def test_reload_takes_new_modes_and_keeps_what_runs(self):
        host = self.service({"SLOW": {}})
        running = host.submit("SLOW", "x", {"ms": 1500})
        self.started(running, host)
        host.modes = {"SLOW": {}, "NOOP": {}}
        host.write_conf()
        host.formyd.send(signal.SIGHUP)
        formytest.until(lambda: host.client.hexists("formy:modes", "NOOP"), 20,
                        lambda: "NOOP is served\n" + host.tail())
        host.wait(host.submit("NOOP", "x"))
        self.assertEqual(host.wait(running)["attempts"], "1")

    def test_reload_of_a_wrong_configuration_keeps_the_running_one(self):
        self.host.conf.write_text("redis { port = many }\n")
        self.host.formyd.send(signal.SIGHUP)
        self.host.formyd.wait_log("formy.conf:1")
        self.host.wait(self.host.submit("NOOP", "x"))

    def test_no_redis_is_69_and_says_so(self):
        host = self.service({"NOOP": {}}, start=False)
        host.redis.stop()
        host.conf.write_text(host.conf.read_text().replace(
            "redis {", 'redis { connect_timeout = "300ms"'))
        host.formyd.start(wait=False)
        self.assertEqual(host.formyd.process.wait(20), 69)
        self.assertRegex(host.formyd.log(), re.compile("redis", re.IGNORECASE))

    def test_pixels_survive(self):
        original = picture(64, 48)
        task = self.host.wait(self.host.submit("ECHO", self.host.put(original)))
        with Image.open(self.host.result(task)) as output:
            difference = numpy.abs(numpy.asarray(output.convert("RGB")).astype(int)
                                   - numpy.asarray(original))
        self.assertLess(difference.mean(), 4)


if __name__ == "__main__":
    formytest.main()
