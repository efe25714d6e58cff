"""Engines that work elsewhere, as the worker sees them: memos, "later", places, their health, the
ways between them, and their keys. The engine is tests/plugins/remote.c."""

import json
import os
import signal
import unittest
from pathlib import Path

import formytest
from remotetest import EngineTest

KEY = "key-of-the-test-3f9c2b71"


class Memos(EngineTest):
    def submitted(self, host, **more):
        self.tell("hold")
        task_id = host.submit("REMOTE", None, **more)
        host.formyd.wait_log("submitted")
        return task_id

    def finish(self, host, task_id):
        """It was resumed, and never submitted again."""
        formytest.until(lambda: self.count(host, "resumed job-1"), 40, host.tail)
        self.untell("hold")
        task = host.wait(task_id)
        self.assertEqual(self.count(host, "submitted"), 1, host.tail())
        formytest.until(lambda: not host.client.exists("formy:task:memos"), 5, "no memo is left")
        return task

    def test_a_memo_survives_its_executor(self):
        host = self.remote()
        task_id = self.submitted(host)
        self.assertEqual(host.client.hget("formy:task:memos", task_id), "one job-1")
        os.kill(self.executors(host)[0], signal.SIGKILL)
        task = self.finish(host, task_id)
        self.assertEqual(task["attempts"], "2")

    def test_a_memo_survives_the_worker(self):
        host = self.remote()
        task_id = self.submitted(host)
        host.formyd.kill()
        host.formyd.start()
        self.finish(host, task_id)

    def test_a_memo_survives_redis_and_the_worker(self):
        host = self.remote(redis_options=("--appendonly", "yes", "--appendfsync", "always"))
        task_id = self.submitted(host)
        host.redis.kill()
        host.formyd.kill()
        host.redis.start()
        host.formyd.start()
        self.finish(host, task_id)

    def test_nothing_is_submitted_before_the_memo_is_kept(self):
        """Redis is away when the engine wants to submit: that waits until it is back."""
        host = self.remote(redis_options=("--appendonly", "yes", "--appendfsync", "always"))
        self.tell("early")
        task_id = host.submit("REMOTE", None)
        host.formyd.wait_log("waits early")
        host.redis.kill()
        self.untell("early")
        host.formyd.wait_log("wants its memo kept")
        self.assertNotIn("submitted", host.formyd.log())
        host.redis.start()
        host.wait(task_id)
        self.assertEqual(self.count(host, "submitted"), 1)

    def test_a_cancelled_task_leaves_no_memo(self):
        host = self.remote()
        task_id = self.submitted(host)
        host.cancel(task_id)
        formytest.until(lambda: not host.client.exists("formy:task:memos"), 20, "no memo is left")
        self.assertEqual(host.status(task_id), "cancelled")


class Later(EngineTest):
    def test_a_task_put_off_spends_no_attempt(self):
        host = self.remote("max_attempts = 1")
        self.tell("busy")
        task_id = host.submit("REMOTE", None)
        formytest.until(lambda: self.count(host, "task put off") >= 2, 20, host.tail)
        self.wait_state(host, "busy")
        self.untell("busy")
        task = host.wait(task_id)
        self.assertEqual(task["attempts"], "1")
        self.assertNotIn("crashes", task)
        self.wait_state(host, "up")

    def test_places_are_shared_and_come_back_from_the_dead(self):
        host = self.remote(engine="limit = 2", executors=4)
        self.tell("hold")
        ids = [host.submit("REMOTE", None, {"operation": "PLACE"}) for _ in range(4)]
        formytest.until(lambda: self.count(host, "task put off") >= 2, 20, host.tail)
        self.assertEqual(self.count(host, "has a place"), 2, host.tail())
        self.assertIn("has a place, 2 are taken", host.formyd.log())
        for pid in self.executors(host):
            os.kill(pid, signal.SIGKILL)
        formytest.until(lambda: self.count(host, "has a place") >= 4, 30, host.tail)
        self.untell("hold")
        for task_id in ids:
            host.wait(task_id)


class Health(EngineTest):
    def test_tasks_wait_until_the_engine_is_up(self):
        host = self.remote(start=False)
        self.tell("down", "Nobody answers at test:1.")
        host.formyd.start()
        self.wait_state(host, "down")
        task_id = host.submit("REMOTE", None)
        self.assertIn("Nobody answers at test:1.", self.engines(host)["one"]["last_error"])
        formytest.until(lambda: self.count(host, "engine is down") == 1, 5, "it is said")
        formytest.until(lambda: self.engines(host)["one"]["checks"] > 2, 20, "it is checked")
        self.assertEqual(host.status(task_id), "pending")
        self.assertNotIn("attempts", host.task(task_id))
        shown = host.formy("engine", "list").stdout
        self.assertRegex(shown, r"one +remote +REMOTE +main +down .*Nobody answers at test:1\.")
        self.assertRegex(host.formy("worker", "list").stdout,
                         r"(?m)REMOTE +one: Nobody answers at test:1\.$")
        self.untell("down")
        task = host.wait(task_id)
        self.assertEqual(task["attempts"], "1")
        self.assertEqual(json.loads(task["result"])["metadata"]["engine"]["name"], "one")
        self.assertIn("engine is up again", host.formyd.log())
        self.wait_state(host, "up")
        self.assertNotIn("Nobody", host.formy("worker", "list").stdout)
        engines = json.loads(host.formy("engine", "list", "--json").stdout)
        self.assertEqual([(engine["engine"], engine["worker"]) for engine in engines],
                         [("one", host.formyd.name)])

    def test_the_list_tells_what_the_engine_does(self):
        host = self.remote(executors=2)
        self.wait_state(host, "up")
        self.tell("hold")
        task_id = host.submit("REMOTE", None)
        host.formyd.wait_log("submitted")
        shown = r"(?m) one +remote +REMOTE +main +up +1 of 2 +%d +3 +[0-9.]+ m?s ago +-$"
        formytest.until(lambda: self.engines(host)["one"]["in_flight"] == 1, 10, "it is told")
        self.assertRegex(host.formy("engine", "list").stdout, shown % 1)
        self.untell("hold")
        host.wait(task_id)
        formytest.until(lambda: self.engines(host)["one"]["in_flight"] == 0, 10, "it is told")
        self.assertRegex(host.formy("engine", "list").stdout, shown % 0)

    def test_a_task_that_meets_a_refused_key_waits(self):
        host = self.remote("max_attempts = 1")
        self.wait_state(host, "up")
        self.tell("down", "The key is refused.")
        self.tell("broken")
        task_id = host.submit("REMOTE", None)
        self.wait_state(host, "down")
        self.assertRegex(host.formyd.log(), 'level=error msg="engine is down and stays so.*AUTH')
        self.untell("broken")
        self.untell("down")
        self.assertEqual(host.wait(task_id)["attempts"], "1")


class Routes(EngineTest):
    def engine_of(self, task):
        return json.loads(task["result"])["metadata"]["engine"]["name"]

    def test_the_fallback_works_while_the_engine_is_down(self):
        host = self.remote('fallback = "two"')
        self.wait_state(host, "up")
        self.tell("down")
        self.tell("broken")
        self.assertEqual(self.engine_of(host.wait(host.submit("REMOTE", None))), "two")
        self.untell("down")
        self.untell("broken")
        self.wait_state(host, "up")
        self.assertEqual(self.engine_of(host.wait(host.submit("REMOTE", None))), "one")

    def test_the_fallback_works_when_there_is_no_room_for_long(self):
        host = self.remote('fallback = "two" fallback_after = "1s"')
        self.tell("busy")
        self.assertEqual(self.engine_of(host.wait(host.submit("REMOTE", None))), "two")
        self.assertGreaterEqual(self.count(host, "task put off"), 1)

    def test_what_was_submitted_is_never_run_by_another(self):
        host = self.remote('fallback = "two"')
        self.tell("hold")
        task_id = host.submit("REMOTE", None)
        host.formyd.wait_log("submitted")
        self.tell("down")
        self.tell("broken")
        os.kill(self.executors(host)[0], signal.SIGKILL)
        self.wait_state(host, "down")
        self.assertEqual(self.engine_of(host.wait(host.submit("REMOTE", None))), "two")
        self.assertEqual(host.status(task_id), "pending")
        self.untell("broken")
        self.untell("down")
        formytest.until(lambda: self.count(host, "resumed job-1"), 40, host.tail)
        self.untell("hold")
        self.assertEqual(self.engine_of(host.wait(task_id)), "one")

    def test_a_task_chooses_among_what_is_allowed(self):
        host = self.remote('engines_allowed = {"two"}')
        chosen = host.wait(host.submit("REMOTE", None, {"engine": "two"}))
        self.assertEqual(self.engine_of(chosen), "two")
        self.assertEqual(self.engine_of(host.wait(host.submit("REMOTE", None, {"engine": "one"}))),
                         "one")
        error = host.wait_error(host.submit("REMOTE", None, {"engine": "three"}))
        self.assertEqual(error["code"], "INVALID_CONFIG")
        self.assertIn("config.engine", error["message"])

    def test_a_helper_works_beside_the_engine(self):
        host = self.remote('helper = "two"')
        host.wait(host.submit("REMOTE", None, {"helper": True, "operation": "PLACE"}), "pending")
        other = self.remote()
        error = other.wait_error(other.submit("REMOTE", None, {"helper": True}))
        self.assertIn("has no helper", error["message"])


class Secrets(EngineTest):
    def key_file(self, mode):
        path = Path(self.enterContext(formytest.tempfile.TemporaryDirectory())) / "key"
        path.write_text(KEY + "\n")
        path.chmod(mode)
        return path

    def test_the_key_is_nowhere_but_in_the_engine(self):
        host = self.remote(engine=f'api_key_file = "{self.key_file(0o600)}"')
        self.tell("hold")
        task_id = host.submit("REMOTE", None)
        host.formyd.wait_log("submitted")
        for pid in [host.formyd.process.pid, *self.executors(host)]:
            for name in ("cmdline", "environ"):
                self.assertNotIn(KEY.encode(), Path(f"/proc/{pid}/{name}").read_bytes())
            limits = Path(f"/proc/{pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size\s+0 ")
        self.untell("hold")
        metadata = json.loads(host.wait(task_id)["result"])["metadata"]["engine"]
        self.assertEqual((metadata["key"], metadata["key_is_right"]), (len(KEY), True))
        host.wait_error(host.submit("REMOTE", None, {"operation": "CRASH"}))
        self.assertNotIn(KEY, host.formyd.log())
        for key in host.client.scan_iter("*"):
            self.assertNotIn(KEY.encode(), host.client.dump(key) or b"", key)
            self.assertNotIn(KEY, key)
        for path in host.folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(KEY.encode(), path.read_bytes(), path)
        self.assertNotIn(KEY, host.formy("engine", "list", "--json").stdout)

    def test_a_key_that_others_may_read_is_refused(self):
        host = self.remote(engine=f'api_key_file = "{self.key_file(0o644)}"')
        host.formyd.wait_log("mode 0644")
        self.assertNotIn(KEY, host.formyd.log())


if __name__ == "__main__":
    formytest.main()
