"""Plugins that come, change and go while the worker runs: no signal, no lost task, no restart."""

import json
import os
import shutil
import signal
import tempfile
import time
import unittest
from pathlib import Path

from PIL import Image

import formytest
from formytest import TEST_PLUGINS, FormyTest, until

BAD = TEST_PLUGINS.parent / "bad_plugins"
VERSIONS = TEST_PLUGINS.parent / "versions"


class DropIn(FormyTest):
    def folder(self):
        return Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))

    def serve(self, *files, modes=None, **more):
        """A worker with a folder of these files, under their own names, and NOOP beside them."""
        self.plugins = self.folder()
        for file in files:
            shutil.copy(file, self.plugins)
        shutil.copy(TEST_PLUGINS / "noop.so", self.plugins)
        more.setdefault("sections", 'tasks { unknown_mode_grace = "60s" retry_delay = "10ms" }')
        return self.service({"NOOP": {}, **(modes or {"WHICH": {}})}, plugin_dirs=(self.plugins,),
                            **more)

    def which(self, host, ms=0, seconds=30):
        task = host.wait(host.submit("WHICH", "x", {"ms": ms}), seconds=seconds)
        self.assertEqual(task["attempts"], "1")
        return json.loads(task["result"])["metadata"]["which"]

    def put(self, file, name="which.so"):
        """Renamed in, as a careful installer does it."""
        shutil.copy(file, self.plugins / ".coming")
        os.rename(self.plugins / ".coming", self.plugins / name)

    def plugin(self, host, name):
        """What `formy plugin list --json` says of a file."""
        result = host.formy("plugin", "list", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        found = [plugin for plugin in json.loads(result.stdout)
                 if plugin["file"].endswith("/" + name)]
        return found[0] if found else None

    def wait_state(self, host, name, state):
        return until(lambda: (plugin := self.plugin(host, name)) and plugin["state"] == state
                     and plugin, 15, lambda: f"{name} is {state}: {self.plugin(host, name)}\n"
                     + host.tail())

    # Coming, changing, going.

    def test_a_file_that_appears_serves_within_two_seconds(self):
        host = self.serve()
        task_id = host.submit("WHICH", "x")
        start = time.monotonic()
        self.put(VERSIONS / "which_1.so")
        host.wait(task_id, seconds=2)
        self.assertLess(time.monotonic() - start, 2 * formytest.PATIENCE)

    def test_a_file_that_is_copied_slowly_is_waited_for(self):
        host = self.serve()
        data = (VERSIONS / "which_1.so").read_bytes()
        task_id = host.submit("WHICH", "x")
        step = len(data) // 8 + 1
        with open(self.plugins / "which.so", "wb", buffering=0) as file:
            for offset in range(0, len(data), step):
                self.assertEqual(host.status(task_id), "pending")
                file.write(data[offset:offset + step])
                time.sleep(0.1)
        host.wait(task_id, seconds=3)
        self.assertNotIn("plugin cannot be used", host.formyd.log())

    def test_a_copy_that_pauses_is_taken_when_it_is_whole(self):
        host = self.serve()
        data = (VERSIONS / "which_1.so").read_bytes()
        task_id = host.submit("WHICH", "x")
        with open(self.plugins / "which.so", "wb", buffering=0) as file:
            file.write(data[:len(data) // 2])
            plugin = self.wait_state(host, "which.so", "cannot-load")
            self.assertIn("cut short", plugin["reason"])
            self.assertIn("tried again", plugin["reason"])
            file.write(data[len(data) // 2:])
        host.wait(task_id, seconds=5)

    def test_a_folder_that_comes_later(self):
        host = self.service({"WHICH": {}}, plugin_dirs=(self.folder() / "later",),
                            sections='tasks { unknown_mode_grace = "60s" }')
        self.plugins = host.plugin_dirs[0]
        self.plugins.mkdir()
        self.put(VERSIONS / "which_1.so")
        self.assertEqual(self.which(host, seconds=5), 1)
        shutil.rmtree(self.plugins)
        host.formyd.wait_log("plugin removed")
        self.plugins.mkdir()
        self.put(VERSIONS / "which_2.so")
        self.assertEqual(self.which(host, seconds=8), 2)

    def replace(self, how):
        host = self.serve()
        self.put(VERSIONS / "which_1.so")
        self.assertEqual(self.which(host), 1)
        running = host.submit("WHICH", "x", {"ms": 1500})
        host.wait(running, "processing")
        how(VERSIONS / "which_2.so")
        until(lambda: self.which(host) == 2, 4, lambda: "the new one serves\n" + host.tail())
        task = host.wait(running)
        self.assertEqual(json.loads(task["result"])["metadata"]["which"], 1)
        self.assertEqual(task["attempts"], "1")
        return host

    def test_a_file_that_is_renamed_over(self):
        host = self.replace(self.put)
        plugin = self.wait_state(host, "which.so", "ready")
        self.assertEqual(plugin["version"], "2")

    def test_a_file_that_is_overwritten_in_place(self):
        self.replace(lambda file: shutil.copyfile(file, self.plugins / "which.so"))

    def test_a_file_that_is_removed_and_put_again(self):
        def how(file):
            (self.plugins / "which.so").unlink()
            shutil.copyfile(file, self.plugins / "which.so")
        self.replace(how)

    def test_a_file_that_goes_away(self):
        host = self.serve(sections='tasks { unknown_mode_grace = "100ms" }')
        self.put(VERSIONS / "which_1.so")
        until(lambda: host.client.hexists("formy:modes", "WHICH"), 5, "WHICH is served")
        running = host.submit("WHICH", "x", {"ms": 1500})
        host.wait(running, "processing")
        (self.plugins / "which.so").unlink()
        host.formyd.wait_log("plugin removed")
        self.assertIsNone(self.plugin(host, "which.so"))
        host.wait(running)
        host.wait(host.submit("NOOP", "x"))

    # A replacement that is no good.

    def test_a_bad_replacement_leaves_the_old_one_serving(self):
        host = self.serve()
        self.put(VERSIONS / "which_1.so")
        self.assertEqual(self.which(host), 1)
        for bad, state in (("ctor_abort", "crashed"), ("no_entry", "refused"),
                           ("not_elf", "cannot-load")):
            with self.subTest(bad=bad):
                self.put(BAD / f"{bad}.so")
                plugin = self.wait_state(host, "which.so", state)
                self.assertIn("serves on", plugin["reason"])
                self.assertEqual(plugin["modes"], ["WHICH"])
                self.assertEqual(self.which(host), 1)
        # the file is gone, and still another process can be started on it
        for pid in self.executors(host):
            os.kill(pid, signal.SIGKILL)
        until(lambda: host.formyd.log().count("executor died") >= 2, 5, "both have died")
        self.assertEqual(self.which(host), 1)
        self.put(VERSIONS / "which_2.so")
        until(lambda: self.which(host) == 2, 5, "the new one serves")
        self.wait_state(host, "which.so", "ready")

    @staticmethod
    def executors(host):
        path = Path(f"/proc/{host.formyd.process.pid}/task/{host.formyd.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    # HUP.

    def test_hup_changes_modes_under_load(self):
        host = self.serve(VERSIONS / "which_1.so")
        tasks = []
        for enabled in (False, True) * 3:
            host.modes = {"NOOP": {}, "WHICH": {"enabled": enabled, "timeout": "100s"}}
            host.write_conf()
            tasks += [host.submit("NOOP", "x") for _ in range(50)]
            tasks += [host.submit("WHICH", "x", {"ms": 5}) for _ in range(10)]
            host.formyd.send(signal.SIGHUP)
        for task_id in tasks:
            self.assertEqual(host.wait(task_id)["attempts"], "1")

    def test_a_hup_while_another_is_under_way_is_not_lost(self):
        host = self.serve()
        for number in range(1, 6):
            host.worker = f'shutdown_timeout = "{number}s"'
            host.write_conf()
            host.formyd.send(signal.SIGHUP)
        host.modes["SLOW"] = {}
        shutil.copy(TEST_PLUGINS / "slow.so", self.plugins)
        host.write_conf()
        host.formyd.send(signal.SIGHUP)
        host.wait(host.submit("SLOW", "x", {"ms": 1}), seconds=5)

    # States.

    def test_off_says_what_to_enable(self):
        host = self.serve(VERSIONS / "which_1.so", modes={"SLOW": {}})
        plugin = self.plugin(host, "which_1.so")
        self.assertEqual(plugin["state"], "off")
        self.assertIn('mode "WHICH" { enabled = true }', plugin["reason"])
        self.assertIn("off", host.formy("plugin", "list").stdout)

    def test_two_that_claim_one_mode_are_both_off(self):
        host = self.serve(BAD / "dup_mode_1.so", BAD / "dup_mode_2.so", modes={"TWICE": {}})
        for name in "dup_mode_1.so", "dup_mode_2.so":
            plugin = self.plugin(host, name)
            self.assertEqual(plugin["state"], "off")
            self.assertIn("dup_mode_1.so", plugin["reason"])
            self.assertIn("dup_mode_2.so", plugin["reason"])
            self.assertIn("plugin = ", plugin["reason"])
        host.modes["TWICE"] = {"plugin": "dup_mode_2"}
        host.write_conf()
        host.formyd.send(signal.SIGHUP)
        self.wait_state(host, "dup_mode_2.so", "ready")
        self.assertEqual(self.plugin(host, "dup_mode_1.so")["state"], "off")

    def test_two_of_one_id_are_both_refused(self):
        """plugin = "ID" could not choose between them, and their order or age shall not."""
        host = self.serve(VERSIONS / "which_1.so", modes={"WHICH": {"plugin": "which"}})
        self.put(VERSIONS / "which_2.so", "newer.so")
        refused = self.wait_state(host, "newer.so", "refused")
        self.assertRegex(refused["reason"], 'id "which" is also that of .*/which_1.so; remove one')
        refused = self.wait_state(host, "which_1.so", "refused")
        self.assertIn("/newer.so", refused["reason"])
        waits = host.submit("WHICH", "x")
        host.wait(host.submit("NOOP", "x"))
        self.assertEqual(host.status(waits), "pending")
        # which one goes is the operator's choice, the older or the newer one
        (self.plugins / "which_1.so").unlink()
        task = host.wait(waits, seconds=10)
        self.assertEqual(json.loads(task["result"])["metadata"]["which"], 2)
        self.assertEqual(task["attempts"], "1")
        self.assertEqual(self.wait_state(host, "newer.so", "ready")["id"], "which")

    def test_who_may_drop(self):
        host = self.serve()
        self.put(VERSIONS / "which_1.so")
        self.assertEqual(self.which(host), 1)
        os.chmod(self.plugins / "which.so", 0o666)
        plugin = self.wait_state(host, "which.so", "refused")
        self.assertIn("0666", plugin["reason"])
        self.assertIn(str(self.plugins / "which.so"), plugin["reason"])
        os.chmod(self.plugins / "which.so", 0o644)
        self.wait_state(host, "which.so", "ready")
        os.chmod(self.plugins, 0o777)
        self.assertIn("0777", self.wait_state(host, "which.so", "refused")["reason"])
        os.chmod(self.plugins, 0o755)
        self.wait_state(host, "which.so", "ready")
        self.assertEqual(self.which(host), 1)

    def test_quarantine_and_its_ends(self):
        host = self.serve(BAD / "segv_in_run.so", modes={"BAD": "max_attempts = 1"})
        for _ in range(4):
            self.assertEqual(host.wait_error(host.submit("BAD", "x"))["code"], "PIPELINE_CRASHED")
        self.assertEqual(self.plugin(host, "segv_in_run.so")["state"], "ready")
        host.wait(host.submit("NOOP", "x"))
        fifth = host.submit("BAD", "x")
        plugin = self.wait_state(host, "segv_in_run.so", "quarantined")
        self.assertIn("formy plugin release", plugin["reason"])
        self.assertIn(fifth, plugin["reason"])
        host.wait(host.submit("NOOP", "x"))
        host.formyd.send(signal.SIGHUP)
        host.formyd.wait_log("reloaded")
        self.assertEqual(self.plugin(host, "segv_in_run.so")["state"], "quarantined")

        self.assertEqual(host.formy("plugin", "release", "nobody").returncode, 1)
        result = host.formy("plugin", "release", "segv_in_run")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.plugin(host, "segv_in_run.so")["state"], "ready")
        result = host.formy("plugin", "release", "segv_in_run")
        self.assertEqual(result.returncode, 1)
        self.assertIn("in quarantine", result.stderr)

        for _ in range(5):
            host.submit("BAD", "x")
        self.wait_state(host, "segv_in_run.so", "quarantined")
        self.put(BAD / "segv_in_run.so", "segv_in_run.so")
        self.wait_state(host, "segv_in_run.so", "ready")

    def test_quarantine_is_for_the_plugin_whose_code_ran(self):
        host = self.serve(BAD / "segv_engine.so", TEST_PLUGINS / "caller.so",
                          modes={"CALL": 'engine = "bad" max_attempts = 1'}, sections="""
                          engine "bad" { type = "segv_engine" } tasks { retry_delay = "10ms" }""")
        picture = host.put(Image.new("RGB", (8, 8)))
        for _ in range(4):
            error = host.wait_error(host.submit("CALL", picture, {"operation": "PAINT"}))
            self.assertEqual(error["code"], "PIPELINE_CRASHED")
            self.assertIn("plugin segv_engine", error["details"])
            self.assertEqual(error["context"]["plugin"], "segv_engine")
        host.submit("CALL", picture, {"operation": "PAINT"})
        self.wait_state(host, "segv_engine.so", "quarantined")
        self.assertNotEqual(self.plugin(host, "caller.so")["state"], "quarantined")


if __name__ == "__main__":
    formytest.main()
