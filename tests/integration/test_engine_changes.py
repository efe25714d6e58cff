"""Engines while the worker's world changes: no room for long, a reload while one is down, another
build of an engine's file, and a mode that loses the engine which has its task."""

import json
import os
import shutil
import signal
import tempfile
from pathlib import Path

import formytest
from formytest import TEST_PLUGINS, until
from remotetest import EngineTest

VERSIONS = TEST_PLUGINS.parent / "versions"


def facts(task):
    return json.loads(task["result"])["metadata"]["engine"]


class Capacity(EngineTest):
    def test_no_room_for_long_loses_nothing(self):
        """Longer than fallback_after, and there is no fallback: each comes back until there is room."""
        host = self.remote('max_attempts = 1 fallback_after = "1s"', executors=2)
        self.tell("busy")
        ids = [host.submit("REMOTE", None) for _ in range(6)]
        until(lambda: all(host.formyd.log().count(f'"task put off" task={task_id}') >= 4
                          for task_id in ids), 60, host.tail)
        self.wait_state(host, "busy")
        for task_id in ids:
            task = host.task(task_id)
            self.assertNotIn("error", task)
            self.assertNotIn("crashes", task)
        self.assertEqual(self.count(host, "submitted"), 0)
        self.untell("busy")
        for task_id in ids:
            self.assertEqual(host.wait(task_id)["attempts"], "1")
        self.assertEqual(self.count(host, "submitted"), len(ids))
        self.wait_state(host, "up")

    def test_an_unknown_outcome_goes_to_nobody_else(self):
        """It was submitted, and then the engine said that it does not know: the task ends."""
        host = self.remote('fallback = "two"')
        self.tell("lost")
        error = host.wait_error(host.submit("REMOTE", None))
        self.assertEqual(error["code"], "ENGINE_TIMEOUT")
        self.assertEqual(error["context"]["engine"], "one")
        self.assertEqual(self.count(host, "submitted"), 1)


class Reload(EngineTest):
    def reload(self, host):
        before = self.count(host, "msg=reloaded")
        host.formyd.send(signal.SIGHUP)
        until(lambda: self.count(host, "msg=reloaded") > before, 20, host.tail)

    def test_what_is_down_stays_so(self):
        host = self.remote(start=False)
        self.tell("down", "Nobody answers at test:1.")
        host.formyd.start()
        self.wait_state(host, "down")
        task_id = host.submit("REMOTE", None)
        for _ in range(3):
            self.reload(host)
            self.wait_state(host, "down")
        self.assertNotIn("engine is up", host.formyd.log())
        self.assertEqual(self.count(host, "engine is down"), 1, "it is said once")
        self.assertEqual(host.status(task_id), "pending")
        self.untell("down")
        self.assertEqual(host.wait(task_id, seconds=70)["attempts"], "1")

    def test_a_section_that_changed_is_tried_at_once(self):
        host = self.remote(start=False)
        self.tell("down", "The key is refused.")
        host.formyd.start()
        task_id = host.submit("REMOTE", None)
        until(lambda: self.engines(host)["one"]["checks"] >= 3, 30, host.tail)
        self.untell("down")
        # what it knew of the old section says nothing of this one
        host.sections = host.sections.replace('control', 'limit = 7 control')
        host.write_conf()
        self.reload(host)
        host.wait(task_id)

    def test_a_check_that_hangs_is_in_nobodys_way(self):
        host = self.remote('fallback = "two"', start=False, executors=2)
        self.tell("stall")
        host.formyd.start()
        until(lambda: self.executors(host), 10, "there are executors")
        host.sections = host.sections.replace('control', 'limit = 7 control')
        host.write_conf()
        self.reload(host)
        self.untell("stall")
        self.assertEqual(facts(host.wait(host.submit("REMOTE", None)))["name"], "one")


class Builds(EngineTest):
    """The file of an engine is replaced while a task is with it."""

    def put(self, number):
        shutil.copy(VERSIONS / f"changing_{number}.so", self.plugins / ".coming")
        os.rename(self.plugins / ".coming", self.plugins / "changing.so")

    def start(self):
        self.plugins = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))
        self.put(1)
        host = self.remote(executors=2, start=False)
        host.sections = host.sections.replace('type = "remote"', 'type = "changing"')
        host.plugin_dirs = (TEST_PLUGINS, self.plugins)
        host.write_conf()
        host.formyd.start()
        self.tell("hold")
        return host, self.submit(host, 1)

    def submit(self, host, number):
        task_id = host.submit("REMOTE", None)
        until(lambda: self.count(host, "submitted") == number, 30, host.tail)
        return task_id

    def finish(self, host, old):
        """Once the second build is known, the next task has it; the first one ends with its own."""
        until(lambda: self.count(host, 'msg="plugin found" plugin=changing') == 2, 20, host.tail)
        new = self.submit(host, 2)
        self.untell("hold")
        self.assertEqual([(facts(task)["build"], task["attempts"])
                          for task in (host.wait(old), host.wait(new))], [(1, "1"), (2, "1")])
        self.assertNotIn("executor died", host.formyd.log())

    def test_by_the_file_alone(self):
        host, old = self.start()
        self.put(2)
        self.finish(host, old)

    def test_by_a_signal(self):
        host, old = self.start()
        self.put(2)
        host.formyd.send(signal.SIGHUP)
        self.finish(host, old)
        self.assertIn("msg=reloaded", host.formyd.log())


class Orphans(EngineTest):
    """The engine "one" has submitted a task, and then its mode has only "two"."""

    def orphan(self, timeout):
        host = self.remote('timeout = "60s"')
        self.tell("hold")
        task_id = host.submit("REMOTE", None)
        host.formyd.wait_log("submitted")
        self.change(host, f'engine = "two" timeout = "{timeout}"', 1)
        os.kill(self.executors(host)[0], signal.SIGKILL)
        host.formyd.wait_log("an engine has it that its mode has not here")
        return host, task_id

    def change(self, host, section, times):
        host.modes["REMOTE"] = section
        host.write_conf()
        host.formyd.send(signal.SIGHUP)
        until(lambda: self.count(host, "msg=reloaded") == times, 20, host.tail)

    def test_it_fails_and_is_run_by_nobody_else(self):
        host, task_id = self.orphan("3s")
        error = host.wait_error(task_id)
        self.assertEqual(error["code"], "ENGINE_NOT_AVAILABLE")
        self.assertIn('The engine "one" was given this task', error["message"])
        self.assertEqual(error["details"], "one job-1")
        self.assertEqual(self.count(host, "submitted"), 1)
        self.assertFalse(host.client.exists("formy:task:memos"))
        self.assertEqual(host.formy("retry", task_id).returncode, 0)
        until(lambda: self.count(host, "submitted") == 2, 20, host.tail)
        self.untell("hold")
        self.assertEqual(facts(host.wait(task_id))["name"], "two")

    def test_it_goes_on_when_the_mode_has_the_engine_again(self):
        host, task_id = self.orphan("60s")
        self.change(host, 'engine = "two" engines_allowed = {"one"} timeout = "60s"', 2)
        until(lambda: self.count(host, "resumed job-1") == 1, 30, host.tail)
        self.untell("hold")
        task = host.wait(task_id)
        self.assertEqual(facts(task)["name"], "one")
        self.assertEqual(self.count(host, "submitted"), 1)


if __name__ == "__main__":
    formytest.main()
