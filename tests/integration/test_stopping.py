"""Tasks that are stopped: their time is over, or somebody cancelled them."""

import json
import shutil
import statistics
import tempfile
import time
import unittest
from datetime import datetime
from pathlib import Path

import formytest
from formytest import PATIENCE, TEST_PLUGINS, FormyTest, until

BAD = TEST_PLUGINS.parent / "bad_plugins"


class Timeouts(FormyTest):
    def fails_by_timeout(self, host, config, least, most, mode="SLOW"):
        task_id = host.submit(mode, "x", config)
        task = host.wait(task_id, "failed", most + 10)
        error = json.loads(task["error"])
        self.assertEqual(error["code"], "PIPELINE_TIMEOUT")
        self.assertEqual(task["attempts"], "1")
        # the loop's clock, by which the time is up, is a little behind
        self.assertGreaterEqual(float(task["processing_time"]), least - 0.01)
        self.assertLess(float(task["processing_time"]), most * PATIENCE)
        return error

    def test_of_a_task(self):
        host = self.service({"SLOW": {}})
        error = self.fails_by_timeout(host, {"ms": 60000, "timeout": 0.5}, 0.5, 2)
        self.assertIn("limit: 500 ms", error["details"])
        self.assertEqual(error["context"]["mode"], "SLOW")
        host.wait(host.submit("SLOW", "x", {"ms": 100, "timeout": 20}))
        self.assertNotIn("does not know", host.formyd.log())

    def test_of_a_task_is_capped_by_its_mode(self):
        host = self.service({"SLOW": {"timeout": "400ms"}})
        error = self.fails_by_timeout(host, {"ms": 60000, "timeout": 3600}, 0.4, 2)
        self.assertIn("limit: 400 ms", error["details"])

    def test_a_deaf_plugin_is_killed_after_two_seconds(self):
        host = self.service({"SLOW": {}}, executors=1)
        self.fails_by_timeout(host, {"ms": 60000, "deaf": True, "timeout": 0.3}, 2.3, 4)
        host.wait(host.submit("SLOW", "x", {"ms": 1}))

    def test_one_that_never_returns_is_killed(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))
        shutil.copy(BAD / "never_returns.so", folder)
        host = self.service({"BAD": {}}, plugin_dirs=(folder,))
        self.fails_by_timeout(host, {"timeout": 1}, 3, 5, mode="BAD")

    def test_what_is_no_number_of_seconds(self):
        host = self.service({"SLOW": {}})
        for wrong in 0, -1, "5", True, [5], {}:
            with self.subTest(timeout=wrong):
                error = host.wait_error(host.submit("SLOW", "x", {"ms": 1, "timeout": wrong}))
                self.assertEqual(error["code"], "INVALID_CONFIG")
                self.assertIn("timeout", error["message"])
        for right in None, 1, 0.5, 1e300:
            with self.subTest(timeout=right):
                host.wait(host.submit("SLOW", "x", {"ms": 1, "timeout": right}))


class Cancel(FormyTest):
    def started(self, host, **config):
        task_id = host.submit("SLOW", "x", {"ms": 60000, **config})
        until(lambda: "current_step" in host.task(task_id), 20, "it runs")
        return task_id

    def stopped_at(self, host, task_id):
        """When formyd logged that the task stopped."""
        def line():
            lines = [line for line in host.formyd.log().splitlines()
                     if "task stopped" in line and task_id in line]
            return lines and lines[0]
        found = until(line, 10, lambda: "it is stopped\n" + host.tail())
        stamp = next(word for word in found.split() if word.startswith("ts="))[3:]
        return datetime.fromisoformat(stamp.strip('"').rstrip("Z"))

    def test_is_seen_at_once(self):
        host = self.service({"SLOW": {}})
        delays = []
        for _ in range(7):
            task_id = self.started(host)
            self.assertEqual(host.formy("cancel", task_id).returncode, 0)
            cancelled = datetime.fromisoformat(host.task(task_id)["cancelled_at"])
            delays.append((self.stopped_at(host, task_id) - cancelled).total_seconds())
            self.assertEqual(host.status(task_id), "cancelled")
        self.assertLess(statistics.median(delays), 0.2 * PATIENCE, delays)
        self.assertLess(max(delays), 0.7 * PATIENCE, delays)

    def test_is_seen_at_the_next_beat_without_a_message(self):
        host = self.service({"SLOW": {}})
        for _ in range(3):
            task_id = self.started(host)
            begin = time.monotonic()
            host.cancel(task_id)
            self.stopped_at(host, task_id)
            self.assertLess(time.monotonic() - begin, 2 * PATIENCE)
            self.assertEqual(host.status(task_id), "cancelled")

    def test_of_a_deaf_plugin_ends_its_process(self):
        host = self.service({"SLOW": {}}, executors=1)
        task_id = self.started(host, deaf=True)
        self.assertEqual(host.formy("cancel", task_id).returncode, 0)
        host.wait(host.submit("SLOW", "x", {"ms": 1}), "done", 10)
        self.assertEqual(host.status(task_id), "cancelled")


if __name__ == "__main__":
    formytest.main()
