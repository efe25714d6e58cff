"""formy's other commands, and how it behaves: usage, configuration, terminals, failures."""

import json
import os
import pty
import re
import subprocess
import time
import unittest
from pathlib import Path

from PIL import Image

import formytest
from clitest import CliTest
from formytest import picture, until


class Service(CliTest):
    def test_stats(self):
        task_id = self.submit()
        self.submit()
        self.fail_by_hand(task_id)
        self.ok("--json", "list")
        stats = self.json("stats")
        self.assertEqual((stats["pending"], stats["failed"], stats["total_tasks"]), (1, 1, 2))
        for name in ("processing", "done", "cancelled", "delayed"):
            self.assertEqual(stats[name], 0)
        self.assertRegex(self.ok("stats"), r"(?m)^pending:\s+1$")

    def test_workers_and_their_plugins(self):
        self.assertIn("no worker", self.says("worker", "list")[1])
        self.assertEqual(self.json("worker", "list"), [])
        self.assertEqual(self.json("plugin", "list"), [])
        registered = {
            "name": "host:1", "host": "host", "pid": 1, "version": "9.9", "executors": 4,
            "running": 2, "started": "2026-11-17T10:00:00.000Z", "modes": ["ECHO", "NOOP"],
            "plugins": [
                {"file": "/x/echo.so", "id": "echo", "version": "1.2", "state": "ready",
                 "reason": None, "modes": ["ECHO"], "engines": []},
                {"file": "/x/bad.so", "id": None, "version": None, "state": "refused",
                 "reason": "it has no entry\x1b[2J", "modes": [], "engines": []}]}
        self.host.client.set("formy:worker:host:1", json.dumps(registered))
        self.host.client.zadd("formy:workers", {"host:1": (time.time() + 60) * 1000})
        worker, = self.json("worker", "list")
        self.assertEqual((worker["name"], worker["modes"]), ("host:1", ["ECHO", "NOOP"]))
        self.assertRegex(self.ok("worker", "list"),
                         r"host:1\s+9\.9\s+4\s+2\s+2026-11-17T10:00:00\.000Z\s+ECHO, NOOP\s+-\n")
        good, bad = self.json("plugin", "list")
        self.assertEqual((good["worker"], good["id"], good["state"]), ("host:1", "echo", "ready"))
        self.assertEqual(bad["state"], "refused")
        text = self.ok("plugin", "list")
        self.assertRegex(text, r"echo\.so\s+echo\s+1\.2\s+ready\s+-\s+ECHO\n")
        self.assertRegex(text, r"bad\.so\s+-\s+-\s+refused\s+-\s+it has no entry\\x1b\[2J\n")


class Images(CliTest):
    def test_put_and_get(self):
        image_id = self.ok("image", "put", self.photo).strip()
        self.assertRegex(image_id, r"^img_\d{8}_[a-z0-9]{10,}$")
        target = self.host.folder / "copy.png"
        self.assertEqual(self.ok("image", "get", image_id, "-o", target), "")
        self.assertEqual(target.read_bytes(), self.photo.read_bytes())
        answer = self.json("image", "put", self.photo, "--kind", "reference")
        self.assertTrue((self.host.uploads / "reference" / f"{answer['image_id']}.png").is_file())

    def test_get_to_standard_output(self):
        image_id = self.ok("image", "put", self.photo).strip()
        done = subprocess.run(
            [str(formytest.BIN / "formy"), "-c", str(self.host.conf), "image", "get", image_id,
             "-o", "-"], capture_output=True, timeout=20, check=True)
        self.assertEqual(done.stdout, self.photo.read_bytes())

    def test_get_a_result_by_its_name_and_by_its_task(self):
        task_id = self.submit()
        target = self.host.folder / "copy.png"
        self.assertIn("no output image", self.fails("image", "get", task_id, "-o", target))
        self.finish_by_hand(task_id, self.photo.read_bytes())
        for name in (task_id, f"/results/{task_id}_output.png", f"{task_id}_output.png"):
            target.unlink(missing_ok=True)
            self.ok("image", "get", name, "-o", target)
            self.assertEqual(target.read_bytes(), self.photo.read_bytes())

    def test_what_cannot_be_put_or_got(self):
        big = self.host.folder / "big.png"
        big.write_bytes(self.photo.read_bytes() + b"\0" * (11 * 1024 * 1024))
        cut = self.host.folder / "cut.png"
        cut.write_bytes(self.photo.read_bytes()[:10])
        empty = self.host.folder / "empty.png"
        empty.write_bytes(b"")
        for path in (big, cut, empty, self.host.conf, self.host.folder, "nofile.png"):
            self.assertIn(Path(path).name, self.fails("image", "put", path))
        target = self.host.folder / "copy.png"
        self.assertIn("nosuch", self.fails("image", "get", "nosuch", "-o", target))
        self.fails("image", "get", "../../etc/passwd", "-o", target)
        self.assertIn("-o FILE", self.fails("image", "get", "x", code=2))
        self.assertFalse(target.exists())

    def test_pictures_need_no_redis(self):
        self.host.redis.stop()
        image_id = self.ok("image", "put", self.photo).strip()
        self.ok("image", "get", image_id, "-o", self.host.folder / "copy.png")


class Conduct(CliTest):
    def test_wrong_usage(self):
        self.assertIn("formy help", self.fails(code=2))
        self.assertIn('did you mean "submit"', self.fails("sumbit", code=2))
        self.assertIn("put, get", self.fails("image", code=2))
        self.assertIn("unknown option", self.fails("list", "--nosuch", code=2))
        self.assertIn("ID is missing", self.fails("get", code=2))
        self.assertIn("\\x1b[2J", self.fails("a\x1b[2J\nb", code=2))

    def test_help_needs_neither_redis_nor_a_configuration(self):
        def formy(*arguments):
            return subprocess.run([str(formytest.BIN / "formy"), "-c", "/nonexistent", *arguments],
                                  capture_output=True, text=True, timeout=20, check=False)

        text = formy("--help")
        self.assertEqual((text.returncode, text.stderr), (0, ""))
        self.assertEqual(formy("help").stdout, text.stdout)
        commands = re.findall(r"(?m)^  ([a-z]+(?: [a-z]+)?)  +\S", text.stdout.split("Commands:")[1]
                              .split("Options")[0])
        self.assertGreaterEqual(len(commands), 15)
        for command in commands:
            one = formy("help", *command.split())
            self.assertEqual(one.returncode, 0)
            self.assertLess(one.stdout.index("Examples:"), one.stdout.index("Usage:"))
            self.assertEqual(formy(*command.split(), "--help").stdout, one.stdout)
        self.assertRegex(formy("version").stdout, r"\Aformy \d+\.\d+\.\d+\n\Z")
        self.assertEqual(formy("--version").stdout, formy("version").stdout)
        self.assertEqual(formy("help", "nosuch").returncode, 2)

    def test_redis_that_is_not_there(self):
        self.host.redis.stop()
        for command in (["list"], ["stats"], ["get", "x"], ["submit", "ECHO", self.photo],
                        ["watch"], ["worker", "list"], ["cancel", "x"]):
            self.assertIn("redis.sock", self.fails(*command))
        self.assertFalse((self.host.uploads / "source").exists())

    def test_a_password_that_is_missing(self):
        self.host.client.config_set("requirepass", "secret")
        self.assertIn("password", self.fails("list"))
        done = self.host.formy("list", env={**os.environ, "REDIS_PASSWORD": "secret"})
        self.assertEqual(done.returncode, 0)

    def test_configuration_files(self):
        formy = [str(formytest.BIN / "formy")]
        done = subprocess.run([*formy, "-c", "/nonexistent.conf", "list"], capture_output=True,
                              text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Aformy: [^\n]*/nonexistent\.conf[^\n]*\n\Z")
        self.host.conf.write_text("redis { port = 99999 }\nnonsense = 1\n")
        self.assertRegex(self.fails("list"), r"formy\.conf:[12]: ")

    def test_a_key_of_the_wrong_type(self):
        self.host.client.set("formy:task:data:t1", "x")
        self.assertIn("wrong type", self.fails("get", "t1"))

    def test_output_that_is_not_read_is_no_error(self):
        for _ in range(3):
            self.submit()
        done = subprocess.run(
            ["/bin/sh", "-c", '"$0" -c "$1" list | head -n 1', str(formytest.BIN / "formy"),
             str(self.host.conf)], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run(
                [str(formytest.BIN / "formy"), "-c", str(self.host.conf), "stats"], stdout=full,
                stderr=subprocess.PIPE, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)

    def on_terminal(self, *arguments, **variables):
        """What a command prints with a terminal on both outputs."""
        main, side = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", **variables}
        process = subprocess.Popen(
            [str(formytest.BIN / "formy"), "-c", str(self.host.conf), *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=side, stderr=side, env=environment)
        os.close(side)
        self.addCleanup(os.close, main)
        parts = []
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
        process.wait(20 * formytest.PATIENCE)
        return b"".join(parts).decode()

    def test_colours_are_for_terminals(self):
        self.fail_by_hand(self.submit())
        self.assertIn("\x1b[31mfailed\x1b[0m", self.on_terminal("list"))
        self.assertNotIn("\x1b", self.on_terminal("list", "--no-color"))
        self.assertNotIn("\x1b", self.on_terminal("list", NO_COLOR="1"))
        self.assertNotIn("\x1b", self.on_terminal("list", TERM="dumb"))
        self.assertNotIn("\x1b", self.ok("list"))

    def test_the_bar_is_for_terminals(self):
        text = self.on_terminal("submit", "ECHO", self.photo, "--wait", "--timeout", 1)
        self.assertRegex(text, r"\rECHO \[-{20}\]   0%  pending  0\.\d s\x1b\[K")
        self.assertIn("\r\x1b[K", text)
        self.assertNotIn("[---", self.on_terminal("-q", "submit", "ECHO", self.photo, "--wait",
                                                  "--timeout", 1))


class PluginCheck(CliTest):
    def setUp(self):
        super().setUp()
        if not (formytest.BIN / "formy-executor").exists():
            self.skipTest("formy-executor is not built")

    def test_a_good_plugin(self):
        plugin = formytest.TEST_PLUGINS / "echo.so"
        self.assertRegex(self.ok("plugin", "check", plugin), r"(?m)^mode:\s+ECHO$")
        answer = self.json("plugin", "check", plugin)
        self.assertTrue(answer["ok"])
        self.assertEqual([mode["name"] for mode in answer["plugin"]["modes"]], ["ECHO"])

    def test_what_is_no_plugin(self):
        text = self.host.folder / "text.so"
        text.write_text("no plugin")
        self.assertIn("is refused", self.fails("plugin", "check", text))
        done = self.host.formy("--json", "plugin", "check", text)
        self.assertEqual(done.returncode, 1)
        self.assertFalse(json.loads(done.stdout)["ok"])
        self.assertIn("nofile.so", self.fails("plugin", "check", "nofile.so"))

    def test_plugins_that_break_the_rules(self):
        folder = formytest.BIN.parent / "tests" / "bad_plugins"
        for name, why in (("ctor_abort", "crashes"), ("no_entry", "not a plugin"),
                          ("too_new", "ABI"), ("bad_params_json", "not JSON")):
            with self.subTest(name):
                plugin = folder / f"{name}.so"
                if not plugin.exists():
                    self.skipTest(f"{name}.so is not built")
                self.assertIn(why, self.fails("plugin", "check", plugin))

    def test_a_plugin_that_prints_more_than_a_log_can_hold(self):
        plugin = formytest.BIN.parent / "tests" / "bad_plugins" / "prints_much.so"
        if not plugin.exists():
            self.skipTest("prints_much.so is not built")
        done = self.host.formy("--json", "plugin", "check", plugin)
        self.assertEqual(done.returncode, 1)
        self.assertFalse(json.loads(done.stdout)["ok"])
        self.assertIn("prints", done.stdout)


class Library(unittest.TestCase):
    def test_only_its_interface_is_to_be_seen(self):
        library = formytest.BIN.parent / "lib" / "libformy.so.1"
        names = subprocess.run(["nm", "-D", "--defined-only", "--format=just-symbols", library],
                               capture_output=True, text=True, check=True).stdout.split()
        header = (formytest.SOURCE / "include" / "formy" / "client.h").read_text()
        declared = set(re.findall(r"(?s)FORMY_API [^;]*?(formy_\w+)\(", header))
        self.assertGreater(len(declared), 20)
        self.assertEqual({name.split("@")[0] for name in names} - {"FORMY_1"}, declared)


class WithWorker(CliTest):
    """The same with a formyd behind it."""

    def setUp(self):
        if not (formytest.BIN / "formyd").exists():
            self.skipTest("formyd is not built")
        self.host = self.service({"ECHO": {}, "SLOW": {}})
        self.photo = self.host.folder / "photo.png"
        picture(640, 480).save(self.photo)

    def test_a_picture_comes_back(self):
        target = self.host.folder / "out.png"
        task_id = self.ok("submit", "ECHO", self.photo, "--wait", "-o", target).strip()
        with Image.open(target) as output:
            self.assertEqual(output.size, (640, 480))
        task = self.json("get", task_id)
        self.assertEqual((task["status"], task["progress"]), ("done", 100))
        self.assertEqual(task["worker"], self.host.formyd.name)
        names = sorted(path.name for path in self.host.results.glob(f"{task_id}*"))
        self.assertEqual(len(names), 3)
        self.ok("-q", "delete", task_id)
        self.assertEqual(list(self.host.results.glob(f"{task_id}*")), [])

    def test_a_running_task_is_watched_and_cancelled(self):
        process = self.background("submit", "SLOW", self.photo, "--set", "ms=60000", "--id", "t1",
                                  "--wait")
        watch = self.background("watch", "--json")
        until(lambda: self.host.status("t1") == "processing", 10, "it runs")
        first = json.loads(watch.stdout.readline())
        self.assertEqual(first["task_id"], "t1")
        self.assertEqual(self.json("stats")["processing"], 1)
        self.ok("-q", "cancel", "t1")
        out, err = process.communicate(timeout=10 * formytest.PATIENCE)
        self.assertEqual((process.returncode, out, err), (3, "t1\n", "formy: t1 cancelled\n"))
        self.host.wait("t1", "cancelled")

    def test_the_worker_and_its_plugins_are_listed(self):
        worker, = self.json("worker", "list")
        self.assertEqual((worker["name"], worker["executors"]), (self.host.formyd.name, 2))
        self.assertEqual(set(worker["modes"]), {"ECHO", "SLOW"})
        states = {plugin["id"]: plugin["state"] for plugin in self.json("plugin", "list")}
        self.assertEqual((states["echo"], states["slow"]), ("ready", "ready"))

    def test_an_error_says_what_is_wrong(self):
        done = self.host.formy("submit", "NOSUCHMODE", self.photo, "--wait")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Aformy: task_\S+ failed: INVALID_MODE: [^\n]+\n\Z")


if __name__ == "__main__":
    formytest.main()
