"""Plugins that break the rules: each costs a task at most, and the worker goes on."""

import json
import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import formytest
from formytest import SANITIZED, TEST_PLUGINS, FormyTest

BAD = TEST_PLUGINS.parent / "bad_plugins"


class BadPlugins(FormyTest):
    def serve(self, *names, mode="max_attempts = 1", **more):
        """A worker that has these bad plugins beside the good ones."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))
        for name in names:
            shutil.copy(BAD / f"{name}.so", folder)
        shutil.copy(TEST_PLUGINS / "noop.so", folder)
        return self.service({"NOOP": {}, "BAD": mode}, plugin_dirs=(folder,), **more)

    def goes_on(self, host):
        host.wait(host.submit("NOOP", "x"))
        self.assertIsNone(host.formyd.process.poll())

    def expect(self, host, name, state, word):
        """In the list as in the log: its state, and a reason that has the word."""
        plugins = json.loads(host.formy("plugin", "list", "--json").stdout)
        plugin = next(one for one in plugins if one["file"].endswith(f"/{name}.so"))
        self.assertEqual(plugin["state"], state, plugin)
        self.assertIn(word, plugin["reason"])
        self.assertRegex(host.formyd.log(), rf"plugin cannot be used.*/{name}\.so state={state} why=")

    def test_files_that_are_no_plugins(self):
        files = {"not_elf": ("cannot-load", "not a shared library"),
                 "no_entry": ("refused", "does not export"), "null_entry": ("refused", "NULL"),
                 "too_new": ("refused", "this worker has ABI"),
                 "other_major": ("refused", "this worker has ABI"),
                 "ctor_abort": ("crashed", "ended its probe" if SANITIZED else "Aborted"),
                 "short_struct": ("refused", "sizeof"), "bad_mode_name": ("refused", "bad mode"),
                 "bad_param_type": ("refused", "edge_blur"),
                 "bad_params_json": ("refused", "its params")}
        host = self.serve(*files)
        for name, (state, word) in files.items():
            with self.subTest(name=name):
                self.expect(host, name, state, word)
        self.goes_on(host)
        error = host.wait_error(host.submit("BAD", "x"))
        self.assertEqual(error["code"], "INVALID_MODE")

    def test_one_that_hangs_while_it_is_looked_at(self):
        host = self.serve("hang_in_probe")
        self.expect(host, "hang_in_probe", "crashed", "did not answer its probe")
        self.goes_on(host)

    def test_two_that_claim_one_mode(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))
        for name in "dup_mode_1", "dup_mode_2":
            shutil.copy(BAD / f"{name}.so", folder)
        shutil.copy(TEST_PLUGINS / "noop.so", folder)
        host = self.service({"NOOP": {}, "TWICE": {}}, plugin_dirs=(folder,))
        self.assertRegex(host.formyd.log(), r"dup_mode_1\.so.*dup_mode_2\.so")
        self.goes_on(host)
        self.assertEqual(host.wait_error(host.submit("TWICE", "x"))["code"], "INVALID_MODE")

    def test_the_configuration_says_which_of_two(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))
        for name in "dup_mode_1", "dup_mode_2":
            shutil.copy(BAD / f"{name}.so", folder)
        host = self.service({"TWICE": {"plugin": "dup_mode_2"}}, plugin_dirs=(folder,))
        host.wait(host.submit("TWICE", "x"), ("done", "failed"))
        self.assertIn("plugin=dup_mode_2", host.formyd.log())

    def test_one_that_crashes_in_a_task(self):
        # AddressSanitizer makes an exit of a crash
        crash = "exit status" if SANITIZED else "SIGSEGV|signal 11|[Ss]egmentation"
        for name, word in ("segv_in_run", crash), ("exit_in_run", "exit status"):
            with self.subTest(name=name):
                host = self.serve(name)
                error = host.wait_error(host.submit("BAD", "x"))
                self.assertEqual(error["code"], "PIPELINE_CRASHED", error)
                self.assertRegex(str(error), word)
                self.assertIn(name, str(error))
                self.goes_on(host)

    def test_one_that_crashes_is_not_tried_for_ever(self):
        host = self.serve("segv_in_run", mode="max_attempts = 1",
                          sections='tasks { retry_delay = "10ms" }')
        task_id = host.submit("BAD", "x")
        error = host.wait_error(task_id)
        self.assertEqual(error["code"], "PIPELINE_CRASHED")
        # AddressSanitizer makes an exit of a crash
        self.assertEqual(error["context"]["signal"], 0 if SANITIZED else 11, error)
        end = "exit status 1" if SANITIZED else r"signal 11 .*"
        self.assertRegex(error["details"], end + r", plugin \S+, step: ")
        self.assertEqual(host.task(task_id)["attempts"], "2")

    def test_one_that_never_returns(self):
        host = self.serve("never_returns", mode='max_attempts = 1 timeout = "500ms"')
        error = host.wait_error(host.submit("BAD", "x"))
        self.assertEqual(error["code"], "PIPELINE_TIMEOUT")
        self.goes_on(host)

    def test_one_that_never_returns_is_cancelled(self):
        host = self.serve("never_returns")
        task_id = host.submit("BAD", "x")
        host.wait(task_id, "processing")
        # one that is claimed and cancelled before an executor has it ends nobody
        host.formyd.wait_log('msg="executor ready" mode=BAD')
        host.cancel(task_id)
        self.goes_on(host)
        formytest.until(lambda: "executor ended" in host.formyd.log()
                        or "killed" in host.formyd.log(), 20, "it is killed\n")
        self.assertEqual(host.status(task_id), "cancelled")

    def test_one_that_leaks_descriptors(self):
        host = self.serve("fd_leak", executors=1)
        # ten a task: its process is told of, and replaced before it has none left for a picture
        for task_id in [host.submit("BAD", "x") for _ in range(130)]:
            self.assertEqual(host.wait(task_id)["attempts"], "1")
        self.assertIn("leaves descriptors open", host.formyd.log())
        # it says that it ends: none was sent to a process that did not take it any more
        self.assertNotIn("ended before it began", host.formyd.log())
        self.assertGreaterEqual(len(re.findall("executor ready.*plugin=fd_leak",
                                               host.formyd.log())), 2)
        self.goes_on(host)
        self.assertLess(len(os.listdir(f"/proc/{host.formyd.process.pid}/fd")), 60)

    def test_one_that_takes_all_memory(self):
        host = self.serve("memory_hog")
        host.wait_error(host.submit("BAD", "x"), 60)
        self.goes_on(host)

    def test_those_that_are_rude(self):
        for name in ("prints_much", "progress_flood", "no_status", "ok_without_result",
                     "wrong_thread", "false_cancel", "bad_picture"):
            with self.subTest(name=name):
                host = self.serve(name)
                host.wait(host.submit("BAD", "x"), ("done", "failed"))
                self.goes_on(host)

    def test_one_that_cannot_be_opened(self):
        host = self.serve("open_fails")
        self.goes_on(host)
        error = host.wait_error(host.submit("BAD", "x"))
        self.assertIn(error["code"], ("PIPELINE_INIT_FAILED", "PIPELINE_CONFIG_ERROR"))


if __name__ == "__main__":
    formytest.main()
