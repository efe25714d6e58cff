"""formy doctor and formy health: what they say of installations that are well and that are not."""

import json
import os
import signal
import unittest

import formytest
from formytest import FormyTest, end_process, until
import signal


class Doctor(FormyTest):
    def findings(self, state, code):
        done = self.host.formy("--json", "doctor")
        self.assertEqual(done.returncode, code, done)
        said = json.loads(done.stdout)
        self.assertEqual(said["ok"], code == 0)
        return [one for one in said["findings"] if one["state"] == state]

    def finding(self, state, subject, text, code=1):
        found = [one for one in self.findings(state, code)
                 if one["subject"] == subject and text in one["what"]]
        self.assertEqual(len(found), 1, f"{subject}: {text}")
        self.assertTrue(found[0]["mend"])

    def test_all_is_well(self):
        self.host = self.service({"NOOP": {}})
        until(lambda: self.host.formy("health").returncode == 0, 10, "it is healthy")
        self.assertEqual(self.findings("wrong", 0), [])
        done = self.host.formy("doctor")
        self.assertRegex(done.stdout, r"(?m)^ok       redis: version \d")
        self.assertRegex(done.stdout, r"(?m)^ok       plugins: every enabled mode")
        self.assertRegex(done.stdout, r"(?m)^ok       workers: \S+:\d+, version \S+, serves 1 mode")

    def test_health_of_a_mode(self):
        self.host = self.service({"NOOP": {}})
        until(lambda: self.host.formy("health", "--mode", "NOOP").returncode == 0, 10, "healthy")
        done = self.host.formy("--json", "health", "--mode", "OTHER")
        self.assertEqual(done.returncode, 1)
        self.assertIs(json.loads(done.stdout)["ok"], False)

    def test_no_worker(self):
        self.host = self.service({"NOOP": {}}, start=False)
        done = self.host.formy("health")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no worker is alive", done.stderr)
        self.finding("wrong", "workers", "no worker is alive")

    def test_no_redis(self):
        self.host = self.service({"NOOP": {}}, start=False)
        end_process(self.host.redis.process, signal.SIGKILL, 10)
        self.assertEqual(self.host.formy("health").returncode, 1)
        self.finding("wrong", "redis", "Redis")

    def test_redis_that_throws_tasks_away(self):
        self.host = self.service({"NOOP": {}})
        self.host.client.config_set("maxmemory", "100mb")
        self.host.client.config_set("maxmemory-policy", "allkeys-lru")
        self.finding("wrong", "redis", "allkeys-lru")

    def test_folders(self):
        self.host = self.service({"NOOP": {}}, start=False)
        self.host.uploads.rmdir()
        self.finding("wrong", "folders", "uploads")

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere where there is no service user")
    def test_a_folder_that_may_not_be_written(self):
        self.host = self.service({"NOOP": {}}, start=False)
        self.host.results.chmod(0o555)
        self.finding("wrong", "folders", "cannot be written")

    def test_a_mode_without_a_plugin(self):
        self.host = self.service({"NOOP": {}, "NOBODY_HAS_IT": {}})
        self.finding("wrong", "plugins", "NOBODY_HAS_IT")

    def test_a_wrong_configuration(self):
        self.host = self.service({}, start=False)
        self.host.conf.write_text("redis { prot = 1 }\n")
        self.finding("wrong", "configuration", "formy.conf:1")

    def test_no_mode(self):
        self.host = self.service({}, start=False)
        self.finding("wrong", "modes", "enables no mode")


if __name__ == "__main__":
    formytest.main()
